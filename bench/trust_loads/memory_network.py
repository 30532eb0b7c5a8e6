"""A network inside the process: connections without sockets, for loops whose time is virtual.

What asyncio's protocols see is what they see of TCP: data in order and in pieces, an end in order after all that was
written, or a reset that what was on its way is lost to.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence

from aiohappyeyeballs import AddrInfoType
from writ_engines.http.connection import Connection

LATENCY = 0.001
"""Seconds until a connection is there."""


class MemoryTransport(asyncio.Transport):
    """One end of a connection; `peer` is the other."""

    def __init__(self, protocol: asyncio.Protocol, on_close: Callable[[], None]) -> None:
        super().__init__()
        self.protocol = protocol
        self.peer: MemoryTransport
        self._loop = asyncio.get_running_loop()
        self._coming: deque[bytes | None] = deque()  # None is the end
        self._scheduled = self._paused = self._closing = self._lost = False
        self._on_close = on_close

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """See `asyncio.WriteTransport`."""
        if not self._closing and data:
            self.peer._take(bytes(data))

    def is_closing(self) -> bool:
        """See `asyncio.BaseTransport`."""
        return self._closing

    def close(self) -> None:
        """See `asyncio.BaseTransport`: what was written still comes."""
        if not self._closing:
            self._closing = True
            self.peer._take(None)
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        """See `asyncio.WriteTransport`: a reset, to which the other end loses what it has not read."""
        if not self._lost:
            self._closing = True
            self._loop.call_soon(self._lose, None)
            self.peer._coming.clear()
            self._loop.call_soon(self.peer._lose, ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))

    def pause_reading(self) -> None:
        """See `asyncio.ReadTransport`."""
        self._paused = True

    def resume_reading(self) -> None:
        """See `asyncio.ReadTransport`."""
        self._paused = False
        self._schedule()

    def _take(self, data: bytes | None) -> None:
        if not self._lost:
            self._coming.append(data)
            self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        self._scheduled = False
        while self._coming and not self._paused and not self._lost:
            data = self._coming.popleft()
            if data is None:
                self._lose(None)
            else:
                self.protocol.data_received(data)

    def _lose(self, error: Exception | None) -> None:
        if self._lost:
            return
        self._lost = self._closing = True
        self._coming.clear()
        self._on_close()
        self.protocol.connection_lost(error)
        if not self.peer._closing:
            self.peer._take(None)


class MemoryNetwork:
    """Hosts by name and port. `open` counts ends of connections that are not closed."""

    def __init__(self) -> None:
        self._listeners: dict[tuple[str, int], Callable[[], asyncio.Protocol]] = {}
        self.unknown: set[str] = set()
        self.open = 0

    def listen(self, host: str, port: int, make: Callable[[], asyncio.Protocol]) -> None:
        """Take connections."""
        self._listeners[host, port] = make

    def close(self, host: str, port: int) -> None:
        """Take none any more; those that are there stay."""
        self._listeners.pop((host, port), None)

    async def find(self, host: str, port: int) -> Sequence[AddrInfoType]:
        """See `Network`."""
        await asyncio.sleep(LATENCY)
        if host in self.unknown:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]

    async def connect(
        self, found: Sequence[AddrInfoType], make: Callable[[], Connection], trusted: ssl.SSLContext | None, host: str
    ) -> Connection:
        """See `Network`; there is no TLS here."""
        await asyncio.sleep(LATENCY)
        name, port = found[0][4][:2]
        listener = self._listeners.get((str(name), int(port)))
        if listener is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        ours, theirs = make(), listener()
        mine, other = MemoryTransport(ours, self._closed), MemoryTransport(theirs, self._closed)
        mine.peer, other.peer = other, mine
        self.open += 2
        theirs.connection_made(other)
        ours.connection_made(mine)
        return ours

    def _closed(self) -> None:
        self.open -= 1
