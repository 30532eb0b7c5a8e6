"""`writ show`: which row of a run is shown, or which are listed."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from random import Random

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError
from writ_async.rows.run_rows import where_test
from writ_async.runs.view import RunView

_LEVEL = re.compile(r"(?:W([0-4]))?(?:R([0-4]))?")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are meant: one by its `id`, or those of a `reason`, `level`, `kind`, and that pass `where`.

    `level` is one such as W1R3, or half of one. With a `seed` one of them is drawn.
    """

    id: str = ""
    reason: str = ""
    level: str = ""
    kind: str = ""
    where: str = ""
    seed: int | None = None

    def conditions(self) -> str:
        """What is asked for beside `where`, as a filter. Raises `InputError` for a level that is none."""
        parts: list[str] = []
        if self.kind:
            parts.append(f"kind == {_quoted(self.kind)}")
        if self.level:
            match = _LEVEL.fullmatch(self.level)
            if match is None:
                raise InputError(f"--level {self.level}: expected one such as W1R3, W1 or R3")
            parts += [f"{half} == {number}" for half, number in zip("wr", match.groups(), strict=True) if number]
        if self.reason:
            parts.append(f"reason == {_quoted(self.reason)}")
        return " and ".join(parts)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def wanted_rows(run: RunView, wanted: Wanted) -> Iterator[Trajectory]:
    """The rows that are meant, in the order of tasks and trials. Raises `InputError` for a filter that is none."""
    # Apart, so that an error in `where` names the place that was typed.
    tests = [where_test(run, text) for text in (wanted.where, wanted.conditions()) if text]
    for row in run.ordered(tokens=False):
        if (not wanted.id or row.id == wanted.id) and all(test(row) for test in tests):
            yield row


def listed_rows(run: RunView, wanted: Wanted) -> Iterator[Trajectory]:
    """The rows that are meant, in the order of tasks and trials. Raises `InputError` as `choose_row`."""
    rows = wanted_rows(run, wanted)
    first = next(rows, None)
    if first is None:
        raise InputError(_nothing(run, wanted))
    return chain((first,), rows)


def choose_row(run: RunView, tasks: dict[str, Task], wanted: Wanted) -> Trajectory:
    """The row to show: one that is drawn, or else of those that are meant the kept one with the largest certificate.

    Where rows of a reason are meant the first of them. Raises `InputError` where there is none, with what there is.
    """
    rows = wanted_rows(run, wanted)
    if wanted.seed is not None:
        rng = Random(wanted.seed)
        found = list(heapq.nsmallest(1, ((rng.random(), number, row) for number, row in enumerate(rows))))
        chosen = found[0][2] if found else None
    elif wanted.id or wanted.reason:
        chosen = next(rows, None)
    else:
        chosen = min(rows, key=lambda row: _rank(row, tasks), default=None)
    if chosen is None:
        raise InputError(_nothing(run, wanted))
    return chosen


def burden_of(task: Task | None) -> int:
    """The cells of a task's largest certificate."""
    return max((len(certificate.cells) for certificate in task.certificates), default=0) if task else 0


def _rank(row: Trajectory, tasks: dict[str, Task]) -> tuple[int, str]:
    kept = row.verdict is not None and row.verdict.kept
    return (-burden_of(tasks.get(row.task_id)) if kept else 1, row.id)


def _nothing(run: RunView, wanted: Wanted) -> str:
    """Why there is nothing to show, and what there is."""
    if wanted.id:
        return f"{run.path}: has no row {wanted.id!r}; `writ show {run.path} --list` names them"
    if wanted.reason:
        reasons = _counted(
            finding.reason
            for row in run.ordered(tokens=False)
            if row.verdict is not None
            for finding in row.verdict.findings
        )
        return f"{run.path}: no row has the reason {wanted.reason!r}; there are: {reasons or 'none'}"
    if wanted.kind or wanted.level:
        kinds = _counted(task.kind for task in run.tasks())
        levels = _counted(task.proof.level for task in run.tasks() if task.proof is not None)
        return f"{run.path}: has no such row; its tasks are of the kinds {kinds} and the levels {levels or 'unknown'}"
    passing = f" that passes {wanted.where}" if wanted.where else ""
    return f"{run.path}: has no row{passing}; see {run.path}/trajectories.jsonl"


def _counted(names: Iterable[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(Counter(names).items()))
