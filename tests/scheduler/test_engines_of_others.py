"""Engines that others wrote wrong: each costs its conversations, says what and where once, and ends no run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import anyio
import pytest
from writ_engines.scripted import ScriptedEngine

from writ_async.api import make_tasks, rollouts
from writ_async.core.engine import Completion, Engine, Gauges, Request
from writ_async.core.message import AssistantMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Termination, Trajectory
from writ_async.runs.worlds import open_worlds
from writ_async.scheduler import Limits

N = 8


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    return make_tasks("retail", N, seed=3, world_size=60, mix="normal=1", behaviours="off")


def script(tasks: Sequence[Task]) -> ScriptedEngine:
    domains = {opened.domain.name: opened.domain for opened in open_worlds(tasks, None).values()}
    return ScriptedEngine({task.id: task for task in tasks}, domains, 3)


def play(tasks: Sequence[Task], engine: Engine, user: Engine | None = None) -> dict[str, Trajectory]:
    async def collect() -> dict[str, Trajectory]:
        with anyio.fail_after(60):
            async with rollouts(tasks, engine, user, seed=3, limits=Limits(concurrency=4)) as stream:
                return {row.task_id: row async for row in stream}

    return anyio.run(collect)


async def leak_cancellation(request: Request) -> Any:
    """What an engine does whose own task was cancelled: the cancellation is no one else's."""
    future: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.cancel)
    return await future


async def leak_group(request: Request) -> Any:
    raise BaseExceptionGroup("mine", [asyncio.CancelledError(), ValueError("inner")])


async def give_none(request: Request) -> Any:
    return None


async def give_dict(request: Request) -> Any:
    return {"message": {"role": "assistant", "content": "Hello"}}


async def give_no_message(request: Request) -> Any:
    return Completion(message=None)  # type: ignore[arg-type]


async def raise_bug(request: Request) -> Any:
    raise KeyError("choices")


def give_no_awaitable(request: Request) -> Any:
    return Completion(message=AssistantMessage("Hello"))


BAD = [
    (leak_cancellation, "CancelledError"),
    (leak_group, "BaseExceptionGroup: mine (2 sub-exceptions)"),
    (give_none, "truncated: the engine gave None instead of a Completion"),
    (give_dict, "truncated: the engine gave a dict instead of a Completion"),
    (give_no_message, "truncated: the engine gave None instead of an AssistantMessage"),
    (raise_bug, "KeyError: 'choices'"),
    (give_no_awaitable, "TypeError: object Completion can't be used in 'await' expression"),
]


class Bad:
    """Has one method, which is bad for the tasks of odd numbers or for all, and nothing else that is optional."""

    def __init__(self, bad: Any, inner: Engine, all_of_them: bool) -> None:
        self._bad, self._inner, self._all = bad, inner, all_of_them

    async def complete(self, request: Request) -> Completion:
        if self._all or int(request.task_id[-1]) % 2:
            given: Completion = await self._bad(request)
            return given
        return await self._inner.complete(request)


@pytest.mark.parametrize(("bad", "error"), BAD)
@pytest.mark.parametrize("all_of_them", [False, True])
def test_a_bad_answer_ends_its_conversation_and_the_rest_are_as_ever(
    tasks: list[Task], bad: Any, error: str, all_of_them: bool
) -> None:
    calm = play(tasks, script(tasks))
    rows = play(tasks, Bad(bad, script(tasks), all_of_them))
    assert rows.keys() == calm.keys()
    for name, row in rows.items():
        if all_of_them or int(name[-1]) % 2:
            assert (row.termination, row.error) == (Termination.INFRASTRUCTURE_ERROR, error)
        else:
            assert row == calm[name]


@pytest.mark.parametrize(("bad", "error"), [pair for pair in BAD if pair[0] in (leak_cancellation, raise_bug)])
def test_what_fails_is_said_once_with_its_place(
    tasks: list[Task], caplog: pytest.LogCaptureFixture, bad: Any, error: str
) -> None:
    with caplog.at_level(logging.WARNING):
        play(tasks, Bad(bad, script(tasks), True))
    (told,) = caplog.records
    assert told.exc_info
    assert f"the user's engine failed: {error} (scheduler/test_engines_of_others.py:" in told.getMessage()


def test_a_deadline_still_ends_a_call_and_a_cancelled_run_its_conversations(tasks: list[Task]) -> None:
    class Hangs:
        async def complete(self, request: Request) -> Completion:
            await anyio.sleep_forever()
            raise AssertionError

    async def collect(limits: Limits, cancel: bool) -> set[Termination]:
        with anyio.fail_after(30):
            async with rollouts(tasks, Hangs(), limits=limits) as stream:
                if cancel:
                    await anyio.sleep(0.05)
                    stream.cancel()
                return {row.termination async for row in stream}

    assert anyio.run(collect, Limits(request_timeout=0.05), False) == {Termination.TIMEOUT}
    assert anyio.run(collect, Limits(), True) == {Termination.CANCELLED}

    async def leave() -> bool:
        with anyio.move_on_after(0.1) as scope:
            async with rollouts(tasks, Hangs()) as stream:
                async for _ in stream:
                    pass
        return scope.cancelled_caught

    assert anyio.run(leave)


class Surly(ScriptedEngine):
    """Answers well, and raises at all else that it is asked."""

    servers = 2

    def end_session(self, session: str) -> Any:
        raise RuntimeError("no session")

    async def aclose(self) -> None:
        raise OSError("already closed")

    async def gauges(self, server: int = 0) -> Gauges:
        raise ValueError("no gauge")

    def seconds_held(self, session: str) -> float:
        raise LookupError("no pace")

    def call_counts(self) -> Any:
        raise TypeError("no counts")


def test_an_engine_that_raises_at_all_but_answers_loses_no_conversation(
    tasks: list[Task], caplog: pytest.LogCaptureFixture
) -> None:
    calm = play(tasks, script(tasks))
    domains = {opened.domain.name: opened.domain for opened in open_worlds(tasks, None).values()}
    with caplog.at_level(logging.WARNING):
        rows = play(tasks, Surly({task.id: task for task in tasks}, domains, 3))
    assert rows == calm
    said = [record.getMessage() for record in caplog.records]
    for words in ("no session", "no gauge", "no counts"):
        assert sum(words in line for line in said) == 1, said


def test_sessions_that_give_something_else_are_told_of_and_dropped(
    tasks: list[Task], caplog: pytest.LogCaptureFixture
) -> None:
    class Odd(ScriptedEngine):
        def end_session(self, session: str) -> Any:
            return [1, 2, 3]

    domains = {opened.domain.name: opened.domain for opened in open_worlds(tasks, None).values()}
    with caplog.at_level(logging.WARNING):
        rows = play(tasks, Odd({task.id: task for task in tasks}, domains, 3))
    assert rows == play(tasks, script(tasks))
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [
        "the engine cannot end a session: TypeError: it gave a list"
    ]
