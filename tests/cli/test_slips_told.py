"""Where a simulated user slipped, scores are told with and without those conversations."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formats.test_export import make_run
from tests.support.samples import trajectory
from writ_async.cli.output import print_tables
from writ_async.cli.tables import scores_table
from writ_async.commands.check import CheckReport
from writ_async.core.trajectory import Finding, Reward, Verdict
from writ_async.formats.foreign.verdicts import Checked
from writ_async.runs.scores import score_run

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
