"""The arms: what each model is trained on. All have as many rows, and train on as many tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final

from examples.reproduce.small.rows import Row, careless, idle_reader, play_actions, teacher
from examples.reproduce.small.tasks import Played
from writ_async.core.task import KINDS, Kind

Pools = Mapping[Kind, Sequence[Played]]
"""Tasks to train on by kind."""

MISTAKES: Final = 0.7
"""The share of conversations in which the careless script stops reading too early."""
_TRIALS: Final = 24


def _of_kind(kind: Kind) -> Callable[[Pools, int], list[Row]]:
    def rows(pools: Pools, count: int) -> list[Row]:
        return [play_actions(played, teacher(played)) for played in pools[kind][:count]]

    return rows


def _mixed(pools: Pools, count: int) -> list[Played]:
    return [played for kind in KINDS for played in pools[kind][: count // len(KINDS)]]


def _mix(pools: Pools, count: int) -> list[Row]:
    return [play_actions(played, teacher(played)) for played in _mixed(pools, count)]


def _mix_without(pools: Pools, count: int) -> list[Row]:
    kinds: tuple[Kind, ...] = ("normal", "write-intensive")
    halves = [played for kind in kinds for played in pools[kind][: count // len(kinds)]]
    return [play_actions(played, teacher(played)) for played in halves]


def _idle(pools: Pools, count: int) -> list[Row]:
    return [play_actions(played, idle_reader(played)) for played in pools["normal"][:count]]


def _careless(keeps: Callable[[Row], bool]) -> Callable[[Pools, int], list[Row]]:
    """The first trial of each task of the mix that a filter keeps; a trial is the same whichever filter looks at it."""

    def rows(pools: Pools, count: int) -> list[Row]:
        found: list[Row] = []
        for played in _mixed(pools, count):
            for trial in range(_TRIALS):
                row = play_actions(played, careless(played, Random(f"{played.case.task.id}/{trial}"), MISTAKES))
                if keeps(row):
                    found.append(row)
                    break
            else:
                raise ValueError(f"no trial of {played.case.task.id} was kept in {_TRIALS}")
        return found

    return rows


ARMS: Final[dict[str, Callable[[Pools, int], list[Row]]]] = {
    "normal": _of_kind("normal"),
    "write-intensive": _of_kind("write-intensive"),
    "read-heavy": _of_kind("read-heavy"),
    "mix": _mix,
    "mix-without": _mix_without,
    "idle-reads": _idle,
    "kept-by-outcome": _careless(lambda row: row.judged.reward == 1.0),
}
"""Rows of an arm, from tasks and a number of rows. `mix` is a third of each kind, `mix-without` has no read-heavy ones.

`idle-reads` is the negative control: normal tasks, before whose write all of the customer's records are read, which
decide nothing. `kept-by-outcome` are a careless script's conversations on the tasks of the mix: of each task the first
that came out right, lucky or not. Its counterpart, the first that rested on its evidence as well, is the mix itself
(`kept_by_evidence`): what the script does without a mistake are the gold calls.
"""

KINDS_OF: Final[dict[str, tuple[Kind, ...]]] = {
    "mix": KINDS,
    "mix-without": ("normal", "write-intensive"),
    "idle-reads": ("normal",),
    "kept-by-outcome": KINDS,
}
"""The kinds of tasks that an arm is made of, where that is not the kind it is called by."""

kept_by_evidence: Final = _careless(lambda row: row.judged.reward == 1.0 and row.judged.proved)
"""The rows that the other filter keeps, to hold against those of the mix."""
