"""The scripted seats play every behaviour so that it is seen, and none changes how a task ends."""

from collections import Counter

import pytest

from tests.support.crowd import VALUES, domain_and_world, environments, has_room, plain_tasks, told, told_tasks, trait
from writ_async.api import run
from writ_async.behaviour.axes import shown_traits, unshown_traits
from writ_async.cli.tables import diversity_table
from writ_async.core.behaviour import Axis, Behaviour
from writ_async.core.message import UserMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.curation.diversity import measure_diversity
from writ_async.curation.quota import cell_of
from writ_async.synthesis.behaviours import with_behaviours
from writ_async.synthesis.neutrality import why_not_neutral
from writ_async.verify.user_slips import audit_user, user_slips

pytestmark = pytest.mark.slow

N = 1000


@pytest.fixture(scope="module")
def crowd() -> tuple[dict[str, Task], list[Trajectory]]:
    tasks = told_tasks(N)
    return {task.id: task for task in tasks}, run(tasks)


@pytest.fixture(scope="module")
def plain_rows() -> dict[str, Trajectory]:
    """What plain users say, by task; a conversation is the same whatever is played beside it."""
    return {row.task_id: row for row in run(plain_tasks(1000)[:60])}


def test_every_conversation_with_a_behaviour_is_kept_and_ends_in_the_gold_state(
    crowd: tuple[dict[str, Task], list[Trajectory]],
) -> None:
    tasks, rows = crowd
    assert len(rows) == N
    for row in rows:
        assert row.verdict is not None
        assert row.verdict.kept, (row.id, tasks[row.task_id].behaviour, row.verdict.findings)
        assert row.digest == tasks[row.task_id].gold_digest


def test_nothing_is_found_on_the_users_side_where_no_slip_was_made(
    crowd: tuple[dict[str, Task], list[Trajectory]],
) -> None:
    tasks, rows = crowd
    for row in rows:
        slips = user_slips(tasks[row.task_id], row.messages)
        assert [slip for slip in slips if slip.reason != "user_unexpressed"] == []


def test_each_axis_is_shown_and_first_turns_hardly_ever_repeat(
    crowd: tuple[dict[str, Task], list[Trajectory]],
) -> None:
    measures = measure_diversity(*crowd)
    assert measures.conversations == N
    assert len(measures.axes) == 18
    for axis, shown in measures.axes.items():
        assert shown.rate >= 0.98, (axis, shown)
    for value, shown in measures.values.items():
        assert shown.rate >= 0.95, (value, shown)
    assert measures.first_turns >= 0.95
    assert measures.combinations >= 0.6 * N
    assert 0 < measures.distinct_1 < measures.distinct_2 < 1
    assert measures.first_slots < 0.9
    title = str(diversity_table(measures).title)
    assert f"{N:,} conversations" in title


def test_the_same_task_under_six_behaviours_ends_in_the_same_state() -> None:
    tasks = plain_tasks(1000)[:80]
    ends: dict[str, set[str]] = {task.id: {task.gold_digest} for task in tasks}
    labels: dict[str, set[str]] = {task.id: set() for task in tasks}
    for seed in range(6):
        given = with_behaviours(tasks, environments(), 100 + seed)[0]
        for task, row in zip(given, run(given), strict=True):
            ends[task.id].add(row.digest)
            labels[task.id].add(task.behaviour.label if task.behaviour else "")
    assert all(len(digests) == 1 for digests in ends.values())
    assert min(len(seen) for seen in labels.values()) >= 5


@pytest.mark.parametrize(("axis", "value"), VALUES)
def test_each_value_alone_is_played_recognisably(axis: Axis, value: str) -> None:
    tasks: list[Task] = []
    for task in plain_tasks(1000):
        if len(tasks) < 12 and has_room(task, axis, value):
            chosen = [trait(task, axis, value)]
            if axis == "persistence":
                chosen.insert(0, trait(task, "infeasible", "unavailable_first"))
            if not why_not_neutral(task, Behaviour(tuple(chosen)), *domain_and_world(task)):
                tasks.append(told(task, *chosen))
    assert len(tasks) == 12
    for task, row in zip(tasks, run(tasks), strict=True):
        assert row.digest == task.gold_digest
        assert unshown_traits(task, row.messages) == [], row.messages
        assert audit_user(task, row.messages) == []


@pytest.mark.parametrize(("axis", "value"), [pair for pair in VALUES if pair[1] not in (
    "all_at_once", "standard", "answers_asked", "whole", "calm", "average", "plain", "explicit", "minimal", "on_request"
)])  # fmt: skip
def test_a_sign_is_not_seen_in_users_of_another_kind(axis: Axis, value: str, plain_rows: dict[str, Trajectory]) -> None:
    """Plain users show (nearly) nothing: a sign that is always there says nothing."""
    tasks = [task for task in plain_tasks(1000)[:60] if has_room(task, axis, value)][:30]
    marked = [told(task, *([trait(task, axis, value)] if axis != "persistence" else [
        trait(task, "infeasible", "unavailable_first"), trait(task, axis, value)])) for task in tasks]  # fmt: skip
    rows = [plain_rows[task.id] for task in tasks]
    seen = Counter(
        trait not in unshown_traits(task, row.messages)
        for task, row in zip(marked, rows, strict=True)
        for trait in (task.behaviour.traits[-1:] if task.behaviour else ())
    )
    assert seen[True] <= 0.35 * max(1, seen.total()), seen


def test_a_row_is_labelled_with_what_its_user_showed_alone(crowd: tuple[dict[str, Task], list[Trajectory]]) -> None:
    tasks, rows = crowd
    seen = 0
    for row in rows[:300]:
        task = tasks[row.task_id]
        drawn = task.behaviour.traits if task.behaviour is not None else ()
        missing = unshown_traits(task, row.messages)
        assert shown_traits(task, row.messages) == [trait for trait in drawn if trait not in missing]
        silent = [message for message in row.messages if not isinstance(message, UserMessage)]
        shown = shown_traits(task, silent)
        seen += len(shown)
        for one in drawn:
            assert cell_of(task, [one.axis], shown) == (one.value if one in shown else "",)
    assert seen
