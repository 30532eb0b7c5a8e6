"""The HTTP client: every way in which a call can fail is told by its kind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from aiohttp import web
from writ_engines.http import HttpClient, TransportError, error_text

from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind, InputError

pytestmark = pytest.mark.asyncio
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler, seconds: float = 60.0) -> AsyncIterator[HttpClient]:
    """A client of a server with one handler for everything."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client = HttpClient(f"http://127.0.0.1:{runner.addresses[0][1]}/", timeout=seconds)
    try:
        yield client
    finally:
        await client.aclose()
        await runner.cleanup()


def answering(status: int, body: bytes, **headers: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers=headers)

    return handler


async def failure_of(client: HttpClient, **options: float) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await client.post("/x", b"{}", **options)
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (400, b'{"error": {"message": "top_p must be in (0, 1], got 2."}}', "bad_request", "top_p must be"),
        (400, b'{"error": "unknown field `foo`"}', "bad_request", "unknown field `foo`"),
        (
            400,
            b'{"object": "error", "message": "1 validation error:\\n  bad\\n\\n  File x"}',
            "bad_request",
            "error: bad",
        ),
        (404, b'{"detail": "Not Found"}', "not_found", "Not Found"),
        (401, b"", "unauthorized", "HTTP 401"),
        (429, b"slow down", "overloaded", "slow down"),
        (
            503,
            b'{"object": "error", "message": "The request queue is full.", "code": 503}',
            "overloaded",
            "queue is full",
        ),
        (500, b"<html>oh no</html>", "server_error", "oh no"),
        (502, b"", "server_error", "HTTP 502"),
        (302, b"", "bad_request", "HTTP 302"),
    ],
)
async def test_a_status_has_a_kind_and_the_body_gives_the_text(status: int, body: bytes, kind: str, text: str) -> None:
    async with serving(answering(status, body)) as client:
        error = await failure_of(client)
    assert (error.kind, text in str(error)) == (kind, True), error
    assert isinstance(error, TransportError)
    assert error.status == status
    assert "\n" not in str(error)
    assert "File x" not in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "The input (8192 tokens) is longer than the model's context length (8192 tokens).",
        "Requested token count exceeds the model's maximum context length of 8192 tokens.",
        "Input length (700 tokens) exceeds the maximum allowed length (594 tokens).",
        "This model's maximum context length is 8192 tokens.",
    ],
)
async def test_a_refusal_for_length_is_a_context_window_error(text: str) -> None:
    async with serving(answering(400, b'{"error": {"message": "%s"}}' % text.encode())) as client:
        error = await failure_of(client)
    assert isinstance(error, ContextWindowError)
    assert str(error) == text


async def test_what_the_server_asks_to_wait_is_kept() -> None:
    async with serving(answering(429, b"", **{"Retry-After": "7"})) as client:
        error = await failure_of(client)
    assert isinstance(error, TransportError)
    assert error.retry_after == 7.0


async def test_nobody_listening_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = HttpClient(f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert (await failure_of(client)).kind == "refused"
        await client.aclose()


async def test_a_connection_that_breaks_is_reset_and_one_that_breaks_in_the_answer_truncated() -> None:
    async def breaking(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        if request.path == "/late":
            await response.prepare(request)
            await response.write(b"half")
            await asyncio.sleep(0.01)
        assert request.transport is not None
        request.transport.abort()
        return response

    async with serving(breaking) as client:
        assert (await failure_of(client)).kind == "reset"
        with pytest.raises(TransportError) as caught:
            await client.get("/late")
        assert caught.value.kind in ("truncated", "reset")


async def silent(request: web.Request) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


async def test_silence_ends_at_the_deadline_of_the_call_or_of_the_client() -> None:
    async with serving(silent, seconds=0.05) as client:
        assert (await failure_of(client)).kind == "deadline"
        assert (await failure_of(client, seconds=0.01)).kind == "deadline"
        with pytest.raises(TransportError, match="gave no answer") as caught:
            async with client.events("/x", b"") as events:
                async for _ in events:
                    pass
        assert caught.value.kind is EngineErrorKind.DEADLINE


async def test_a_caller_that_is_cancelled_is_not_told_of_a_deadline() -> None:
    async with serving(silent) as client:
        with anyio.move_on_after(0.05) as scope:
            await client.get("/x")
        assert scope.cancelled_caught


def streaming(*chunks: bytes) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(0.005)
        return response

    return handler


async def read_events(client: HttpClient) -> list[bytes]:
    async with client.events("/x", b"{}") as events:
        return [data async for data in events]


async def test_events_are_put_together_however_they_are_cut() -> None:
    long = b'{"a":"' + b"x" * 3_000_000 + b'"}'
    chunks = (
        b'data: {"n"',
        b':1}\n\ndata: {"n":2}\n',
        b"\ndata: " + long + b"\n\n",
        b": ping\n\ndata: [DO",
        b"NE]\n\n",
    )
    async with serving(streaming(*chunks)) as client:
        assert await read_events(client) == [b'{"n":1}', b'{"n":2}', long]


async def test_a_stream_without_its_end_is_truncated_and_one_that_is_refused_has_its_status() -> None:
    async with serving(streaming(b"data: 1\n\n")) as client:
        with pytest.raises(TransportError) as caught:
            await read_events(client)
        assert caught.value.kind is EngineErrorKind.TRUNCATED
    async with serving(answering(503, b"loading")) as client:
        with pytest.raises(TransportError) as caught:
            await read_events(client)
        assert caught.value.kind is EngineErrorKind.OVERLOADED


async def test_many_calls_go_out_at_once() -> None:
    arrived = 0
    everyone = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        nonlocal arrived
        arrived += 1
        if arrived == 300:
            everyone.set()
        await everyone.wait()
        return web.Response(body=await request.read())

    async with serving(handler) as client:
        bodies = [b"%d" % number for number in range(300)]
        assert await asyncio.gather(*(client.post("/x", body) for body in bodies)) == bodies


async def test_a_key_is_sent_but_never_told() -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.Response(status=401, text="no")

    async with serving(handler) as server:
        client = HttpClient(server.base_url, headers={"Authorization": "Bearer secret"})
        error = await failure_of(client)
        await client.aclose()
    assert seen == ["Bearer secret"]
    assert "secret" not in f"{error!r} {client!r}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_error_and_is_not_followed(status: int) -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with serving(handler) as client:
        assert isinstance(error := await failure_of(client), TransportError)
        assert error.status == status
    assert len(asked) == 1


async def test_a_password_in_an_address_is_sent_but_never_told() -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.Response(status=500, text="no")

    async with serving(handler) as server:
        address = server.base_url.replace("://", "://user:pass@word@")
        client = HttpClient(address)
        answered = await failure_of(client)
        await client.aclose()
    gone = await failure_of(HttpClient(address))
    assert seen[0].startswith("Basic ")
    assert "word" not in f"{answered!r} {answered} {gone!r} {gone}"


async def test_an_address_without_a_scheme_is_told_at_once() -> None:
    with pytest.raises(InputError, match=r"127\.0\.0\.1:30000"):
        HttpClient("localhost:30000")


async def test_a_body_of_no_known_shape_is_given_as_it_stands() -> None:
    assert error_text(b"plain  text\nof two lines") == "plain text of two lines"
    assert error_text(b'[1, "a"]') == '[1,"a"]'
    assert error_text(b"") == ""
