"""What a loss of power leaves of a run: names that nobody has synced are gone, and blocks of what was not synced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.samples import PROMPTS, Took, manifest, task, trajectory
from writ_async.runs import writing
from writ_async.runs.folder import RunFolder
from writ_async.runs.segments import SEGMENTS
from writ_async.runs.view import CALLS, RunView
from writ_async.runs.writing import make_folder, mend

BLOCK = 512
ROWS = 12


def begin(path: Path) -> RunFolder:
    run = RunFolder.create(path, manifest())
    run.write_tasks([task("t")], PROMPTS)
    return run


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(blocks=st.sets(st.integers(0, 40), max_size=6), size=st.integers(0, 40 * BLOCK))
def test_rows_with_missing_blocks_in_them_go_and_all_others_stay(
    tmp_path_factory: pytest.TempPathFactory, blocks: set[int], size: int
) -> None:
    path = tmp_path_factory.mktemp("power") / "run"
    with begin(path) as run:
        for trial in range(ROWS):
            run.append(trajectory("t", trial), Took(1, 1, 1))
    file = path / "trajectories.jsonl"
    content = bytearray(file.read_bytes())
    lines = content.splitlines(keepends=True)
    for block in blocks:
        end = min(len(content), (block + 1) * BLOCK)
        content[block * BLOCK : end] = bytes(max(0, end - block * BLOCK))
    left = content[:size] if size else content
    file.write_bytes(left)
    expected = {
        f"t#{trial}" for trial, line in enumerate(lines) if line in left or left.endswith(b"\n" + line.rstrip())
    }
    with RunFolder.open(path) as run:
        assert run.done_ids() == expected
        for trial in range(ROWS):
            if f"t#{trial}" not in expected:
                run.append(trajectory("t", trial))
        run.put_in_order()
    assert file.read_bytes() == b"".join(lines)


def test_of_tasks_all_from_the_first_with_a_missing_block_on_are_drawn_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b'{"a":1}\n{"a":\0\0\n{"a":3}\n')
    assert mend(log, lambda line: line.endswith(b"\n"), in_order=True) == 16
    assert log.read_bytes() == b'{"a":1}\n'


def test_logs_of_calls_with_missing_blocks_are_mended_when_a_run_is_opened(tmp_path: Path) -> None:
    begin(tmp_path).close()
    (tmp_path / CALLS).write_bytes(b'{"agent":1}\n\0\0\0\n{"agent":2}\n{"ag')
    RunFolder.open(tmp_path).close()
    assert (tmp_path / CALLS).read_bytes() == b'{"agent":1}\n{"agent":2}\n'


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders whose names were made durable, in order."""
    found: list[Path] = []
    sync = writing.sync_folder

    def tell(path: str | os.PathLike[str]) -> None:
        sync(path)
        found.append(Path(path))

    monkeypatch.setattr(writing, "sync_folder", tell)
    return found


def test_a_folder_is_durable_up_to_the_first_that_was_there_before(tmp_path: Path, synced: list[Path]) -> None:
    make_folder(tmp_path / "a" / "b")
    assert synced == [tmp_path, tmp_path / "a"]
    make_folder(tmp_path / "a" / "b")
    assert len(synced) == 2


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "a")
    with pytest.raises(NotADirectoryError):
        make_folder(tmp_path / "a" / "b")


def test_a_log_has_a_durable_name_before_its_first_line_and_is_not_named_again(
    tmp_path: Path, synced: list[Path]
) -> None:
    with begin(tmp_path / "run") as run:
        assert synced[-1] == tmp_path / "run"
        assert (tmp_path / "run" / "trajectories.jsonl").stat().st_size == 0
        before = len(synced)
        run.append(trajectory("t", 0))
        assert len(synced) == before
        with RunFolder.join(tmp_path / "run", "one"):
            assert synced[before:] == [tmp_path / "run"] + [tmp_path / "run" / SEGMENTS] * 3
    assert len(list(RunView.open(tmp_path / "run").trajectories())) == 1
