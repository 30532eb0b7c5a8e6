"""Changing a server's weights between two batches of rollouts, or in the middle of one.

    control = ServerControl("http://127.0.0.1:30000")
    async with control.paused("retract"):
        await control.update_weights("/path/to/step-8", version="step-8")

Tokens made before and after carry their version (`TokenSequence.weights`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import anyio
import msgspec

from engines.http import HttpClient, TransportError
from engines.sglang.server import ServerInfo, fetch_info, wait_ready

PauseMode = Literal["abort", "in_place", "retract"]

_LAST_WORD = 30.0  # seconds that a server may take to go on when the caller is being cancelled


class _Done(msgspec.Struct):
    success: bool = True
    message: str = ""


class _Model(msgspec.Struct):
    model_path: str = ""
    weight_version: str | int | None = None


class ServerControl:
    """The control calls of one SGLang server. All of them raise `TransportError`; none is retried.

    `seconds` bounds each call; an update reads the weights from disk, so give it minutes.
    """

    def __init__(self, url: str, *, seconds: float = 600.0, client: HttpClient | None = None) -> None:
        self._client = client or HttpClient(url, timeout=seconds)

    async def pause(self, mode: PauseMode = "retract") -> None:
        """Hold generation; requests that come meanwhile wait.

        `abort` ends what runs, and the engine sends it again. `in_place` keeps running requests with their cached
        prefixes, which after a change of weights are of the old weights. `retract` puts them back into the queue, so
        that the cache can be flushed and their prefixes are computed anew.
        """
        await self._post("/pause_generation", {"mode": mode})

    async def resume(self) -> None:
        """Let generation go on."""
        await self._post("/continue_generation", {})

    @asynccontextmanager
    async def paused(self, mode: PauseMode = "retract") -> AsyncIterator[None]:
        """Generation is held while the block lasts, and goes on however it is left."""
        await self.pause(mode)
        try:
            yield
        finally:
            with anyio.move_on_after(_LAST_WORD, shield=True):
                await self.resume()

    async def update_weights(self, folder: str, *, version: str, flush_cache: bool = True) -> None:
        """Load the weights of a folder that the server can read, and call them `version`.

        With `flush_cache` nothing of the old weights stays in the prefix cache; the server can do so only while nothing
        runs: between rollouts, or paused with `abort` or `retract`. Raises `TransportError` of kind `bad_request` when
        the server cannot load them; it then keeps the weights that it has.
        """
        body = {"model_path": folder, "weight_version": version, "flush_cache": flush_cache}
        done = msgspec.json.decode(await self._post("/update_weights_from_disk", body), type=_Done)
        if not done.success:
            raise TransportError(f"the weights of {folder} were not loaded: {done.message}", kind="bad_request")

    async def flush_cache(self) -> None:
        """Empty the prefix cache. Raises `TransportError` of kind `bad_request` while requests run."""
        await self._post("/flush_cache", None)

    async def abort_all(self) -> None:
        """End every request; each comes back with what it has, as aborted."""
        await self._post("/abort_request", {"abort_all": True})

    async def weight_version(self) -> str:
        """The version of the weights that the server has; `default` until an update names another."""
        model = msgspec.json.decode(await self._client.get("/model_info"), type=_Model)
        return str(model.weight_version or "")

    async def info(self) -> ServerInfo:
        """What the server says about itself."""
        return await fetch_info(self._client)

    async def wait_ready(self, patience: float = 600.0) -> None:
        """Return when the server takes requests, within `patience` seconds."""
        await wait_ready(self._client, patience)

    async def aclose(self) -> None:
        """Close connections."""
        await self._client.aclose()

    async def _post(self, path: str, value: dict[str, Any] | None) -> bytes:
        return await self._client.post(path, b"" if value is None else msgspec.json.encode(value))
