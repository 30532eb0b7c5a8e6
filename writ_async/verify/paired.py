"""Two sets of trials on the same tasks: the difference of their means, and what it may mean.

Tasks are the clusters: a task that is hard for one is hard for the other, and its trials are alike, so what is drawn at
random is the difference of a task, not a trial. The interval is that of Student's t over tasks, with half a task more
on either side, so that equal results do not make it a point (the adjustment of Agresti & Min 2005 for paired
proportions); the p value is that of the sign-flip permutation test.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from random import Random
from statistics import NormalDist

import msgspec

from writ_async.verify.intervals import Interval, student_quantile
from writ_async.verify.spread import HALF_A_TASK, POWER

_FLIPS = 10_000
_NORMAL = NormalDist()


class Difference(msgspec.Struct, frozen=True):
    """A mean difference over tasks, B less A, with its interval; shares from -1 to 1.

    `p` is the chance of a difference as large where both are alike, `detectable` the smallest true one that as many
    tasks and trials would show in four of five experiments.
    """

    mean: float
    low: float
    high: float
    p: float
    detectable: float


def paired_difference(differences: Sequence[float], rng: Random) -> Difference:
    """The mean of the differences of tasks, each between -1 and 1. Raises `ValueError` without any.

    Costs O(tasks), and draws as many times as there are flips for each size of difference.
    """
    found, detectable = paired_interval(differences)
    p = sign_flip_p(differences, rng)
    return Difference(found.estimate, found.low, found.high, p, detectable)


def paired_interval(differences: Sequence[float], level: float = 0.95) -> tuple[Interval, float]:
    """The mean of the differences of tasks with its interval, and the smallest true one that would mostly be seen.

    Raises `ValueError` without any difference.
    """
    if not differences:
        raise ValueError("there is no task to compare")
    widened = [*differences, HALF_A_TASK, -HALF_A_TASK]
    count = len(widened)
    centre = math.fsum(widened) / count
    error = math.sqrt(math.fsum((one - centre) ** 2 for one in widened) / (count - 1) / count)
    quantile = student_quantile(0.5 + level / 2, count - 1)
    mean = math.fsum(differences) / len(differences)
    low = max(-1.0, min(mean, centre - quantile * error))
    high = min(1.0, max(mean, centre + quantile * error))
    return Interval(mean, low, high), min(1.0, (quantile + _NORMAL.inv_cdf(POWER)) * error)


def sign_flip_p(differences: Sequence[float], rng: Random) -> float:
    """The share of sign flips whose sum is as far from 0 as that of the differences, itself counted (two-sided).

    Differences of one size are flipped together: how many of them are positive is binomial, and is drawn as such.
    """
    sizes = Counter(abs(one) for one in differences if one)
    observed = abs(math.fsum(differences)) - 1e-9
    extreme = 0
    for _ in range(_FLIPS):
        total = math.fsum(size * (2 * rng.getrandbits(count).bit_count() - count) for size, count in sizes.items())
        extreme += abs(total) >= observed
    return (extreme + 1) / (_FLIPS + 1)
