"""Notes on rows: appended, never destroyed, found again by filters."""

from __future__ import annotations

import shutil
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.support.command import called
from writ_async.commands.select import SelectSettings, select
from writ_async.errors import InputError
from writ_async.rows.notes import NOTES, RowNote, make_note, notes_path, read_notes, write_note
from writ_async.runs.view import RunView


def test_the_last_note_on_a_row_holds_and_nothing_is_lost(tmp_path: Path) -> None:
    log = tmp_path / NOTES
    notes = [
        make_note("a#0", ["good"], "", "t1"),
        make_note("b#0", ["bad"], "why", "t2"),
        make_note("a#0", [], "", "t3"),
    ]
    for note in notes:
        write_note(log, note)
    assert read_notes(log) == {"b#0": RowNote("b#0", ("bad",), "why", "t2")}
    assert log.read_bytes().count(b"\n") == 3


def test_a_torn_last_line_costs_no_other_note(tmp_path: Path) -> None:
    log = tmp_path / NOTES
    write_note(log, make_note("a#0", ["good"], "", "t"))
    with log.open("ab") as file:
        file.write(b'{"row":"b#0","ta')
    assert list(read_notes(log)) == ["a#0"]
    write_note(log, make_note("c#0", ["good"], "", "t"))
    assert list(read_notes(log)) == ["a#0", "c#0"]


def _write_many(log: Path, name: str) -> None:
    for number in range(40):
        write_note(log, make_note(f"{name}#{number}", ["tag"], "x" * 500, "t"))


def test_two_processes_write_without_mixing_their_lines(tmp_path: Path) -> None:
    log = tmp_path / NOTES
    writers = [get_context("spawn").Process(target=_write_many, args=(log, name)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(read_notes(log)) == 80


@pytest.mark.parametrize("tag", ["two words", "a,b", "x" * 41, 'quo"te', "a=b", "(a)"])
def test_a_tag_that_no_filter_can_name_is_refused(tag: str) -> None:
    with pytest.raises(InputError, match="tag"):
        make_note("a#0", [tag], "", "t")


def test_too_much_is_refused() -> None:
    with pytest.raises(InputError, match="comment"):
        make_note("a#0", [], "x" * 4001, "t")
    with pytest.raises(InputError, match="too many"):
        make_note("a#0", [f"t{n}" for n in range(21)], "", "t")


def test_a_files_notes_are_beside_it_and_are_not_taken_for_trajectories(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.touch()
    assert notes_path(file) == tmp_path / f"rows.jsonl.{NOTES}"
    assert notes_path(tmp_path) == tmp_path / NOTES


def test_select_takes_the_rows_that_carry_a_tag(readme_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(readme_run, run)
    kept = [row.id for row in RunView.open(run).ordered() if row.verdict is not None and row.verdict.kept]
    for row in kept[:3]:
        write_note(run / NOTES, make_note(row, ["good"], "", "t"))
    write_note(run / NOTES, make_note(kept[3], ["other"], "", "t"))
    picked = select([run], tmp_path / "out", SelectSettings(n=10, validation=0, where="tag == good"))
    assert (picked.rows, picked.train.rows) == (3, 3)
    assert {row.id for row in RunView.open(tmp_path / "out").trajectories()} == set(kept[:3])
    shown = called("show", str(run), "--where", "tag == other")
    assert kept[3] in shown.stdout
    assert called("show", str(run), "--where", "tag == nobody").returncode == 2


def test_a_filter_that_is_none_ends_the_commands_with_one_line(readme_run: Path, tmp_path: Path) -> None:
    for command in (("show", str(readme_run)), ("select", str(readme_run), "--n", "2", "--out", str(tmp_path / "out"))):
        done = called(*command, "--where", "reward <")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "character 9" in done.stderr
