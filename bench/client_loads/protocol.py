"""The smallest HTTP server that clients can be measured against, and how to run one in a process of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import anyio
import uvloop
from writ_engines.http import HttpClient
from writ_engines.sglang.server import wait_ready

BENCH = Path(__file__).resolve().parent.parent
SERVER_INFO = b'{"max_req_input_len":1000000,"max_total_num_tokens":10000000}'


class Connection(asyncio.Protocol):
    """One connection: cuts what comes into requests and hands each to `answer`, which writes to `transport`."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.buffer[:end]).lower()
            _, found, rest = head.partition(b"content-length:")
            size = int(rest.partition(b"\r\n")[0]) if found else 0
            if len(self.buffer) < end + 4 + size:
                return
            body = bytes(self.buffer[end + 4 : end + 4 + size])
            del self.buffer[: end + 4 + size]
            self.answer(head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        """Answer one request; `head` is in lower case."""
        raise NotImplementedError


def framed(body: bytes, status: bytes = b"200 OK") -> bytes:
    """An HTTP answer."""
    return b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


def serve(connection: type[Connection], port: int) -> None:
    """Serve on a port of this machine until killed."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", port, backlog=8192)
        await server.serve_forever()

    uvloop.run(run())


@asynccontextmanager
async def serving(module: str, arguments: Sequence[str], core: int | None = None) -> AsyncIterator[str]:
    """The address of a server in a process of its own, `python -m MODULE PORT ARGUMENTS`, which stays on `core`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", module, str(port), *arguments]
    process = await anyio.open_process(command, stdin=None, stdout=None, stderr=None, cwd=BENCH)
    if core is not None:
        os.sched_setaffinity(process.pid, {core})
    client = HttpClient(f"http://127.0.0.1:{port}")
    try:
        await wait_ready(client, 60.0)
        yield client.base_url
    finally:
        await client.aclose()
        process.kill()
        await process.aclose()
