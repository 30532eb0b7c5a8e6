"""How often the intervals that are printed hold the truth, over simulated experiments.

    python bench/intervals.py [--n 2000] [--seed 1] [--json FILE]

First over five times as many experiments of all kinds (`bench/interval_draws.py`): pass rates from 0.02 to 1, 10 to 164
tasks, correlations of the trials of a task from 0 to 0.6, 1, 2 or 4 trials, each drawn anew for every experiment. Each
of the intervals has to hold in 93 to 97 of 100: pass^1 to pass^4 over tasks, pass^1 of these very tasks by their
trials, and the paired difference of two runs.

Then kind by kind, for one may hide another. Each cell has a pass rate, a number of tasks, of trials of each, and a
correlation of the trials of one task: its chance is drawn from the Beta distribution of that mean and correlation. An
experiment draws all trials and asks whether the 95 % interval of pass^1 holds the rate. Where few results are possible
no interval covers in 95 of 100 exactly (of tasks that never fail each holds 1); what matters is that none covers less.

The same is asked of the interval that the chance of trials leaves of these very tasks, which is to hold the mean of
their chances: after a given number of trials, and after all tasks were tried again until it was as narrow as asked
(`writ eval --until-width`). `--again least-known` tries those tasks alone again whose success is least known, to show
why that is not done.
"""

from __future__ import annotations

import heapq
import sys
from random import Random
from statistics import mean

import msgspec

from bench.interval_draws import drawn_coverage
from bench.report import Figure, make_parser, run_script, show_figures, write_json
from writ_async.verify.intervals import mean_interval
from writ_async.verify.pass_k import Tally
from writ_async.verify.trial_interval import trials_interval

LEAST, MOST = 0.93, 0.97
_OF_ALL = 5  # times --n, for chance to move a share by some tenths of a point only


class Cell(msgspec.Struct, frozen=True):
    """One kind of experiment."""

    rate: float
    tasks: int
    trials: int
    correlation: float

    def __str__(self) -> str:
        return f"{self.rate:g} of {self.tasks} tasks x {self.trials}, correlation {self.correlation:g}"


CELLS = tuple(
    Cell(rate, tasks, trials, correlation)
    for rate in (0.02, 0.1, 0.3, 0.6, 0.9, 0.98, 1.0)
    for tasks in (10, 30, 50, 114, 164)
    for trials in (1, 4)
    for correlation in (0.0, 0.3, 0.6)
    if correlation == 0 or (trials > 1 and rate < 1)
)


def coverage(cell: Cell, experiments: int, rng: Random) -> float:
    """The share of experiments whose interval holds the rate."""
    return mean(_covers(cell, rng) for _ in range(experiments))


def _covers(cell: Cell, rng: Random) -> bool:
    values = []
    for _ in range(cell.tasks):
        chance = _chance(cell, rng)
        values.append(sum(rng.random() < chance for _ in range(cell.trials)) / cell.trials)
    found = mean_interval(values)
    return found.low - 1e-12 <= cell.rate <= found.high + 1e-12


class Repeated(msgspec.Struct, frozen=True):
    """Tasks of a cell that are tried again until the interval by trials is not wider than `width`, or `most` times."""

    cell: Cell
    width: float
    most: int = 32

    def __str__(self) -> str:
        until = f" until {100 * self.width:g} points" if self.width < 1 else ""
        return f"{self.cell}{until}"


REPEATED = tuple(
    Repeated(Cell(rate, tasks, trials, correlation), width)
    for rate in (0.02, 0.1, 0.3, 0.6, 0.9, 0.98)
    for tasks in (10, 50, 114)
    for trials in (2, 4)
    for correlation in (0.0, 0.3, 0.6)
    for width in (1.0, 0.1, 0.05)
    if width > 0.05 or tasks > 10
)


def coverage_by_trials(kind: Repeated, experiments: int, rng: Random, again: str) -> float:
    """The share of experiments whose interval by trials holds the mean chance of its tasks."""
    return mean(_covers_by_trials(kind, rng, again) for _ in range(experiments))


def _covers_by_trials(kind: Repeated, rng: Random, again: str) -> bool:
    cell = kind.cell
    chances = [_chance(cell, rng) for _ in range(cell.tasks)]
    counts = [[0, 0] for _ in chances]

    def play(index: int) -> None:
        counts[index][0] += 1
        counts[index][1] += rng.random() < chances[index]

    for index in range(cell.tasks):
        for _ in range(cell.trials):
            play(index)
    while True:
        found = trials_interval({str(index): Tally(*count) for index, count in enumerate(counts)})
        if found.high - found.low <= kind.width or max(trials for trials, _ in counts) >= kind.most:
            break
        chosen = range(cell.tasks) if again == "all" else _least_known(counts)
        for index in chosen:
            play(index)
    return found.low - 1e-12 <= mean(chances) <= found.high + 1e-12


def _least_known(counts: list[list[int]]) -> list[int]:
    """As many trials as there are tasks, each for the task whose success then is least known (Jeffreys' prior)."""

    def gain(index: int, further: int) -> float:
        trials, successes = counts[index]
        rate = (successes + 0.5) / (trials + 1)
        return rate * (1 - rate) / ((trials + further + 2) * (trials + further + 3))

    heap = [(-gain(index, 0), index, 0) for index in range(len(counts))]
    heapq.heapify(heap)
    chosen = []
    for _ in counts:
        _, index, further = heap[0]
        chosen.append(index)
        heapq.heapreplace(heap, (-gain(index, further + 1), index, further + 1))
    return chosen


def _chance(cell: Cell, rng: Random) -> float:
    if not cell.correlation:
        return cell.rate
    spread = (1 - cell.correlation) / cell.correlation
    return rng.betavariate(cell.rate * spread, (1 - cell.rate) * spread)


def main(arguments: list[str]) -> None:
    """Print the figures."""
    parser = make_parser(__doc__, n=2000, of="experiments of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", choices=("all", "least-known"), default="all", help="which tasks are tried again")
    options = parser.parse_args(arguments)
    rng = Random(options.seed)
    drawn = drawn_coverage(_OF_ALL * options.n, rng)
    over_all = [Figure(f"{name}, least", 100 * share, "%", 100 * LEAST, least=True) for name, share in drawn.items()]
    over_all += [Figure(f"{name}, most", 100 * share, "%", 100 * MOST) for name, share in drawn.items()]
    show_figures(
        over_all,
        f"of {_OF_ALL * options.n:,} experiments drawn over all kinds, those whose 95 % interval holds the truth",
    )
    found = {cell: coverage(cell, options.n, rng) for cell in CELLS}
    figures = [Figure(str(cell), 100 * share, "%") for cell, share in found.items()]
    figures += [
        Figure("mean of all", 100 * mean(found.values()), "%"),
        Figure("fewest", 100 * min(found.values()), "%", 100 * LEAST, least=True),
        Figure("within 93 to 97", 100 * mean(LEAST <= share <= MOST for share in found.values()), "% of the kinds"),
    ]
    by_trials = {kind: coverage_by_trials(kind, max(1, options.n // 4), rng, options.again) for kind in REPEATED}
    figures += [
        Figure("by trials, mean of all", 100 * mean(by_trials.values()), "%"),
        Figure(
            f"by trials, fewest: {min(by_trials, key=lambda kind: by_trials[kind])}", 100 * min(by_trials.values()), "%"
        ),
        Figure(
            "by trials, within 93 or above",
            100 * mean(share >= LEAST for share in by_trials.values()),
            "% of the kinds",
        ),
    ]
    show_figures(figures, "kind by kind, experiments whose 95 % interval of pass^1 holds the truth")
    write_json(options.json, [*over_all, *figures])


if __name__ == "__main__":
    sys.exit(run_script(main))
