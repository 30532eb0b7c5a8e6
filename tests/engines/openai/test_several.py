"""Several servers of /v1/chat/completions: conversations stay on one, and leave it when it goes."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from writ_engines.openai import OpenAIEngine, OpenAIOptions

from tests.support.chat_double import Answer, Asked, Double, said, serve
from writ_async.core.engine import Gauged, Gauges
from writ_async.core.environment import Environment
from writ_async.core.task import Scenario, Task
from writ_async.core.trajectory import Termination, Trajectory
from writ_async.errors import EngineError, EngineErrorKind, InputError, ServerDownError
from writ_async.scheduler import Job, Limits, run_rollouts

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("writ_async.scheduler.server_watch.GAUGE_SECONDS", 0.05)


def engine_on(*servers: Double) -> OpenAIEngine:
    return OpenAIEngine(OpenAIOptions(model="m", url=",".join(server.url for server in servers)))


def jobs_of(retail_environment: Environment, count: int) -> list[Job]:
    tasks = [
        Task(
            id=f"t{number}",
            domain="retail",
            kind="normal",
            world=retail_environment.ref,
            scenario=Scenario(f"Talk, {number}."),
        )
        for number in range(count)
    ]
    return [Job(task, retail_environment.domain, retail_environment.world) for task in tasks]


def answer(asked: Asked) -> Answer:
    """The user is done after some turns; the agent talks."""
    messages = asked.body["messages"]
    over = "tools" not in asked.body and len(messages) > 7
    return said("###STOP###" if over else f"{len(messages)}")


def scenarios(double: Double) -> set[str]:
    """Which conversations a server has seen, by what the user was told."""
    heads = {asked.body["messages"][0]["content"] for asked in double.asked if "tools" not in asked.body}
    return {head.partition("Talk, ")[2].partition(".")[0] for head in heads}


async def test_conversations_stay_on_a_server_and_leave_one_that_goes(retail_environment: Environment) -> None:
    async with serve(answer) as left, AsyncExitStack() as stack:
        right = await stack.enter_async_context(serve(answer))
        engine = engine_on(left, right)
        assert isinstance(engine, Gauged)
        assert [await engine.gauges(server) for server in range(2)] == [Gauges(), Gauges()]
        rows: list[Trajectory] = []
        limits = Limits(concurrency=12)
        async with run_rollouts(
            jobs_of(retail_environment, 40), {"agent": engine, "user": engine}, limits=limits
        ) as rollouts:
            async for row in rollouts:
                rows.append(row)
                if len(rows) == 10:
                    assert scenarios(left).isdisjoint(scenarios(right))
                    assert min(len(scenarios(left)), len(scenarios(right))) >= 5
                    await stack.aclose()
        assert {row.termination for row in rows} == {Termination.USER_STOP}
        assert len(rows) == 40
        counts = engine.call_counts()
        assert counts.given_up == {}
        assert counts.calls == sum(usage.requests for row in rows for usage in row.usage.values())
        with pytest.raises(ServerDownError):
            await engine.gauges(1)
        await engine.aclose()


@pytest.mark.parametrize("status", [401, 404])
async def test_a_server_that_refuses_all_calls_costs_no_conversation(
    status: int, retail_environment: Environment
) -> None:
    def refuse(asked: Asked) -> Answer:
        return Answer(status=status, body=b'{"error": {"message": "no"}}')

    async with serve(answer) as well, serve(refuse) as wrong:
        engine = engine_on(well, wrong)
        limits = Limits(concurrency=8)
        async with run_rollouts(
            jobs_of(retail_environment, 30), {"agent": engine, "user": engine}, limits=limits
        ) as rollouts:
            rows = [row async for row in rollouts]
        assert {row.termination for row in rows} == {Termination.USER_STOP}
        assert len(wrong.asked) < 30
        assert engine.call_counts().given_up == {}
        await engine.aclose()


async def test_an_only_server_is_not_asked_how_it_is() -> None:
    async with serve(answer) as gone:
        engine = engine_on(gone)
    assert await engine.gauges() == Gauges()
    await engine.aclose()


async def test_with_all_servers_gone_a_look_says_why() -> None:
    async with serve(answer) as left, serve(answer) as right:
        engine = engine_on(left, right)
    for server in (0, 1) * 3:
        with pytest.raises(EngineError) as caught:
            await engine.gauges(server)
    assert caught.value.kind is EngineErrorKind.REFUSED
    await engine.aclose()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://a/v1,", "an address is missing"),
        ("http://a/v1,http://a/v1/", "named twice"),
        ("http://a:1,secret@host", "must hold no user"),
    ],
)
async def test_addresses_that_cannot_be_are_bad_input(url: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        OpenAIEngine(OpenAIOptions(model="m", url=url))
    assert "secret" not in str(caught.value)
