"""Rows that writers on other machines left in files of their own become the run's, each once, whatever was killed."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.samples import PROMPTS, Took, manifest, task, trajectory
from writ_async.core.trajectory import Termination
from writ_async.errors import InputError, StorageError
from writ_async.runs import segments
from writ_async.runs.folder import RunFolder
from writ_async.runs.segments import SEGMENTS, take_segments
from writ_async.runs.status import status_of
from writ_async.runs.view import RunView
from writ_async.runs.writing import AppendLog

TASKS = ("b", "a")


def begin(path: Path) -> RunFolder:
    run = RunFolder.create(path, manifest())
    run.write_tasks([task(name) for name in TASKS], PROMPTS)
    return run


def write(path: Path, segment: str, rows: list[tuple[str, int]]) -> None:
    with RunFolder.join(path, segment) as writer:
        for name, trial in rows:
            writer.append(trajectory(name, trial), Took(1, 1, 1))


def test_a_segments_rows_failures_and_timings_are_taken_into_the_run_and_the_segment_goes(tmp_path: Path) -> None:
    with begin(tmp_path) as run:
        run.append(trajectory("a", 0), Took(1, 1, 1))
        with RunFolder.join(tmp_path, "one") as writer:
            writer.append(trajectory("b", 0), Took(2, 1, 1))
            writer.append(trajectory("b", 1, termination=Termination.TIMEOUT))
            assert RunView.open(tmp_path).done_ids() == {"a#0"}
            assert (status_of(tmp_path).rows, status_of(tmp_path).state) == (2, "running")
        run.look_again()
        assert run.done_ids() == {"a#0", "b#0"}
        run.append(trajectory("a", 1))
    assert not (tmp_path / SEGMENTS).exists()
    assert [row.id for row in RunView.open(tmp_path).trajectories()] == ["a#0", "b#0", "a#1"]
    assert [row.id for row in RunView.open(tmp_path).failures()] == ["b#1"]
    assert [line.split(",")[0] for line in (tmp_path / "timings.csv").read_text().splitlines()] == ["id", "a#0", "b#0"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_torn_doubled_or_killed_each_whole_row_is_there_once(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("segments") / "run"
    all_rows = [(name, trial) for name in TASKS for trial in range(4)]
    some = st.lists(st.sampled_from(all_rows), unique=True)
    own = data.draw(some)
    with begin(path) as run:
        for name, trial in own:
            run.append(trajectory(name, trial), Took(1, 1, 1))
    whole = {f"{name}#{trial}" for name, trial in own}
    for number in range(data.draw(st.integers(1, 3))):
        rows = data.draw(some)
        write(path, f"s{number}", rows)
        file = path / SEGMENTS / f"s{number}.trajectories.jsonl"
        content = file.read_bytes()
        cut = data.draw(st.integers(0, len(content)))
        file.write_bytes(content[:cut])
        ends = accumulate(len(line) for line in content.splitlines(keepends=True))
        safe = sum(end - 1 <= cut for end in ends)  # one that lacks but its newline is whole
        whole |= {f"{name}#{trial}" for name, trial in rows[:safe]}
    if data.draw(st.booleans()):
        killed_before_the_segments_go(path)
    with RunFolder.open(path) as run:
        assert run.done_ids() == whole
        for name, trial in all_rows:
            if f"{name}#{trial}" not in whole:
                run.append(trajectory(name, trial))
        run.put_in_order()
    assert [(row.task_id, row.trial) for row in RunView.open(path).trajectories()] == all_rows
    assert not (path / SEGMENTS).exists()


def killed_before_the_segments_go(path: Path) -> None:
    """Take the segments in, and put them back, as a kill between the two leaves it."""
    kept = {file: file.read_bytes() for file in (path / SEGMENTS).iterdir()}
    take_segments(path, set(RunView.open(path).done_ids()))
    (path / SEGMENTS).mkdir()
    for file, content in kept.items():
        file.write_bytes(content)


def test_a_line_of_a_segment_that_is_no_row_is_told_and_the_segment_stays(tmp_path: Path) -> None:
    begin(tmp_path).close()
    write(tmp_path, "one", [("a", 0)])
    file = tmp_path / SEGMENTS / "one.trajectories.jsonl"
    file.write_bytes(b'{"no": "row"}\n' + file.read_bytes())
    with pytest.raises(InputError, match=r"segments/one\.trajectories\.jsonl: line 1 does not start with an id"):
        RunFolder.open(tmp_path)
    assert file.exists()


def test_a_full_disk_leaves_the_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(tmp_path).close()
    write(tmp_path, "one", [("a", 0), ("a", 1)])

    class Full(AppendLog):
        def append(self, line: bytes | bytearray) -> None:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(segments, "AppendLog", Full)
        with pytest.raises(StorageError, match="the segments' rows are safe"):
            RunFolder.open(tmp_path)
    with RunFolder.open(tmp_path) as run:
        assert run.done_ids() == {"a#0", "a#1"}
