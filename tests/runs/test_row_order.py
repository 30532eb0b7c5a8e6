"""Rows on disk come to stand in one order, whatever ended first, and whenever the process is killed."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.samples import PROMPTS, TALK, Took, manifest, task, trajectory
from writ_async.core.message import UserMessage
from writ_async.core.trajectory import Trajectory
from writ_async.errors import StorageError
from writ_async.runs import folder as run_folder
from writ_async.runs.folder import RunFolder
from writ_async.runs.view import RunView

ROOT = Path(__file__).resolve().parents[2]
TASKS = ("b", "a", "ü", "c")
MOST_LIVES = 5  # each opens the folder anew, which waits for the disk


def row(task_id: str, trial: int) -> Trajectory:
    return trajectory(task_id, trial, messages=(*TALK, UserMessage(f"{task_id} " * (1 + 37 * trial % 11))))


def begin(path: Path) -> RunFolder:
    run = RunFolder.create(path, manifest())
    run.write_tasks([task(name) for name in TASKS], PROMPTS)
    return run


def ordered_bytes(path: Path, wanted: list[tuple[str, int]]) -> bytes:
    with begin(path) as run:
        for name, trial in wanted:
            run.append(row(name, trial))
    return (path / "trajectories.jsonl").read_bytes()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_of_endings_over_any_number_of_lives_gives_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("order")
    wanted = [(name, trial) for name in (*TASKS, "gone") for trial in range(data.draw(st.integers(0, 3), name))]
    whole = ordered_bytes(path / "straight", wanted)
    left = data.draw(st.permutations(wanted))
    begin(path / "run").close()
    for life in range(MOST_LIVES):
        part = data.draw(st.integers(0, len(left))) if life < MOST_LIVES - 1 else len(left)
        with RunFolder.open(path / "run") as run:
            for name, trial in left[:part]:
                run.append(row(name, trial), Took(1, 1, 1))
            left = left[part:]
            if data.draw(st.booleans()):
                run.put_in_order()
                if left:
                    run.append(row(*left.pop()))
            if not left:
                out_of_order = (path / "run" / "trajectories.jsonl").read_bytes() != whole
                assert run.put_in_order() == out_of_order
                break
    assert (path / "run" / "trajectories.jsonl").read_bytes() == whole
    assert not list((path / "run").glob(".*.tmp"))


def test_rows_that_stand_in_order_are_left_alone(tmp_path: Path) -> None:
    ordered_bytes(tmp_path / "run", [("b", 0), ("b", 1), ("a", 0)])
    before = (tmp_path / "run" / "trajectories.jsonl").stat()
    with RunFolder.open(tmp_path / "run") as run:
        assert not run.put_in_order()
    after = (tmp_path / "run" / "trajectories.jsonl").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


KILLED = """
import os, signal, sys
from pathlib import Path
from writ_async.runs import folder, writing
from writ_async.runs.folder import RunFolder

path, moment = sys.argv[1:]

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

with RunFolder.open(path) as run:
    if moment == "while it is written":
        copy = folder.copy_rows
        def copy_some(rows, paths, out):
            copy(rows[: len(rows) // 2], paths, out)
            out.flush()
            kill()
        folder.copy_rows = copy_some
    elif moment == "before it is synced":
        writing.os.fsync = kill
    elif moment == "before it is renamed":
        Path.replace = kill
    elif moment == "after it is renamed":
        writing.sync_folder = kill
    elif moment == "after it is there":
        folder.Syncer = kill
    run.put_in_order()
"""


@pytest.mark.parametrize(
    "moment",
    [
        "while it is written",
        "before it is synced",
        "before it is renamed",
        "after it is renamed",
        "after it is there",
    ],
)
def test_a_kill_at_any_moment_of_the_ordering_leaves_a_run_that_comes_to_the_same_bytes(
    tmp_path: Path, moment: str
) -> None:
    wanted = [(name, trial) for name in TASKS for trial in range(3)]
    whole = ordered_bytes(tmp_path / "straight", wanted)
    with begin(tmp_path / "run") as run:
        for name, trial in reversed(wanted[1:]):
            run.append(row(name, trial))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "run"), moment],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr
    assert RunView.open(tmp_path / "run").done_ids() == {f"{name}#{trial}" for name, trial in wanted[1:]}
    with RunFolder.open(tmp_path / "run") as run:
        assert run.cut_bytes == 0
        run.append(row(*wanted[0]))
        assert run.put_in_order()
    assert (tmp_path / "run" / "trajectories.jsonl").read_bytes() == whole
    assert not list((tmp_path / "run").glob(".*.tmp"))


def test_without_room_for_a_second_file_the_rows_stay_and_the_run_may_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ordered_bytes(tmp_path / "straight", [("b", 0), ("a", 0), ("c", 0)])

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with begin(tmp_path / "run") as run:
        run.append(row("a", 0))
        run.append(row("b", 0))
        before = (tmp_path / "run" / "trajectories.jsonl").read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(run_folder, "copy_rows", refuse)
            with pytest.raises(StorageError, match=r"the 2 finished rows are safe; make room, then resume the run"):
                run.put_in_order()
        assert (tmp_path / "run" / "trajectories.jsonl").read_bytes() == before
        run.append(row("c", 0))
        assert run.put_in_order()
    assert (tmp_path / "run" / "trajectories.jsonl").read_bytes() == whole


def test_a_reader_that_is_in_the_middle_reads_on_in_the_file_that_it_opened(tmp_path: Path) -> None:
    wanted = [(name, trial) for name in TASKS for trial in range(3)]
    with begin(tmp_path / "run") as run:
        for name, trial in reversed(wanted):
            run.append(row(name, trial))
        reading = RunView.open(tmp_path / "run").ordered()
        found = [next(reading)]
        assert run.put_in_order()
        found += reading
    assert [(one.task_id, one.trial) for one in found] == wanted
