"""How much the trials of one task differ, and what that leaves to be seen in a difference of two runs."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum, sqrt
from statistics import NormalDist

import msgspec

from writ_async.verify.intervals import mean, student_quantile
from writ_async.verify.pass_k import Tally

POWER = 0.8
"""In how many experiments a difference is to be seen for it to be called detectable."""
HALF_A_TASK = 0.5
"""What is added on either side of the differences of tasks, so that equal results do not make them certain."""
_NORMAL = NormalDist()


class Spread(msgspec.Struct, frozen=True):
    """Of the trials of a run: how often two of one task differ, and how alike they are.

    `correlation` is that of the successes within tasks, from 0 (a task says nothing of its next trial) to 1; None where
    tasks have one trial, or all trials of all tasks come to the same. `detectable` is the smallest true difference of
    pass^1 to another run of the same tasks and trials that would be seen in four of five experiments, from 0 to 1.
    """

    flip_rate: float | None
    correlation: float | None
    detectable: float


def spread_of(tallies: Mapping[str, Tally]) -> Spread:
    """The spread of the trials of these tasks. Raises `ValueError` without a task.

    Where tasks have one trial each, their trials may differ as much as the rate of successes lets them.
    """
    counts = list(tallies.values())
    repeated = [one for one in counts if one.trials > 1]
    rate = mean([one.successes / one.trials for one in counts])
    flips = [2 * one.successes * (one.trials - one.successes) / (one.trials * (one.trials - 1)) for one in repeated]
    flip_rate = mean(flips) if flips else None
    within = rate * (1 - rate) if flip_rate is None else flip_rate / 2
    between = rate * (1 - rate)
    correlation = None if flip_rate is None or between == 0 else min(1.0, max(0.0, 1 - within / between))
    variance = fsum(2 * within / one.trials for one in counts)
    return Spread(flip_rate, correlation, smallest_detectable(variance, len(counts)))


def smallest_detectable(squares: float, tasks: int, level: float = 0.95) -> float:
    """The smallest true mean difference that is mostly seen, where the squares of tasks' differences come to a sum.

    With half a task more on either side, as `paired_interval` has them.
    """
    error = sqrt((squares + 2 * HALF_A_TASK**2) / (tasks + 1) / (tasks + 2))
    return min(1.0, (student_quantile(0.5 + level / 2, tasks + 1) + _NORMAL.inv_cdf(POWER)) * error)
