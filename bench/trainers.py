"""What a training loop's seams and adapters cost per call, beside an engine that answers at once.

    python bench/trainers.py [--tasks 16] [--trials 4] [--repeats 5] [--only TEXT...] [--json FILE]
    .trainers/verl/bin/python bench/trainers.py          # with the adapters of the packages that are installed there

All play the same trials of the same tasks: the script's words, from a table of its ids by prompt or of its messages by
conversation, so that no model's time is in it. What all have in common is in every figure: tools, the scripted user,
verdicts. The bare engine hands out messages and is played by `play`; the ratio is to it. Where an adapter plays each
conversation for itself, or over HTTP, the line before it has what that alone costs. Times are CPU times of the process,
servers in it included, the least of the repeats, by agent calls. Packages that are not there are named.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import msgspec

from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from bench.token_table import TokenTable, write_table
from bench.trainer_plays import plays_of
from bench.trainer_stage import Played, Stage, open_chat
from writ_async import make_tasks


class Cost(msgspec.Struct, frozen=True):
    """One way to play: CPU microseconds of an agent's call, and how often that is the bare engine's."""

    what: str
    microseconds: float
    ratio: float


async def measure(stage: Stage, repeats: int, only: Sequence[str]) -> list[tuple[str, float]]:
    """CPU seconds of each way, the least of the repeats, taken in turn; the first of all is a warm-up.

    With `only` those alone whose name has one of these texts in it, and the bare engine. Raises `RuntimeError` for a
    way that does not play all conversations to reward 1.
    """
    async with AsyncExitStack() as stack:
        ways = await plays_of(stage, stack)
        ways = {
            name: way
            for place, (name, way) in enumerate(ways.items())
            if not place or not only or any(text in name for text in only)
        }
        least = dict.fromkeys(ways, float("inf"))
        for repeat in range(repeats + 1):
            for name, way in ways.items():
                stage.table.sampled.clear()
                gc.collect()
                began = time.process_time()
                played: Played = await way()
                took = time.process_time() - began
                if (played.conversations, played.rewards) != (len(stage.table.rows),) * 2:
                    raise RuntimeError(f"{name}: {played} instead of {len(stage.table.rows)} rows of reward 1")
                if repeat:
                    least[name] = min(least[name], took)
    return list(least.items())


async def open_stage(folder: Path, tasks: int, trials: int) -> Stage:
    """The tasks, their chat format, and the table of all that is said."""
    drawn = make_tasks("retail", tasks, seed=1, world_size=60)
    chat = open_chat(folder, "retail")
    table: TokenTable = await write_table(chat, drawn, trials)
    return Stage(tasks=drawn, trials=trials, chat=chat, table=table, folder=folder)


def main(arguments: list[str]) -> None:
    """Measure, print and write what was measured."""
    parser = make_parser(__doc__)
    parser.add_argument("--tasks", metavar="N", type=positive, default=16, help="tasks (16)")
    parser.add_argument("--trials", metavar="N", type=positive, default=4, help="trials of each (4)")
    parser.add_argument("--repeats", metavar="N", type=positive, default=5, help="times that each is measured (5)")
    parser.add_argument("--only", metavar="TEXT", nargs="+", default=[], help="ways that have this in their name")
    options = parser.parse_args(arguments)

    async def run() -> tuple[Stage, list[tuple[str, float]]]:
        with tempfile.TemporaryDirectory() as folder:
            stage = await open_stage(Path(folder) / "model", options.tasks, options.trials)
            return stage, await measure(stage, options.repeats, options.only)

    stage, seconds = anyio.run(run)
    calls = sum(len(row.tokens["agent"].generated) for row in stage.table.rows)
    bare = seconds[0][1]
    costs = [Cost(name, took / calls * 1e6, took / bare) for name, took in seconds]
    figures = [Figure(cost.what, cost.microseconds, "µs") for cost in costs]
    figures += [Figure(f"{cost.what}, of the bare engine", cost.ratio, "×") for cost in costs[1:]]
    show_figures(
        figures[: len(costs)], f"{len(stage.table.rows)} conversations, {calls} calls of the agent, CPU a call"
    )
    show_figures(figures[len(costs) :], "the same as a ratio")
    for line in stage.left_out:
        print(f"  {line}")
    write_json(options.json, figures, costs=costs, calls=calls, left_out=stage.left_out)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
