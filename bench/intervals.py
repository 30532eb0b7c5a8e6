"""How often the intervals of pass^k hold the truth, over simulated experiments.

    python bench/intervals.py [--n 2000] [--seed 1] [--json FILE]

Each cell has a pass rate, a number of tasks, of trials of each, and a correlation of the trials of one task: its chance
is drawn from the Beta distribution of that mean and correlation. An experiment draws all trials and asks whether the
95 % interval of pass^1 holds the rate. Where few results are possible no interval covers in 95 of 100 exactly; what
matters is that none covers less.
"""

from __future__ import annotations

import sys
from random import Random
from statistics import mean

import msgspec

from bench.report import Figure, make_parser, run_script, show_figures, write_json
from writ_async.verify.intervals import mean_interval

LEAST = 0.93


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
        chance = cell.rate
        if cell.correlation:
            spread = (1 - cell.correlation) / cell.correlation
            chance = rng.betavariate(cell.rate * spread, (1 - cell.rate) * spread)
        values.append(sum(rng.random() < chance for _ in range(cell.trials)) / cell.trials)
    found = mean_interval(values)
    return found.low - 1e-12 <= cell.rate <= found.high + 1e-12


def main(arguments: list[str]) -> None:
    """Print the figures."""
    parser = make_parser(__doc__, n=2000, of="experiments of each kind")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    rng = Random(options.seed)
    found = {cell: coverage(cell, options.n, rng) for cell in CELLS}
    figures = [Figure(str(cell), 100 * share, "%") for cell, share in found.items()]
    figures += [
        Figure("mean of all", 100 * mean(found.values()), "%"),
        Figure("fewest", 100 * min(found.values()), "%", 100 * LEAST, least=True),
        Figure("within 93 to 97", 100 * mean(LEAST <= share <= 0.97 for share in found.values()), "% of the kinds"),
    ]
    show_figures(figures, "experiments whose 95 % interval holds the truth")
    write_json(options.json, figures)


if __name__ == "__main__":
    sys.exit(run_script(main))
