"""One HTTP/1.1 connection: one request at a time, and nothing taken for its answer that was not asked for.

An answer has no mark of its question but its place on the connection. So whatever comes while nothing is asked, or goes
on behind an answer, ends the connection: from there on every answer might be another call's. llhttp, by `httptools`,
finds where a message ends; a future and a timer are all that a call costs beside it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping, Sequence
from math import inf
from typing import cast

import httptools
import msgspec

from writ_async.errors import EngineErrorKind
from writ_engines.http.errors import TransportError

MOST_BYTES = 2**25
"""The longest body that is taken, in bytes; an answer of 100,000 tokens with their logprobs has 4 MB."""

_MOST_HEAD = 2**18  # bytes of status line and headers
_MOST_UNREAD = 2**20  # bytes of a stream that wait to be read, before the server has to wait
_MOST_TOLD = 64  # the last answers of one connection that are known again; each takes memory that thousands have
_FRAMES = (b"content-length", b"transfer-encoding")  # what tells where a body ends; else it is where the server closes


def _make_parser(protocol: object) -> httptools.HttpResponseParser:
    """A parser that takes what servers of all kinds write for a head; where a message ends, it is strict."""
    parser = httptools.HttpResponseParser(protocol)
    parser.set_dangerous_leniencies(
        lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
    )
    return parser


def _read_head(head: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw, value in head:
        name, text = raw.decode("latin-1"), value.decode("utf-8", "replace")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


class Response(msgspec.Struct, frozen=True):
    """An answer. The names of headers are in small letters; of several with one name the values are joined by commas.

    `headers` are not to be changed: the next answer may have the same ones.
    `body` is whole, and empty where a stream is read part by part. `again` says that it is byte for byte one of the
    last answers on its connection, as one that a server or a proxy sends twice is.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    again: bool = False


class Connection(asyncio.Protocol):
    """Asks and hands over the answer. `usable` says whether it may ask again, `idle_since` when it last did (by the
    loop's clock), and `where` is the server's name in errors.

    Errors are `TransportError`: `reset` before there is an answer, `truncated` where it breaks off or is none,
    `deadline` where it takes too long. After each of them the connection is closed.
    """

    def __init__(self, where: str) -> None:
        self.transport: asyncio.Transport
        self.usable = True
        self.idle_since = 0.0
        self._where = where
        self._loop = asyncio.get_running_loop()
        self._parser: httptools.HttpResponseParser | None = _make_parser(self)
        self._waiter: asyncio.Future[Response] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._rings = inf  # when it does
        self._until = inf  # when the answer is late
        self._path, self._seconds = "", inf
        self._more: asyncio.Future[None] | None = None
        self._told: deque[int] = deque(maxlen=_MOST_TOLD)  # hashes of the bodies of the last answers
        # The last head that was read, and what it says: the answers of a second mostly have the same.
        self._known_head: list[tuple[bytes, bytes]] = []
        self._headers: Mapping[str, str] = {}
        self._says_length = False
        self._begin_answer(stream=False)
        self._asking = False

    def _begin_answer(self, *, stream: bool) -> None:
        self._asking = True
        self._stream = stream
        self._headed = False  # its head is whole
        self._framed = False  # its head says where it ends
        self._whole = False
        self._keep = False  # the server goes on with the connection behind it
        self._size = self._unread = 0
        self._head: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._failure: TransportError | None = None

    def ask(
        self, data: Sequence[bytes | bytearray], path: str, seconds: float, *, stream: bool = False
    ) -> asyncio.Future[Response]:
        """Send a request; the answer, or with `stream` its head as soon as that is there.

        `seconds` are those until the end of the answer, however it is read; `path` stands in the error of a late one.
        """
        self._begin_answer(stream=stream)
        self._waiter = waiter = self._loop.create_future()
        self._path, self._seconds = path, seconds
        self._until = until = self._loop.time() + seconds
        # A timer that is there rings early enough, as a rule, and is set anew then: calls end, and nearly none is late.
        if until < self._rings:
            self._set_timer(until)
        self.transport.writelines(data)
        return waiter

    async def read_more(self) -> bytes:
        """What has come of a stream's body since, as soon as there is anything; empty at its end."""
        while not self._parts and self._asking:
            self._more = self._loop.create_future()
            await self._more
        if not self._parts and self._failure is not None:
            raise self._failure
        data = b"".join(self._parts)
        self._parts.clear()
        if self._unread > _MOST_UNREAD and self._asking:
            self.transport.resume_reading()
        self._unread = 0
        return data

    @property
    def is_free(self) -> bool:
        """Whether it may ask again, with no answer under way."""
        return self.usable and not self._asking

    async def start_tls(self, trusted: ssl.SSLContext, host: str) -> None:
        """Speak TLS from here on, behind the head of an answer that was asked for as a stream. Raises `OSError`."""
        self._stop_timer()
        transport = await self._loop.start_tls(self.transport, self, trusted, server_hostname=host)
        if transport is None:
            raise ConnectionResetError("the connection was closed before TLS had begun")
        self.transport = transport
        self._parser = _make_parser(self)
        self._asking = False

    def leave(self) -> None:
        """Close it, at once where an answer is under way: whoever waits for that hears of a `reset`."""
        self.usable = False
        if self._asking:
            self._fail(EngineErrorKind.RESET, "the connection was closed before the answer")
        else:
            self.transport.close()

    # -- what the loop calls --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if not self._asking or self._parser is None:
            self.usable = False  # an answer that nobody has asked for
            self.transport.abort()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
            if not self._whole:
                text = " ".join(str(exc).split()) or type(exc).__name__
                self._fail(EngineErrorKind.TRUNCATED, f"the answer is not HTTP: {text[:200]}")
                return
            self._keep = False  # it has gone on with something else
        if self._whole:
            self._finish()
        elif self._size > MOST_BYTES:
            self._fail(EngineErrorKind.TRUNCATED, f"the answer is larger than {MOST_BYTES >> 20} MiB")
        elif not self._headed:
            self._size += len(data)
            if self._size > _MOST_HEAD:
                self._fail(EngineErrorKind.TRUNCATED, f"the head of the answer is larger than {_MOST_HEAD >> 10} KiB")

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self.usable = False
        self._stop_timer()
        self._parser = None  # which knows this object as this knows it
        if not self._asking:
            return
        if self._headed and not self._framed and exc is None:
            self._keep = False
            self._finish()
        elif self._headed:
            self._fail(EngineErrorKind.TRUNCATED, "the answer broke off")
        else:
            why = f": {exc}" if exc is not None and str(exc) else ""
            self._fail(EngineErrorKind.RESET, f"the server closed the connection before it answered{why}")

    # -- what the parser calls ------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A message begins; behind a whole answer it is one that nobody has asked for."""
        self._keep = self._keep and not self._whole

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or what stands behind a body in parts."""
        if not self._headed:
            self._head.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if self._whole or self._status() < 200:
            return
        self._headed = True
        self._size = 0
        if self._head != self._known_head:
            self._known_head, self._headers = self._head, _read_head(self._head)
            self._says_length = any(name in _FRAMES for name, _ in self._head)
        self._framed = self._says_length
        waiter = self._waiter
        if self._stream and self._status() < 300 and waiter is not None and not waiter.done():
            waiter.set_result(self._response(b""))

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        if self._whole:
            return
        self._parts.append(part)
        self._size += len(part)
        if self._stream:
            before = self._unread
            self._unread += len(part)
            if before <= _MOST_UNREAD < self._unread:
                self.transport.pause_reading()
            self._wake()

    def on_message_complete(self) -> None:
        """The message is whole; one that only says that another follows is passed over."""
        if self._whole or self._parser is None:
            return
        if self._headed:
            self._whole = True
            self._keep = self._parser.should_keep_alive()
        else:
            self._head.clear()

    # -- how an answer ends ---------------------------------------------------------------------------------------

    def _status(self) -> int:
        return 0 if self._parser is None else self._parser.get_status_code()

    def _response(self, body: bytes) -> Response:
        told, mark = self._told, hash(body)
        again = mark in told
        told.append(mark)
        return Response(self._status(), self._headers, body, again)

    def _finish(self) -> None:
        """The answer is whole."""
        self._asking = False
        if not self._keep:
            self.usable = False
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            parts = self._parts
            waiter.set_result(self._response(parts[0] if len(parts) == 1 else b"".join(parts)))
        self._wake()
        if not self.usable:
            self.transport.close()

    def _set_timer(self, when: float) -> None:
        self._stop_timer()
        self._rings = when
        self._timer = self._loop.call_at(when, self._look_at_time)

    def _look_at_time(self) -> None:
        """End a call that is late, or set the timer anew for the one that is under way."""
        self._timer, self._rings = None, inf
        if not self._asking:
            return
        if self._loop.time() < self._until:
            if self._until < inf:
                self._set_timer(self._until)
            return
        text = f"{self._where}{self._path} gave no answer in {self._seconds:.3g} s"
        self._end(TransportError(text, kind=EngineErrorKind.DEADLINE))

    def _fail(self, kind: EngineErrorKind, text: str) -> None:
        self._end(TransportError(f"{self._where}: {text}", kind=kind))

    def _end(self, error: TransportError) -> None:
        """There will be no whole answer."""
        self._stop_timer()
        self._asking = False
        self.usable = False
        self._failure = error
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
            waiter.exception()  # whoever waited may have been cancelled at this very moment: that is no news then
        self._wake()
        self.transport.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._rings = None, inf

    def _wake(self) -> None:
        more, self._more = self._more, None
        if more is not None and not more.done():
            more.set_result(None)
