"""One client on several event loops, one after another."""

import asyncio
import socket

from aiohttp import web
from writ_engines.http import HttpClient


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_client_serves_one_event_loop_after_another() -> None:
    port = free_port()
    client = HttpClient(f"http://127.0.0.1:{port}")

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="yes")

    async def call() -> bytes:
        application = web.Application()
        application.router.add_get("/x", answer)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
        try:
            return await client.get("/x")
        finally:
            await client.aclose()
            await runner.cleanup()

    assert [asyncio.run(call()) for _ in range(3)] == [b"yes"] * 3
