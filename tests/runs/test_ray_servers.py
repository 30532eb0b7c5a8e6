"""Model servers that a run starts on Ray: each on GPUs of its own, replaced when one dies, gone at the end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from bench.models.folders import write_family
from tests.support.launched_double import is_running, marks_in, open_double, write_python
from writ_async.commands.synth import SynthConfig, synth
from writ_async.conversation import Rules
from writ_async.core.trajectory import Trajectory
from writ_async.errors import WritError
from writ_async.runs.node_servers import parse_node_servers
from writ_async.runs.progress import Progress
from writ_async.runs.ray_cluster import load_ray
from writ_async.runs.ray_servers import LOGS
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.segments import SEGMENTS
from writ_async.runs.view import RunView
from writ_async.scheduler import Limits

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A Ray of this machine that believes in two GPUs."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: the extra `ray`")
    load_ray()
    ray.init(
        address="local", num_cpus=3, num_gpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR"
    )
    try:
        yield
    finally:
        ray.shutdown()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_family(tmp_path_factory.mktemp("model") / "qwen3", "qwen3-instruct-2507"))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_python(tmp_path_factory.mktemp("python")))


def config(model: str, **options: Any) -> SynthConfig:
    given = {"model": model, "max_tokens": 400, **options}
    return SynthConfig(
        domains=("retail",), n=24, seed=2, world_size=60,
        seats=Seats(EngineSpec("sglang", given)), rules=Rules(max_steps=24),
    )  # fmt: skip


def rows_of(run: Path) -> list[Trajectory]:
    """The rows, without how much of a prompt was cached, which depends on who came first."""
    rows = list(RunView.open(run).trajectories())
    for row in rows:
        for usage in row.usage.values():
            usage.cached_tokens = 0
    return rows


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, model: str) -> list[Trajectory]:
    """The rows of one process on one server."""
    out = tmp_path_factory.mktemp("alone") / "run"

    async def play() -> None:
        async with open_double(model) as double:
            await synth(config(model, url=double.url), out)

    anyio.run(play)
    return rows_of(out)


def started(model: str, python: str, extra: str, **flags: Any) -> dict[str, Any]:
    """What `synth` is to be told of servers that it starts."""
    options = {"python": python, "extra": extra} | flags.pop("options", {})
    servers = parse_node_servers(config(model).seats, "ray", start=True, options=options, **flags)
    return {"executor": "ray", "servers": servers, "check": True}


def test_one_server_for_each_gpu_gives_the_rows_of_one_server_and_none_is_left(
    cluster: None, model: str, python: str, alone: list[Trajectory], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    given = started(model, python, f"--mark {tmp_path}")
    progress = anyio.run(lambda: synth(config(model), out, **given))
    servers = marks_in(tmp_path)
    assert sorted(server.gpus for server in servers) == ["0", "1"]
    assert {server.model for server in servers} == {model}
    assert not any(is_running(server.pid) for server in servers)
    assert rows_of(out) == alone
    assert (progress.lost, progress.notices) == (0, [])
    assert len(list((out / LOGS).glob("*.log"))) == 2
    assert all(calls.attempts > 24 for calls in progress.calls.values())


def test_a_server_over_several_gpus_has_them_all(cluster: None, model: str, python: str, tmp_path: Path) -> None:
    few = msgspec.structs.replace(config(model), n=3)
    given = started(model, python, f"--mark {tmp_path}", options={"tensor_parallel": "2"})
    anyio.run(lambda: synth(few, tmp_path / "run", **given))
    (server,) = marks_in(tmp_path)
    assert sorted(server.gpus.split(",")) == ["0", "1"]


def test_a_server_that_dies_is_replaced_and_no_row_is_lost_or_doubled(
    cluster: None, model: str, python: str, alone: list[Trajectory], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    killed: list[int] = []

    async def kill_one(progress: Progress) -> None:
        while not killed:
            rows = sum(file.read_bytes().count(b"\n") for file in (out / SEGMENTS).glob("*.trajectories.jsonl"))
            if rows >= 3:
                killed.append(marks_in(tmp_path)[0].pid)
                os.kill(killed[0], signal.SIGKILL)
            await anyio.sleep(0.005)
        await anyio.sleep_forever()

    given = started(model, python, f"--mark {tmp_path} --latency 0.02")
    limits = Limits(concurrency=4)
    progress = anyio.run(lambda: synth(config(model), out, watch=kill_one, limits=limits, **given))
    assert len(killed) == 1
    assert any(
        "was ended with its servers: the model server on" in line and "exit code -9" in line
        for line in progress.notices
    )
    assert (progress.lost, rows_of(out)) == (0, alone)
    assert len(marks_in(tmp_path)) == 4
    assert not any(is_running(server.pid) for server in marks_in(tmp_path))


def test_a_server_that_does_not_start_is_one_line_with_its_last_words(
    cluster: None, model: str, python: str, tmp_path: Path
) -> None:
    given = started(model, python, f"--mark {tmp_path} --broken", per_node=1)
    with pytest.raises(WritError) as caught:
        anyio.run(lambda: synth(config(model), tmp_path / "run", **given))
    text = str(caught.value)
    assert "ended (exit code 1): RuntimeError: not enough memory" in text
    assert f"its log is {tmp_path / 'run' / LOGS}" in text
    assert "\n" not in text


def test_servers_that_are_there_already_are_called_from_their_machine(
    cluster: None, model: str, alone: list[Trajectory], tmp_path: Path
) -> None:
    async def play() -> list[int]:
        first, second = open_double(model), open_double(model)
        async with first:
            second._port = first._port + 1
            async with second:
                seats = config(model, url=first.url, patience=30.0).seats
                servers = parse_node_servers(seats, "ray", per_node=2)
                given = msgspec.structs.replace(config(model), seats=seats)
                await synth(given, tmp_path / "run", executor="ray", servers=servers, check=True)
                return [len(double.calls) for double in (first, second)]

    calls = anyio.run(play)
    assert min(calls) > 24
    assert rows_of(tmp_path / "run") == alone
