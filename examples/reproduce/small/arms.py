"""The arms: what each model is trained on. All have as many rows, and train on as many tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final, Literal

from examples.reproduce.small.rows import Row, careless, idle_reader, play_actions, teacher
from examples.reproduce.small.tasks import Played
from writ_async.core.task import KINDS, Kind

Arm = Literal[
    "normal", "write-intensive", "read-heavy", "mix", "mix-without", "idle-reads", "kept-by-outcome"
]  # fmt: skip
"""The arms by name: `ARMS` has their rows, `KINDS_OF` the kinds of tasks that they are made of."""
Pools = Mapping[Kind, Sequence[Played]]
"""Tasks to train on by kind."""

KINDS_OF: Final[dict[Arm, tuple[Kind, ...]]] = {
    "normal": ("normal",),
    "write-intensive": ("write-intensive",),
    "read-heavy": ("read-heavy",),
    "mix": KINDS,
    "mix-without": ("normal", "write-intensive"),
    "idle-reads": ("normal",),
    "kept-by-outcome": KINDS,
}
"""The kinds of tasks that an arm is made of."""
MISTAKES: Final = 0.7
"""The share of conversations in which the careless script stops reading too early."""
_TRIALS: Final = 24


def _tasks_of(arm: Arm, pools: Pools, count: int) -> list[Played]:
    """So many tasks, as many of each of the arm's kinds."""
    kinds = KINDS_OF[arm]
    return [played for kind in kinds for played in pools[kind][: count // len(kinds)]]


def _by(script: Callable[[Played], list[list[str]]], arm: Arm) -> Callable[[Pools, int], list[Row]]:
    def rows(pools: Pools, count: int) -> list[Row]:
        return [play_actions(played, script(played)) for played in _tasks_of(arm, pools, count)]

    return rows


def _careless(keeps: Callable[[Row], bool]) -> Callable[[Pools, int], list[Row]]:
    """The first trial of each task of the mix that a filter keeps; a trial is the same whichever filter looks at it."""

    def rows(pools: Pools, count: int) -> list[Row]:
        found: list[Row] = []
        for played in _tasks_of("mix", pools, count):
            for trial in range(_TRIALS):
                row = play_actions(played, careless(played, Random(f"{played.case.task.id}/{trial}"), MISTAKES))
                if keeps(row):
                    found.append(row)
                    break
            else:
                raise ValueError(f"no trial of {played.case.task.id} was kept in {_TRIALS}")
        return found

    return rows


ARMS: Final[dict[Arm, Callable[[Pools, int], list[Row]]]] = {
    "normal": _by(teacher, "normal"),
    "write-intensive": _by(teacher, "write-intensive"),
    "read-heavy": _by(teacher, "read-heavy"),
    "mix": _by(teacher, "mix"),
    "mix-without": _by(teacher, "mix-without"),
    "idle-reads": _by(idle_reader, "idle-reads"),
    "kept-by-outcome": _careless(lambda row: row.judged.reward == 1.0),
}
"""Rows of an arm, from tasks and a number of rows. `mix` is a third of each kind, `mix-without` has no read-heavy ones.

`idle-reads` is the negative control: normal tasks, before whose write all of the customer's records are read, which
decide nothing. `kept-by-outcome` are a careless script's conversations on the tasks of the mix: of each task the first
that came out right, lucky or not. Its counterpart, the first that rested on its evidence as well, is the mix itself
(`kept_by_evidence`): what the script does without a mistake are the gold calls.
"""

kept_by_evidence: Final = _careless(lambda row: row.judged.reward == 1.0 and row.judged.proved)
"""The rows that the other filter keeps, to hold against those of the mix."""
