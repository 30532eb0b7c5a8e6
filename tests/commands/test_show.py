"""Which row is shown: by id, drawn, by level and kind and reason; and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import called
from writ_async.cli import main
from writ_async.commands.show import Wanted, choose_row, wanted_rows
from writ_async.errors import InputError
from writ_async.runs.view import RunView


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("show") / "run"
    arguments = ["synth", "retail", "airline", "--n", "40", "--seed", "4", "--world-size", "60", "--mistakes", "0.5"]
    assert main([*arguments, "--quiet", "--out", str(out)]) == 0
    return out


def test_rows_are_those_of_the_level_and_kind_in_their_order(run: Path) -> None:
    view = RunView.open(run)
    tasks = {task.id: task for task in view.tasks()}
    levels = {task.id: task.proof.level for task in tasks.values() if task.proof is not None}
    rows = list(view.ordered())
    for level in ("W1R2", "W1", "R3"):
        expected = [row.id for row in rows if level in levels[row.task_id]]
        assert [row.id for row in wanted_rows(view, Wanted(level=level))] == expected
    kinds = [row.id for row in rows if row.kind == "read-heavy"]
    assert [row.id for row in wanted_rows(view, Wanted(kind="read-heavy"))] == kinds
    both = Wanted(kind="read-heavy", level="W1", where="kept")
    assert {row.id for row in wanted_rows(view, both)} <= set(kinds)


def test_a_drawn_row_is_the_seeds_and_any_may_come(run: Path) -> None:
    view = RunView.open(run)
    tasks = {task.id: task for task in view.tasks()}
    drawn = [choose_row(view, tasks, Wanted(seed=seed)).id for seed in range(60)]
    assert drawn == [choose_row(view, tasks, Wanted(seed=seed)).id for seed in range(60)]
    assert len(set(drawn)) > 20


def test_without_a_wish_the_kept_row_with_the_largest_certificate_is_shown(run: Path) -> None:
    view = RunView.open(run)
    tasks = {task.id: task for task in view.tasks()}
    shown = choose_row(view, tasks, Wanted())
    cells = {
        row.id: max(len(one.cells) for one in tasks[row.task_id].certificates)
        for row in view.ordered()
        if row.verdict is not None and row.verdict.kept
    }
    assert cells[shown.id] == max(cells.values())


def test_a_reason_that_is_none_names_those_that_there_are(run: Path) -> None:
    done = called("show", str(run), "--reason", "bogus")
    assert done.returncode == 2
    assert "'bogus'; there are: " in done.stderr
    assert "wrong_outcome " in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(level="W9"), "expected one such as W1R3"),
        (Wanted(level=""), ""),
        (Wanted(kind="odd"), "its tasks are of the kinds"),
        (Wanted(id="nobody"), "--list` names them"),
        (Wanted(where="turns > 9000"), "no row that passes turns > 9000"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(wanted: Wanted, words: str, run: Path) -> None:
    view = RunView.open(run)
    if not words:
        assert choose_row(view, {}, wanted)
        return
    with pytest.raises(InputError, match=words):
        choose_row(view, {task.id: task for task in view.tasks()}, wanted)


def test_the_list_has_a_line_for_each_row_and_what_became_of_it(run: Path) -> None:
    done = called("show", str(run), "--list", "--kind", "normal")
    view = RunView.open(run)
    normal = [row for row in view.ordered() if row.kind == "normal"]
    lines = [line for line in done.stdout.splitlines() if "#0" in line]
    assert [line.split()[0] for line in lines] == [row.id for row in normal]
    for line, row in zip(lines, normal, strict=True):
        assert row.verdict is not None
        assert ("kept" in line) == row.verdict.kept


def test_a_finding_stands_at_its_message_and_below_how_each_write_was_agreed_upon(run: Path) -> None:
    done = called("show", str(run), "--reason", "unconfirmed_write")
    lines = done.stdout.splitlines()
    found = next(place for place, line in enumerate(lines) if line.startswith("found  unconfirmed_write"))
    before = [line for line in lines[:found] if line.startswith(("call ", "agent ", "user "))]
    assert before[-1].startswith("call")
    agreed = called("show", str(run)).stdout
    assert "agreed " in agreed
    assert "asked in [" in agreed
