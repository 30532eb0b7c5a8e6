"""The HTTP client: bytes in, bytes out, every failure a typed error, every call under a deadline."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp
import anyio
from yarl import URL

from writ_async.errors import EngineErrorKind, InputError
from writ_engines.http.errors import TransportError, status_error

_HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
_KEEP_ALIVE = 4.0  # uvicorn closes an idle connection after 5 s; a request sent into that close would be lost
_READ_BUFFER = 2**20  # an answer with logprobs is read without pausing the socket
_PROXY_KEY = 407  # a proxy wants a user and a password
_OUT_OF_SOCKETS = (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL)


def _is_address(text: str) -> bool:
    try:
        url = URL(text)
    except ValueError:
        return False
    return url.scheme in ("http", "https") and bool(url.host)


class HttpClient:
    """Calls one server. The connections are made on the loop that first calls, and anew on another one.

    There is no bound on connections: whoever calls bounds the calls. `headers` go with every request; a key belongs
    there and nowhere else, and is never part of an error's text. `timeout` is in seconds. `proxy` is the address that
    all goes through, None for none: the environment is not read here. `hear` is given the headers of every answer.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 300.0,
        proxy: str | None = None,
        hear: Callable[[Mapping[str, str]], None] | None = None,
    ) -> None:
        if not _is_address(base_url):
            raise InputError(f"{base_url!r} is not the address of a server; give one such as http://127.0.0.1:30000")
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout
        self._headers = {**_HEADERS, **(headers or {})}
        self._proxy = proxy
        self._hear = hear
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._urls: dict[str, URL] = {}

    async def post(self, path: str, body: bytes, *, seconds: float | None = None) -> bytes:
        """The body of the answer to a POST. `seconds` is this call's deadline; None takes the client's `timeout`.

        Raises `TransportError`, or `ContextWindowError` when the server says that the prompt is too long.
        """
        return await self._call("POST", path, body, seconds)

    async def get(self, path: str, *, seconds: float | None = None) -> bytes:
        """The body of the answer to a GET. Raises like `post`."""
        return await self._call("GET", path, None, seconds)

    @asynccontextmanager
    async def events(
        self, path: str, body: bytes, *, seconds: float | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """POST, and iterate over the data of the server-sent events of the answer, without the closing `[DONE]`.

            async with client.events("/generate", body) as events:
                async for data in events: ...

        Raises like `post`, and `truncated` when the stream ends without `[DONE]`. `seconds` is for the whole block.
        """
        allowed = self.timeout if seconds is None else seconds
        with anyio.move_on_after(allowed) as scope:
            try:
                response = await self._request("POST", path, body)
            except (OSError, aiohttp.ClientError) as exc:
                raise self._typed(exc) from exc
            async with response:
                if response.status >= 300:
                    raise status_error(response.status, await response.read(), response.headers)
                yield self._data(response)
        if scope.cancelled_caught:
            raise self._late(path, allowed)

    async def aclose(self) -> None:
        """Close all connections. The client can be used again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _call(self, method: str, path: str, body: bytes | None, seconds: float | None) -> bytes:
        allowed = self.timeout if seconds is None else seconds
        with anyio.move_on_after(allowed) as scope:
            try:
                async with await self._request(method, path, body) as response:
                    content = await response.read()
            except (OSError, aiohttp.ClientError) as exc:
                raise self._typed(exc) from exc
        if scope.cancelled_caught:
            raise self._late(path, allowed)
        if response.status >= 300:
            raise status_error(response.status, content, response.headers)
        return content

    async def _request(self, method: str, path: str, body: bytes | None) -> aiohttp.ClientResponse:
        session = self._session
        if session is None or session.closed or self._loop is not asyncio.get_running_loop():
            session = self._open_session()
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = URL(self.base_url + path)
        response = await session.request(method, url, data=body, allow_redirects=False, proxy=self._proxy)
        if self._hear is not None:
            self._hear(response.headers)
        return response

    def _open_session(self) -> aiohttp.ClientSession:
        self._loop = asyncio.get_running_loop()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(),
            headers=self._headers,
            auto_decompress=False,
            read_bufsize=_READ_BUFFER,
        )
        return self._session

    async def _data(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """The data of each event, up to `[DONE]`. Lines are split here, since the library bounds their length."""
        rest = b""
        while True:
            try:
                chunk = await response.content.readany()
            except (OSError, aiohttp.ClientError) as exc:
                raise self._typed(exc) from exc
            if not chunk:
                raise TransportError(
                    f"{self.base_url}: the stream of events ended without [DONE]", kind=EngineErrorKind.TRUNCATED
                )
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.startswith(b"data:"):
                    data = line[5:].strip()
                    if data == b"[DONE]":
                        return
                    yield data

    def _late(self, path: str, seconds: float) -> TransportError:
        return TransportError(f"{self.base_url}{path} gave no answer in {seconds:.3g} s", kind=EngineErrorKind.DEADLINE)

    def _typed(self, exc: Exception) -> TransportError:
        """What an exception of the HTTP library means."""
        kind = EngineErrorKind.RESET
        if isinstance(exc, aiohttp.ClientSSLError | aiohttp.ServerFingerprintMismatch):
            kind = EngineErrorKind.TLS
        elif isinstance(exc, OSError) and exc.errno in _OUT_OF_SOCKETS:
            kind = EngineErrorKind.RESOURCES
        elif isinstance(exc, aiohttp.ClientHttpProxyError):
            return self._refused_by_proxy(exc)
        elif isinstance(exc, aiohttp.ClientConnectorError):
            kind = EngineErrorKind.REFUSED
        elif isinstance(exc, aiohttp.ClientPayloadError | aiohttp.ClientResponseError):
            kind = EngineErrorKind.TRUNCATED
        elif isinstance(exc, aiohttp.InvalidURL):
            kind = EngineErrorKind.NOT_FOUND
        text = " ".join(str(exc).split()) or type(exc).__name__
        return TransportError(f"{self.base_url}: {text}", kind=kind)

    def _refused_by_proxy(self, exc: aiohttp.ClientHttpProxyError) -> TransportError:
        """The proxy answers, and does not let the call through to the server."""
        error = status_error(exc.status, f"the proxy says {exc.status}: {exc.message}".encode())
        kind = EngineErrorKind.UNAUTHORIZED if exc.status == _PROXY_KEY else error.kind
        return TransportError(f"{self.base_url}: {error}", kind=kind, status=exc.status)
