"""Figures of an experiment: every run's answer to every task, in a file small enough to keep, and what they come to.

A task is a cluster: its value is the mean over an arm's seeds. What is compared is compared task by task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from examples.reproduce.small.game import Outcome
from writ_async import InputError
from writ_async.files import read_json
from writ_async.verify.intervals import Interval, mean_interval
from writ_async.verify.paired import Difference, paired_difference

GROUPS: Final[dict[str, Callable[[str, str], bool]]] = {
    "normal W1R0-1": lambda kind, level: kind == "normal",
    "write-intensive W2": lambda kind, level: kind == "write-intensive" and level.startswith("W2"),
    "write-intensive W3-4": lambda kind, level: kind == "write-intensive" and not level.startswith("W2"),
    "read-heavy W1R2": lambda kind, level: kind == "read-heavy" and level == "W1R2",
    "read-heavy W1R3": lambda kind, level: kind == "read-heavy" and level == "W1R3",
    "read-heavy, all": lambda kind, level: kind == "read-heavy",
}
"""Groups of tasks by kind and level."""
PAIRS: Final = (
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


class TestTask(msgspec.Struct, frozen=True):
    """A task to test on."""

    id: str
    kind: str
    level: str
    recipe: str


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


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All runs that stand, and the tasks in the order of the digits."""

    tasks: tuple[TestTask, ...]
    runs: tuple[Run, ...]
    contamination: dict[str, Any]

    @property
    def arms(self) -> list[str]:
        """The arms that have runs, in the order of the first ones."""
        return list(dict.fromkeys(run.arm for run in self.runs))

    def values(self, arm: str, measure: str, group: str) -> list[float]:
        """For each task of a group the mean over an arm's seeds."""
        digits = [getattr(run, measure) for run in self.runs if run.arm == arm]
        chosen = [place for place, task in enumerate(self.tasks) if GROUPS[group](task.kind, task.level)]
        return [sum(one[place] == "1" for one in digits) / len(digits) for place in chosen]

    def by_seed(self, arm: str, measure: str, group: str) -> list[float]:
        """For each seed of an arm the mean over the tasks of a group."""
        chosen = [place for place, task in enumerate(self.tasks) if GROUPS[group](task.kind, task.level)]
        digits = [getattr(run, measure) for run in self.runs if run.arm == arm]
        return [sum(one[place] == "1" for place in chosen) / len(chosen) for one in digits]


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


MARKS: Final = ("<!-- tables: made by the report, not by hand -->", "<!-- end of the tables -->")
"""Between these lines of a page stand the tables."""


def put_tables(page: str, figures: Figures) -> str:
    """A page with the tables of some figures in place of those that it has. Raises `InputError` without the marks."""
    before, found, rest = page.partition(MARKS[0])
    _, ended, after = rest.partition(MARKS[1])
    if not found or not ended:
        raise InputError(f"the page has no place for tables: two lines, {MARKS[0]!r} and {MARKS[1]!r}")
    return f"{before}{MARKS[0]}\n\n{tables(figures)}\n\n{MARKS[1]}{after}"


def _digits(values: Any) -> str:
    return "".join("1" if value else "0" for value in values)


def compare(figures: Figures, first: str, second: str, measure: str, group: str) -> Difference:
    """One arm less another on the same tasks, the seeds of each task taken together."""
    pairs = zip(figures.values(first, measure, group), figures.values(second, measure, group), strict=True)
    return paired_difference([one - other for one, other in pairs], Random(f"{first}/{second}/{measure}/{group}"))


def shares(figures: Figures, arm: str, measure: str, group: str) -> Interval:
    """The mean over the tasks of a group with its interval."""
    return mean_interval(figures.values(arm, measure, group))


def tables(figures: Figures) -> str:
    """All figures as Markdown."""
    return "\n\n".join(
        [
            _runs_table(figures),
            *(_levels_table(figures, measure) for measure in _TITLES),
            _pairs_table(figures),
            _families_table(figures),
        ]
    )


_TITLES: Final = {
    "right": "Success: the outcome is right (reward 1), % of tasks [95 % interval over tasks]",
    "proved": "Evidence: every write was made on all of its evidence, %",
    "read": "Reading: every cell that the task rests on was read, %",
}


def _runs_table(figures: Figures) -> str:
    lines = [
        "arm | seeds | rows | tokens a row | trained on of them | trained on in a run | last loss | labels of rows"
    ]
    for arm in figures.arms:
        heads = [run.head for run in figures.runs if run.arm == arm]
        one = heads[0]
        losses = ", ".join(f"{head['curve'][-1]['loss']:.3f}" for head in heads)
        seeds = ", ".join(str(head["seed"]) for head in heads)
        labels = ", ".join(f"{name} {count}" for name, count in sorted(one["labels"].items()))
        lines.append(
            f"{arm} | {seeds} | {one['rows']:,} | {one['tokens_per_row']:.1f} | {one['trained_per_row']:.1f} | "
            f"{one['trained_tokens']:,} | {losses} | {labels}"
        )
    return _markdown("What was trained", lines)


def _levels_table(figures: Figures, measure: str) -> str:
    groups = [group for group in GROUPS if any(GROUPS[group](task.kind, task.level) for task in figures.tasks)]
    sizes = [sum(GROUPS[group](task.kind, task.level) for task in figures.tasks) for group in groups]
    lines = [" | ".join(["arm", *(f"{group} ({size})" for group, size in zip(groups, sizes, strict=True))])]
    for arm in figures.arms:
        cells = [arm]
        for group in groups:
            found = shares(figures, arm, measure, group)
            cells.append(f"{100 * found.estimate:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]")
        lines.append(" | ".join(cells))
    return _markdown(_TITLES[measure], lines)


def _pairs_table(figures: Figures) -> str:
    lines = ["arms | tasks | success, points [95 %] | p | evidence, points [95 %] | p | success by seed of each"]
    for first, second in PAIRS:
        if first not in figures.arms or second not in figures.arms:
            continue
        for group in ("read-heavy W1R2", "read-heavy W1R3", "read-heavy, all"):
            cells = [f"{first} less {second}", group]
            for measure in ("right", "proved"):
                found = compare(figures, first, second, measure, group)
                cells += [
                    f"{100 * found.mean:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]",
                    f"{found.p:.4f}",
                ]
            seeds = [
                ", ".join(f"{100 * one:.0f}" for one in figures.by_seed(arm, "right", group)) for arm in (first, second)
            ]
            lines.append(" | ".join([*cells, " beside ".join(seeds)]))
    return _markdown("Paired differences on read-heavy tasks of unseen worlds", lines)


def _families_table(figures: Figures) -> str:
    families = list(dict.fromkeys(task.recipe for task in figures.tasks))
    lines = [" | ".join(["arm", *families])]
    for arm in figures.arms:
        runs = [run for run in figures.runs if run.arm == arm]
        cells = [arm]
        for family in families:
            chosen = [place for place, task in enumerate(figures.tasks) if task.recipe == family]
            right = [run.right[place] == "1" for run in runs for place in chosen]
            cells.append(f"{100 * sum(right) / len(right):.0f}")
        lines.append(" | ".join(cells))
    return _markdown("Success by family, %", lines)


def _markdown(title: str, lines: Sequence[str]) -> str:
    columns = lines[0].count("|") + 1
    rule = "|".join(["---"] * columns)
    return "\n".join([f"**{title}**", "", f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])])
