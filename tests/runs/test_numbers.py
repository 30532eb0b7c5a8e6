"""The numbers of a run by what its tasks are, checked by hand."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.support.samples import task as some_task
from tests.support.shared_data import TAU2_DATA, needs_shared
from tests.support.written_runs import failed, lost, solved, write_run
from writ_async.core.message import AssistantMessage, ToolMessage, UserMessage, make_call
from writ_async.core.task import Proof, Task, WorldRef
from writ_async.core.trajectory import Finding, Reward, Usage, Verdict, WriteEvidence
from writ_async.registry import load_benchmark
from writ_async.runs.numbers import Numbers, burden_ranges, count_numbers
from writ_async.runs.row_numbers import read_rows
from writ_async.runs.task_levels import TaskLevel, TaskLevels, read_levels
from writ_async.runs.view import RunView
from writ_async.verify.user_slips import UserReason

CANCEL = {"order_id": "#W1", "reason": "no longer needed"}
TALK = (
    UserMessage("Please cancel #W1."),
    AssistantMessage(None, (make_call("a", "get_order_details", {"order_id": "#W1"}),)),
    ToolMessage("a", "{}"),
    AssistantMessage(None, (make_call("b", "cancel_pending_order", CANCEL),)),
    ToolMessage("b", "{}"),
)


def level(task: Task, name: str, burden: int) -> Task:
    return msgspec.structs.replace(task, proof=Proof(level=name, burden=burden, path=1))


def numbers(path: Path) -> dict[tuple[str, str], Numbers]:
    found = read_rows(RunView.open(path))
    return {(one.by, one.score.name): one for one in count_numbers(found, read_levels(found.tasks.values(), None))}


def verdict(reward: float, *writes: WriteEvidence, slip: bool = False) -> Verdict:
    found = (Finding(UserReason.GAVE_UP, severity="remark"),) if slip else ()
    return Verdict(reward=Reward(reward=reward), kept=reward == 1, writes=writes, findings=found)


def test_groups_have_the_tasks_that_are_of_them(tmp_path: Path) -> None:
    tasks = [level(some_task("a"), "W1R3", 9), level(some_task("b"), "W1R0", 2), level(some_task("c"), "W2R4", 14)]
    found = numbers(write_run(tmp_path / "run", [solved("a"), failed("b"), solved("c")], tasks=tasks))
    names = {key: one.score.tasks for key, one in found.items()}
    assert names == {
        ("", "all"): 3, ("source", "retail normal"): 3, ("domain", "retail"): 3, ("kind", "normal"): 3,
        ("level", "W1R0"): 1, ("level", "W1R3"): 1, ("level", "W2R4"): 1, ("writes", "W1"): 2, ("writes", "W2"): 1,
        ("burden", "2 to 14"): 3,
        ("subset", "not read-heavy, by burden"): 3,
    }  # fmt: skip


def test_process_blame_tokens_and_dollars_are_what_one_counts(tmp_path: Path) -> None:
    good = WriteEvidence(3, "cancel_pending_order", "evidence_complete", 0)
    lucky = WriteEvidence(3, "cancel_pending_order", "lucky", 0, unconfirmed="nobody asked")
    usage = {"agent": Usage(3, 1000, 50, 800, 10, nano_dollars=2_000_000), "user": Usage(2, 100, 20, nano_dollars=500)}
    rows = [
        solved("a", messages=TALK, verdict=verdict(1, good), usage=usage),
        failed("a", 1, messages=TALK, verdict=verdict(0, lucky), usage=usage),
        failed("b", messages=TALK[:3], verdict=verdict(0, slip=True), usage=usage),
        solved("b", 1, messages=TALK[:1], verdict=verdict(1), usage=usage),
        lost("c"),
    ]
    one = numbers(write_run(tmp_path / "run", rows, trials=2))["", "all"]
    assert one.process is not None
    assert (one.process.reads, one.process.distinct_reads, one.process.writes) == (0.75, 0.75, 2)
    assert (one.process.complete, one.process.lucky, one.process.blind, one.process.unconfirmed) == (0.5, 0.5, 0, 0.5)
    # The gold of these tasks is no call of this domain, so every write is wrong.
    assert (one.process.wrong, one.process.first_wrong) == (0.5, 1)
    assert one.process.wrong_names == {"cancel_pending_order": 2}
    assert one.blame == {"infrastructure": 1, "user slip": 1, "judge": 0, "agent": 1}
    spent = one.spent
    assert spent.usage["agent"] == Usage(12, 4000, 200, 3200, 40, 8_000_000)
    assert (spent.seconds, spent.timed, spent.solved, spent.solved_tasks) == (8.0, 4, 2, 2)
    assert spent.dollars == pytest.approx(0.008002)
    assert spent.agent_dollars == 0.008
    assert spent.per_conversation(spent.agent_dollars) == pytest.approx(0.002)
    assert spent.per_solved_task(spent.agent_dollars) == pytest.approx(0.004)


def test_dollars_are_not_known_where_a_seat_has_tokens_without_a_price_or_nobody_counted(tmp_path: Path) -> None:
    half = {"agent": Usage(1, 10, 5, nano_dollars=7), "user": Usage(1, 10, 5)}
    spent = numbers(write_run(tmp_path / "half", [solved("a", usage=half)]))["", "all"].spent
    assert (spent.dollars, spent.agent_dollars) == (None, 7e-9)
    free = {"agent": Usage(1, 10, 5, nano_dollars=7), "user": Usage(1)}
    assert numbers(write_run(tmp_path / "free", [solved("a", usage=free)]))["", "all"].spent.dollars == 7e-9
    none = numbers(write_run(tmp_path / "none", [solved("a", usage={"agent": Usage(3)})]))["", "all"].spent
    assert none.dollars is None


def test_rare_burdens_are_put_together() -> None:
    burdens = [2] * 12 + [3] * 4 + [5] * 7 + [8] * 10 + [11] * 2
    levels = TaskLevels({f"{at}": TaskLevel(1, burden, "W1R0") for at, burden in enumerate(burdens)}, [], [])
    assert burden_ranges(levels) == {2: "2", 3: "3 to 5", 5: "3 to 5", 8: "8 to 11", 11: "8 to 11"}
    assert burden_ranges(TaskLevels({}, [], [])) == {}


@needs_shared
def test_a_benchmarks_tasks_are_measured_in_its_world_and_looked_up_in_its_list() -> None:
    tasks = load_benchmark("tau2").load("retail", str(TAU2_DATA)).tasks
    found = read_levels(tasks, str(TAU2_DATA))
    assert (found.notes, len(found.rules)) == ([], 1)
    assert sum(one.listed or False for one in found.tasks.values()) == 32
    assert all(one.burden is not None and one.burden >= 7 for one in found.tasks.values() if one.listed)
    assert sum(one.heavy for one in found.tasks.values()) == 18
    assert found.tasks["2"].level[0] == "W"


def test_without_its_folder_a_benchmarks_burden_is_not_known_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAU2_DATA_DIR", raising=False)
    one = msgspec.structs.replace(some_task("x:retail:21"), kind="benchmark", world=WorldRef("retail", "tau2"))
    found = read_levels([one], None)
    assert (found.tasks[one.id].burden, found.tasks[one.id].listed, found.tasks[one.id].level) == (None, True, "W0")
    assert "the burden of tau2:retail was not measured" in found.notes[0]
