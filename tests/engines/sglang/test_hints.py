"""What the client tells servers of its conversations: session ids and their end, priority, a routing key."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.http import HttpClient
from writ_engines.sglang.hints import routing_key
from writ_engines.sglang.wire import single_body

from tests.support.sglang_double import SglangDouble
from tests.support.talk import TOOLS, Talk, make_engine
from writ_async.conversation import Rules
from writ_async.core.environment import Environment
from writ_async.core.task import Scenario, Task
from writ_async.errors import InputError
from writ_async.runs.first_look import look_at_servers
from writ_async.runs.seats import tell_notices
from writ_async.scheduler import Job, Limits, run_rollouts

OpenDouble = Callable[..., SglangDouble]
SESSIONS = {"enable_session_radix_cache": True}
PRIORITIES = {"enable_priority_scheduling": True, "priority_scheduling_preemption_threshold": 10}
ALL: dict[str, Any] = {"session_id": True, "priority": "turns", "routing_key": True}


def jobs_of(environment: Environment, count: int) -> list[Job]:
    tasks = [
        Task(id=f"t{n}", domain="retail", kind="normal", world=environment.ref, scenario=Scenario(f"Talk, {n}."))
        for n in range(count)
    ]
    return [Job(task, environment.domain, environment.world, 0) for task in tasks]


async def play(jobs: list[Job], engine: Any) -> list[str]:
    """How each conversation ended."""
    limits = Limits(concurrency=8)
    async with run_rollouts(jobs, {"agent": engine, "user": engine}, rules=Rules(max_steps=8), limits=limits) as live:
        return [row.termination.value async for row in live]


def sessions_of(server: SglangDouble) -> list[str]:
    return list(dict.fromkeys(seen.told["session_id"] for seen in server.calls))


@pytest.mark.asyncio
async def test_each_seat_has_a_session_which_is_closed_once_when_its_conversation_ends(
    double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with double() as server:
        server.flags = SESSIONS
        engine = make_engine(server.url, folder, session_id=True)
        await play(jobs_of(retail_environment, 6), engine)
        told = sessions_of(server)
        assert len(told) == 12
        assert {session.rpartition("~")[0] for session in told} == {
            seen.rid.rpartition("~")[0].rpartition("/")[0] for seen in server.calls
        }
        await engine.aclose()
        assert sorted(server.closed) == sorted(told)


@pytest.mark.asyncio
async def test_a_conversation_that_fails_is_closed_once_as_well(
    double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with double() as server:
        server.flags = SESSIONS
        engine = make_engine(server.url, folder, session_id=True)
        says = server.model
        server.model = lambda ids, sampling: [server.vocabulary] if len(server.calls) > 6 else says(ids, sampling)
        ended = await play(jobs_of(retail_environment, 3), engine)
        assert set(ended) == {"infrastructure_error"}
        await engine.aclose()
        assert Counter(server.closed) == dict.fromkeys(sessions_of(server), 1)


@pytest.mark.asyncio
async def test_a_cancelled_run_closes_what_it_had_open(double: OpenDouble, folder: Path) -> None:
    async with double(latency=30.0) as server:
        server.flags = SESSIONS
        engine = make_engine(server.url, folder, session_id=True)
        await engine.server_info()
        with anyio.move_on_after(0.3):
            await Talk(engine, "c/agent").complete()
        assert server.closed == []
        await engine.aclose()
        assert server.closed == sessions_of(server)
        assert len(server.closed) == 1


@pytest.mark.asyncio
async def test_a_session_that_moved_is_closed_on_both_servers(double: OpenDouble, folder: Path) -> None:
    async with double() as first, double() as second:
        first.flags = second.flags = SESSIONS
        engine = make_engine([first.url, second.url], folder, session_id=True)
        talk = Talk(engine, "c/agent", tools=TOOLS, server=0)
        await talk.complete()
        talk.server = 1
        await talk.complete()
        engine.end_session("c/agent")
        await engine.aclose()
        assert first.closed == second.closed == sessions_of(first) == sessions_of(second)


@pytest.mark.asyncio
async def test_a_seat_that_is_asked_anew_after_its_end_has_another_session(double: OpenDouble, folder: Path) -> None:
    async with double() as server:
        server.flags = SESSIONS
        engine = make_engine(server.url, folder, session_id=True)
        for _ in range(2):
            await Talk(engine, "c/agent").complete()
            engine.end_session("c/agent")
        await engine.aclose()
        assert len(set(sessions_of(server))) == 2
        assert sorted(server.closed) == sorted(sessions_of(server))


@pytest.mark.asyncio
async def test_a_server_that_is_gone_at_the_end_fails_nothing(double: OpenDouble, folder: Path) -> None:
    async with double() as server:
        server.flags = SESSIONS
        engine = make_engine(server.url, folder, session_id=True)
        await Talk(engine, "c/agent").complete()
        await server.die()
        assert engine.end_session("c/agent") is not None
        await engine.aclose()
        assert server.closed == []


@pytest.mark.asyncio
async def test_a_retried_call_keeps_its_session_and_its_priority(double: OpenDouble, folder: Path) -> None:
    async with double() as server:
        server.flags = SESSIONS | PRIORITIES
        engine = make_engine(server.url, folder, session_id=True, priority="turns")
        server.faults.extend(["queue_full", "reset"])
        await Talk(engine, "c/agent").complete()
        assert len(server.calls) == 3
        assert len({(seen.told["session_id"], seen.told["priority"]) for seen in server.calls}) == 1
        await engine.aclose()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("flags", "priorities"),
    [
        (PRIORITIES, [0, 1, 2, 3]),
        (PRIORITIES | {"priority_scheduling_preemption_threshold": 3}, [0, 1, 2, 2]),
        (
            PRIORITIES | {"priority_scheduling_preemption_threshold": 3, "disable_priority_preemption": True},
            [0, 1, 2, 3],
        ),
        (PRIORITIES | {"schedule_low_priority_values_first": True}, [0, -1, -2, -3]),
        (PRIORITIES | {"priority_scheduling_preemption_threshold": 1}, [None] * 4),
    ],
)
async def test_more_turns_are_a_higher_priority_that_never_pushes_a_running_call_out(
    flags: dict[str, Any], priorities: list[int | None], double: OpenDouble, folder: Path
) -> None:
    async with double() as server:
        server.flags = flags
        engine = make_engine(server.url, folder, priority="turns")
        talk = Talk(engine, "c/agent", tools=TOOLS)
        for _ in priorities:
            await talk.complete()
        assert [seen.told.get("priority") for seen in server.calls] == priorities
        await engine.aclose()


@pytest.mark.asyncio
async def test_both_seats_of_a_conversation_have_one_routing_key_before_a_router(
    double: OpenDouble, folder: Path
) -> None:
    async with double() as server:
        server.router = True
        engine = make_engine(server.url, folder, routing_key=True)
        for session in ("retail-7#0/agent", "retail-7#0/user", "retail-8#0/agent", "alone"):
            await Talk(engine, session).complete()
        assert [seen.routing_key for seen in server.calls] == ["retail-7#0", "retail-7#0", "retail-8#0", "alone"]
        await engine.aclose()


@pytest.mark.asyncio
@pytest.mark.parametrize("router", [False, True])
async def test_what_a_server_cannot_use_is_not_sent_and_told_once_before_the_first_call(
    router: bool, double: OpenDouble, folder: Path
) -> None:
    async with double() as server:
        server.router = router
        engine = make_engine(server.url, folder, **ALL)
        before = tell_notices({"agent": engine})
        await look_at_servers([engine], require=True)
        lines = tell_notices({"agent": engine}, told=before)
        wanted = ["--enable-session-radix-cache", "--enable-priority-scheduling", "no router"][: 2 if router else 3]
        assert len(lines) == len(wanted)
        assert all(sign in line and server.url in line for sign, line in zip(wanted, lines, strict=True))
        await Talk(engine, "c/agent").complete()
        engine.end_session("c/agent")
        assert tell_notices({"agent": engine}, told=before) == lines
        await engine.aclose()
        assert [seen.told for seen in server.calls] == [{}]
        assert [seen.routing_key for seen in server.calls] == ["c" if router else None]
        assert server.closed == []


@pytest.mark.asyncio
async def test_without_the_options_nothing_is_told_to_a_server_that_could_use_it(
    double: OpenDouble, folder: Path
) -> None:
    async with double() as server:
        server.flags = SESSIONS | PRIORITIES
        engine = make_engine(server.url, folder)
        await Talk(engine, "c/agent").complete()
        engine.end_session("c/agent")
        await engine.aclose()
        assert [(seen.told, seen.routing_key) for seen in server.calls] == [({}, None)]
        assert server.closed == []


def test_a_body_without_more_members_is_as_it_was() -> None:
    body = b'{"rid":"r.","input_ids":[1,2],"sampling_params":{"top_k":1}}'
    assert b"".join(single_body("r.", b"1,2", b'{"top_k":1}', False)) == body
    told = b',"session_id":"s","priority":2'
    assert b"".join(single_body("r.", b"1,2", b'{"top_k":1}', False, told)) == body[:-1] + told + b"}"


@pytest.mark.asyncio
async def test_a_request_without_headers_of_its_own_is_as_it_was_and_one_with_them_has_them_last() -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.readexactly(2)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        client = HttpClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        for headers in ({}, {"X-SMG-Routing-Key": "k"}):
            await client.ask("/generate", b"{}", lambda response: response.body, headers=headers)
        with pytest.raises(InputError, match="no header can have"):
            await client.ask("/generate", b"{}", lambda response: response.body, headers={"X": "a\r\nb: c"})
        await client.aclose()
    assert heads[0].endswith(b"Content-Length: 2\r\n\r\n")
    assert heads[1] == heads[0][:-2] + b"X-SMG-Routing-Key: k\r\n\r\n"


@given(st.text(min_size=1))
def test_a_routing_key_is_one_that_a_header_can_have(session: str) -> None:
    key = routing_key(session.encode(errors="replace").decode())
    assert key
    assert key.isascii()
    assert key.isprintable()
    assert " " not in key


@pytest.mark.parametrize("option", [{name: value} for name, value in ALL.items()])
def test_options_that_a_batch_cannot_carry_are_refused_with_it(option: dict[str, Any], folder: Path) -> None:
    with pytest.raises(InputError, match=f"{next(iter(option))} cannot be used with batch=8"):
        make_engine("http://127.0.0.1:1", folder, batch=8, **option)
