"""Workers on Ray: the same bytes as one process, also where one of them is killed in the middle."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from writ_async.commands.synth import SynthConfig, synth
from writ_async.errors import InputError, StorageError, WritError
from writ_async.runs import play_in_workers, ray_workers
from writ_async.runs.progress import Progress
from writ_async.runs.ray_cluster import load_ray
from writ_async.runs.ray_workers import RayWorker, start_ray_workers
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.segments import SEGMENTS
from writ_async.runs.view import RunView
from writ_async.runs.workers import Link, WorkerDiedError
from writ_async.scheduler import Limits

CONFIG = SynthConfig(
    domains=("retail", "airline"),
    n=160,
    seed=6,
    world_size=60,
    seats=Seats(EngineSpec("scripted", {"mistakes": "0.5"})),
)
FILES = ("manifest.json", "tasks.jsonl", "prompts.json", "trajectories.jsonl", "selection.json", "summary.json")


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Ray on this machine, for all tests of this file."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: the extra `ray`")
    load_ray()
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        yield
    finally:
        ray.shutdown()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("alone") / "run"
    anyio.run(lambda: synth(CONFIG, out))
    return out


def contents(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in FILES}


def pid_in(said: str) -> int:
    found = re.match(r"pid (\d+) on ", said)
    assert found is not None
    return int(found[1])


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[RayWorker]:
    """The workers that a run has started."""
    found: list[RayWorker] = []

    @asynccontextmanager
    async def start(*given: Any) -> AsyncIterator[list[RayWorker]]:
        async with start_ray_workers(*given) as workers:
            found.extend(workers)
            yield workers

    monkeypatch.setattr(play_in_workers, "start_ray_workers", start)
    return found


@pytest.mark.slow
def test_two_workers_leave_the_bytes_that_one_process_leaves(cluster: None, alone: Path, tmp_path: Path) -> None:
    progress = anyio.run(lambda: synth(CONFIG, tmp_path / "run", executor="ray", workers=2))
    assert contents(tmp_path / "run") == contents(alone)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {path.name for path in alone.iterdir()}
    assert (progress.counters.finished, progress.lost, progress.notices) == (160, 0, [])


@pytest.mark.slow
def test_a_worker_that_is_killed_in_the_middle_is_replaced_and_no_row_is_lost_or_doubled(
    cluster: None, alone: Path, tmp_path: Path, started: list[RayWorker]
) -> None:
    out = tmp_path / "run"
    killed: list[int] = []

    async def kill_one(progress: Progress) -> None:
        while not killed:
            rows = sum(file.read_bytes().count(b"\n") for file in (out / SEGMENTS).glob("*.trajectories.jsonl"))
            if rows >= 5:
                killed.append(pid_in(await started[0].where()))
                os.kill(killed[0], signal.SIGKILL)
            await anyio.sleep(0.005)
        await anyio.sleep_forever()

    progress = anyio.run(
        lambda: synth(CONFIG, out, executor="ray", workers=2, watch=kill_one, limits=Limits(concurrency=8))
    )
    assert len(killed) == 1
    assert any("a worker on Ray died" in notice for notice in progress.notices)
    assert progress.lost == 0
    assert contents(out) == contents(alone)


@pytest.mark.slow
def test_what_a_run_on_ray_left_when_it_was_cancelled_is_gone_on_with_here(
    cluster: None, alone: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"

    async def cancel(progress: Progress) -> None:
        while progress.counters.finished < 5:  # noqa: ASYNC110  # counters tell nobody
            await anyio.sleep(0.005)
        progress.cancel()
        await anyio.sleep_forever()

    progress = anyio.run(
        lambda: synth(CONFIG, out, executor="ray", workers=2, watch=cancel, limits=Limits(concurrency=8))
    )
    assert progress.cancelled
    assert 5 <= len(RunView.open(out).done_ids()) < 160
    anyio.run(lambda: synth(CONFIG, out))
    assert contents(out) == contents(alone)


def refuse(link: Link, kind: str) -> None:
    raise {"input": InputError, "storage": StorageError, "other": WritError}[kind]("one line")


def fail(link: Link) -> None:
    raise KeyError("a bug")


def end(link: Link) -> None:
    os._exit(3)


def own_pid(link: Link) -> int:
    return os.getpid()


async def _hold(link: Link) -> str:
    link.report("holding")
    await link.stopped()
    return "stopped"


def hold(link: Link) -> str:
    return anyio.run(_hold, link)


@pytest.mark.slow
def test_errors_reports_ends_and_deaths_are_those_of_a_worker_process(cluster: None) -> None:
    async def call_all() -> None:
        async with start_ray_workers(lambda nodes: nodes) as (worker,):
            for kind, error in (("input", InputError), ("storage", StorageError), ("other", WritError)):
                with pytest.raises(error, match="one line"):
                    await worker.call(refuse, kind)
            with pytest.raises(WorkerDiedError, match="a bug"):
                await worker.call(fail)
            first, segment = await worker.call(own_pid), worker.segment
            with pytest.raises(WorkerDiedError, match="a worker on Ray died"):
                await worker.call(end)
            assert await worker.call(own_pid) != first
            assert worker.segment != segment
            said: list[str] = []

            def heard(report: str) -> None:
                said.append(report)
                worker.stop()

            assert await worker.call(hold, on_report=heard) == "stopped"
            assert "holding" in said
            worker.stop()  # a stop that comes late ends nothing
            assert await worker.call(own_pid) != first

    anyio.run(call_all)


def test_without_ray_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"--executor ray needs Ray: pip install 'writ-async\[ray\]'"):
        anyio.run(lambda: synth(CONFIG, tmp_path / "run", executor="ray"))


def test_a_call_that_has_not_begun_reports_nothing_of_the_one_before() -> None:
    actor = ray_workers._Actor()

    def work(link: Link, said: object) -> None:
        link.report(said)

    actor.call(1, work, [16])
    assert (actor.latest(1), actor.latest(2)) == (16, None)
    actor.call(2, work, ["far"])
    assert (actor.latest(1), actor.latest(2)) == (None, "far")
