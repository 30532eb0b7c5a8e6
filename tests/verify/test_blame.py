"""Who is to blame for a conversation that did not succeed."""

from __future__ import annotations

import pytest

from tests.support.samples import trajectory
from writ_async.core.trajectory import Finding, Reward, Termination, Trajectory, Verdict
from writ_async.verify.blame import Blame, blame_of
from writ_async.verify.reasons import Reason
from writ_async.verify.user_slips import UserReason

SLIP = Finding(UserReason.STOPPED_EARLY, severity="remark")


def ended(reward: float, *findings: Finding, parts: dict[str, float] | None = None) -> Trajectory:
    return trajectory(verdict=Verdict(reward=Reward(reward=reward, breakdown=parts), kept=False, findings=findings))


@pytest.mark.parametrize(
    ("row", "blame"),
    [
        (ended(1), None),
        (ended(1, SLIP), None),
        (ended(0, Finding(Reason.WRONG_OUTCOME)), Blame.AGENT),
        (ended(0, Finding(Reason.WRONG_OUTCOME), SLIP), Blame.USER_SLIP),
        (ended(0, parts={"DB": 1.0, "NL_ASSERTION": 0.0}), Blame.JUDGE),
        (ended(0, parts={"DB": 0.0, "NL_ASSERTION": 0.0}), Blame.AGENT),
        (ended(0, parts={"DB": 0.0, "NL_ASSERTION": 1.0}), Blame.AGENT),
        (trajectory(termination=Termination.USER_ERROR, reasons=("incomplete",)), Blame.USER_SLIP),
        (trajectory(termination=Termination.TIMEOUT, judged=False), Blame.INFRASTRUCTURE),
        (trajectory(judged=False), Blame.INFRASTRUCTURE),
        (trajectory(termination=Termination.STOPPED_EARLY, reasons=("wrong_outcome",)), None),
    ],
)
def test_blame_goes_where_a_person_would_put_it(row: Trajectory, blame: Blame | None) -> None:
    assert blame_of(row) == blame
