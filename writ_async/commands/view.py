"""`writ view`: rows in a browser, from a server on this machine or as files."""

from __future__ import annotations

import asyncio
import errno
import gc
from collections.abc import Callable, Sequence

from aiohttp import web

from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.viewer.app import ADDRESS, make_app
from writ_async.viewer.opening import open_sources
from writ_async.viewer.row_index import RowIndex


def open_index(
    paths: Sequence[PathLike], *, data: str | None = None, benchmark: str = "tau2", domain: str = ""
) -> RowIndex:
    """All rows of some runs and files; see `open_sources`. Raises `InputError` where they cannot be read."""
    index = RowIndex(open_sources(paths, data=data, benchmark=benchmark, domain=domain))
    index.read_all()
    return index


async def serve(index: RowIndex, port: int, tokenizer: str, ready: Callable[[str], None]) -> None:
    """Serve the viewer until cancelled; `ready` is told its address. Port 0 is any that is free.

    Raises `InputError` where the port is taken.
    """
    gc.freeze()  # the columns stay as long as the server, and walking them would make a filter wait
    runner = web.AppRunner(make_app(index, tokenizer), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, ADDRESS, port)
        try:
            await site.start()
        except OSError as exc:
            why = "is taken" if exc.errno == errno.EADDRINUSE else f"cannot be used ({exc.strerror or exc})"
            raise InputError(f"--port: {port} {why}; choose another, or 0 for any that is free") from None
        ready(f"http://{ADDRESS}:{runner.addresses[0][1]}/")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
