"""A long conversation is judged in slices: the verdict is the same, and no slice has much of the work."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from bench.verdicts import scripted_talks
from writ_async.core.domain import Domain
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory, Verdict
from writ_async.runs import jobs
from writ_async.runs.jobs import judge_finished
from writ_async.runs.play_settings import PlaySettings
from writ_async.scheduler import Job
from writ_async.scheduler.mishaps import Mishaps
from writ_async.verify.judge import AssumeMet
from writ_async.verify.verdict import judge_in_slices, judge_trajectory


def long_talk(domain: str, messages: int) -> tuple[Task, Trajectory, Domain, World]:
    talk = next(talk for _, talk in scripted_talks(domain, messages, 1, 3))
    return talk.task, talk.row, talk.domain, talk.world


@pytest.mark.parametrize("domain", ["retail", "airline"])
def test_a_verdict_in_slices_is_the_verdict_and_none_of_them_has_half_of_the_work(domain: str) -> None:
    talk = long_talk(domain, 100)
    calls = 0
    shares: list[int] = []

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    slices, verdict = judge_in_slices(*talk), None
    sys.setprofile(count)
    try:
        while verdict is None:
            calls = 0
            try:
                next(slices)
            except StopIteration as done:
                verdict = done.value
            shares.append(calls)
    finally:
        sys.setprofile(None)
    assert isinstance(verdict, Verdict)
    assert verdict == judge_trajectory(*talk)
    assert len(shares) >= len(verdict.writes) + 5
    assert max(shares) < sum(shares) / 2


@pytest.mark.parametrize(("messages", "sliced"), [(12, False), (80, True)])
def test_only_long_conversations_are_judged_in_slices(messages: int, sliced: bool) -> None:
    task, row, domain, world = long_talk("retail", messages)
    row.verdict = None
    pauses = list(judge_finished(Job(task, domain, world), row, PlaySettings(), AssumeMet(), Mishaps()))
    assert bool(pauses) == sliced
    assert row.verdict == judge_trajectory(task, row, domain, world)


def test_what_fails_in_a_slice_costs_its_conversation_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    task, row, domain, world = long_talk("retail", 80)
    row.verdict = None

    def broken(*given: object) -> Any:
        yield
        raise KeyError("odd")

    monkeypatch.setattr(jobs, "judge_in_slices", broken)
    list(judge_finished(Job(task, domain, world), row, PlaySettings(), AssumeMet(), Mishaps()))
    assert row.verdict is None
    assert "could not be judged" in row.error
