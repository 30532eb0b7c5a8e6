"""Several processes that append rows to one run folder."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.samples import PROMPTS, Took, manifest, task, trajectory
from writ_async.errors import InputError, StorageError
from writ_async.runs import locks
from writ_async.runs.folder import RunFolder
from writ_async.runs.shared_log import SharedLog
from writ_async.runs.view import RunView

ROOT = Path(__file__).resolve().parents[2]

WRITER = """
import sys
from tests.support.samples import TALK, Took, trajectory
from writ_async.runs.folder import RunFolder
from writ_async.core.message import UserMessage

path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with RunFolder.join(path) as run:
    for trial in range(count):
        text = "words " * (1 + 997 * trial % 9001)
        run.append(trajectory(name, trial, messages=(*TALK, UserMessage(text))), Took(1, 1, 0))
        print(trial, flush=True)
"""


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def begun(path: Path, *names: str) -> RunFolder:
    run = RunFolder.create(path, manifest())
    run.write_tasks([task(name) for name in names], PROMPTS)
    return run


def test_rows_of_several_processes_are_all_there_and_whole(tmp_path: Path) -> None:
    with begun(tmp_path / "run", "a", "b", "c") as run:
        writers = [writer(tmp_path / "run", name, 150) for name in "abc"]
        for process in writers:
            process.communicate()
            assert process.returncode == 0
        run.look_again()
        assert run.done_ids() == {f"{name}#{trial}" for name in "abc" for trial in range(150)}
        assert run.cut_bytes == 0
    assert len(list(RunView.open(tmp_path / "run").trajectories())) == 450
    assert len((tmp_path / "run" / "timings.csv").read_text().splitlines()) == 451


def test_a_killed_writer_costs_the_others_nothing_and_loses_none_of_its_own(tmp_path: Path) -> None:
    with begun(tmp_path / "run", *(f"k{number}" for number in range(8)), "b") as run:
        steady = writer(tmp_path / "run", "b", 400)
        said: set[str] = set()
        for number in range(8):
            process = writer(tmp_path / "run", f"k{number}", 100_000)
            assert process.stdout is not None
            for line in process.stdout:
                said.add(f"k{number}#{int(line)}")
                if int(line) >= 10 * number:
                    process.send_signal(signal.SIGKILL)
                    break
            rest, _ = process.communicate()
            said |= {f"k{number}#{int(line)}" for line in rest.splitlines() if line}
        steady.communicate()
        assert steady.returncode == 0
        run.look_again()
        assert said | {f"b#{trial}" for trial in range(400)} <= run.done_ids()
    assert len(list(RunView.open(tmp_path / "run").trajectories())) == len(run.done_ids())


@pytest.mark.parametrize("torn", [b'{"id":"x', b"x" * 200_000], ids=["short", "longer than a block"])
def test_whoever_appends_next_cuts_a_torn_line_off(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\n" + torn)
    log = SharedLog(path)
    log.append(b"two\n")
    log.close()
    assert path.read_bytes() == b"one\ntwo\n"


def test_a_torn_line_that_is_the_only_one_is_cut_off_as_well(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"torn")
    log = SharedLog(path)
    log.append(b"two\n")
    log.close()
    assert path.read_bytes() == b"two\n"


def test_a_full_disk_leaves_the_rows_of_others_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with begun(tmp_path / "run", "a", "b"), RunFolder.join(tmp_path / "run") as one:
        with RunFolder.join(tmp_path / "run") as other:
            one.append(trajectory("a", 0))
            other.append(trajectory("b", 0))
        write = os.write

        def full(fd: int, data: bytes) -> int:
            write(fd, bytes(data)[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(StorageError, match="the finished rows are safe; make room"):
                one.append(trajectory("a", 1))
        assert one.append(trajectory("a", 1))
    assert [row.id for row in RunView.open(tmp_path / "run").trajectories()] == ["a#0", "b#0", "a#1"]


def test_a_run_whose_owner_was_killed_waits_until_its_writers_have_ended(tmp_path: Path) -> None:
    begun(tmp_path / "run", "a").close()
    orphan = writer(tmp_path / "run", "a", 100_000)
    assert orphan.stdout is not None
    orphan.stdout.readline()
    late = subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -9 {orphan.pid}"])
    with RunFolder.open_or_create(tmp_path / "run", manifest(), resume=True) as run:
        assert orphan.poll() is not None or not Path(f"/proc/{orphan.pid}/fd/0").exists()
        assert len(run.done_ids()) >= 1
    late.wait()
    orphan.communicate()


def test_writers_that_do_not_end_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_PAUSES", 2)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    begun(tmp_path / "run", "a").close()
    with RunFolder.join(tmp_path / "run"), pytest.raises(InputError, match="a worker of a run that was killed"):
        RunFolder.open(tmp_path / "run")
    with RunFolder.open(tmp_path / "run") as run:
        assert run.append(trajectory("a", 0), Took(1, 1, 1))


def test_locks_that_exclude_others_are_asked_for_as_network_disks_give_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock

    def as_over_nfs(fd: int, operation: int) -> None:
        writable = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
        if operation & fcntl.LOCK_EX and not writable:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        flock(fd, operation)

    monkeypatch.setattr(fcntl, "flock", as_over_nfs)
    begun(tmp_path / "run", "a").close()
    with RunFolder.open(tmp_path / "run"), RunFolder.join(tmp_path / "run") as joined:
        assert joined.append(trajectory("a", 0), Took(1, 1, 1))


def test_a_disk_that_knows_no_locks_for_tasks_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(tmp_path / "run", "a").close()
    flock, calls = fcntl.flock, []

    def second_fails(fd: int, operation: int) -> None:
        calls.append(fd)
        if len(calls) == 2:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
        flock(fd, operation)

    monkeypatch.setattr(fcntl, "flock", second_fails)
    with pytest.raises(StorageError, match=r"tasks\.jsonl: No locks available; this disk knows no locks"):
        RunFolder.open(tmp_path / "run")
    with RunFolder.open(tmp_path / "run") as run:
        assert run.has_tasks
