"""What a run folder of others leads to is not followed, and what runs write is no business of other users."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE

import pytest

from tests.support.command import called
from writ_async.curation.selection import SELECTION
from writ_async.errors import InputError, StorageError
from writ_async.rows.notes import NOTES
from writ_async.runs.locks import LOCK
from writ_async.runs.own_files import RUN_FILES
from writ_async.runs.phrasing import PHRASING
from writ_async.runs.repair import put_lines_aside
from writ_async.runs.rounds import ROUNDS
from writ_async.runs.segments import SEGMENTS, segment_files
from writ_async.runs.shards import SHARD
from writ_async.runs.view import READ_NAMES, TRAJECTORIES, RunView
from writ_async.runs.writing import AppendLog, replacing, write_whole


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "run"
    before = os.umask(0o022)
    try:
        made = called("synth", "retail", "--n", "2", "--world-size", "60", "--quiet", "--out", str(out))
    finally:
        os.umask(before)
    assert made.returncode == 0
    return out


def test_all_that_is_read_of_a_run_is_known_by_name() -> None:
    assert {*RUN_FILES, SELECTION, NOTES, LOCK, PHRASING, ROUNDS, SEGMENTS, SHARD} <= set(READ_NAMES)


@pytest.mark.parametrize("name", READ_NAMES)
def test_a_link_in_a_run_folder_is_not_followed(made: Path, tmp_path: Path, name: str) -> None:
    run = Path(shutil.copytree(made, tmp_path / "run"))
    secret = tmp_path / "secret"
    if (run / name).exists():
        (run / name).rename(secret)
    else:
        secret.write_text("{}", "utf-8")
    (run / name).symlink_to(secret)
    with pytest.raises(InputError, match="is a link to another place"):
        RunView.open(run)


@pytest.mark.parametrize("name", READ_NAMES)
def test_a_pipe_in_a_run_folder_is_not_waited_for(made: Path, tmp_path: Path, name: str) -> None:
    run = Path(shutil.copytree(made, tmp_path / "run"))
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)
    with pytest.raises(InputError, match=r"is neither a file nor a folder|has no manifest"):
        RunView.open(run)


def test_links_among_segments_are_no_segments(made: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(made, tmp_path / "run"))
    (run / SEGMENTS).mkdir()
    (run / SEGMENTS / f"own.{TRAJECTORIES}").touch()
    (run / SEGMENTS / f"other.{TRAJECTORIES}").symlink_to(made / TRAJECTORIES)
    assert [path.name for path in segment_files(run, TRAJECTORIES)] == [f"own.{TRAJECTORIES}"]


@pytest.fixture(params=[0o000, 0o002, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def rights(path: Path) -> int:
    return S_IMODE(path.stat().st_mode)


def test_a_run_is_readable_by_its_owner_and_as_far_as_the_umask_lets_by_the_group(made: Path) -> None:
    assert rights(made) == 0o750
    assert {rights(path) for path in made.iterdir()} == {0o640}


def test_logs_are_closed_to_others_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    AppendLog(tmp_path / "log").close()
    assert rights(tmp_path / "log") == 0o660 & ~umask


def test_what_is_written_for_others_has_the_rights_that_the_umask_gives(tmp_path: Path, umask: int) -> None:
    write_whole(tmp_path / "rows", b"one")
    assert rights(tmp_path / "rows") == 0o666 & ~umask


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o444])
def test_a_file_that_is_written_anew_keeps_its_rights(tmp_path: Path, umask: int, mode: int) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"one")
    path.chmod(mode)
    write_whole(path, b"two")
    assert (path.read_bytes(), rights(path)) == (b"two", mode)


def test_a_link_where_a_draft_is_to_be_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / f".rows.{os.getpid()}.tmp").symlink_to(victim)
    with replacing(tmp_path / "rows") as file:
        file.write(b"rows")
    assert (victim.read_bytes(), (tmp_path / "rows").read_bytes()) == (b"precious", b"rows")


def test_what_is_put_aside_is_not_written_through_a_link(tmp_path: Path) -> None:
    victim, rows = tmp_path / "victim", tmp_path / "rows"
    victim.write_bytes(b"precious")
    rows.write_bytes(b"one\ntwo\n")
    (tmp_path / "rows.aside").symlink_to(victim)
    with pytest.raises(StorageError):
        put_lines_aside(rows, frozenset({1}))
    assert (victim.read_bytes(), rows.read_bytes()) == (b"precious", b"one\ntwo\n")
