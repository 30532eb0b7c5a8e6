"""Ray itself: imported when it is asked for, reached, and awaited from the event loop.

Ray is an extra (`pip install 'writ-async[ray]'`). `RAY_ADDRESS` names a cluster; without, it is started on this machine
for as long as the run lasts.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import msgspec

from writ_async.errors import InputError, WritError


class Node(msgspec.Struct, frozen=True):
    """A machine of the cluster that is alive: Ray's name for it, its address, and what it has to give."""

    id: str
    address: str
    cpus: float
    gpus: float


def load_ray() -> Any:
    """Ray itself. Raises `InputError` where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told of a run who was not asked to be
    try:
        return import_module("ray")
    except ImportError:
        raise InputError("--executor ray needs Ray: pip install 'writ-async[ray]', on every machine") from None


@contextmanager
def connected(ray: Any) -> Iterator[None]:
    """A cluster while the block lasts; one that the process is connected to already stays so. Raises `WritError`."""
    ours = not ray.is_initialized()
    if ours:
        _connect(ray)
    try:
        yield
    finally:
        if ours:
            ray.shutdown()


def nodes_of(ray: Any) -> list[Node]:
    """The machines that a worker could be on, in an order that stays: those that are alive and have a CPU to give."""
    found = [
        Node(node["NodeID"], node["NodeManagerAddress"], resources.get("CPU", 0.0), resources.get("GPU", 0.0))
        for node in ray.nodes()
        if node["Alive"]
        for resources in [node["Resources"]]
    ]
    return sorted((node for node in found if node.cpus >= 1), key=lambda node: (node.address, node.id))


def as_future(reference: Any) -> asyncio.Future[Any]:
    """What stands for a remote call, to be awaited."""
    future = asyncio.wrap_future(reference.future())
    future.add_done_callback(
        lambda done: done.cancelled() or done.exception()
    )  # it may come when nobody waits any more
    return future


def one_line(error: object, most: int = 300) -> str:
    """What an error says, short enough to be told."""
    return " ".join(str(error).split())[:most] or type(error).__name__


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
        raise WritError(f"Ray at {address} cannot be reached: {one_line(exc)}; check RAY_ADDRESS") from None
