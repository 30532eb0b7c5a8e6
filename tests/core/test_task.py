"""Tasks: rows of old runs are read as those of today."""

from __future__ import annotations

import msgspec

from writ_async.core.task import Action, Certificate, Proof, Scenario, Task, WorldRef


def test_minus_one_in_an_old_row_means_that_there_is_no_write_and_no_counter_world() -> None:
    assert msgspec.json.decode(b'{"write":-1,"cells":[]}', type=Certificate) == Certificate(None, ())
    old = b'{"level":"W0","burden":1,"path":1,"counters":[[-1,3],[2]]}'
    assert msgspec.json.decode(old, type=Proof).counters == ((None, 3), (2,))
    assert msgspec.json.decode(msgspec.json.encode(Certificate(None, ())), type=Certificate).write is None


def test_certified_writes_are_named_once_and_in_order() -> None:
    task = Task(
        id="a",
        domain="d",
        kind="normal",
        world=WorldRef("d"),
        scenario=Scenario("x"),
        actions=(Action("one", {}), Action("two", {})),
        certificates=tuple(Certificate(write, ()) for write in (1, None, 0, 1)),
    )
    assert task.certified_writes == (0, 1)
