"""pass^k and pass@k over repeated trials of tasks; `intervals` has what a mean of them is sure of.

pass^k asks that all of k trials succeed (tau-bench, arXiv 2406.12045), pass@k that at least one does (Codex, arXiv
2107.03374). Both are unbiased estimates from n >= k trials with c successes, taken per task and then averaged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import comb

import msgspec

SUCCESS_TOLERANCE = 1e-6
"""How far from 1 the reward of a success may be."""


class Tally(msgspec.Struct, frozen=True):
    """How many trials of one task counted, and how many of them succeeded."""

    trials: int
    successes: int


def is_success(reward: float) -> bool:
    """Whether a reward counts as solved."""
    return abs(reward - 1.0) <= SUCCESS_TOLERANCE


def tally(rows: Iterable[tuple[str, float | None]]) -> dict[str, Tally]:
    """Group (task id, reward) rows by task, in order of first appearance.

    The reward None stands for an infrastructure error, which says nothing about the agent: the trial does not count,
    and a task without any trial that counts is left out.
    """
    counts: dict[str, list[int]] = {}
    for task_id, reward in rows:
        if reward is None:
            continue
        count = counts.setdefault(task_id, [0, 0])
        count[0] += 1
        count[1] += is_success(reward)
    return {task_id: Tally(trials, successes) for task_id, (trials, successes) in counts.items()}


def _check(trials: int, successes: int, k: int) -> None:
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    if not 1 <= k <= trials:
        raise ValueError(f"k is {k}, must be 1 to {trials}, the number of trials")


def pass_hat_k(trials: int, successes: int, k: int) -> float:
    """Chance that k trials drawn without replacement all succeeded: C(c, k) / C(n, k).

    Raises `ValueError` unless 0 <= successes <= trials and 1 <= k <= trials.
    """
    _check(trials, successes, k)
    return comb(successes, k) / comb(trials, k)


def pass_at_k(trials: int, successes: int, k: int) -> float:
    """Chance that at least one of k trials drawn without replacement succeeded: 1 - C(n - c, k) / C(n, k).

    Raises `ValueError` unless 0 <= successes <= trials and 1 <= k <= trials.
    """
    _check(trials, successes, k)
    return 1.0 - comb(trials - successes, k) / comb(trials, k)


def max_k(tallies: Mapping[str, Tally]) -> int:
    """The largest k that every task has trials for; 0 when there are no tasks."""
    return min((count.trials for count in tallies.values()), default=0)


def hat_values(tallies: Mapping[str, Tally], k: int) -> list[float]:
    """pass^k of each task, in the order of the tallies. Raises `ValueError` when a task has fewer than k trials."""
    return [pass_hat_k(count.trials, count.successes, k) for count in tallies.values()]


def at_values(tallies: Mapping[str, Tally], k: int) -> list[float]:
    """pass@k of each task, in the order of the tallies. Raises `ValueError` when a task has fewer than k trials."""
    return [pass_at_k(count.trials, count.successes, k) for count in tallies.values()]
