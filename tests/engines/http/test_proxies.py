"""Which proxy a call goes through, as the environment says, and that it does go there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from writ_engines.http import HttpClient, HttpOptions, TransportError
from writ_engines.http.proxies import environment_proxy
from writ_engines.openai import OpenAIOptions
from writ_engines.sglang import SglangOptions

from writ_async.errors import EngineErrorKind, InputError

P = "http://proxy:3128"


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("http://models.example/v1", {"HTTP_PROXY": P}, P),
        ("http://models.example/v1", {"http_proxy": P, "HTTP_PROXY": "http://other:1"}, P),
        ("https://models.example/v1", {"HTTP_PROXY": P}, None),
        ("https://models.example/v1", {"HTTPS_PROXY": P}, P),
        ("https://models.example/v1", {"ALL_PROXY": P}, P),
        ("http://models.example/v1", {"HTTP_PROXY": "proxy:3128"}, P),
        ("http://models.example/v1", {"HTTP_PROXY": ""}, None),
        ("http://models.example/v1", {}, None),
        ("http://127.0.0.1:30000", {"HTTP_PROXY": P}, None),
        ("http://localhost:30000", {"HTTP_PROXY": P}, None),
        ("http://[::1]:30000", {"HTTP_PROXY": P}, None),
        ("http://10.1.2.3:30000", {"HTTP_PROXY": P}, P),
    ],
)
def test_the_environment_names_the_proxy(url: str, environment: dict[str, str], proxy: str | None) -> None:
    assert environment_proxy(url, environment) == proxy


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("*", "http://a.example", True),
        ("a.example", "http://a.example", True),
        ("a.example", "http://b.a.example", True),
        ("a.example", "http://ba.example", False),
        (".a.example", "http://b.a.example", True),
        ("*.a.example", "http://b.a.example", True),
        ("x, a.example ,y", "http://A.Example:8000", True),
        ("a.example:8000", "http://a.example:8000", True),
        ("a.example:8000", "http://a.example", False),
        ("a.example:80", "http://a.example", True),
        ("10.1.2.3", "http://10.1.2.3:30000", True),
        ("2.3", "http://10.1.2.3", False),
        ("10.0.0.0/8", "http://10.1.2.3:30000", True),
        ("10.0.0.0/8", "http://11.1.2.3:30000", False),
        ("10.0.0.0/8", "http://node.example", False),
        ("fd00::/8", "http://[fd00::1]:30000", True),
        ("[fd00::1]:30000", "http://[fd00::1]:30000", True),
        ("not/a/network, a.example", "http://a.example", True),
        ("", "http://a.example", False),
    ],
)
def test_no_proxy_names_who_is_called_directly(no_proxy: str, url: str, direct: bool) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        assert (environment_proxy(url, {"HTTP_PROXY": P, name: no_proxy}) is None) is direct


def test_a_proxy_that_cannot_be_used_is_told_without_its_password() -> None:
    with pytest.raises(InputError, match="ALL_PROXY is not the address of an HTTP proxy") as caught:
        environment_proxy("http://a.example", {"ALL_PROXY": "socks5://user:secret@proxy:1080"})
    assert "secret" not in str(caught.value)
    with pytest.raises(InputError, match="proxy is not the address"):
        HttpOptions(model="m", proxy="socks5://proxy:1080").proxy_for("http://a.example")
    with pytest.raises(ValueError, match="no user or password") as refused:
        HttpOptions(model="m", proxy="http://user:secret@proxy:1080")
    assert "secret" not in str(refused.value)


def test_each_engine_says_whether_it_heeds_the_environment() -> None:
    environment = {"HTTP_PROXY": P}
    url = "http://models.example"
    assert OpenAIOptions(model="m").proxy_for(url, environment) == P
    assert OpenAIOptions(model="m", trust_env=False).proxy_for(url, environment) is None
    assert SglangOptions(model="m").proxy_for(url, environment) is None
    assert SglangOptions(model="m", trust_env=True).proxy_for(url, environment) == P
    assert SglangOptions(model="m", proxy="other:1").proxy_for(url, environment) == "http://other:1"
    assert OpenAIOptions(model="m", proxy="other:1").proxy_for("http://127.0.0.1:1", environment) == "http://other:1"


@asynccontextmanager
async def proxy(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that answers by itself, and what it was asked."""
    asked: list[bytes] = []

    async def handle(stream: SocketStream) -> None:
        async with stream:
            asked.append(await stream.receive())
            await stream.send(answer)

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        yield f"http://user:secret@127.0.0.1:{listener.extra_attributes[SocketAttribute.local_port]()}", asked
        group.cancel_scope.cancel()


@pytest.mark.asyncio
async def test_a_call_goes_through_the_proxy_with_its_user() -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    async with proxy(body) as (address, asked):
        client = HttpClient("http://models.invalid/v1", proxy=address)
        assert await client.post("/chat", b"{}") == b"ok"
        await client.aclose()
    assert asked[0].startswith(b"POST http://models.invalid/v1/chat HTTP/1.1")
    assert b"Proxy-Authorization: Basic" in asked[0]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("url", "status", "kind"),
    [
        ("http://models.invalid/v1", 407, EngineErrorKind.UNAUTHORIZED),
        ("https://models.invalid/v1", 407, EngineErrorKind.UNAUTHORIZED),
        ("https://models.invalid/v1", 503, EngineErrorKind.OVERLOADED),
        ("https://models.invalid/v1", 502, EngineErrorKind.SERVER_ERROR),
    ],
)
async def test_what_a_proxy_refuses_is_typed_and_tells_no_password(
    url: str, status: int, kind: EngineErrorKind
) -> None:
    body = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    async with proxy(body) as (address, _):
        client = HttpClient(url, proxy=address)
        with pytest.raises(TransportError) as caught:
            await client.post("/chat", b"{}")
        await client.aclose()
    assert caught.value.kind is kind
    assert "secret" not in str(caught.value)


@pytest.mark.asyncio
async def test_a_proxy_that_is_not_there_is_told_by_its_address_alone() -> None:
    client = HttpClient("http://models.invalid", proxy="http://user:secret@127.0.0.1:1")
    with pytest.raises(TransportError, match=r"127\.0\.0\.1:1") as caught:
        await client.get("/")
    await client.aclose()
    assert caught.value.kind is EngineErrorKind.REFUSED
    assert "secret" not in f"{caught.value} {caught.value!r}"
