"""Changing the weights of one server or several between two batches of rollouts, or in the middle of one.

    control = ServerControl("http://127.0.0.1:30000")
    async with control.paused("retract"):
        await control.update_weights("/path/to/step-8", version="step-8")

Tokens made before and after carry their version (`TokenSequence.weights`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar

import anyio
import msgspec

from writ_async.errors import EngineError, EngineErrorKind
from writ_engines.http import HttpClient, TransportError
from writ_engines.sglang.options import usual_access
from writ_engines.sglang.server import ServerInfo, fetch_info, wait_ready

T = TypeVar("T")
PauseMode = Literal["abort", "in_place", "retract"]

_LAST_WORD = 30.0  # seconds that servers may take to go on, for the caller may be being cancelled


class _Done(msgspec.Struct):
    success: bool = True
    message: str = ""


class _Model(msgspec.Struct):
    model_path: str = ""
    weight_version: str | int | None = None


class ServerControl:
    """The control calls of SGLang servers. All of them raise `TransportError`; none is retried.

    With several addresses (a list, or text with commas between them) each call goes to all servers at once, and returns
    when all have answered. When some fail, the others have done it all the same, and the error names those that failed.

    `seconds` bounds each call; an update reads the weights from disk, so give it minutes. A key is taken from
    SGLANG_API_KEY.
    """

    def __init__(self, url: str | Sequence[str], *, seconds: float = 600.0) -> None:
        access = usual_access(url)
        self._clients = [
            HttpClient(each, headers=access.headers, secrets=access.secrets, timeout=seconds) for each in access.urls
        ]

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
        """Generation is held while the block lasts, and goes on however it is left, also where not all could pause.

        Raises `TransportError` when the servers do not say within half a minute that they go on.
        """
        try:
            await self.pause(mode)
            yield
        finally:
            with anyio.move_on_after(_LAST_WORD, shield=True) as last:
                await self.resume()
        if last.cancelled_caught:
            raise TransportError(
                "not all servers have said that they go on; resume them", kind=EngineErrorKind.DEADLINE
            )

    async def update_weights(self, folder: str, *, version: str, flush_cache: bool = True) -> None:
        """Load the weights of a folder that the server can read, and call them `version`.

        With `flush_cache` nothing of the old weights stays in the prefix cache; the server can do so only while nothing
        runs: between rollouts, or paused with `abort` or `retract`. Raises `TransportError` of kind `bad_request` when
        the server cannot load them; it then keeps the weights that it has.
        """
        body = msgspec.json.encode({"model_path": folder, "weight_version": version, "flush_cache": flush_cache})

        async def update(client: HttpClient) -> None:
            done = _decode(await client.post("/update_weights_from_disk", body), _Done)
            if not done.success:
                raise TransportError(
                    f"the weights of {folder} were not loaded: {done.message}", kind=EngineErrorKind.BAD_REQUEST
                )

        await self._all(update)

    async def flush_cache(self) -> None:
        """Empty the prefix cache. Raises `TransportError` of kind `bad_request` while requests run."""
        await self._post("/flush_cache", None)

    async def abort_all(self) -> None:
        """End every request; each comes back with what it has, as aborted."""
        await self._post("/abort_request", {"abort_all": True})

    async def weight_version(self) -> str:
        """The version of the weights that the servers have; `default` until an update names another.

        Raises `TransportError` of kind `bad_request` when they have different ones.
        """

        async def ask(client: HttpClient) -> str:
            model = _decode(await client.get("/model_info"), _Model)
            return str(model.weight_version or "")

        versions = await self._all(ask)
        if len(set(versions)) > 1:
            told = ", ".join(
                f"{client.base_url} has {version}" for client, version in zip(self._clients, versions, strict=True)
            )
            raise TransportError(f"the servers have different weights: {told}", kind=EngineErrorKind.BAD_REQUEST)
        return versions[0]

    async def info(self) -> ServerInfo:
        """What the first server says about itself."""
        return await fetch_info(self._clients[0])

    async def wait_ready(self, patience: float = 600.0) -> None:
        """Return when all servers take requests, within `patience` seconds."""
        await self._all(lambda client: wait_ready(client, patience))

    async def aclose(self) -> None:
        """Close connections."""
        for client in self._clients:
            await client.aclose()

    async def _post(self, path: str, value: dict[str, Any] | None) -> None:
        body = b"" if value is None else msgspec.json.encode(value)
        await self._all(lambda client: client.post(path, body))

    async def _all(self, call: Callable[[HttpClient], Awaitable[T]]) -> list[T]:
        """The answers of all servers, in their order. Raises when all have answered or failed."""
        answers: dict[int, T] = {}
        failures: dict[int, EngineError] = {}

        async def one(number: int, client: HttpClient) -> None:
            try:
                answers[number] = await call(client)
            except EngineError as exc:
                failures[number] = exc

        async with anyio.create_task_group() as group:
            for number, client in enumerate(self._clients):
                group.start_soon(one, number, client)
        if failures:
            raise self._failure([failures[number] for number in sorted(failures)], sorted(failures))
        return [answers[number] for number in range(len(self._clients))]

    def _failure(self, failures: Sequence[EngineError], numbers: Sequence[int]) -> EngineError:
        """The only server's own failure, or the first of several in the words of all."""
        first = failures[0]
        if len(self._clients) == 1:
            return first
        told = "; ".join(
            f"{self._clients[number].base_url}: {exc}" for number, exc in zip(numbers, failures, strict=True)
        )
        text = f"{len(failures)} of {len(self._clients)} servers failed: {told}"
        return TransportError(text, kind=first.kind, status=getattr(first, "status", None))


def _decode(body: bytes, kind: type[T]) -> T:
    """What a server says of itself. Raises `TransportError` where it says something else."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise TransportError(f"the server's answer cannot be read: {exc}", kind=EngineErrorKind.TRUNCATED) from None
