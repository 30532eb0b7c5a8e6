"""Trials go on where pass^1 is not known well enough yet, of whole groups, and the rows alone say how far they are."""

from __future__ import annotations

from pathlib import Path

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.cli import main
from writ_async.commands.eval import EvalConfig, evaluate
from writ_async.core.task import Task
from writ_async.errors import InputError
from writ_async.runs.play_until_width import UntilWidth, parse_until_width, trials_wanted
from writ_async.runs.scores import score_run
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView
from writ_async.verify.pass_k import Tally
from writ_async.verify.trial_interval import trials_interval

SEATS = Seats(EngineSpec("scripted", {"mistakes": "giving_up=0.5"}))


@pytest.fixture
def file(tasks: list[Task], tmp_path: Path) -> Path:
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in tasks))
    return path


def play(file: Path, out: Path, width: float | None, *, trials: int = 2, most: int = 12) -> None:
    until = None if width is None else UntilWidth(width=width, most_trials=most)
    config = EvalConfig(tasks=(str(file),), trials=trials, seed=3, seats=SEATS)
    anyio.run(lambda: evaluate(config, out, until=until))


def lines_of(out: Path) -> list[bytes]:
    return sorted((out / "trajectories.jsonl").read_bytes().splitlines())


def test_the_interval_by_trials_is_what_its_formula_gives_by_hand() -> None:
    tallies = {str(index): Tally(4, 2 if index % 2 else 4) for index in range(10)}
    found = trials_interval(tallies)
    # Five tasks with 2 · 2 / (16 · 3), and 1.5 · (10 / 40)² for the added trials: √0.51042 · 1.96 / 10 = 0.14003 around
    # (30 + 1.5) / (40 + 3).
    assert found.estimate == 0.75
    assert found.low == pytest.approx(0.59253, abs=1e-5)
    assert found.high == pytest.approx(0.87258, abs=1e-5)
    certain = trials_interval({str(index): Tally(4, 4) for index in range(100)})
    assert certain.high == 1.0
    assert 0.98 < certain.low < 1.0, "no point, however alike the trials"
    with pytest.raises(ValueError, match="one trial"):
        trials_interval({"a": Tally(1, 1), "b": Tally(4, 2)})


@given(st.integers(2, 6), st.integers(1, 20), st.data())
def test_a_group_is_tried_again_only_when_it_is_whole_and_too_wide(
    trials: int, tasks: int, data: st.DataObject
) -> None:
    ids = [f"t{index}" for index in range(tasks)]
    outcomes = {f"{one}#{trial}": data.draw(st.booleans()) for one in ids for trial in range(trials)}
    until = UntilWidth(width=data.draw(st.sampled_from([0.02, 0.1, 0.3])), most_trials=trials + 1)
    found = trials_interval({one: Tally(trials, sum(outcomes[f"{one}#{t}"] for t in range(trials))) for one in ids})
    wide = found.high - found.low > until.width
    assert trials_wanted({"g": ids}, outcomes, trials, until) == {"g": trials + wide}
    outcomes.popitem()
    assert trials_wanted({"g": ids}, outcomes, trials, until) == {"g": trials}


def test_groups_that_are_known_well_enough_are_left_alone() -> None:
    sure, unsure = [f"s{index}" for index in range(60)], [f"u{index}" for index in range(60)]
    outcomes = {f"{one}#{trial}": True for one in sure for trial in range(3)}
    outcomes |= {f"{one}#{trial}": trial == 0 for one in unsure for trial in range(3)}
    wanted = trials_wanted({"sure": sure, "unsure": unsure}, outcomes, 3, UntilWidth(width=0.05))
    assert wanted == {"sure": 3, "unsure": 4}


def test_all_groups_are_as_sure_as_asked_or_tried_as_often_as_may_be(file: Path, tmp_path: Path) -> None:
    play(file, tmp_path / "run", 0.3)
    scores = [score for score in score_run(tmp_path / "run") if score.name != "all"]
    trials = {score.name: score.trials // score.tasks for score in scores}
    assert all(score.trials == score.tasks * trials[score.name] for score in scores), "all tasks of a group alike"
    assert len(set(trials.values())) > 1, "groups differ in what they need"
    for score in scores:
        assert score.by_trials is not None
        narrow = score.by_trials.high - score.by_trials.low <= 0.3
        assert narrow or trials[score.name] == 12


def test_a_run_that_is_to_be_surer_later_ends_with_the_rows_of_one_that_was_from_the_start(
    file: Path, tmp_path: Path
) -> None:
    play(file, tmp_path / "whole", 0.3)
    play(file, tmp_path / "grown", None)
    few = len(lines_of(tmp_path / "grown"))
    for width in (0.5, 0.3):
        play(file, tmp_path / "grown", width)
    assert few < len(lines_of(tmp_path / "grown"))
    assert lines_of(tmp_path / "grown") == lines_of(tmp_path / "whole")
    torn = lines_of(tmp_path / "whole")[::3]
    (tmp_path / "whole" / "trajectories.jsonl").write_bytes(b"\n".join(torn) + b"\n")
    play(file, tmp_path / "whole", 0.3)
    assert lines_of(tmp_path / "grown") == lines_of(tmp_path / "whole"), "what was lost is played again, and no more"


def test_the_command_says_how_sure_each_group_is(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["eval", "--tasks", str(file), "--trials", "2", "--until-width", "40", "--most-trials", "3", "--quiet"]
    assert main([*arguments, "--mistakes", "giving_up=0.5", "--out", str(tmp_path / "run")]) == 0
    said = capsys.readouterr()
    text = " ".join((said.out + said.err).split())
    assert "points after 3 trials of each" in text
    assert "wider than the 40 points asked for" in text
    ids = {row.id for row in RunView.open(tmp_path / "run").ordered()}
    assert any(row_id.endswith("#2") for row_id in ids)


@pytest.mark.parametrize(
    ("points", "most", "trials", "stop_early", "problem"),
    [
        (0.0, 32, 4, (), "between 0 and 100"),
        (float("nan"), 32, 4, (), "between 0 and 100"),
        (100.0, 32, 4, (), "between 0 and 100"),
        (3.0, 32, 1, (), "needs --trials 2"),
        (3.0, 3, 4, (), "at least --trials, 4"),
        (3.0, 32, 4, ("settled",), "leave --stop-early settled out"),
    ],
)
def test_a_width_that_cannot_be_is_refused(
    points: float, most: int, trials: int, stop_early: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        parse_until_width(points, most, trials, stop_early)
