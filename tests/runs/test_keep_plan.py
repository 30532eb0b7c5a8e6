"""What the next round plays is what the cells that are short need, and no more."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.support.samples import task
from writ_async.core.task import Kind, Task
from writ_async.curation.quota import KeepRules, PassRange, Quota, TaskRecord, cell_of
from writ_async.runs.keep_plan import plan_round


def make_pool(kinds: list[Kind]) -> list[Task]:
    return [msgspec.structs.replace(task(f"t{index:03d}"), kind=kind) for index, kind in enumerate(kinds)]


def make_quota(pool: list[Task], keep: KeepRules, records: dict[str, TaskRecord]) -> Quota:
    asked = Counter(cell_of(one, keep.balance) for one in pool[: keep.rows])
    quota = Quota(keep, asked, pool, records)
    for one in pool:
        record = records.get(one.id)
        if record is not None and record.passed and not quota.why_not(one.id):
            for _ in range(record.passed if keep.all_that_pass else 1):
                quota.take(one.id)
    return quota


def test_the_first_round_plays_the_first_tasks_once() -> None:
    pool = make_pool(["normal", "read-heavy", "normal", "normal"])
    keep = KeepRules(rows=3, attempts=4)
    assert plan_round(pool, make_quota(pool, keep, {})).trials == dict.fromkeys(("t000", "t001", "t002"), (0,))


def test_a_task_that_failed_is_tried_again_before_another_of_its_cell() -> None:
    pool = make_pool(["normal", "normal", "normal", "normal"])
    records = {"t000": TaskRecord(played=1), "t001": TaskRecord(played=1, passed=1)}
    plan = plan_round(pool, make_quota(pool, KeepRules(rows=2, attempts=3), records))
    assert plan.trials == {"t000": (1,), "t002": (0,)}  # one row at a rate of two in three


def test_a_task_whose_attempts_are_used_up_is_retired_and_another_takes_its_place() -> None:
    pool = make_pool(["normal", "normal", "read-heavy"])
    records = {"t000": TaskRecord(played=2)}
    plan = plan_round(pool, make_quota(pool, KeepRules(rows=1, attempts=2), records))
    assert set(plan.trials) == {"t001"}
    assert list(plan.lacking.values()) == [2]  # one row at a rate of one in three


def test_a_range_of_pass_rates_plays_every_attempt_and_keeps_no_task_outside() -> None:
    pool = make_pool(["normal"] * 3)
    keep = KeepRules(rows=1, attempts=4, target=PassRange(0.25, 0.75))
    assert plan_round(pool, make_quota(pool, keep, {})).trials == {"t000": (0, 1, 2, 3)}
    quota = make_quota(pool, keep, {"t000": TaskRecord(played=4, passed=4)})
    assert quota.why_not("t000") == "4 of 4 conversations of t000 passed"
    assert "t001" in plan_round(pool, quota).trials


@given(
    kinds=st.lists(st.sampled_from(["normal", "read-heavy", "refusal"]), min_size=8, max_size=40),
    rows=st.integers(1, 8),
    attempts=st.integers(1, 3),
    passes=st.lists(st.booleans(), min_size=200, max_size=200),
)
def test_rounds_fill_every_cell_or_leave_no_attempt_that_could(
    kinds: list[Kind], rows: int, attempts: int, passes: list[bool]
) -> None:
    pool = make_pool(kinds)
    keep = KeepRules(rows=rows, attempts=attempts)
    records: dict[str, TaskRecord] = {}
    luck = iter(passes)
    for _ in range(200):
        quota = make_quota(pool, keep, records)
        plan = plan_round(pool, quota)
        assert bool(plan.trials) <= bool(quota.missing())
        if not plan.trials:
            break
        for task_id, trials in plan.trials.items():
            record = records.setdefault(task_id, TaskRecord())
            for trial in trials:
                assert trial == record.played < attempts
                assert not record.passed
                record.played += 1
                record.passed += next(luck)
    for cell in make_quota(pool, keep, records).missing():
        own = [one.id for one in pool if cell_of(one, keep.balance) == cell]
        assert all(records[name].passed or records[name].played == attempts for name in own)
