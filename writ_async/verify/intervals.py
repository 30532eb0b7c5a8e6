"""Means over tasks, with intervals that hold what they promise where tasks are few or all alike.

Tasks are the clusters: trials of one task are alike, so a task is drawn with all its trials and gives one value. The
interval is that of Student's t over tasks, to which one task that always succeeds and one that never does are added (as
Agresti & Coull 1998 add successes and failures): without them it would be a point where all tasks are alike, and too
narrow near 0 and 1. `bench/intervals.py` shows how often it covers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import msgspec

_NORMAL = NormalDist()


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
    widened = [*values, 0.0, 1.0]
    count = len(widened)
    centre = mean(widened)
    error = math.sqrt(math.fsum((value - centre) ** 2 for value in widened) / (count - 1) / count)
    half = student_quantile(0.5 + level / 2, count - 1) * error
    return Interval(estimate, max(0.0, min(estimate, centre - half)), min(1.0, max(estimate, centre + half)))


def student_quantile(share: float, degrees: int) -> float:
    """The quantile of Student's t, to about a thousandth from 3 degrees of freedom on.

    By the expansion of Fisher and Cornish in the inverse of the degrees (Abramowitz & Stegun 26.7.5).
    """
    z = _NORMAL.inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / degrees**power for power, term in enumerate(terms, start=1))
