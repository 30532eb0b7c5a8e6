"""Workers on the machines of a Ray cluster: one actor each, which plays its share as a worker process does.

Ray starts the actors, carries calls and reports, and says when one has died; another one then takes its place. Rows
never go through it: an actor writes them to the run folder, on a file system that all machines share, as a segment of
its own. An actor calls the model servers of its own machine, where there are such (`node_servers.py`).
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio

from writ_async.errors import WritError
from writ_async.runs.node_servers import NodeServers
from writ_async.runs.ray_cluster import Node, as_future, connected, load_ray, nodes_of, one_line
from writ_async.runs.ray_servers import ServerGroup, nodes_for
from writ_async.runs.workers import Refusal, WorkerDiedError, as_refusal

_LOOK_SECONDS = 0.25
_START_SECONDS = 120.0
_AGAIN_SECONDS = 60.0  # until an actor is in the place of one that has died


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

    def machine(self) -> str:
        """The address of the machine in the cluster."""
        address: str = load_ray().util.get_node_ip_address()
        return address

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
    """One place on a cluster: an actor, and after its death another one.

    It is on `node` as long as that one is there and has room. `servers` are the model servers of its machine, which it
    starts where there is a `group`.
    """

    comes_back = True

    def __init__(
        self, ray: Any, node: Node, servers: NodeServers | None = None, group: ServerGroup | None = None
    ) -> None:
        self._ray = ray
        self._node = node
        self._servers = servers
        self._group = group
        self._actor: Any = None
        self._calls = 0
        self._there = self._died = False
        self.addresses: tuple[str, ...] = ()
        self.machine = node.address

    @property
    def segment(self) -> str:
        """The name of the actor that is there now; no two of them have the same."""
        name: str = self._living()._actor_id.hex()
        return name

    async def start(self) -> None:
        """Have the actor there, and the servers of its machine. Raises `WritError` where there is no room for them."""
        if self._group is not None:
            await self._group.start()
        try:
            with anyio.fail_after(_AGAIN_SECONDS if self._died else _START_SECONDS):
                self.machine = await as_future(self._living().machine.remote())
        except TimeoutError:
            raise WritError("the cluster has no room for as many workers, of one CPU each") from None
        except self._ray.exceptions.RayError as exc:
            raise WritError(f"a worker on Ray could not be started: {one_line(exc)}") from None
        self._there = True
        if self._group is not None:
            self.addresses = self._group.addresses
        elif self._servers is not None:
            self.addresses = self._servers.addresses_on(self.machine)

    async def present(self) -> bool:
        """See `Worker`."""
        try:
            await self.start()
        except WritError:
            self.close()
            return False
        return True

    async def call(
        self, function: Callable[..., Any], *arguments: Any, on_report: Callable[[Any], None] | None = None
    ) -> Any:
        """See `Worker`."""
        exceptions = self._ray.exceptions
        if not (self._there or await self.present()):
            raise WorkerDiedError("a worker on Ray did not come back")
        actor = self._living()
        number = self._calls = self._calls + 1
        try:
            answer = as_future(actor.call.remote(number, function, arguments))
            while not (await asyncio.wait([answer], timeout=_LOOK_SECONDS))[0]:
                if self._group is not None and (fault := self._group.fault()):
                    self.close()
                    raise WorkerDiedError(f"a worker on Ray was ended with its servers: {fault}")
                if on_report is not None and (said := await as_future(actor.latest.remote(number))) is not None:
                    on_report(said)
            value = answer.result()
        except exceptions.RayTaskError as exc:
            raise WorkerDiedError(f"a worker on Ray failed: {one_line(exc.cause)}") from None
        except exceptions.RayError as exc:
            self._end_actor()
            raise WorkerDiedError(f"a worker on Ray died: {one_line(exc)}") from None
        if isinstance(value, Refusal):
            raise value.kind(value.text)
        return value

    def stop(self) -> None:
        """See `Worker`."""
        if self._actor is not None:
            self._actor.stop.remote(self._calls)

    async def where(self) -> str:
        """The process and the machine of the actor that is there now, once it is."""
        said: str = await as_future(self._living().where.remote())
        return said

    def close(self) -> None:
        """End the actor and its servers at once."""
        self._end_actor()
        if self._group is not None:
            self._group.close()

    async def aclose(self) -> None:
        """End the actor at once, and its servers in order."""
        self._end_actor()
        if self._group is not None:
            await self._group.stop()

    def _end_actor(self) -> None:
        if self._actor is not None:
            with suppress(self._ray.exceptions.RayError):
                self._ray.kill(self._actor)
            self._died = True
        self._actor, self._there = None, False

    def _living(self) -> Any:
        if self._actor is None:
            options = {"max_concurrency": 4, "num_cpus": 1, "scheduling_strategy": self._strategy()}
            self._actor = self._ray.remote(**options)(_Actor).remote()
            self._calls = 0
        return self._actor

    def _strategy(self) -> Any:
        if self._group is not None:
            return self._group.worker_strategy()
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        return NodeAffinitySchedulingStrategy(node_id=self._node.id, soft=True)


@asynccontextmanager
async def start_ray_workers(
    count: Callable[[int], int], servers: NodeServers | None = None, logs: str | Path = ""
) -> AsyncIterator[list[RayWorker]]:
    """Workers on a cluster while the block lasts; `count` says how many, of so many machines.

    They are dealt out to the machines in turn. With `servers` each has those of its machine; what they print, where
    they are started, goes to the folder `logs`. Raises `InputError` where Ray is not there, and `WritError` where the
    cluster has no room for so many, or a server does not start.
    """
    ray = load_ray()
    with connected(ray):
        nodes = nodes_of(ray)
        started = servers is not None and servers.launch is not None
        if servers is not None and started:
            nodes = nodes_for(servers, nodes)
        if not nodes:
            raise WritError("no machine of the cluster has a CPU to give; each worker needs one")
        workers: list[RayWorker] = []
        for index in range(count(len(nodes))):
            node = nodes[index % len(nodes)]
            group = ServerGroup(ray, servers, node, Path(logs)) if servers is not None and started else None
            workers.append(RayWorker(ray, node, servers, group))
        try:
            try:
                await asyncio.gather(*(worker.start() for worker in workers))
            except WritError as exc:
                hint = "" if started else f" ({len(workers)} are asked for; --workers N asks for fewer)"
                raise type(exc)(f"{exc}{hint}") from None
            yield workers
        finally:
            with anyio.CancelScope(shield=True):
                await asyncio.gather(*(worker.aclose() for worker in workers))
