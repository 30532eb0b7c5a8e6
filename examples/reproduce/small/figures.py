"""Figures of an experiment: every run's answer to every task, in a file small enough to keep, and what they come to.

What is compared is compared task by task. Two things are drawn at random, and each has an interval of its own: over
tasks, whose values are means over an arm's seeds, and over seeds, whose values are means over the tasks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import fmean, stdev
from typing import Any, Final, Literal

import msgspec

from examples.reproduce.small.arms import Arm
from examples.reproduce.small.game import Outcome
from writ_async import InputError
from writ_async.core.task import Kind
from writ_async.files import read_json
from writ_async.verify.intervals import Interval, mean_interval, student_quantile
from writ_async.verify.paired import Difference, paired_difference

Measure = Literal["right", "proved", "read"]
"""What of a game is counted: the right outcome, all writes on all of their evidence, all evidence read."""


class TestTask(msgspec.Struct, frozen=True):
    """A task to test on."""

    id: str
    kind: str
    level: str
    recipe: str


class Group(msgspec.Struct, frozen=True):
    """Tasks to test on of one kind, and of the levels that begin with one of `levels`."""

    name: str
    kind: Kind
    levels: tuple[str, ...] = ("",)

    def has(self, task: TestTask) -> bool:
        """Whether a task is one of them."""
        return task.kind == self.kind and task.level.startswith(self.levels)


GROUPS: Final = (
    Group("normal W1R0-1", "normal"),
    Group("write-intensive W2", "write-intensive", ("W2",)),
    Group("write-intensive W3-4", "write-intensive", ("W3", "W4")),
    Group("read-heavy W1R2", "read-heavy", ("W1R2",)),
    Group("read-heavy W1R3", "read-heavy", ("W1R3",)),
    Group("read-heavy, all", "read-heavy"),
)
"""All groups; the last one is what arms are held against each other on."""
COMPARED_ON: Final = tuple(group for group in GROUPS if group.kind == "read-heavy")
"""The groups on which pairs of arms are compared."""
PAIRS: Final[tuple[tuple[Arm, Arm], ...]] = (
    ("read-heavy", "normal"),
    ("read-heavy", "write-intensive"),
    ("mix", "mix-without"),
    ("mix", "normal"),
    ("mix", "write-intensive"),
    ("read-heavy", "idle-reads"),
    ("idle-reads", "normal"),
    ("mix", "kept-by-outcome"),
)
"""Arms that are compared, the first less the second."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run: the first line of its log, and for each task a digit: 1 if so.

    `right` is the reward, `read` whether every cell of the task was read, `proved` whether every write was made on
    all of its evidence.
    """

    head: dict[str, Any]
    right: str
    read: str
    proved: str

    @property
    def arm(self) -> str:
        """The arm."""
        return str(self.head["arm"])

    @property
    def seed(self) -> int:
        """The seed."""
        return int(self.head["seed"])


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All runs that stand, and the tasks in the order of the digits."""

    tasks: tuple[TestTask, ...]
    runs: tuple[Run, ...]
    contamination: dict[str, Any]

    @property
    def arms(self) -> list[str]:
        """The arms that have runs, in the order of the first ones."""
        return list(dict.fromkeys(run.arm for run in self.runs))

    @property
    def groups(self) -> list[Group]:
        """The groups that have tasks."""
        return [group for group in GROUPS if any(map(group.has, self.tasks))]

    def places(self, group: Group) -> list[int]:
        """The places of a group's tasks among all."""
        return [place for place, task in enumerate(self.tasks) if group.has(task)]

    def values(self, arm: str, measure: Measure, group: Group) -> list[float]:
        """For each task of a group the mean over an arm's seeds."""
        digits = [getattr(run, measure) for run in self.runs if run.arm == arm]
        return [sum(one[place] == "1" for one in digits) / len(digits) for place in self.places(group)]

    def by_seed(self, arm: str, measure: Measure, group: Group) -> dict[int, float]:
        """For each seed of an arm the mean over the tasks of a group."""
        chosen = self.places(group)
        means = {
            run.seed: sum(getattr(run, measure)[place] == "1" for place in chosen) / len(chosen)
            for run in self.runs
            if run.arm == arm
        }
        return dict(sorted(means.items()))


def gather(folder: Path) -> Figures:
    """The figures of all finished runs in a folder.

    Raises `InputError` where there are none, and `ValueError` where runs played different tasks.
    """
    runs: list[Run] = []
    tasks: tuple[TestTask, ...] = ()
    for log in sorted((folder / "runs").glob("*/log.jsonl"), key=lambda path: path.stat().st_mtime_ns):
        first, *lines = log.read_bytes().splitlines()
        outcomes = [msgspec.json.decode(line, type=Outcome) for line in lines]
        played = tuple(TestTask(one.task, one.kind, one.level, one.recipe) for one in outcomes)
        if tasks and tasks != played:
            raise ValueError(f"{log} has other tasks than the runs before it")
        tasks = played
        judged = [one.judged for one in outcomes]
        runs.append(
            Run(
                head=msgspec.json.decode(first),
                right=_digits(one.reward == 1.0 for one in judged),
                read=_digits(one.read for one in judged),
                proved=_digits(one.proved for one in judged),
            )
        )
    if not runs:
        raise InputError(f"{folder}: no run is finished there; start with: run --out {folder}")
    return Figures(
        tasks=tasks, runs=tuple(runs), contamination=read_json(folder / "contamination.json", dict[str, Any])
    )


def load_figures(file: Path) -> Figures:
    """Figures that were kept. Raises `InputError` for a file that is none."""
    return read_json(file, Figures)


def _digits(values: Any) -> str:
    return "".join("1" if value else "0" for value in values)


def compare(figures: Figures, first: str, second: str, measure: Measure, group: Group) -> Difference:
    """One arm less another on the same tasks, the seeds of each task taken together."""
    pairs = zip(figures.values(first, measure, group), figures.values(second, measure, group), strict=True)
    return paired_difference([one - other for one, other in pairs], Random(f"{first}/{second}/{measure}/{group.name}"))


def compare_seeds(figures: Figures, first: str, second: str, measure: Measure, group: Group) -> list[float]:
    """One arm less another, seed by seed where both have it: a seed begins with the same weights in every arm."""
    ours, theirs = (figures.by_seed(arm, measure, group) for arm in (first, second))
    return [ours[seed] - theirs[seed] for seed in ours if seed in theirs]


def seed_interval(values: Sequence[float], level: float = 0.95) -> Interval | None:
    """The mean of one value per seed with Student's interval, from -1 to 1; None for fewer than two seeds.

    It holds for training anew and for these tasks. With three seeds it is 2.5 standard deviations wide to each side.
    """
    if len(values) < 2:
        return None
    half = student_quantile(0.5 + level / 2, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Interval(fmean(values), max(-1.0, fmean(values) - half), min(1.0, fmean(values) + half))


def shares(figures: Figures, arm: str, measure: Measure, group: Group) -> Interval:
    """The mean over the tasks of a group with its interval."""
    return mean_interval(figures.values(arm, measure, group))
