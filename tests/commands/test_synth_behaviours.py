"""`writ synth` tells its tasks by many users, or by plain ones, and in a model's words where asked for."""

from pathlib import Path

import anyio
import msgspec
import pytest

from writ_async.cli import main
from writ_async.commands.synth import SynthConfig, synth
from writ_async.errors import InputError
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView
from writ_async.synthesis.phrase_report import PhraserError
from writ_async.verify.user_slips import audit_user

CONFIG = SynthConfig(domains=("retail", "airline"), n=40, seed=3, world_size=150)


def make(config: SynthConfig, out: Path) -> RunView:
    anyio.run(lambda: synth(config, out))
    return RunView.open(out)


def test_but_for_the_plain_ones_every_user_has_a_behaviour_and_every_row_is_kept(tmp_path: Path) -> None:
    view = make(CONFIG, tmp_path / "run")
    behaving = {task.id for task in view.tasks() if task.behaviour and task.behaviour.traits}
    assert all(row.verdict is not None and row.verdict.kept for row in view.trajectories())
    all_of_them = make(msgspec.structs.replace(CONFIG, behaviours="plain=0"), tmp_path / "all")
    assert all(task.scenario.change or (task.behaviour and task.behaviour.traits) for task in all_of_them.tasks())
    same = [task for task in all_of_them.tasks() if task.id in behaving]
    assert same == [task for task in view.tasks() if task.id in behaving]
    assert 0.65 * CONFIG.n <= len(behaving) < sum(task.behaviour is not None for task in all_of_them.tasks())


def test_the_same_tasks_are_told_by_plain_users_when_behaviours_are_off(tmp_path: Path) -> None:
    on = make(CONFIG, tmp_path / "on")
    off = make(msgspec.structs.replace(CONFIG, behaviours="off"), tmp_path / "off")
    assert all(task.behaviour is None for task in off.tasks())
    assert [task.gold_digest for task in on.tasks()] == [task.gold_digest for task in off.tasks()]
    assert {row.digest for row in on.trajectories()} == {row.digest for row in off.trajectories()}


def test_one_value_may_be_asked_for(tmp_path: Path) -> None:
    view = make(msgspec.structs.replace(CONFIG, behaviours="tone=angry"), tmp_path / "run")
    told = [task.behaviour for task in view.tasks() if not task.scenario.change]
    assert all(behaviour is not None and behaviour.value("tone") == "angry" for behaviour in told)


def test_slips_of_the_user_are_rejected_rows(tmp_path: Path) -> None:
    seats = Seats(EngineSpec("scripted", {"user_mistakes": "0.6"}))
    view = make(msgspec.structs.replace(CONFIG, seats=seats, n=120), tmp_path / "run")
    tasks = {task.id: task for task in view.tasks()}
    slipped = 0
    for row in view.trajectories():
        assert row.verdict is not None
        assert row.verdict.kept == (not row.notes), (row.notes, row.verdict.findings)
        assert bool(audit_user(tasks[row.task_id], row.messages)) == bool(row.notes)
        slipped += bool(row.notes)
    assert slipped > 40


def test_a_phraser_that_cannot_write_ends_the_run_before_a_conversation(tmp_path: Path) -> None:
    """The scripted engine is no writer: it answers with the user's opening, which is no JSON."""
    with pytest.raises(PhraserError, match="could be used"):
        make(msgspec.structs.replace(CONFIG, phraser=EngineSpec("scripted")), tmp_path / "phrased")
    assert not (tmp_path / "phrased" / "trajectories.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"behaviours": "mood=bad"}, "unknown axis 'mood'"),
        ({"phraser": EngineSpec("parrot")}, "unknown engine 'parrot'"),
        ({"seats": Seats(EngineSpec("scripted", {"user_mistakes": "3"}))}, "user_mistakes must be a rate"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_before_anything_is_written(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        anyio.run(lambda: synth(msgspec.structs.replace(CONFIG, **change), tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_the_flags_reach_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    flags = ["--behaviours", "language=formal", "--user-mistakes", "hallucinated=1", "--quiet", "--out", str(out)]
    assert main(["synth", "retail", "--n", "10", "--world-size", "100", *flags]) == 0
    view = RunView.open(out)
    assert all(task.behaviour is not None and task.behaviour.value("language") == "formal" for task in view.tasks())
    assert not any(row.verdict.kept for row in view.trajectories() if row.verdict is not None)
    capsys.readouterr()
    assert main(["synth", "retail", "--phraser-option", "a=b", "--out", str(tmp_path / "no")]) == 2
    assert "--phraser-option needs --phraser" in capsys.readouterr().err
