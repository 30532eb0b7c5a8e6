"""How a run stands what it may meet: hostile models, engines and servers that break, bad input, kills; for a while.

    python bench/trust.py [--budget 60] [--seed 1] [--json FILE]

Most of the budget goes to fuzzing through the run: in half of its conversations both seats write whatever may harm, and
those of the other half have to be, to the byte, what they are in a run without. Then engines answer with all that is no
answer; servers break on one call in five (`bench/faults.py` does that alone, and more of it); readers are fed what is
nearly right (`bench/fuzz.py`); and commands are killed and given again (`bench/kills.py`). All is drawn from the seed,
so that a finding can be had again; how much is done depends on the budget and the machine. `bench/power.py` and
`bench/soak.py`, which take their own time, are called by themselves.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench import faults
from bench import fuzz as readers
from bench.models.folders import write_family
from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from bench.trust_loads.fault_kinds import weights
from bench.trust_loads.fault_run import conversation_ids, play_virtual, problems
from bench.trust_loads.fault_schedule import Schedule
from bench.trust_loads.hostile import HostileEngine, NoEngine, is_victim
from bench.trust_loads.lives import KINDS, kill_kinds, kills_figures
from writ_async import (
    Domain,
    Engine,
    Limits,
    Rules,
    Task,
    Termination,
    Trajectory,
    load_domain,
    make_tasks,
    run,
)

DOMAINS = ("retail", "airline")
TASKS = 12  # of a run
TRIALS = 2
FUZZED, MISBEHAVING, READ, KILLED = 0.35, 0.1, 0.15, 0.25  # of the budget
BREAKING = 0.15  # for the servers of both engines together
STRUCK = 200  # conversations of a run on servers that break
KILLS = 3  # of each kind of command


class Tally(msgspec.Struct):
    """What was done, and what went wrong: `harmed` rows are of conversations that nothing hostile was in."""

    runs: int = 0
    conversations: int = 0
    written: int = 0
    lost: int = 0
    harmed: int = 0
    slowest: float = 0.0
    unforeseen: Counter[str] = msgspec.field(default_factory=Counter)


def play(tasks: Sequence[Task], engine: Engine, seed: int) -> dict[str, bytes | Trajectory]:
    """The rows of a run by id, as they would stand on disk; those that leave none as they are."""
    rules = Rules(max_errors=60)
    rows = run(tasks, engine, seed=seed, trials=TRIALS, rules=rules, limits=Limits(concurrency=8))
    return {
        row.id: row if row.termination is Termination.UNEXPECTED_ERROR else msgspec.json.encode(row) for row in rows
    }


def fuzz_once(name: str, seed: int, tally: Tally, calm: Engine, other: Engine, tasks: Sequence[Task]) -> None:
    """One run with hostile conversations beside the same without, and what differs where nothing should."""
    quiet = play(tasks, calm, seed)
    began = time.monotonic()
    rows = play(tasks, other, seed)
    tally.slowest = max(tally.slowest, time.monotonic() - began)
    tally.runs += 1
    tally.conversations += len(rows)
    tally.lost += len(tasks) * TRIALS - len(rows)
    tally.written += getattr(other, "written", 0)
    for row_id, row in rows.items():
        if isinstance(row, Trajectory):
            tally.unforeseen[row.error.rpartition("(")[2].rstrip(")")] += 1
        if not is_victim(row_id.partition("#")[0]):
            tally.harmed += row != quiet[row_id]


def fuzz(hostile: type[HostileEngine] | type[NoEngine], seconds: float, seed: int) -> Tally:
    """Runs of one kind of engine until the time is up, one of each domain at least."""
    tally = Tally()
    end = time.monotonic() + seconds
    while not tally.runs or time.monotonic() < end:
        for name in DOMAINS:
            domain: Domain = load_domain(name)
            tasks = make_tasks(name, TASKS, seed=seed, world_size=60)
            by_id, domains = {task.id: task for task in tasks}, {name: domain}
            calm = HostileEngine(by_id, domains, seed, victims=False)
            fuzz_once(name, seed, tally, calm, hostile(by_id, domains, seed), tasks)
        seed += 1
    return tally


def broken_servers(seconds: float, seed: int) -> list[Figure]:
    """Conversations on servers that break, with as many seeds as the time is enough for; one at least."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = str(write_family(Path(scratch, "model"), "qwen3-instruct-2507"))
        for engine in faults.ENGINES:
            hall, sums = faults.open_hall(engine, STRUCK, folder), faults.Tally()
            ids, reference = conversation_ids(hall.jobs), play_virtual(hall, Schedule())
            end = time.monotonic() + seconds / len(faults.ENGINES)
            drawn = seed
            while not sums.conversations or time.monotonic() < end:
                outcome = play_virtual(hall, Schedule(drawn, faults.RATE, weights(engine)))
                sums.add(outcome, problems(outcome, reference, ids))
                drawn += 1
            figures += faults.figures_of(f"{engine} servers that break", sums)
    return figures


def figures_of(what: str, tally: Tally) -> list[Figure]:
    """What came of one kind of engine."""
    where = f" ({', '.join(tally.unforeseen)})" if tally.unforeseen else ""
    return [
        Figure(f"{what}: runs", tally.runs, ""),
        Figure(f"{what}: conversations", tally.conversations, ""),
        Figure(f"{what}: answers that may harm", tally.written, ""),
        Figure(f"{what}: conversations that did not end", tally.lost, "", 0),
        Figure(f"{what}: rows of others that are not as ever", tally.harmed, "", 0),
        Figure(f"{what}: errors that nobody foresaw{where}", tally.unforeseen.total(), "", 0),
        Figure(f"{what}: longest run", tally.slowest, "s"),
    ]


def main(arguments: list[str]) -> None:
    """Fuzz, misbehave, kill and print."""
    parser: argparse.ArgumentParser = make_parser(__doc__)
    parser.add_argument("--budget", metavar="SECONDS", type=positive, default=60, help="(60)")
    parser.add_argument("--seed", metavar="N", type=positive, default=1, help="(1)")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)  # each kind of failure is meant, and counted
    models = fuzz(HostileEngine, FUZZED * options.budget, options.seed)
    engines = fuzz(NoEngine, MISBEHAVING * options.budget, options.seed)
    servers = broken_servers(BREAKING * options.budget, options.seed)
    read = readers.fuzz_all(10**9, options.seed, seconds=READ * options.budget)
    end = time.monotonic() + KILLED * options.budget
    killed = kill_kinds([kind for kind in KINDS if not kind.ray], KILLS, options.seed, end)
    figures = [
        *figures_of("hostile models", models),
        *figures_of("engines that misbehave", engines),
        *servers,
        *readers.figures_of(read),
        *kills_figures(killed),
    ]
    show_figures(figures, f"seed {options.seed}, {options.budget:,} s")
    write_json(options.json, figures)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
