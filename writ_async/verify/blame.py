"""Whose fault it is that a conversation did not succeed, as far as a program can tell."""

from __future__ import annotations

from enum import StrEnum

from writ_async.core.trajectory import ENDED_FROM_OUTSIDE, Reward, Termination, Trajectory
from writ_async.verify.benchmark_slips import slipped
from writ_async.verify.pass_k import is_success


class Blame(StrEnum):
    """What stood in the way, in the order in which it is looked for."""

    INFRASTRUCTURE = "infrastructure"
    """No verdict: a server, a deadline or a person ended it. It counts in no pass^k."""
    USER_SLIP = "user slip"
    """The simulated user did what no user should, or gave no message."""
    JUDGE = "judge"
    """All that a program checks holds, and only a judge of plain-language assertions says no."""
    AGENT = "agent"
    """None of these."""


def blame_of(row: Trajectory) -> Blame | None:
    """Who is to blame; None where the conversation succeeded, or was stopped early and nobody knows."""
    if row.termination is Termination.STOPPED_EARLY:
        return None
    if row.verdict is None or row.termination in ENDED_FROM_OUTSIDE:
        return Blame.INFRASTRUCTURE
    if is_success(row.verdict.reward.reward):
        return None
    if row.termination is Termination.USER_ERROR or slipped(row.verdict.findings):
        return Blame.USER_SLIP
    return Blame.JUDGE if _judge_alone(row.verdict.reward) else Blame.AGENT


def _judge_alone(reward: Reward) -> bool:
    parts = dict(reward.breakdown or {})
    judged = parts.pop("NL_ASSERTION", None)
    return judged is not None and not is_success(judged) and all(map(is_success, parts.values()))
