"""Experiments drawn over all kinds, each asked whether the intervals that would be printed of it hold the truth."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import comb, exp, log, prod
from random import Random
from statistics import mean

import msgspec

from writ_async.verify.intervals import Interval, mean_interval
from writ_async.verify.paired import paired_interval
from writ_async.verify.pass_k import Tally
from writ_async.verify.trial_interval import trials_interval

RATES = (0.02, 1.0)
TASKS = (10, 164)
CORRELATIONS = (0.0, 0.6)
TRIALS = (1, 2, 4)


class Experiment(msgspec.Struct, frozen=True):
    """One kind of experiment; `spread` is the sum of the parameters of the Beta distribution of the tasks' chances.

    `other_rate` is the pass rate of a second run, `alike` the share of tasks whose chance is the same in both.
    """

    rate: float
    tasks: int
    trials: int
    spread: float
    other_rate: float
    alike: float


def draw_experiment(rng: Random, least_trials: int = 1) -> Experiment:
    """A kind: rates, correlations and shares evenly, numbers of tasks evenly by their size."""
    correlation = rng.uniform(*CORRELATIONS)
    rate = rng.uniform(*RATES)
    return Experiment(
        rate=rate,
        tasks=round(exp(rng.uniform(log(TASKS[0]), log(TASKS[1])))),
        trials=rng.choice([trials for trials in TRIALS if trials >= least_trials]),
        spread=(1 - correlation) / max(correlation, 1e-3),
        other_rate=min(RATES[1], max(RATES[0], rate + rng.uniform(-0.2, 0.2))),
        alike=rng.random(),
    )


def drawn_coverage(experiments: int, rng: Random) -> dict[str, float]:
    """The share of so many experiments of each interval in which it held the truth, by what it is of."""
    kinds: dict[str, tuple[int, Callable[[Experiment, Random], bool]]] = {
        f"pass^{k}": (k, partial(_holds_hat, k)) for k in (1, 2, 3, 4)
    }
    kinds["pass^1 of these tasks, by trials"] = (2, _holds_by_trials)
    kinds["difference of two runs"] = (1, _holds_difference)
    return {
        name: mean(holds(draw_experiment(rng, least_trials), rng) for _ in range(experiments))
        for name, (least_trials, holds) in kinds.items()
    }


def _holds_hat(k: int, one: Experiment, rng: Random) -> bool:
    counts = [_successes(chance, one.trials, rng) for chance in _chances(one, rng)]
    return _holds(mean_interval([comb(count, k) / comb(one.trials, k) for count in counts]), _true_hat(one, k))


def _holds_by_trials(one: Experiment, rng: Random) -> bool:
    chances = _chances(one, rng)
    tallies = {
        str(index): Tally(one.trials, _successes(chance, one.trials, rng)) for index, chance in enumerate(chances)
    }
    return _holds(trials_interval(tallies), mean(chances))


def _holds_difference(one: Experiment, rng: Random) -> bool:
    differences = []
    for chance in _chances(one, rng):
        other = chance if rng.random() < one.alike else _chance(one.other_rate, one.spread, rng)
        differences.append((_successes(other, one.trials, rng) - _successes(chance, one.trials, rng)) / one.trials)
    return _holds(paired_interval(differences)[0], (1 - one.alike) * (one.other_rate - one.rate))


def _chances(one: Experiment, rng: Random) -> list[float]:
    return [_chance(one.rate, one.spread, rng) for _ in range(one.tasks)]


def _true_hat(one: Experiment, k: int) -> float:
    """The mean of the k-th powers of the chances: the k-th moment of their Beta distribution."""
    return prod((one.rate * one.spread + power) / (one.spread + power) for power in range(k))


def _successes(chance: float, trials: int, rng: Random) -> int:
    return sum(rng.random() < chance for _ in range(trials))


def _chance(rate: float, spread: float, rng: Random) -> float:
    return rate if rate >= 1 else rng.betavariate(rate * spread, (1 - rate) * spread)


def _holds(found: Interval, truth: float) -> bool:
    return found.low - 1e-12 <= truth <= found.high + 1e-12
