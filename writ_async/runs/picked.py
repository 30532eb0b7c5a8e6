"""What `writ select` says of what it has picked: counts by level, kind, recipe and behaviour, and lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from writ_async.behaviour.axes import shown_traits
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.curation.quota import cell_of

_GROUPS = ("domain", "kind", "level", "recipe")


class PickedPart(msgspec.Struct, kw_only=True):
    """The rows to train on, or those to validate on: how many by domain, kind, level, recipe, shown trait of users.

    `worlds` counts the worlds that they are from, `tokens` has the length of each row where a tokenizer was given.
    """

    folder: str
    rows: int
    worlds: int
    by_domain: dict[str, int] = {}
    by_kind: dict[str, int] = {}
    by_level: dict[str, int] = {}
    by_recipe: dict[str, int] = {}
    by_behaviour: dict[str, int] = {}
    tokens: list[int] = []

    def add(self, row: Trajectory, task: Task, tokens: int | None) -> None:
        """Count a row of a task, of so many tokens if that is known."""
        for name, value in zip(_GROUPS, cell_of(task, _GROUPS), strict=True):
            _count(getattr(self, f"by_{name}"), value or row.kind)
        for trait in shown_traits(task, row.messages):
            _count(self.by_behaviour, trait.label)
        if tokens is not None:
            self.tokens.append(tokens)


class Picked(msgspec.Struct, kw_only=True):
    """Of so many `rows` in the `runs` the `fit` ones, and what was picked of those; `fell` counts the others by filter.

    `strata` are the dimensions over which it is even. `remarks` are what a reader should know.
    """

    runs: list[str]
    settings: dict[str, Any]
    strata: tuple[str, ...]
    rows: int
    fell: dict[str, int]
    fit: int
    train: PickedPart
    validation: PickedPart | None = None
    remarks: list[str] = []


def quantile(values: Sequence[int], share: float) -> int:
    """The value below which so large a share of the values is; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0


def _count(counts: dict[str, int], key: str) -> None:
    counts[key] = counts.get(key, 0) + 1
