"""Several servers behind one engine: addresses, who is up, and when a server is given up."""

from __future__ import annotations

from random import Random

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.http import RETRYABLE, Fleet, RetryPolicy, TransportError, server_urls
from writ_engines.http.fleet import GONE, IN_A_ROW, REFUSING

from writ_async.core.engine import CallCounts, Request
from writ_async.errors import EngineError, EngineErrorKind, InputError, ServerDownError

URLS = ("http://a:1", "http://b:2", "http://c:3")
QUICK = RetryPolicy(attempts=20, budget=30.0, first=0.001, longest=0.002)


def request(session: str = "t#0/agent", server: int | None = None) -> Request:
    return Request(
        id=f"{session}/0",
        session=session,
        seat="agent",
        task_id="t",
        trial=0,
        turn=0,
        seed=0,
        messages=(),
        tools=(),
        server=server,
    )


class Servers:
    """What answers behind a fleet: `broken` ones fail with a kind, others tell their number."""

    def __init__(self, count: int = 3, *, up: bool = True) -> None:
        self.broken: dict[int, str] = {}
        self.calls: list[tuple[int, int]] = []
        self.counts = CallCounts()
        self.fleet = Fleet(URLS[:count], self.look, up=up)

    def fail(self, server: int) -> None:
        if server in self.broken:
            raise TransportError(f"server {server}", kind=EngineErrorKind(self.broken[server]))

    async def look(self, server: int) -> None:
        try:
            self.fail(server)
        except TransportError as exc:
            self.fleet.missed(server, exc)
            raise
        self.fleet.found(server)

    async def call(self, made: Request) -> int:
        async def attempt(server: int, number: int, seconds: float) -> int:
            self.calls.append((server, number))
            self.fail(server)
            return server

        return await self.fleet.call(made, attempt, QUICK, Random(1), self.counts)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("http://a", ("http://a",)),
        ("http://a, http://b/ ", ("http://a", "http://b/")),
        (["http://a", "http://b"], ("http://a", "http://b")),
    ],
)
def test_addresses_stand_in_a_list_or_between_commas(text: str | list[str], urls: tuple[str, ...]) -> None:
    assert server_urls(text) == urls


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "is missing"), ("http://a,", "is missing"), ([], "is missing"), ("http://a,http://a/", "twice")],
)
def test_addresses_that_cannot_be_are_bad_input(text: str | list[str], told: str) -> None:
    with pytest.raises(InputError, match=f"^url: .*{told}"):
        server_urls(text)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", sorted(GONE))
async def test_a_named_server_is_tried_until_it_counts_as_down_and_then_the_caller_is_told(kind: str) -> None:
    servers = Servers()
    servers.broken[1] = kind
    with pytest.raises(ServerDownError, match="http://b:2 takes no calls") as caught:
        await servers.call(request(server=1))
    assert caught.value.server == 1
    assert servers.calls == [(1, number) for number in range(IN_A_ROW)]
    assert not servers.fleet.is_up(1)
    with pytest.raises(ServerDownError):
        await servers.call(request(server=1))
    assert await servers.call(request(server=2)) == 2
    assert servers.calls[IN_A_ROW:] == [(2, IN_A_ROW)]  # the number goes on
    assert servers.counts == CallCounts(
        calls=1, attempts=IN_A_ROW + 1, recovered=1, last_failure="server 1", failures={kind: IN_A_ROW},
        first_failures={kind: f"http://b:2: server 1 ({kind}; such calls are made again)"},
    )  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", sorted(RETRYABLE - GONE))
async def test_a_server_that_answers_with_an_error_is_up(kind: str) -> None:
    servers = Servers()
    servers.broken[1] = kind
    with pytest.raises(TransportError, match=r"server 1 \(20 attempts\)"):
        await servers.call(request(server=1))
    assert servers.fleet.is_up(1)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", sorted(REFUSING))
async def test_a_server_that_refuses_one_call_is_sent_no_more_while_another_is_up(kind: str) -> None:
    servers = Servers(2)
    servers.broken[1] = kind
    with pytest.raises(ServerDownError):
        await servers.call(request(server=1))
    assert await servers.call(request(server=0)) == 0
    assert servers.counts == CallCounts(
        calls=1, attempts=2, recovered=1, last_failure="server 1", failures={kind: 1},
        first_failures={kind: f"http://b:2: server 1 ({kind})"},
    )  # fmt: skip
    servers.broken[0] = kind
    with pytest.raises(TransportError, match="server 0"):
        await servers.call(request(server=0))
    assert servers.counts.given_up == {kind: 1}


@pytest.mark.asyncio
async def test_a_call_that_has_used_up_its_attempts_is_not_sent_to_another_server() -> None:
    servers = Servers(2)
    servers.broken[1] = "refused"
    policy = RetryPolicy(attempts=IN_A_ROW, budget=30.0, first=0.001)

    async def attempt(server: int, number: int, seconds: float) -> int:
        servers.fail(server)
        return server

    with pytest.raises(TransportError, match=f"{IN_A_ROW} attempts"):
        await servers.fleet.call(request(server=1), attempt, policy, Random(1), servers.counts)
    assert not servers.fleet.is_up(1)
    assert servers.fleet._tries == {}


@pytest.mark.asyncio
async def test_that_a_server_is_left_is_said_once_until_it_has_answered_a_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    servers = Servers(2)
    servers.broken[1] = "not_found"
    for _ in range(5):
        with pytest.raises(ServerDownError):
            await servers.call(request(server=1))
        servers.fleet.found(1)
    servers.broken.clear()
    for _ in range(2):
        await servers.call(request(server=1))
    said = [record.getMessage() for record in caplog.records]
    assert [text.partition(";")[0] for text in said] == [f"{URLS[1]} takes no calls", f"{URLS[1]} takes calls again"]


@pytest.mark.asyncio
async def test_with_all_servers_down_calls_stay_where_they_are_until_one_is_found() -> None:
    servers = Servers(2)
    for server in range(2):
        servers.broken[server] = "refused"
        for _ in range(IN_A_ROW):
            servers.fleet.missed(server, TransportError("gone", kind=EngineErrorKind.REFUSED))
    with pytest.raises(TransportError, match="20 attempts"):
        await servers.call(request(server=0))
    servers.broken.clear()
    assert await servers.call(request(server=0)) == 0
    assert not servers.fleet.is_up(0)  # it takes a look
    await servers.look(1)
    with pytest.raises(ServerDownError):
        await servers.call(request(server=0))


@pytest.mark.asyncio
async def test_one_failure_of_a_whole_batch_counts_once() -> None:
    servers = Servers()
    failure = TransportError("gone", kind=EngineErrorKind.RESET)

    async def attempt(server: int, number: int, seconds: float) -> int:
        if number:
            return server
        raise failure

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(
                servers.fleet.call, request(f"s{number}", server=0), attempt, QUICK, Random(number), servers.counts
            )
    assert servers.fleet.is_up(0)


@pytest.mark.asyncio
async def test_calls_under_way_are_given_up_when_a_look_finds_the_server_gone() -> None:
    servers = Servers()

    async def attempt(server: int, number: int, seconds: float) -> int:
        await anyio.sleep_forever()
        return server

    async def look() -> None:
        for _ in range(IN_A_ROW):
            await anyio.sleep(0.001)
            servers.fleet.missed(0, TransportError("gone", kind=EngineErrorKind.DEADLINE))

    with pytest.raises(ServerDownError):
        async with anyio.create_task_group() as group:
            group.start_soon(look)
            try:
                await servers.fleet.call(request(server=0), attempt, QUICK, Random(1), servers.counts)
            except EngineError as exc:
                group.cancel_scope.cancel()
                caught = exc
        raise caught


@pytest.mark.asyncio
async def test_without_an_order_sessions_are_spread_kept_and_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("writ_engines.http.fleet._LOOK_AGAIN", 0.0)
    servers = Servers()
    sessions = [f"s{number}" for number in range(9)]
    homes = {session: await servers.call(request(session)) for session in sessions}
    assert sorted(homes.values()) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert homes == {session: await servers.call(request(session)) for session in sessions}
    servers.broken[1] = "reset"
    moved = {session: await servers.call(request(session)) for session in sessions}
    assert set(moved.values()) == {0, 2}
    assert all(moved[session] == home for session, home in homes.items() if home != 1)
    servers.broken.clear()
    assert await servers.call(request("new")) == 1
    assert servers.counts.given_up == {}


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["ok", "refused", "overloaded", "found"])), max_size=60))
def test_a_server_is_down_after_so_many_failures_in_a_row_until_it_is_found(events: list[tuple[int, str]]) -> None:
    fleet = Servers().fleet
    failures, up = [0, 0, 0], [True, True, True]
    for server, event in events:
        if event == "found":
            fleet.found(server)
            failures[server], up[server] = 0, True
        elif event == "ok":
            fleet._servers[server].answered()
            failures[server] = 0
        else:
            status = 503 if event == "overloaded" else None
            fleet.missed(server, TransportError("no", kind=EngineErrorKind(event), status=status))
            failures[server] = 0 if event == "overloaded" else failures[server] + 1
            up[server] = up[server] and failures[server] < IN_A_ROW
        assert [fleet.is_up(number) for number in range(3)] == up
        if not up[server] and any(up):
            with pytest.raises(ServerDownError):
                fleet.check(server)
        else:
            fleet.check(server)
