"""Conversations over several servers: where they live, what happens when one of them goes and comes back."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from writ_engines.http import RetryPolicy, TransportError
from writ_engines.sglang.control import ServerControl
from writ_engines.sglang.engine import SglangEngine

from tests.support.sglang_double import SglangDouble
from tests.support.talk import TOOLS, Talk, make_engine
from writ_async.conversation import Rules
from writ_async.core.environment import Environment
from writ_async.core.task import Scenario, Task
from writ_async.core.trajectory import Termination, Trajectory
from writ_async.errors import EngineError, EngineErrorKind, InputError, ServerDownError
from writ_async.scheduler import Job, Limits, run_rollouts

pytestmark = pytest.mark.asyncio
OpenDouble = Callable[..., SglangDouble]
ENDS = {Termination.USER_STOP, Termination.MAX_STEPS, Termination.TOO_MANY_ERRORS}
FIXED, BUDGET = Limits(concurrency=16), Limits(concurrency=16, admission="kv-budget", kv_tokens=200_000)
PATIENT = RetryPolicy(attempts=200, budget=60.0, first=0.002, longest=0.02)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers are looked at more often than in a run that takes hours."""
    monkeypatch.setattr("writ_async.scheduler.server_watch.GAUGE_SECONDS", 0.05)


def jobs_of(retail_environment: Environment, count: int, trials: int = 1) -> list[Job]:
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
    return [
        Job(task, retail_environment.domain, retail_environment.world, trial)
        for trial in range(trials)
        for task in tasks
    ]


@asynccontextmanager
async def serving(double: OpenDouble, count: int, **options: Any) -> AsyncIterator[list[SglangDouble]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(double(**options)) for _ in range(count)]


def engine_on(servers: Sequence[SglangDouble], folder: Path, **options: Any) -> SglangEngine:
    chosen = {"max_tokens": 400, "policy": PATIENT, **options}
    return make_engine([server.url for server in servers], folder, **chosen)


async def run(
    jobs: list[Job], engine: SglangEngine, limits: Limits, on_row: Callable[[int], Any] | None = None
) -> list[Trajectory]:
    rows: list[Trajectory] = []
    async with run_rollouts(jobs, {"agent": engine, "user": engine}, rules=Rules(max_steps=14), limits=limits) as live:
        async for row in live:
            rows.append(row)
            if on_row is not None:
                await on_row(len(rows))
    return rows


def conversation_of(rid: str) -> str:
    return rid.partition("/")[0]


def answered(server: SglangDouble) -> Counter[str]:
    """How many calls of each conversation a server has answered."""
    return Counter(conversation_of(seen.rid) for seen in server.calls if seen.finish in ("stop", "length"))


def assert_each_call_was_answered_once(servers: Sequence[SglangDouble], rows: Sequence[Trajectory]) -> None:
    """No request id twice; for every completion that a conversation has, at least one call was answered."""
    rids = [seen.rid for server in servers for seen in server.calls]
    assert len(set(rids)) == len(rids)
    turns: dict[str, set[str]] = defaultdict(set)
    for server in servers:
        for seen in server.calls:
            if seen.finish in ("stop", "length"):
                turns[conversation_of(seen.rid)].add(re.sub(r"~.*", "", seen.rid))
    for row in rows:
        assert len(turns[row.id]) == sum(usage.requests for usage in row.usage.values())
        assert all(sequence.complete for sequence in row.tokens.values())


@pytest.mark.parametrize(("batch", "limits"), [(1, FIXED), (8, BUDGET)], ids=["fixed", "kv-budget batched"])
async def test_a_conversation_stays_on_its_server_and_the_load_is_balanced(
    batch: int, limits: Limits, double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with serving(double, 2, latency=0.002) as servers:
        engine = engine_on(servers, folder, batch=batch)
        rows = await run(jobs_of(retail_environment, 48), engine, limits)
        homes = [answered(server) for server in servers]
        shared = homes[0].keys() & homes[1].keys()
        # Only at the very end one that is left may move to a server that stands empty.
        assert len(shared) <= 6
        assert len(homes[0].keys() | homes[1].keys()) == 48
        assert 0.6 < homes[0].total() / homes[1].total() < 1 / 0.6
        assert {row.termination for row in rows} <= ENDS
        assert_each_call_was_answered_once(servers, rows)
        assert engine.statistics().cached_tokens == sum(seen.cached for server in servers for seen in server.calls)
        await engine.aclose()


async def test_trials_of_a_task_live_on_one_server(
    double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with serving(double, 2, latency=0.002) as servers:
        engine = engine_on(servers, folder)
        jobs = sorted(jobs_of(retail_environment, 8, trials=4), key=lambda job: job.task.id)
        await run(jobs, engine, Limits(concurrency=32))
        # Where they began: towards the end some move to a server that stands empty.
        tasks = [{seen.rid.partition("#")[0] for seen in server.calls if "/user/0~" in seen.rid} for server in servers]
        assert len(tasks[0] & tasks[1]) <= 1
        assert min(map(len, tasks)) >= 3
        await engine.aclose()


@pytest.mark.parametrize("limits", [FIXED, BUDGET], ids=["fixed", "kv-budget"])
async def test_the_rows_are_the_same_on_one_server_on_two_and_on_two_of_which_one_dies(
    limits: Limits, double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    runs = []
    for count, deadly in ((1, False), (2, False), (2, True)):
        async with serving(double, count, latency=0.001) as servers:
            engine = engine_on(servers, folder)

            async def kill(done: int, deadly: bool = deadly, servers: list[SglangDouble] = servers) -> None:
                if deadly and done == 4:
                    await servers[1].die()

            rows = await run(jobs_of(retail_environment, 20), engine, limits, kill)
            assert_each_call_was_answered_once(servers, rows)
            for row in rows:
                for usage in row.usage.values():
                    usage.cached_tokens = 0  # what is cached depends on who came first, and where
            runs.append(sorted(rows, key=lambda row: row.id))
            await engine.aclose()
    assert runs[0] == runs[1]
    assert runs[0] == runs[2]


@pytest.mark.parametrize(("batch", "limits"), [(1, FIXED), (8, BUDGET)], ids=["fixed", "kv-budget batched"])
async def test_when_a_server_dies_its_conversations_go_on_elsewhere_and_it_is_used_again_when_it_is_back(
    batch: int, limits: Limits, double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with serving(double, 2, latency=0.01) as servers:
        engine = engine_on(servers, folder, batch=batch)
        first = ServerControl(servers[0].url)
        before = 0
        moved: set[str] = set()

        async def happens(done: int) -> None:
            nonlocal before, moved
            if done == 8:
                await first.pause("in_place")  # whatever comes to it stays there
            if done == 12:
                moved = {conversation_of(rid) for rid in servers[0].live}
                await servers[0].die()
            if done == 30:
                before = len(servers[0].calls)
                await servers[0].revive()

        rows = await run(jobs_of(retail_environment, 72), engine, limits, happens)
        assert len(rows) == 72
        assert {row.termination for row in rows} <= ENDS
        assert_each_call_was_answered_once(servers, rows)
        assert moved
        assert moved <= answered(servers[1]).keys()
        assert len(servers[0].calls) > before + 20
        counts = engine.call_counts()
        assert counts.given_up == {}
        assert counts.calls == sum(usage.requests for row in rows for usage in row.usage.values())
        assert counts.attempts == counts.calls + sum(counts.failures.values())
        await first.aclose()
        await engine.aclose()


async def test_all_servers_may_be_down_for_a_while(
    double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with serving(double, 2, latency=0.005) as servers:
        engine = engine_on(servers, folder)

        async def happens(done: int) -> None:
            if done == 10:
                await servers[0].die()
                await servers[1].die()
                await anyio.sleep(0.1)
                await servers[1].revive()
            if done == 24:
                await servers[0].revive()

        rows = await run(jobs_of(retail_environment, 48), engine, Limits(concurrency=16), happens)
        assert {row.termination for row in rows} <= ENDS
        assert_each_call_was_answered_once(servers, rows)
        await engine.aclose()


async def test_a_run_begins_on_the_servers_that_are_there_and_others_join(
    double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with serving(double, 2, latency=0.005) as servers:
        await servers[0].die()
        engine = engine_on(servers, folder)

        async def happens(done: int) -> None:
            if done == 20:
                await servers[0].revive()

        rows = await run(
            jobs_of(retail_environment, 60), engine, Limits(concurrency=16, admission="kv-budget"), happens
        )
        assert {row.termination for row in rows} <= ENDS
        assert answered(servers[0]).total() > 20
        await engine.aclose()


async def test_a_server_that_hangs_is_left_and_its_calls_with_it(
    double: OpenDouble, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("writ_engines.sglang.servers._GAUGES", 0.05)
    monkeypatch.setattr("writ_engines.sglang.servers._LOOK", 0.05)
    async with serving(double, 2) as servers:
        engine = engine_on(servers, folder)
        await engine.server_info()
        for server in range(2):
            await engine.gauges(server)
        hung = servers[0]
        hung.hang()
        talk = Talk(engine, "s", server=0)
        failures: list[EngineError] = []

        async def call() -> None:
            try:
                await talk.complete()
            except ServerDownError as exc:
                failures.append(exc)

        async with anyio.create_task_group() as group:
            group.start_soon(call)
            while not failures:
                with pytest.raises(EngineError):
                    await engine.gauges(0)
        assert [failure.kind for failure in failures] == ["server_down"]
        talk.server = 1
        await talk.complete()
        assert len(servers[1].calls) == 1
        await engine.aclose()


async def test_where_nobody_places_sessions_the_engine_keeps_each_on_a_server_that_is_up(
    double: OpenDouble, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("writ_engines.http.fleet._LOOK_AGAIN", 0.0)
    async with serving(double, 2) as servers:
        engine = engine_on(servers, folder)
        talks = [Talk(engine, f"s{number}#0/agent", tools=TOOLS) for number in range(8)]
        for _ in range(3):
            for talk in talks:
                await talk.say("hello")
        homes = [answered(server) for server in servers]
        assert homes[0].keys().isdisjoint(homes[1].keys())
        assert [len(home) for home in homes] == [4, 4]
        await servers[0].die()
        for talk in talks:
            await talk.say("hello")
        assert len(answered(servers[1])) == 8
        await servers[0].revive()
        before = len(servers[0].calls)
        for number in range(8):
            await Talk(engine, f"new{number}#0/agent").complete()
        assert len(servers[0].calls) == before + 8  # the fewest sessions are there
        for talk in talks:
            engine.end_session(talk.session)
        assert_each_call_was_answered_once(servers, [])
        await engine.aclose()


async def test_servers_of_different_models_are_refused_in_one_line(
    double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with serving(double, 2) as servers:
        servers[1].model_path = "/models/another"
        engine = engine_on(servers, folder)
        with pytest.raises(
            InputError, match=r"has the model (another|tiny), http\S+ has .*; give servers of one model"
        ):
            await run(jobs_of(retail_environment, 10), engine, Limits(concurrency=10))
        await engine.aclose()


async def test_a_server_that_comes_back_with_other_weights_is_not_used_until_it_has_those_of_the_others(
    double: OpenDouble, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(double, 2) as servers:
        engine = engine_on(servers, folder)
        control = ServerControl([server.url for server in servers])
        await control.update_weights("step-8", version="8")
        for server in range(2):
            await engine.gauges(server)
        await servers[0].die()
        for _ in range(4):
            with pytest.raises(EngineError):
                await engine.gauges(0)
        servers[0].model_path, servers[0].version = "tiny", "default"
        await servers[0].revive()
        with pytest.raises(ServerDownError):
            await engine.gauges(0)
        assert "is not used until it has the same" in caplog.text
        with pytest.raises(ServerDownError):
            await Talk(engine, "s", server=0).complete()
        with pytest.raises(TransportError, match="different weights"):
            await control.weight_version()
        await control.update_weights("step-8", version="8")
        await engine.gauges(0)
        await Talk(engine, "t", server=0).complete()
        await control.aclose()
        await engine.aclose()


async def test_control_calls_go_to_all_servers_and_name_those_that_fail(double: OpenDouble) -> None:
    async with serving(double, 3) as servers:
        control = ServerControl(",".join(server.url for server in servers))
        async with control.paused("retract"):
            await control.update_weights("step-1", version="1")
        assert [server.control for server in servers] == [["pause retract", "update 1", "continue"]] * 3
        assert await control.weight_version() == "1"
        await servers[1].die()
        with pytest.raises(TransportError, match=f"1 of 3 servers failed: {servers[1].url}") as caught:
            async with control.paused():
                raise AssertionError("one server goes on")
        assert caught.value.kind is EngineErrorKind.REFUSED
        assert [servers[number].control[-2:] for number in (0, 2)] == [["pause retract", "continue"]] * 2
        await control.aclose()


async def test_it_is_an_error_when_servers_do_not_say_that_they_go_on(
    double: OpenDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("writ_engines.sglang.control._LAST_WORD", 0.05)
    async with serving(double, 2) as servers:
        control = ServerControl([server.url for server in servers])
        with pytest.raises(TransportError, match="not all servers have said that they go on"):
            async with control.paused():
                servers[0].hang()
        with anyio.move_on_after(0.01) as scope:
            async with control.paused():
                await anyio.sleep_forever()
        assert scope.cancelled_caught  # whoever is cancelled is told nothing else
        await control.aclose()


async def test_gauges_are_each_servers_own(double: OpenDouble, folder: Path) -> None:
    async with double(pool=1000) as small, double(pool=5000) as large:
        engine = engine_on([small, large], folder)
        assert engine.servers == 2
        assert [(await engine.gauges(server)).capacity_tokens for server in range(2)] == [1000, 5000]
        info = await engine.server_info()
        assert info.max_total_num_tokens == 1000
        await engine.aclose()
