"""What is finished survives whatever ends one of several processes, or all of them."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.planned import with_tasks_of

N = 300
SYNTH = ["synth", "retail", "airline", "--n", str(N), "--seed", "8", "--world-size", "150", "--mistakes", "0.3"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds child processes in /proc"),
]


def command(out: Path, workers: int) -> list[str]:
    return [sys.executable, "-m", "writ_async", *SYNTH, "--quiet", "--workers", str(workers), "--out", str(out)]


def rows(out: Path) -> list[bytes]:
    return sorted((out / "trajectories.jsonl").read_bytes().splitlines(keepends=True))


def start(out: Path, workers: int = 2) -> subprocess.Popen[str]:
    """Start a run in a process group of its own, as a shell does."""
    return subprocess.Popen(
        command(out, workers), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def started(out: Path, least_bytes: int, workers: int = 2) -> subprocess.Popen[str]:
    """Start a run, and come back once so much of it is on disk."""
    process = start(out, workers)
    file = out / "trajectories.jsonl"
    for _ in range(24_000):
        if process.poll() is not None or (file.exists() and file.stat().st_size > least_bytes):
            break
        time.sleep(0.005)
    assert process.poll() is None
    return process


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def finish(out: Path, workers: int = 1) -> None:
    done = subprocess.run(command(out, workers), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def same(one: Path, other: Path) -> None:
    assert rows(one) == rows(other)
    for name in ("manifest.json", "tasks.jsonl", "summary.json", "selection.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken") / "run"
    finish(out)
    return out


@pytest.fixture
def planned(unbroken: Path, tmp_path: Path) -> Path:
    """A run whose tasks are made, and of which nothing is played yet."""
    return with_tasks_of(unbroken, tmp_path / "run")


@pytest.fixture(scope="module")
def size(unbroken: Path) -> int:
    return (unbroken / "trajectories.jsonl").stat().st_size


def test_a_killed_worker_costs_its_share_alone_and_is_told_of_in_one_line(
    unbroken: Path, size: int, planned: Path
) -> None:
    out = planned
    process = started(out, size // 5)
    victims = workers_of(process)
    assert len(victims) == 2
    os.kill(victims[0], signal.SIGKILL)
    _, err = process.communicate()
    assert process.returncode == 1
    lines = [line for line in err.splitlines() if "event loop" not in line and "cut off" not in line]
    assert len(lines) == 2
    assert "a worker process was killed by SIGKILL" in lines[0]
    assert "the other workers went on" in lines[0]
    assert "conversations were lost with their worker; the same command plays them again" in lines[1]
    kept = rows(out)
    assert N // 2 <= len(kept) < N
    assert set(kept) <= set(rows(unbroken))
    assert str(N - len(kept)) in lines[1]
    finish(out, 3)
    same(unbroken, out)


def test_killed_again_and_again_with_any_number_of_workers_then_resumed_gives_an_unbroken_run(
    unbroken: Path, size: int, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    for share, workers in ((1, 2), (4, 3), (7, 1)):
        process = started(out, size * share // 10, workers)
        process.kill()
        process.communicate()
    finish(out, 2)
    same(unbroken, out)


def test_workers_end_with_the_process_that_has_started_them(size: int, planned: Path) -> None:
    process = started(planned, size // 10)
    children = workers_of(process)
    process.kill()
    process.communicate()
    for _ in range(2000):
        if not any(Path(f"/proc/{child}").exists() for child in children):
            break
        time.sleep(0.005)
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_ctrl_c_ends_all_in_order_and_the_same_command_goes_on(unbroken: Path, size: int, planned: Path) -> None:
    out = planned
    process = started(out, size // 5)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to every process
    _, err = process.communicate()
    assert process.returncode == 130
    assert "SIGINT: ending in order" in err
    assert "Traceback" not in err
    kept = rows(out)
    assert f"interrupted with {N - len(kept)} conversations to go" in err
    assert set(kept) <= set(rows(unbroken))
    assert (out / "summary.json").exists()
    finish(out)
    same(unbroken, out)


def test_ctrl_c_while_tasks_are_made_leaves_at_once(tmp_path: Path) -> None:
    process = start(tmp_path / "run")
    for _ in range(24_000):
        if process.poll() is not None or len(workers_of(process)) == 2:
            break
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err.strip() == "writ: interrupted"
    assert not (tmp_path / "run" / "tasks.jsonl").exists()


def test_a_full_disk_gives_one_line_and_exit_code_1_and_loses_nothing(unbroken: Path, size: int, planned: Path) -> None:
    out = planned
    limit = size // 2

    def quota() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(command(out, 2), capture_output=True, text=True, preexec_fn=quota, check=False)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "the finished rows are safe" in done.stderr
    kept = rows(out)
    assert len(kept) > 50
    assert set(kept) <= set(rows(unbroken))
    finish(out, 2)
    same(unbroken, out)
