"""The table that one quotes, from recorded engines, with every number worked out by hand."""

from __future__ import annotations

from pathlib import Path

import anyio
import msgspec
import pytest

from tests.support.command import called
from writ_async.api import run as play
from writ_async.commands.eval import EvalConfig, evaluate
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory, Usage, trajectory_id
from writ_async.runs.seats import EngineSpec, Seats

SOLVED = {"shop": [(True, True), (True, False)], "flights": [(False, False)]}
"""Which trials of which task succeed, by source."""


def chosen(tasks: list[Task]) -> dict[str, list[Task]]:
    """Two tasks of one domain and one of another, as a benchmark's."""
    writing = [task for task in tasks if task.kind == "normal"]
    first, second = (next(t for t in writing if t.domain == name) for name in ("retail", "airline"))
    third = next(task for task in writing if task.domain == "retail" and task is not first)
    named = {"made:shop:0": first, "made:shop:1": third, "made:flights:0": second}
    made = [msgspec.structs.replace(task, id=name, kind="benchmark") for name, task in named.items()]
    return {"shop": made[:2], "flights": made[2:]}


def recorded(sets: dict[str, list[Task]], out: Path, agent: list[Usage]) -> Path:
    """A recording in which just those trials succeed; the agent's usage is that of each in turn."""
    tasks = [task for group in sets.values() for task in group]
    good = {row.task_id: row for row in play(tasks, "scripted")}
    bad = {row.task_id: row for row in play(tasks, "scripted", agent_options={"mistakes": "giving_up=1"})}
    rows: list[Trajectory] = []
    used = iter(agent)
    for name, group in sets.items():
        for task, trials in zip(group, SOLVED[name], strict=True):
            for trial, well in enumerate(trials):
                row = (good if well else bad)[task.id]
                counted = msgspec.structs.replace(next(used), requests=row.usage["agent"].requests)
                rows.append(
                    msgspec.structs.replace(
                        row,
                        id=trajectory_id(task.id, trial),
                        trial=trial,
                        usage={**row.usage, "agent": counted},
                    )
                )
    file = out.with_suffix(".recorded.jsonl")
    file.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    source = out.with_suffix(".tasks.jsonl")
    source.write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in tasks))
    seats = Seats(EngineSpec("recorded", {"file": str(file)}))
    anyio.run(lambda: evaluate(EvalConfig(tasks=(str(source),), trials=2, seats=seats), out))
    return out


@pytest.fixture(scope="module")
def runs(tasks: list[Task], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("quoted")
    sets = chosen(tasks)
    small = [Usage(0, 1000, 100, 400)] * 5 + [Usage(0, 1000, 400, 400)]
    thinking = [Usage(0, 2000, 900, 0, 800)] * 6
    return recorded(sets, folder / "small", small), recorded(sets, folder / "thinking", thinking)


def table(markdown: str) -> list[list[str]]:
    """The cells of the first table."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    first = lines[: next((at for at, line in enumerate(lines) if at > 1 and "agent" in line.split("|")[1]), 4)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in first[:1] + first[2:4]]


def test_one_command_gives_pass_1_by_source_their_weighted_mean_output_tokens_and_cost(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text("[recorded]\ninput = 1\ncached = 0.1\noutput = 10\n")
    done = called("report", *map(str, runs), "--md", "-", "--prices", str(prices), "--no-oracle")
    assert done.returncode == 0, done.stderr
    heads, small, thinking = table(done.stdout)
    assert heads == ["agent", "made:shop", "made:flights", "all tasks", "output tokens", "cost each", "cost of all"]
    # shop: (2/2 + 1/2) / 2; flights: 0/2; over all three tasks (1 + 1/2 + 0) / 3
    for row in (small, thinking):
        assert [cell.split(" (")[0] for cell in row[1:4]] == ["75.0", "0.0", "50.0"]
    # (5 x 100 + 400) / 6; in dollars per million 5 x (600 + 40 + 1000) + (600 + 40 + 4000) = 12,840
    assert small[4:] == ["150", "$0.0021", "$0.0128"]
    # 900 tokens, thoughts included; 2000 + 9000 = 11,000 millionths each
    assert thinking[4:] == ["900", "$0.0110", "$0.0660"]


def test_without_a_price_there_is_a_line_that_says_so_and_no_dollars(runs: tuple[Path, Path]) -> None:
    done = called("report", str(runs[0]), "--md", "-", "--no-oracle")
    assert "no price is known of recorded: give one with --prices FILE" in done.stdout
    assert table(done.stdout)[1][4:] == ["150", "–", "–"]


def test_runs_of_the_same_tasks_are_held_against_the_first(runs: tuple[Path, Path]) -> None:
    done = called("report", *map(str, runs), "--md", "-", "--no-oracle")
    assert "Against small" in done.stdout
    assert "| thinking | 3 | +0.0 |" in done.stdout
