"""Means over tasks, with intervals that hold what they promise where tasks are few or all alike.

Tasks are the clusters: trials of one task are alike, so a task is drawn with all its trials and gives one value. The
interval is that of Student's t over tasks, to which a part of a task that always succeeds and of one that never does
are added (as Agresti & Coull 1998 add successes and failures): without them it would be a point where all tasks are
alike, and too narrow near 0 and 1. The part is the smaller, the less the values differ beside those of tasks tried
once: whole ones would outweigh tasks that many trials make alike. `bench/intervals.py` shows how often it covers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import msgspec

_NORMAL = NormalDist()
_ADDED = 0.75
"""How much of a task is added on either side where tasks have one trial each."""
_LEAST_ADDED = 0.2


class Interval(msgspec.Struct, frozen=True):
    """An estimate with the bounds of its confidence interval."""

    estimate: float
    low: float
    high: float


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean. Raises `ValueError` when there are no values."""
    if not values:
        raise ValueError("no tasks to average over")
    return math.fsum(values) / len(values)


def mean_interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """The mean of one value per task, each from 0 to 1, with its interval. Raises `ValueError` when there are none."""
    estimate = mean(values)
    added = _weight_added(values)
    count = len(values) + 2 * added
    centre = (math.fsum(values) + added) / count
    error = math.sqrt(_squares(values, added, centre) / (count - 1) / count)
    half = student_quantile(0.5 + level / 2, count - 1) * error
    return Interval(estimate, max(0.0, min(estimate, centre - half)), min(1.0, max(estimate, centre + half)))


def _weight_added(values: Sequence[float]) -> float:
    """How much of a task is added: by the variance of the values over that of yes or no at the same mean."""
    count = len(values) + 2
    centre = (math.fsum(values) + 1) / count
    share = _squares(values, 1, centre) / (count - 1) / (centre * (1 - centre))
    return max(_LEAST_ADDED, _ADDED * min(1.0, share))


def _squares(values: Sequence[float], added: float, centre: float) -> float:
    """The sum of squares about a centre of the values and of as much of a 0 and of a 1."""
    return math.fsum((value - centre) ** 2 for value in values) + added * (centre**2 + (1 - centre) ** 2)


def student_quantile(share: float, degrees: float) -> float:
    """The quantile of Student's t: exact at 2 degrees of freedom, to about a thousandth from 3 on.

    By the expansion of Fisher and Cornish in the inverse of the degrees (Abramowitz & Stegun 26.7.5); at 2 degrees the
    distribution has an inverse in closed form (Shaw 2006, Sampling Student's T distribution).
    """
    if degrees == 2:
        return (2 * share - 1) / math.sqrt(2 * share * (1 - share))
    z = _NORMAL.inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / degrees**power for power, term in enumerate(terms, start=1))
