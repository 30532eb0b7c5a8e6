"""A server that is written connection by connection: it may send what no HTTP library would."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Play = Callable[["Raw"], Awaitable[None]]


class Raw:
    """One connection of a server that writes what it likes."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.path = ""
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """The body of the next request; `path` is where it goes. Raises `asyncio.IncompleteReadError` at the end."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.path = head.split(b" ", 2)[1].decode()
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
        return await self.reader.readexactly(length)

    async def write(self, data: bytes) -> None:
        """Send it now."""
        self.writer.write(data)
        await self.writer.drain()


def answer(body: bytes) -> bytes:
    """A whole answer."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


@asynccontextmanager
async def raw_server(play: Play, trust: ssl.SSLContext | None = None) -> AsyncIterator[tuple[str, list[Raw]]]:
    """The address of a server each of whose connections is played, and the connections."""
    connections: list[Raw] = []
    playing: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = Raw(len(connections), reader, writer)
        connections.append(raw)
        task = asyncio.current_task()
        assert task is not None
        playing.add(task)
        try:
            await play(raw)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            playing.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=trust)
    try:
        scheme = "http" if trust is None else "https"
        yield f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}", connections
    finally:
        server.close()
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing)
