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
    tasks have one trial, or all trials of all tasks come to the same. Of a difference of pass^1 to another run of the
    same tasks and trials, `significant` is the smallest measured one that chance alone would give in fewer than one of
    twenty experiments, and `detectable` the smallest true one that would be measured as such in four of five; both are
    from 0 to 1.
    """

    flip_rate: float | None
    correlation: float | None
    significant: float
    detectable: float


def spread_of(tallies: Mapping[str, Tally]) -> Spread:
    """The spread of the trials of these tasks. Raises `ValueError` without a task.

    Where tasks have one trial each, their trials may differ as much as the rate of successes lets them. The error of a
    difference is that of `paired_interval`, half a task on either side included.
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
    error = sqrt((variance + 2 * HALF_A_TASK**2) / (len(counts) + 1) / (len(counts) + 2))
    quantile = student_quantile(0.975, len(counts) + 1)
    detectable = (quantile + _NORMAL.inv_cdf(POWER)) * error
    return Spread(flip_rate, correlation, min(1.0, quantile * error), min(1.0, detectable))
