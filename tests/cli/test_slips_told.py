"""Where a simulated user slipped, scores are told with and without those conversations."""

from __future__ import annotations

from pathlib import Path

import anyio
import msgspec
import pytest

from tests.formats.test_export import make_run
from tests.support.samples import trajectory
from writ_async.cli import main
from writ_async.cli.output import print_tables
from writ_async.cli.tables import scores_table
from writ_async.commands.check import CheckReport
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.trajectory import Finding, Reward, Verdict
from writ_async.formats.foreign.verdicts import Checked
from writ_async.runs.scores import score_run
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView
from writ_async.verify.benchmark_slips import SLIPS

SLIP = Finding("user_stopped_early", "left with a yes", 1, severity="remark")


def verdict(reward: float, *findings: Finding) -> Verdict:
    return Verdict(reward=Reward(reward=reward), kept=reward == 1, findings=findings)


def test_an_evaluation_gives_pass_1_without_conversations_whose_user_slipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        trajectory("t", number, verdict=verdict(reward, *slips))
        for number, (reward, slips) in enumerate([(1.0, ()), (0.0, (SLIP,)), (1.0, ()), (0.0, ())])
    ]
    make_run(tmp_path / "run", rows)
    (score,) = score_run(tmp_path / "run")
    assert score.pass_hat[0] is not None
    assert score.pass_1_without is not None
    assert (score.slips, score.pass_hat[0].estimate) == (1, 0.5)
    assert score.pass_1_without.estimate == pytest.approx(2 / 3)
    print_tables(scores_table([score]))
    shown = capsys.readouterr().out
    assert "slips" in shown
    assert "0.667" in shown


def test_without_a_slip_there_is_no_such_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "run", [trajectory("t")])
    (score,) = score_run(tmp_path / "run")
    assert (score.slips, score.pass_1_without) == (0, None)
    print_tables(scores_table([score]))
    assert "slips" not in capsys.readouterr().out


def test_the_command_tells_how_often_users_slip_and_in_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    seats = Seats(EngineSpec("scripted", {"user_mistakes": "0.5"}))
    config = SynthConfig(domains=("retail",), n=12, seed=5, world_size=60, behaviours="off", seats=seats)
    anyio.run(synth, config, out)
    rows = list(RunView.open(out).trajectories())
    slips = [{finding.reason for finding in row.verdict.findings} & SLIPS for row in rows if row.verdict is not None]
    number = sum(map(bool, slips))
    assert 0 < number < 12
    assert main(["check", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "slips of the user" in shown
    assert f"the user slipped in {number} rows ({100 * number / 12:.1f} %)" in shown
    assert main(["check", str(out), "--json"]) == 0
    told = msgspec.json.decode(capsys.readouterr().out)["slip_kinds"]
    assert told == {reason: sum(reason in found for found in slips) for reason in set().union(*slips)}


def test_checked_rows_are_counted_by_our_reward_or_else_the_files() -> None:
    report = CheckReport()
    report.add(Checked(id="a", format="tau2", findings=(SLIP,), reward=Reward(reward=0.0), stated_reward=1.0))
    report.add(Checked(id="b", format="tau2", stated_reward=1.0))
    report.add(Checked(id="c", format="tau2", reward=Reward(reward=0.0)))
    report.add(Checked(id="d", format="tau2", findings=(SLIP,)))
    assert (report.slips, report.slips_rewarded, report.all_rewarded) == (2, 1, 3)
    assert report.pass_1 == pytest.approx(1 / 3)
    assert report.pass_1_without == 0.5
    assert CheckReport().pass_1 is None
