"""What a killed process, a full disk and a failing one leave behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.samples import PROMPTS, TALK, Took, manifest, task, trajectory
from writ_async.core.message import UserMessage
from writ_async.errors import StorageError
from writ_async.runs.folder import RunFolder
from writ_async.runs.view import RunView
from writ_async.runs.writing import AppendLog, Syncer, replacing

ROOT = Path(__file__).resolve().parents[2]

WRITER = """
import resource, sys
from tests.support.samples import PROMPTS, TALK, Took, manifest, task, trajectory
from writ_async.runs.folder import RunFolder
from writ_async.errors import WritError
from writ_async.core.message import UserMessage

path, limit = sys.argv[1], int(sys.argv[2])
try:
    with RunFolder.open_or_create(path, manifest(), resume=True) as run:
        if not run.has_tasks:
            run.write_tasks([task("t")], PROMPTS)
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        trial = len(run.done_ids())
        while True:
            text = "words " * (1 + 997 * trial % 4001)
            run.append(trajectory("t", trial, messages=(*TALK, UserMessage(text))), Took(1, 1, 0))
            print(trial, flush=True)
            trial += 1
except WritError as exc:
    print(exc, file=sys.stderr)
    sys.exit(exc.exit_code)
"""


def writer(path: Path, limit: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(limit)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def trials(path: Path) -> list[int]:
    return [row.trial for row in RunView.open(path).trajectories()]


def test_a_killed_writer_leaves_whole_rows_and_none_that_append_returned_for_is_lost(tmp_path: Path) -> None:
    said: list[int] = []
    for kill_after in (1, 40, 83, 150):
        process = writer(tmp_path / "run")
        assert process.stdout is not None
        for line in process.stdout:
            said.append(int(line))
            if said[-1] >= kill_after:
                process.send_signal(signal.SIGKILL)
                break
        rest, _ = process.communicate()
        said += [int(line) for line in rest.splitlines() if line]
        with RunFolder.open(tmp_path / "run") as run:
            assert {f"t#{trial}" for trial in said} <= run.done_ids()
        found = trials(tmp_path / "run")
        assert found == list(range(len(found)))
        said = found


def test_a_file_that_may_not_grow_stops_the_run_with_one_line_and_resumes(tmp_path: Path) -> None:
    process = writer(tmp_path / "run", limit=100_000)
    out, err = process.communicate()
    done = [int(line) for line in out.splitlines()]
    assert process.returncode == 1
    assert err.count("\n") == 1
    assert f"{tmp_path / 'run' / 'trajectories.jsonl'}: {os.strerror(errno.EFBIG)}" in err
    assert f"the {len(done)} finished rows are safe; make room, then resume the run" in err
    assert trials(tmp_path / "run") == done
    log = tmp_path / "run" / "trajectories.jsonl"
    assert log.read_bytes().endswith(b"\n")
    with RunFolder.open(tmp_path / "run") as run:
        assert run.cut_bytes == 0
        run.append(trajectory("t", len(done)))
    assert trials(tmp_path / "run") == [*done, len(done)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small tmpfs needs root on Linux")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", tmp_path], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a tmpfs is not possible here")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)


def test_a_full_disk_stops_the_run_with_one_line_and_resumes_when_there_is_room(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(100_000))
    run = RunFolder.create(small_disk / "run", manifest())
    run.write_tasks([task("t")], PROMPTS)
    count = 0

    def fill() -> None:
        nonlocal count
        while True:
            run.append(trajectory("t", count, messages=(*TALK, UserMessage("x" * 9000))), Took(1, 1, 1))
            count += 1

    with pytest.raises(StorageError) as caught:
        fill()
    assert os.strerror(errno.ENOSPC) in str(caught.value)
    assert "\n" not in str(caught.value)
    run.close()
    safe = trials(small_disk / "run")
    assert safe[:count] == list(range(count))
    with pytest.raises(StorageError), replacing(small_disk / "export") as file:
        file.write(bytes(200_000))
    with pytest.raises(StorageError, match=os.strerror(errno.ENOSPC)):
        RunFolder.create(small_disk / "second", manifest(filler="x" * 200_000))
    assert {path.name for path in small_disk.iterdir()} <= {"ballast", "run", "second"}
    ballast.unlink()
    with RunFolder.open_or_create(small_disk / "run", manifest(), resume=True) as run:
        assert run.append(trajectory("t", len(safe)))
    with RunFolder.open_or_create(small_disk / "second", manifest(), resume=True):
        pass
    assert trials(small_disk / "run") == [*safe, len(safe)]


class Disk:
    """Stands in for `os.write`: takes at most `portion` bytes at once, and fails after `room` bytes."""

    def __init__(self, room: int, portion: int) -> None:
        self.room = room
        self.portion = portion
        self.write = os.write

    def __call__(self, fd: int, data: Any) -> int:
        if self.room <= 0:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        taken = self.write(fd, bytes(data)[: min(self.portion, self.room)])
        self.room -= taken
        return taken


def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunFolder.create(tmp_path, manifest()) as run:
        monkeypatch.setattr(os, "write", Disk(room=1 << 30, portion=7))
        for trial in range(3):
            run.append(trajectory("t", trial), Took(1, 1, 1))
    assert trials(tmp_path) == [0, 1, 2]


@pytest.mark.parametrize("room", [0, 1, 500])
def test_a_row_that_does_not_fit_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    with RunFolder.create(tmp_path, manifest()) as run:
        run.append(trajectory("t", 0))
        whole = (tmp_path / "trajectories.jsonl").read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", Disk(room, portion=100))
            with pytest.raises(StorageError, match=r"the 1 finished rows are safe"):
                run.append(trajectory("t", 1))
        assert (tmp_path / "trajectories.jsonl").read_bytes() == whole
        assert run.append(trajectory("t", 1)), "there is room again"
    assert trials(tmp_path) == [0, 1]


def test_nothing_is_written_after_a_line_that_could_not_be_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(fd: int, size: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with RunFolder.create(tmp_path, manifest()) as run:
        run.append(trajectory("t", 0))
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", Disk(room=50, portion=50))
            patch.setattr(os, "ftruncate", refuse)
            with pytest.raises(StorageError):
                run.append(trajectory("t", 1))
        with pytest.raises(StorageError):
            run.append(trajectory("t", 2))
    with RunFolder.open(tmp_path) as run:
        assert run.cut_bytes == 50
    assert trials(tmp_path) == [0]


class FailingLog(AppendLog):
    """A log on a disk that cannot be synced."""

    def sync(self) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_disk_that_fails_behind_the_back_is_told_at_the_next_call(tmp_path: Path) -> None:
    log = FailingLog(tmp_path / "log")
    syncer = Syncer(log, rows=1, seconds=60)
    syncer.wrote()
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        syncer.close()
    log.close()
    assert syncer.synced == 0


def test_rows_are_synced_in_batches_and_at_the_end(tmp_path: Path) -> None:
    counts: list[int] = []

    class CountingLog(AppendLog):
        def sync(self) -> None:
            counts.append(self.size // 3)
            super().sync()

    log = CountingLog(tmp_path / "log")
    syncer = Syncer(log, rows=64, seconds=3600)
    for _ in range(39):
        log.append(b"{}\n")
        syncer.wrote()
    assert counts == []
    syncer.close()
    log.close()
    assert counts == [39]
    assert syncer.synced == 39


@pytest.mark.parametrize(("rows", "seconds"), [(2, 3600.0), (64, 0.01)], ids=["enough rows", "time is up"])
def test_rows_become_durable_without_a_further_call(tmp_path: Path, rows: int, seconds: float) -> None:
    synced = threading.Event()

    class TellingLog(AppendLog):
        def sync(self) -> None:
            super().sync()
            synced.set()

    log = TellingLog(tmp_path / "log")
    syncer = Syncer(log, rows, seconds)
    for _ in range(2):
        log.append(b"{}\n")
        syncer.wrote()
    assert synced.wait(60)
    syncer.close()
    log.close()


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert {entry.name: entry.read_text() for entry in tmp_path.iterdir()} == {"out": "old"}
    with replacing(path) as file:
        file.write(b"new")
    assert {entry.name: entry.read_text() for entry in tmp_path.iterdir()} == {"out": "new"}


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with replacing(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"
    with replacing("/dev/null") as file:
        file.write(b"gone")
    assert not Path("/dev/null").is_file()
