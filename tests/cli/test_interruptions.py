"""What is finished survives whatever ends the process."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.planned import with_tasks_of

pytestmark = pytest.mark.slow

N = 300
SYNTH = [
    "synth",
    "retail",
    "airline",
    "--n",
    str(N),
    "--seed",
    "8",
    "--world-size",
    "150",
    "--mistakes",
    "0.3",
    "--quiet",
]


def command(out: Path) -> list[str]:
    return [sys.executable, "-m", "writ_async", *SYNTH, "--out", str(out)]


def rows(out: Path) -> list[bytes]:
    return sorted((out / "trajectories.jsonl").read_bytes().splitlines(keepends=True))


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken") / "run"
    subprocess.run(command(out), check=True, capture_output=True)
    return out


@pytest.fixture
def planned(unbroken: Path, tmp_path: Path) -> Path:
    """A run whose tasks are made, and of which nothing is played yet."""
    return with_tasks_of(unbroken, tmp_path / "planned")


def interrupt(out: Path, number: int, after_bytes: int) -> int:
    """Start a run, send a signal once so much is on disk, and give the exit code."""
    process = subprocess.Popen(command(out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    file = out / "trajectories.jsonl"
    for _ in range(6000):
        if process.poll() is not None or (file.exists() and file.stat().st_size > after_bytes):
            break
        time.sleep(0.005)
    process.send_signal(number)
    process.communicate(timeout=60)
    return process.returncode


def test_killed_again_and_again_then_resumed_gives_the_rows_of_an_unbroken_run(unbroken: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    size = (unbroken / "trajectories.jsonl").stat().st_size
    killed = [interrupt(out, signal.SIGKILL, size * share // 10) for share in (1, 4, 7)]
    assert -signal.SIGKILL in killed
    done = subprocess.run(command(out), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert rows(out) == rows(unbroken)
    assert (out / "summary.json").read_bytes() == (unbroken / "summary.json").read_bytes()


def test_ctrl_c_ends_in_order_and_the_same_command_goes_on(unbroken: Path, planned: Path) -> None:
    out = planned
    code = interrupt(out, signal.SIGINT, (unbroken / "trajectories.jsonl").stat().st_size // 5)
    assert code == 130
    kept = rows(out)
    assert 0 < len(kept) < N
    assert set(kept) <= set(rows(unbroken))
    subprocess.run(command(out), check=True, capture_output=True)
    assert rows(out) == rows(unbroken)


def test_a_second_process_on_the_same_folder_is_refused(planned: Path) -> None:
    out = planned
    first = subprocess.Popen(command(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (out / "trajectories.jsonl").exists():
        time.sleep(0.005)
    second = subprocess.run(command(out), capture_output=True, text=True, check=False)
    assert first.wait() == 0
    assert second.returncode == 2
    assert "is writing to this run" in second.stderr


def test_a_full_disk_gives_one_line_and_exit_code_1_and_loses_nothing(unbroken: Path, planned: Path) -> None:
    out = planned
    limit = (unbroken / "trajectories.jsonl").stat().st_size // 2

    def quota() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(command(out), capture_output=True, text=True, preexec_fn=quota, check=False)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "finished rows are safe" in done.stderr
    kept = rows(out)
    assert len(kept) > N // 6
    assert set(kept) <= set(rows(unbroken))
    subprocess.run(command(out), check=True, capture_output=True)
    assert rows(out) == rows(unbroken)


def test_hash_randomisation_changes_no_byte(unbroken: Path, tmp_path: Path) -> None:
    out = tmp_path / "hashed"
    subprocess.run(command(out), check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": "12345"})
    assert rows(out) == rows(unbroken)
