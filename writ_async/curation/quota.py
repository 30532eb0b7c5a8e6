"""How many rows a run shall keep, and of which cells: `writ synth --keep`.

The first `rows` tasks that are drawn say what was asked for. Each stands for a place in its cell, and a place whose
own task gives no row is filled by another task of the cell. So rows are spread as was asked for, whatever fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import msgspec

from writ_async.behaviour.axes import AXES
from writ_async.core.behaviour import Trait
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.curation.rules import FilterRules
from writ_async.errors import InputError

DIMENSIONS = ("domain", "kind", "level", "recipe")
"""What rows can be balanced over, beside the axes of behaviour by their names."""

Cell = tuple[str, ...]


class PassRange(msgspec.Struct, frozen=True):
    """The pass rates, both ends among them, of tasks that are neither too easy nor too hard."""

    low: float = 0.0
    high: float = 1.0

    def holds(self, passed: int, attempts: int) -> bool:
        """Whether so many of the attempts are in the range."""
        return self.low <= passed / attempts <= self.high


class KeepRules(msgspec.Struct, frozen=True, kw_only=True):
    """`rows` to keep, balanced over dimensions, with so many `attempts` at each task.

    A task gives its first row that passes, or with `all_that_pass` every one. With `target` only tasks count whose
    measured pass rate is in the range.
    """

    rows: int
    attempts: int = 1
    all_that_pass: bool = False
    balance: tuple[str, ...] = ("domain", "kind")
    target: PassRange | None = None

    @property
    def plays_all(self) -> bool:
        """Whether each task is played as often as it may be, whatever its first attempt gave."""
        return self.all_that_pass or self.target is not None


class TaskRecord(msgspec.Struct):
    """What became of a task: conversations that were `played`, those that `passed` by their verdict, and why not."""

    played: int = 0
    passed: int = 0
    reasons: dict[str, int] = {}

    def add(self, row: Trajectory, rules: FilterRules) -> None:
        """Count one more conversation."""
        self.played += 1
        if rules.keeps(row.verdict):
            self.passed += 1
        elif row.verdict is not None:
            for reason in dict.fromkeys(finding.reason for finding in rules.fatal(row.verdict)):
                self.reasons[reason] = self.reasons.get(reason, 0) + 1


class Quota:
    """Whether a row still has room: told of each row that passes all else, in a run's order.

    `asked` and `kept` count rows by cell, `records` says how each task fared. `tasks` are all that were played.
    """

    def __init__(
        self,
        keep: KeepRules,
        asked: Mapping[Cell, int],
        tasks: Iterable[Task],
        records: Mapping[str, TaskRecord],
    ) -> None:
        self.keep = keep
        self.asked = asked
        self.records = records
        self.kept: Counter[Cell] = Counter()
        self._cells = {task.id: cell_of(task, keep.balance) for task in tasks}

    @property
    def per_task(self) -> int:
        """Most rows of one task; 0 is any number."""
        return 0 if self.keep.all_that_pass else 1

    def why_not(self, task_id: str) -> str:
        """Why a task's pass rate speaks against its rows; empty where it does not."""
        target, record = self.keep.target, self.records.get(task_id)
        if target is None or record is None or target.holds(record.passed, record.played):
            return ""
        return f"{record.passed} of {record.played} conversations of {task_id} passed"

    def take(self, task_id: str) -> bool:
        """Take a row, if its cell has room."""
        cell = self._cells.get(task_id)
        if cell is None or self.kept[cell] >= self.asked.get(cell, 0):
            return False
        self.kept[cell] += 1
        return True

    def missing(self) -> dict[Cell, int]:
        """How many rows each cell still wants, without those that want none."""
        return {cell: left for cell, asked in self.asked.items() if (left := asked - self.kept[cell]) > 0}


def cell_of(task: Task, balance: Collection[str], shown: Iterable[Trait] | None = None) -> Cell:
    """A task's value in each of the dimensions; of its traits those that were `shown`, where that is known."""
    drawn = task.behaviour.traits if task.behaviour is not None else ()
    traits: dict[str, str] = {trait.axis: trait.value for trait in (drawn if shown is None else shown)}
    own = {
        "domain": task.domain,
        "kind": task.kind,
        "level": task.proof.level if task.proof is not None else "",
        "recipe": task.recipe,
    }
    return tuple(str((own | traits).get(name, "")) for name in balance)


def parse_keep_rules(
    rows: int, attempts: int = 1, *, all_that_pass: bool = False, balance: str = "", target: str = ""
) -> KeepRules:
    """The rules from what a caller says: `balance` as `domain,kind,tone` or `none`, `target` as `0.2..0.8`.

    Raises `InputError` for what cannot be.
    """
    for flag, number in (("--keep", rows), ("--attempts", attempts)):
        if number < 1:
            raise InputError(f"{flag} must be at least 1, not {number}")
    if target and attempts < 2:
        raise InputError("--target-pass needs several attempts at each task: --attempts K")
    return KeepRules(
        rows=rows,
        attempts=attempts,
        all_that_pass=all_that_pass,
        balance=parse_balance(balance, ("domain", "kind")),
        target=_parse_range(target) if target else None,
    )


def parse_balance(text: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """Dimensions that a caller names, as `domain,kind,tone`; none for `none`, and `otherwise` where nothing is said.

    Raises `InputError` for one that is not known.
    """
    names = () if text == "none" else tuple(filter(None, (name.strip() for name in text.split(","))))
    for name in names:
        if name not in (*DIMENSIONS, *AXES):
            raise InputError(f"--balance: unknown {name!r}; known: none, {', '.join((*DIMENSIONS, *AXES))}")
    return names or (() if text else otherwise)


def _parse_range(text: str) -> PassRange:
    low, dots, high = text.partition("..")
    try:
        found = PassRange(float(low), float(high))
    except ValueError:
        dots = ""
    if not dots or not 0 <= found.low <= found.high <= 1:
        raise InputError(f"--target-pass: expected LOW..HIGH with shares from 0 to 1, as 0.2..0.8, not {text!r}")
    return found
