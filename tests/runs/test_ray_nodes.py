"""Machines of a Ray cluster: one worker on each, and a run that goes on when one is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from writ_async.commands.synth import SynthConfig, synth
from writ_async.runs import ray_workers
from writ_async.runs.progress import Progress
from writ_async.runs.ray_cluster import load_ray
from writ_async.runs.ray_workers import start_ray_workers
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.segments import SEGMENTS
from writ_async.scheduler import Limits

pytestmark = pytest.mark.slow

CONFIG = SynthConfig(
    domains=("retail",), n=160, seed=6, world_size=60, seats=Seats(EngineSpec("scripted", {"mistakes": "0.5"}))
)


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two machines of one CPU each, both of them this one."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: the extra `ray`")
    load_ray()
    from ray.cluster_utils import Cluster

    found: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    found.add_node(num_cpus=1)
    ray.init(address=found.address, log_to_driver=False, logging_level="ERROR")
    try:
        yield found
    finally:
        ray.shutdown()
        found.shutdown()


def test_a_machine_that_is_lost_costs_no_row(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_workers, "_AGAIN_SECONDS", 2.0)
    out = tmp_path / "run"
    lost: list[str] = []

    async def nodes_of_workers() -> list[str]:
        async with start_ray_workers(lambda nodes: nodes) as workers:
            return [worker._node.id for worker in workers]

    async def lose_one(progress: Progress) -> None:
        while not lost:
            rows = sum(file.read_bytes().count(b"\n") for file in (out / SEGMENTS).glob("*.trajectories.jsonl"))
            if rows >= 5:
                (node,) = cluster.worker_nodes
                lost.append(node.node_id)
                await anyio.to_thread.run_sync(cluster.remove_node, node, False)
            await anyio.sleep(0.005)
        await anyio.sleep_forever()

    assert len(set(anyio.run(nodes_of_workers))) == 2
    progress = anyio.run(
        lambda: synth(CONFIG, out, executor="ray", workers=0, watch=lose_one, limits=Limits(concurrency=4))
    )
    anyio.run(lambda: synth(CONFIG, tmp_path / "alone"))
    assert len(lost) == 1
    assert progress.lost == 0
    assert "1 of 2 workers did not come back" in progress.notices
    for name in ("trajectories.jsonl", "summary.json", "manifest.json"):
        assert (out / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
