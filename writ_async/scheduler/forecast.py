"""How large a conversation will become: what became of those that began with it, learned while the run goes on.

Conversations of a kind that begin one after another form a cohort. Of a cohort it is kept, per size, how many went past
that size and how many ended there: a discrete hazard, as in the estimator of Kaplan and Meier, so that those which are
still live say something too (that they were not over before their size). Counting finished conversations alone would
take the first to finish, which are the short ones, for all.

What few of a cohort have shown is taken from the cohort before it. So a steady mix is learned ever better; and a mix
that shifts is noticed by the first cohort that outgrows the one before, while nothing changes for those that began
earlier.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import log1p

WIDTH = 512
"""Tokens of one step, for pools of 131,072 tokens and more; smaller pools have finer steps."""

COHORT = 16
"""How many conversations a cohort has at least; with many live ones it has an eighth of them."""

MOST_COHORTS = 32
"""Of so many cohorts of a kind those go on learning from the ones before of which nobody lives."""

_STEPS = 256
_WEIGHT = 4.0  # what the cohort before says counts as much as so many outcomes of the cohort's own
_PRIOR_WEIGHT = 1.0
_MOST_HAZARD = 0.98
_PRIOR_SIZE = 12_288
_PRIOR_SHARE = 16
_TAIL = 2.0
"""What is taken of a size that nobody has shown: conversations go on to `_PRIOR_SIZE` tokens, or a sixteenth of the
pool, and beyond it have the tail of a Pareto distribution with this exponent: they double on average.

To take all for large and alike is the careful guess: of conversations that vary, many more may begin, for the short
ones make room for the long. To begin with too few costs a little of the first minute, with too many their caches.
"""


def step_width(pool: int) -> int:
    """Tokens of one step for a KV pool of some tokens: so many that all steps are the pool, from 16 to `WIDTH`."""
    return max(16, min(WIDTH, pool // _STEPS))


def prior_size(pool: int) -> int:
    """The size that conversations are taken to reach, in tokens of their own, while none has ended."""
    return min(_PRIOR_SIZE, pool // _PRIOR_SHARE)


class Cohort:
    """The sizes, in tokens of their own, of conversations that began one after another.

    `joined` have begun, of which `live` have not ended. What is counted is in the forecasts after `refresh_forecasts`.
    Without a cohort before it, conversations are taken to reach `prior` tokens.
    """

    __slots__ = ("_before", "_ended", "_hazards", "_passed", "_sums", "_variances", "_width", "joined", "live")

    def __init__(self, width: int = WIDTH, before: Cohort | None = None, prior: int = _PRIOR_SIZE) -> None:
        self.joined = 0
        self.live = 0
        self._width = width
        self._before = before
        self._passed = [0] * _STEPS
        self._ended = [0] * _STEPS
        self._hazards = [_TAIL / (step + 1) if step * width >= prior else 0.0 for step in range(_STEPS)]
        self._sums: list[float] = []
        self._variances: list[int] = []
        self.refresh_forecasts()

    def conversation_began(self) -> None:
        """A conversation begins."""
        self.joined += 1
        self.live += 1

    def conversation_grew(self, before: int, now: int) -> None:
        """A live conversation has gone from one size to another."""
        passed, width = self._passed, self._width
        for step in range(before // width, min(now // width, _STEPS - 1)):
            passed[step] += 1

    def conversation_ended(self, size: int) -> None:
        """A conversation has ended at a size."""
        self._ended[min(size // self._width, _STEPS - 1)] += 1
        self.live -= 1

    def refresh_forecasts(self) -> None:
        """Take what was counted into the forecasts; the cohort before must have done so."""
        hazards = self._hazards
        if self._before is not None:
            known = self._before._hazards
            weight = _WEIGHT if self._before.joined else _PRIOR_WEIGHT
            for step, (ended, passed) in enumerate(zip(self._ended, self._passed, strict=True)):
                hazards[step] = (ended + weight * known[step]) / (ended + passed + weight)
        total = 0.0
        sums = self._sums = []
        for hazard in hazards:
            total -= log1p(-min(hazard, _MOST_HAZARD))
            sums.append(total)
        self._variances = _variances_to_go(hazards, self._width)

    def forget_earlier(self) -> None:
        """Nothing more is to be learned from the cohorts before: let them go."""
        self._before = None

    def size_quantile(self, size: int, share: float) -> int:
        """The size that a conversation of this size will not pass with probability `share`; at least its size.

        With the cumulative hazard H over steps, that is the first step at which H - H(size) reaches -log(1 - share).
        """
        step = min(size // self._width, _STEPS - 1)
        wanted = (self._sums[step - 1] if step else 0.0) - log1p(-share)
        step = bisect_left(self._sums, wanted, lo=step)
        return max(size, step * self._width + self._width // 2)

    def growth_variance(self, size: int) -> int:
        """The variance, in tokens squared, of what a conversation of this size has to go."""
        return self._variances[min(size // self._width, _STEPS - 1)]


def _variances_to_go(hazards: Sequence[float], width: int) -> list[int]:
    """By step, the variance of what is to go, by the moments of the next step; what passes the last one ends there."""
    variances = [0] * len(hazards)
    mean = square = 0.0  # of the steps to go, and of their square
    for step in range(len(hazards) - 2, -1, -1):
        past = 1.0 - hazards[step]
        mean, square = past * (1.0 + mean), past * (1.0 + 2.0 * mean + square)
        variances[step] = round(max(0.0, square - mean * mean) * width * width)
    return variances


class Forecast:
    """Cohorts by kind, for pools of some tokens. A refresh costs as much as there are cohorts, which are few."""

    def __init__(self, pool: int) -> None:
        self.width = step_width(pool)
        self._cohorts: dict[str, list[Cohort]] = {}
        self._last = Cohort(self.width, prior=prior_size(pool))

    def newest_cohort(self, kind: str) -> Cohort:
        """The cohort that a conversation of this kind would join."""
        cohorts = self._cohorts.get(kind)
        if cohorts is None:
            # Nothing is known of a new kind but what the others are like.
            cohorts = self._cohorts[kind] = [Cohort(self.width, self._last)]
            self._last = cohorts[0]
        newest = cohorts[-1]
        if newest.joined >= max(COHORT, sum(cohort.live for cohort in cohorts) // 8):
            newest = self._last = Cohort(self.width, newest)
            cohorts.append(newest)
        return newest

    def refresh_forecasts(self) -> None:
        """Take what was counted into all forecasts."""
        for cohorts in self._cohorts.values():
            for cohort in cohorts:
                cohort.refresh_forecasts()
            while len(cohorts) > 1 and not cohorts[0].live:
                cohorts.pop(0).forget_earlier()
            if len(cohorts) > MOST_COHORTS:
                # One that lives on and on must not keep all that came after it.
                for cohort in cohorts[:-1]:
                    if not cohort.live:
                        cohort.forget_earlier()
                cohorts[:-1] = [cohort for cohort in cohorts[:-1] if cohort.live]
