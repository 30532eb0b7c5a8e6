"""How sure pass^1 of these very tasks is: beside `intervals`, where tasks stand for all others of their kind.

The tasks are given here, and only their trials are drawn: more trials make the interval as narrow as one likes. All
tasks of a group have to be tried equally often. To try those alone again whose success is least known bends the mean
(of the sure ones it is the unlucky that are tried again): in simulations as few as a third of such intervals then held
the truth, and with equal trials 96 of 100 do (`bench/intervals.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum, sqrt
from statistics import NormalDist

from writ_async.verify.intervals import Interval, mean
from writ_async.verify.pass_k import Tally

_ADDED = 3
"""Trials that are added to those of all tasks, half of them successes. Agresti & Coull 1998 add four, for tasks that
are alike; where each has a variance of its own, three hold closer to what they promise."""


def trials_interval(tallies: Mapping[str, Tally], level: float = 0.95) -> Interval:
    """The mean success of the tasks, with the interval that the chance of their trials leaves.

    The variance of each task's mean is the unbiased c (n - c) / n² (n - 1) of c successes in n trials; to their sum
    come the added trials, so that the interval is no point where each task always comes out alike. Raises `ValueError`
    without a task, and for a task with fewer than two trials.
    """
    counts = list(tallies.values())
    estimate = mean([one.successes / one.trials for one in counts])
    if min(one.trials for one in counts) < 2:
        raise ValueError("a task with one trial does not say how much its trials differ")
    trials = sum(one.trials for one in counts)
    within = fsum(one.successes * (one.trials - one.successes) / (one.trials**2 * (one.trials - 1)) for one in counts)
    added = _ADDED / 2 * (len(counts) / trials) ** 2
    centre = (estimate * trials + _ADDED / 2) / (trials + _ADDED)
    half = NormalDist().inv_cdf(0.5 + level / 2) * sqrt(within + added) / len(counts)
    return Interval(estimate, max(0.0, min(estimate, centre - half)), min(1.0, max(estimate, centre + half)))
