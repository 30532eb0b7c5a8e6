"""Rewards of judged conversations: what is optimised is the trainer's author's to say, and these are the usual two."""

from __future__ import annotations

from writ_async.core.trajectory import Trajectory


def benchmark_reward(row: Trajectory) -> float:
    """The benchmark's own reward, from 0 to 1: was the outcome right? 0 where something outside cut the row short."""
    return 0.0 if row.verdict is None else row.verdict.reward.reward


def kept_reward(row: Trajectory) -> float:
    """1 where nothing speaks against the row (outcome, evidence, confirmation, words), else 0."""
    return float(row.verdict is not None and row.verdict.kept)


def is_judged(row: Trajectory) -> bool:
    """Whether a row has a verdict: nothing outside has cut it short."""
    return row.verdict is not None
