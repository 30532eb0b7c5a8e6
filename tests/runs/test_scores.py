"""Scores of runs whose every row is known."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.support.samples import task as some_task
from tests.support.written_runs import failed, lost, solved, write_run
from writ_async.cli.tables import unjudged_line
from writ_async.core.trajectory import Finding, Reward, Verdict
from writ_async.runs.scores import Score, score_run
from writ_async.verify.user_slips import UserReason

SLIP = Verdict(reward=Reward(reward=0.0), kept=False, findings=(Finding(UserReason.STOPPED_EARLY, severity="remark"),))


def score(path: Path) -> Score:
    return score_run(path)[-1]


def estimates(hats: list[object]) -> list[float]:
    return [round(hat.estimate, 6) for hat in hats]  # type: ignore[attr-defined]


def test_trials_that_nobody_judged_do_not_count_or_count_as_failures(tmp_path: Path) -> None:
    rows = [solved("a"), solved("a", 1), solved("b"), lost("b", 1), lost("b", 1), failed("c"), solved("c", 1)]
    found = score(write_run(tmp_path / "run", rows, trials=2))
    # a 2 of 2, b 1 of 1 or 1 of 2, c 1 of 2
    assert estimates(list(found.pass_hat)) == [round((1 + 1 + 0.5) / 3, 6)]
    assert estimates(list(found.pass_hat_failed)) == [round((1 + 0.5 + 0.5) / 3, 6), round(1 / 3, 6)]
    assert (found.unjudged, found.left_out, found.trials) == (1, 2, 5)


def test_an_attempt_that_was_made_again_is_judged(tmp_path: Path) -> None:
    found = score(write_run(tmp_path / "run", [lost("a"), solved("a"), solved("b")]))
    assert (found.unjudged, found.left_out) == (0, 1)
    assert found.pass_hat == found.pass_hat_failed


def test_a_task_that_was_never_judged_counts_under_the_second_convention_alone(tmp_path: Path) -> None:
    found = score(write_run(tmp_path / "run", [solved("a"), lost("b")]))
    assert (estimates(list(found.pass_hat)), estimates(list(found.pass_hat_failed))) == ([1.0], [0.5])
    assert found.tasks == 1


def test_conversations_with_a_slip_of_the_user_are_left_out_beside_the_raw_score(tmp_path: Path) -> None:
    rows = [solved("a"), failed("a", 1), solved("b"), solved("b", 1, verdict=SLIP)]
    found = score(write_run(tmp_path / "run", rows, trials=2))
    assert found.pass_1_without is not None
    assert found.pass_hat[0] is not None
    assert (found.slips, found.pass_hat[0].estimate) == (1, 0.5)
    assert found.pass_1_without.estimate == pytest.approx((0.5 + 1) / 2)


def test_the_command_says_in_a_line_what_trials_without_a_verdict_would_cost(tmp_path: Path) -> None:
    both = score(write_run(tmp_path / "run", [solved("a"), lost("b")]))
    assert unjudged_line(both) == "trials that nobody judged, and that do not count: 1; as failures: pass^1 0.500"
    assert unjudged_line(score(write_run(tmp_path / "whole", [solved("a")]))) == ""


def test_groups_of_a_domain_stand_together_whatever_the_order_of_the_tasks(tmp_path: Path) -> None:
    places = [("b", "refusal"), ("a", "normal"), ("b", "normal"), ("a", "refusal")]
    tasks = [
        msgspec.structs.replace(some_task(f"t{number}"), domain=domain, kind=kind)
        for number, (domain, kind) in enumerate(places)
    ]
    run = write_run(tmp_path / "run", [solved(task.id) for task in tasks], tasks=tasks)
    assert [one.name for one in score_run(run)] == ["b refusal", "b normal", "a normal", "a refusal", "all"]
