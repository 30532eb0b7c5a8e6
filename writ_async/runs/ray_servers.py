"""Model servers that a run starts on the machines of a Ray cluster, and stops at its end.

Each machine's part is a placement group with STRICT_PACK, which is never on two machines: a CPU for the worker, and for
each server its GPUs in one piece, as tensor parallelism needs them. Ray tells each server its GPUs by
CUDA_VISIBLE_DEVICES. A server is a process under a tether (`tether.py`): however an actor or the command ends, its
servers end, too, and give their GPUs back.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import msgspec

from writ_async.core.engine import Launch, Served
from writ_async.errors import EngineError, WritError
from writ_async.registry import load_engine
from writ_async.runs import tether
from writ_async.runs.node_servers import HERE, NodeServers
from writ_async.runs.ray_cluster import Node, as_future, one_line
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.workers import Refusal, WorkerDiedError, as_refusal
from writ_async.runs.writing import OWN_FOLDER, make_folder, storage_error

LOGS = "servers"
"""The folder, in that of a run, for what its servers print."""

PLACE_SECONDS = 60.0
"""How long a machine with room may be waited for."""

_UP_SECONDS = 1_800.0  # until it answers: weights of some hundred gigabytes come over a network
_STOP_SECONDS = tether.GRACE_SECONDS + 5.0
_LOOK = 0.5
_TAIL = 4_096  # bytes of a log in which its last words are


class _ServerActor:
    """Holds one server on its machine; its methods are called in threads of their own, so none of them is `async`."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._code = b""
        self._log = Path()

    def start(self, engine: EngineSpec, launch: Launch, folder: str) -> str | Refusal:
        """Start the server on a free port and wait until it answers; its address, or why it does not."""
        try:
            port = _free_port()
            launcher = load_engine(engine.name).launch
            if launcher is None:
                raise WritError(f"engine {engine.name!r} has no server to start")
            command = list(launcher(msgspec.structs.replace(launch, host=HERE, port=port)))
            self._log = Path(folder, f"{socket.gethostname()}-{port}.log")
            self._process = subprocess.Popen(
                [sys.executable, tether.__file__, str(self._log), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
            address = f"http://{HERE}:{port}"
            anyio.run(_wait_until_up, self, engine, address)
            return address
        except WritError as exc:
            return as_refusal(exc)

    def ended(self) -> str:
        """Return once the server has ended, with how."""
        self.over.wait()
        return self.obituary()

    def stop(self) -> None:
        """End the server, and return when it has."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self.over.wait(_STOP_SECONDS)

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self._code = process.stdout.read().strip()
        process.wait()
        self.over.set()

    def obituary(self) -> str:
        """How the server has ended."""
        code = self._code.decode() or "none"
        return f"{self.named()} ended (exit code {code}): {_last_line(self._log)}; its log is {self._log}"

    def named(self) -> str:
        """What it is called where something is said of it."""
        return f"the model server on {socket.gethostname()}"


async def _wait_until_up(actor: _ServerActor, engine: EngineSpec, address: str) -> None:
    """Return when the server answers. Raises `WritError` when it has ended, or is late."""
    end = anyio.current_time() + _UP_SECONDS
    async with Seats(engine).at([address]).open_engines((), (), 0) as engines:
        server = engines["agent"]
        while isinstance(server, Served):
            try:
                with anyio.fail_after(10 * _LOOK):
                    await server.look_at(0)
                return
            except (EngineError, TimeoutError) as exc:
                if actor.over.is_set():
                    raise WritError(actor.obituary()) from None
                if anyio.current_time() > end:
                    raise WritError(f"{actor.named()} did not answer in {_UP_SECONDS:.0f} s: {exc}") from None
            await anyio.sleep(_LOOK)


class ServerGroup:
    """One machine's servers and the room for its worker, as the process that starts them sees it.

    `count` servers, 0 for as many as the GPUs of `node` have room for. Logs go to the folder `logs`, which all machines
    share. The first time it is on `node`, later wherever there is room.
    """

    def __init__(self, ray: Any, servers: NodeServers, node: Node, logs: Path) -> None:
        self._ray = ray
        self._servers = servers
        self._logs = logs
        self._pin: str = f"node:{node.address}"
        self._count = servers.per_node or (int(node.gpus // servers.gpus) if servers.gpus else 1)
        self._group: Any = None
        self._actors: list[Any] = []
        self._ended: list[asyncio.Future[Any]] = []
        self.addresses: tuple[str, ...] = ()

    async def start(self) -> None:
        """Have all servers up; those that are stay. Raises `WritError` where one does not start or has no room."""
        if self.addresses and not self.fault():
            return
        self.close()
        await self._place()
        servers, launch = self._servers, self._servers.launch
        options = {"num_cpus": 0 if servers.gpus else 1, "num_gpus": servers.gpus, "max_concurrency": 3}
        kind = self._ray.remote(**options)(_ServerActor)
        self._actors = [
            kind.options(scheduling_strategy=self._strategy(1 + index)).remote() for index in range(self._count)
        ]
        calls = [as_future(actor.start.remote(servers.engine, launch, str(self._logs))) for actor in self._actors]
        try:
            answers = await asyncio.gather(*calls)
        except self._ray.exceptions.RayError as exc:
            self.close()
            raise WritError(f"a model server could not be started: {one_line(getattr(exc, 'cause', exc))}") from None
        if refusals := [answer for answer in answers if isinstance(answer, Refusal)]:
            self.close()
            raise refusals[0].kind(refusals[0].text)
        self._ended = [as_future(actor.ended.remote()) for actor in self._actors]
        self.addresses = tuple(answers)

    def worker_strategy(self) -> Any:
        """Where Ray is to put the worker. Raises `WorkerDiedError` while there is no such place."""
        if self._group is None:
            raise WorkerDiedError("the servers of a worker on Ray have ended")
        return self._strategy(0)

    def fault(self) -> str:
        """Which server has ended, and how; empty while all are there."""
        for ended in self._ended:
            if ended.done():
                error = None if ended.cancelled() else ended.exception()
                return one_line(error or "cancelled") if error or ended.cancelled() else str(ended.result())
        return ""

    async def stop(self) -> None:
        """End the servers in order, and give their place back."""
        calls = [as_future(actor.stop.remote()) for actor in self._actors]
        if calls:
            await asyncio.wait(calls, timeout=_STOP_SECONDS)
        self.close()

    def close(self) -> None:
        """End all at once; servers end with their actors."""
        for actor in self._actors:
            with suppress(self._ray.exceptions.RayError):
                self._ray.kill(actor)
        if self._group is not None:
            with suppress(self._ray.exceptions.RayError):
                self._ray.util.remove_placement_group(self._group)
        self._group, self._actors, self._ended, self.addresses = None, [], [], ()

    async def _place(self) -> None:
        servers = self._servers
        each: dict[str, float] = {"GPU": servers.gpus} if servers.gpus else {"CPU": 1}
        bundles: list[dict[str, float]] = [{"CPU": 1}, *({**each} for _ in range(self._count))]
        if self._pin:
            bundles[0][self._pin] = 0.001
        self._group = self._ray.util.placement_group(bundles, strategy="STRICT_PACK")
        self._pin = ""
        if not await anyio.to_thread.run_sync(self._group.wait, PLACE_SECONDS, abandon_on_cancel=True):
            self.close()
            room = f"{servers.gpus} GPUs" if servers.gpus else "a CPU"
            raise WritError(
                f"no machine of the cluster has room for {self._count} servers of {room} each, and a CPU for a worker"
            )

    def _strategy(self, bundle: int) -> Any:
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        return PlacementGroupSchedulingStrategy(self._group, placement_group_bundle_index=bundle)


def make_server_logs(run: Path) -> Path:
    """The folder of a run for what its servers print. Raises `StorageError`."""
    folder = run.resolve() / LOGS
    try:
        make_folder(folder, OWN_FOLDER)
    except OSError as exc:
        raise storage_error(folder, exc) from exc
    return folder


def nodes_for(servers: NodeServers, nodes: Sequence[Node]) -> list[Node]:
    """The machines that have what the servers of one need, with a CPU for the worker. Raises `WritError` for none."""
    count = max(1, servers.per_node)
    cpus, gpus = (1, count * servers.gpus) if servers.gpus else (1 + count, 0)
    found = [node for node in nodes if node.cpus >= cpus and node.gpus >= gpus]
    if not found:
        most = max((node.gpus for node in nodes), default=0)
        raise WritError(
            f"no machine of the cluster has {cpus} CPUs and {gpus} GPUs, as {count} servers of each machine need with "
            f"their worker; the most that one has are {most:.0f} GPUs"
        )
    return found


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind((HERE, 0))
        port: int = listening.getsockname()[1]
        return port


def _last_line(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError as exc:
        return f"its log cannot be read: {exc.strerror}"
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "it said nothing")
