"""The HTTP client: bytes in, bytes out, every failure a typed error, every call under a deadline."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio

from writ_async.errors import EngineErrorKind, without_credentials
from writ_engines.http.connection import Connection, Response
from writ_engines.http.errors import TransportError, status_error
from writ_engines.http.keys import Secrets, merge_headers
from writ_engines.http.route import SOCKETS, Network, Route, header_lines

T = TypeVar("T")
Body = bytes | Sequence[bytes | bytearray]
"""What is sent, or its parts: they go out one behind the other, without a copy of them all."""

_HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
NO_HEADERS: Mapping[str, str] = {}
_KEEP_ALIVE = 4.0  # uvicorn closes an idle connection after 5 s; a request sent into that close would be lost


class HttpClient:
    """Calls one server. The connections are made on the loop that first calls, and anew on another one.

    There is no bound on connections: whoever calls bounds the calls. `headers` go with every request; a key belongs
    there and nowhere else, and is never part of an error's text. `timeout` is in seconds. `proxy` is the address that
    all goes through, None for none: the environment is not read here. `hear` is given the headers of every answer,
    their names in small letters. `secrets` stand in no error, though a server repeats them; nor does a user or a
    password of the address, which `base_url` is without. `network` makes the connections.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 300.0,
        proxy: str | None = None,
        hear: Callable[[Mapping[str, str]], None] | None = None,
        secrets: Secrets | None = None,
        network: Network = SOCKETS,
    ) -> None:
        self.base_url = without_credentials(base_url.rstrip("/"))
        self.timeout = timeout
        self._route = Route(base_url.rstrip("/"), merge_headers(_HEADERS, headers or {}), proxy, network)
        self._hear = hear
        self._secrets = secrets or Secrets()
        self._heads: dict[tuple[str, str], bytes] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: deque[Connection] = deque()  # the one that was used last stands last
        self._busy: set[Connection] = set()
        self._tidying: asyncio.TimerHandle | None = None

    async def post(self, path: str, body: Body, *, seconds: float | None = None) -> bytes:
        """The body of the answer to a POST. `seconds` is this call's deadline; None takes the client's `timeout`.

        Raises `TransportError`, or `ContextWindowError` when the server says that the prompt is too long.
        """
        return await self._call("POST", path, body, _body, seconds)

    async def get(self, path: str, *, seconds: float | None = None) -> bytes:
        """The body of the answer to a GET. Raises like `post`."""
        try:
            return await self._call("GET", path, b"", _body, seconds)
        except TransportError as exc:
            if exc.kind is not EngineErrorKind.RESET:
                raise
        # A server may close a connection at the moment when a request is sent; to ask this twice changes nothing.
        return await self._call("GET", path, b"", _body, seconds)

    def ask(
        self,
        path: str,
        body: Body,
        read: Callable[[Response], T],
        *,
        seconds: float | None = None,
        fresh: bool = False,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Coroutine[Any, Any, T]:
        """What `read` makes of the answer to a POST, awaited: over a connection without a past where it is `fresh`.

        `headers` go with this request, after those of every request.

        Where it raises, this may have been an answer to another question: the connection is closed before another
        call can be given the next. Raises like `post`, and what `read` raises.
        """
        return self._call("POST", path, body, read, seconds, fresh, headers)

    @asynccontextmanager
    async def events(
        self, path: str, body: bytes, *, seconds: float | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """POST, and iterate over the data of the server-sent events of the answer, without the closing `[DONE]`.

            async with client.events("/generate", body) as events:
                async for data in events: ...

        Raises like `post`, and `truncated` when the stream ends without `[DONE]`. `seconds` is for the whole block.
        """
        connection, left = await self._connection(path, self.timeout if seconds is None else seconds)
        try:
            response = await connection.ask(self._request("POST", path, body), path, left, stream=True)
            if self._hear is not None:
                self._hear(response.headers)
            if response.status >= 300:
                raise self._secrets.scrubbed(status_error(response.status, response.body, response.headers))
            yield self._data(connection)
        finally:
            self._give_back(connection)

    async def aclose(self) -> None:
        """Close all connections. The client can be used again."""
        connections = [*self._idle, *self._busy]
        self._idle.clear()
        self._busy.clear()
        if self._tidying is not None:
            self._tidying.cancel()
            self._tidying = None
        if self._loop is asyncio.get_running_loop():
            for connection in connections:
                connection.leave()
            await asyncio.sleep(0)  # for the loop to close them

    async def _call(
        self,
        method: str,
        path: str,
        body: Body,
        read: Callable[[Response], T],
        seconds: float | None,
        fresh: bool = False,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> T:
        connection, left = await self._connection(path, self.timeout if seconds is None else seconds, fresh)
        try:
            response = await connection.ask(self._request(method, path, body, headers), path, left)
            if self._hear is not None:
                self._hear(response.headers)
            _require_plain(response, self.base_url)
            if response.status >= 300:
                raise self._secrets.scrubbed(status_error(response.status, response.body, response.headers))
            try:
                return read(response)
            except BaseException:
                connection.leave()
                raise
        finally:
            self._give_back(connection)

    def _request(
        self, method: str, path: str, body: Body, headers: Mapping[str, str] = NO_HEADERS
    ) -> list[bytes | bytearray]:
        head = self._heads.get((method, path))
        if head is None:
            head = self._heads[method, path] = self._route.head(method, path)
        parts = [body] if isinstance(body, bytes) else body
        more = header_lines(headers.items(), self.base_url).encode() if headers else b""
        return [b"%b%d\r\n%b\r\n" % (head, sum(map(len, parts)), more), *parts]

    async def _connection(self, path: str, seconds: float, fresh: bool = False) -> tuple[Connection, float]:
        """A connection that can ask, and the seconds that are left for the answer."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._idle.clear()
            self._busy.clear()
            self._tidying = None
        began = loop.time()
        while self._idle and not fresh:
            connection = self._idle.pop()
            if connection.usable and began - connection.idle_since < _KEEP_ALIVE:
                self._busy.add(connection)
                return connection, seconds
            connection.leave()
        with anyio.move_on_after(seconds) as scope:
            connection = await self._route.open_connection()
            self._busy.add(connection)
            return connection, seconds - (loop.time() - began)
        assert scope.cancelled_caught
        raise TransportError(f"{self.base_url}{path} gave no answer in {seconds:.3g} s", kind=EngineErrorKind.DEADLINE)

    def _give_back(self, connection: Connection) -> None:
        """A call has ended; one that ended early takes its connection with it."""
        if connection not in self._busy:
            connection.leave()  # all were closed meanwhile
            return
        self._busy.discard(connection)
        if not connection.is_free:
            connection.leave()
            return
        assert self._loop is not None
        connection.idle_since = self._loop.time()
        self._idle.append(connection)
        if self._tidying is None:
            self._tidying = self._loop.call_later(_KEEP_ALIVE, self._tidy)

    def _tidy(self) -> None:
        """Close what nobody has used for some time."""
        assert self._loop is not None
        now = self._loop.time()
        while self._idle and now >= self._idle[0].idle_since + _KEEP_ALIVE:
            self._idle.popleft().leave()
        self._tidying = None
        if self._idle:
            self._tidying = self._loop.call_at(self._idle[0].idle_since + _KEEP_ALIVE, self._tidy)

    async def _data(self, connection: Connection) -> AsyncIterator[bytes]:
        """The data of each event, up to `[DONE]`."""
        rest = b""
        while chunk := await connection.read_more():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.startswith(b"data:"):
                    data = line[5:].strip()
                    if data == b"[DONE]":
                        return
                    yield data
        raise TransportError(
            f"{self.base_url}: the stream of events ended without [DONE]", kind=EngineErrorKind.TRUNCATED
        )


def _require_plain(response: Response, where: str) -> None:
    """Raises `TransportError` for an answer that is compressed: unpacked, a small one may fill the memory."""
    coding = response.headers.get("content-encoding", "identity")
    if coding != "identity":
        text = f"{where}: the answer is compressed ({coding[:40]}), which was not asked for"
        raise TransportError(text, kind=EngineErrorKind.TRUNCATED, status=response.status)


def _body(response: Response) -> bytes:
    return response.body
