"""Workers on the machines of a Ray cluster: one actor each, which plays its share as a worker process does.

Ray starts the actors, carries calls and reports, and says when one has died; another one then takes its place. Rows
never go through it: an actor writes them to the run folder, on a file system that all machines share, as a segment of
its own. `RAY_ADDRESS` names a cluster; without, Ray is started on this machine for as long as the run lasts.

Ray is an extra (`pip install 'writ-async[ray]'`), and imported only when it is asked for.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from typing import Any

import anyio

from writ_async.errors import InputError, WritError
from writ_async.runs.workers import Refusal, WorkerDiedError, as_refusal

_LOOK_SECONDS = 0.25
_START_SECONDS = 120.0


def load_ray() -> Any:
    """Ray itself. Raises `InputError` where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told of a run who was not asked to be
    try:
        return import_module("ray")
    except ImportError:
        raise InputError("--executor ray needs Ray: pip install 'writ-async[ray]', on every machine") from None


class _ActorLink:
    """The side of an actor's call."""

    def __init__(self, actor: _Actor, number: int) -> None:
        self._actor = actor
        self._number = number

    def report(self, value: Any) -> None:
        """Keep what was said last, for whoever looks."""
        self._actor.said = self._number, value

    async def stopped(self) -> None:
        """Return once this call is to end."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        self._actor.on_stop = lambda: loop.call_soon_threadsafe(ended.set)
        if self._actor.stopped < self._number:
            await ended.wait()


class _Actor:
    """What runs on another machine; its methods are called in threads of their own."""

    def __init__(self) -> None:
        self.said: tuple[int, Any] = 0, None
        self.stopped = 0
        self.on_stop: Callable[[], object] = lambda: None
        self._at_work = threading.Lock()

    def where(self) -> str:
        """The process and the machine."""
        return f"pid {os.getpid()} on {socket.gethostname()}"

    def call(self, number: int, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        """What the function returns, or the deliberate error that it raises as a `Refusal`."""
        with self._at_work:
            try:
                return function(_ActorLink(self, number), *arguments)
            except WritError as exc:
                return as_refusal(exc)

    def latest(self, number: int) -> Any:
        """What the call of this number has reported last; None where it has not, or has not begun.

        Ray may let this go before the call: what an earlier one has said is not its.
        """
        said, value = self.said
        return value if said == number else None

    def stop(self, number: int) -> None:
        """Let the call of this number, and all before it, end in order."""
        self.stopped = max(self.stopped, number)
        with suppress(RuntimeError):  # the loop of the call has ended before
            self.on_stop()


class RayWorker:
    """One place on a cluster: an actor, and after its death another one."""

    comes_back = True

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._actor: Any = None
        self._calls = 0

    @property
    def segment(self) -> str:
        """The name of the actor that is there now; no two of them have the same."""
        name: str = self._living()._actor_id.hex()
        return name

    async def call(
        self, function: Callable[..., Any], *arguments: Any, on_report: Callable[[Any], None] | None = None
    ) -> Any:
        """See `Worker`."""
        exceptions = self._ray.exceptions
        actor = self._living()
        number = self._calls = self._calls + 1
        try:
            answer = _future(actor.call.remote(number, function, arguments))
            while not (await asyncio.wait([answer], timeout=_LOOK_SECONDS))[0]:
                if on_report is not None and (said := await _future(actor.latest.remote(number))) is not None:
                    on_report(said)
            value = answer.result()
        except exceptions.RayTaskError as exc:
            raise WorkerDiedError(f"a worker on Ray failed: {_one_line(exc.cause)}") from None
        except exceptions.RayError as exc:
            self.close()
            raise WorkerDiedError(f"a worker on Ray died: {_one_line(exc)}") from None
        if isinstance(value, Refusal):
            raise value.kind(value.text)
        return value

    def stop(self) -> None:
        """See `Worker`."""
        if self._actor is not None:
            self._actor.stop.remote(self._calls)

    async def where(self) -> str:
        """The process and the machine of the actor that is there now, once it is."""
        said: str = await _future(self._living().where.remote())
        return said

    def close(self) -> None:
        """End the actor at once."""
        if self._actor is not None:
            with suppress(self._ray.exceptions.RayError):
                self._ray.kill(self._actor)
            self._actor = None

    def _living(self) -> Any:
        if self._actor is None:
            options = {"max_concurrency": 4, "num_cpus": 1, "scheduling_strategy": "SPREAD"}
            self._actor = self._ray.remote(**options)(_Actor).remote()
            self._calls = 0
        return self._actor


@asynccontextmanager
async def start_ray_workers(count: Callable[[int], int]) -> AsyncIterator[list[RayWorker]]:
    """Workers on a cluster while the block lasts; `count` says how many, of so many machines.

    Raises `InputError` where Ray is not there, and `WritError` where the cluster has no room for so many.
    """
    ray = load_ray()
    ours = not ray.is_initialized()
    if ours:
        _connect(ray)
    workers: list[RayWorker] = []
    try:
        workers += [RayWorker(ray) for _ in range(count(sum(node["Alive"] for node in ray.nodes())))]
        with anyio.move_on_after(_START_SECONDS) as waiting:
            await asyncio.gather(*(worker.where() for worker in workers))
        if waiting.cancelled_caught:
            raise WritError(
                f"the cluster has no room for {len(workers)} workers of one CPU each; ask for fewer with --workers"
            )
        yield workers
    finally:
        for worker in workers:
            worker.close()
        if ours:
            ray.shutdown()


def _connect(ray: Any) -> None:
    address = os.environ.get("RAY_ADDRESS") or "local"
    quiet = {
        "log_to_driver": False,
        "logging_level": "ERROR",
        "include_dashboard": False if address == "local" else None,
    }
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, OSError) as exc:
        raise WritError(f"Ray at {address} cannot be reached: {_one_line(exc)}; check RAY_ADDRESS") from None


def _future(reference: Any) -> asyncio.Future[Any]:
    future = asyncio.wrap_future(reference.future())
    future.add_done_callback(
        lambda done: done.cancelled() or done.exception()
    )  # it may come when nobody waits any more
    return future


def _one_line(error: object, most: int = 300) -> str:
    return " ".join(str(error).split())[:most] or type(error).__name__
