"""Shortcut audit: lazy ways of answering that must not pay.

Each shortcut decides a goal with a reader that looks at some of the candidate cells only, or takes a candidate without
comparing. Over a family of tasks none may be right more often than chance, which is one in as many cells as there are
to look through, plus a tenth. A quota turns tasks away that would let one come above that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeVar

import msgspec

from writ_async.core.goal import Ambiguous, Decision, GoalRules, Key, NothingFits, Reader
from writ_async.core.task import Goal

T = TypeVar("T")

ABOVE_CHANCE: Final = 0.1
Subset = Callable[[Sequence[Key]], Sequence[Key]]
Choice = Literal["best", "first", "last"]


def _take_every(keys: Sequence[Key]) -> Sequence[Key]:
    return keys


_BANK: Final[dict[str, tuple[Subset, Choice]]] = {
    "first cell": (lambda keys: keys[:1], "best"),
    "last cell": (lambda keys: keys[-1:], "best"),
    "smallest id": (lambda keys: sorted(keys, key=str)[:1], "best"),
    "largest id": (lambda keys: sorted(keys, key=str)[-1:], "best"),
    "first candidate": (_take_every, "first"),
    "last candidate": (_take_every, "last"),
}
"""Shortcuts of every domain: which of the candidate cells are read, and which candidate is taken."""


class LazyReader(Reader):
    """A reader that skips candidate cells, and may take a candidate without comparing."""

    __slots__ = ("choice", "lazy", "subset")

    def __init__(self, base: Reader, subset: Subset, choice: Choice) -> None:
        super().__init__(base.state, base.fetch, base.cells)
        self.subset = subset
        self.choice = choice
        self.lazy = False

    def each(self, keys: Sequence[Key], by: Key | None = None) -> Any:
        """The results of some of the candidate cells."""
        return super().each(self._chosen_keys(keys), by)

    def only(self, keys: Sequence[Key], fits: Callable[[Any], bool], by: Key | None = None) -> Any:
        """The first result that fits, of those that are looked at."""
        for key in self._chosen_keys(keys):
            if fits(result := self.read(key, by)):
                return result
        raise NothingFits("nothing fits the description")

    def _chosen_keys(self, keys: Sequence[Key]) -> Sequence[Key]:
        chosen = self.subset(keys)
        self.lazy = self.lazy or len(chosen) < len(keys)
        return chosen

    def best(
        self, options: Iterable[T], score: Callable[[T], float], least: float, *, most: bool = False, lone: bool = True
    ) -> T:
        """The option that the shortcut takes, whatever the margin."""
        found = list(options)
        if not found:
            raise NothingFits("there is nothing to choose from")
        if self.choice == "best":
            return (max if most else min)(found, key=score)
        self.lazy = self.lazy or len(found) > 1
        return found[0] if self.choice == "first" else found[-1]


def shortcuts_of(rules: GoalRules) -> dict[str, tuple[Subset, Choice]]:
    """All shortcuts by name: those of every domain, and the domain's own."""
    return {**_BANK, **{name: (subset, "best") for name, subset in rules.shortcuts.items()}}


def shortcuts_that_hit(
    rules: GoalRules, goal: Goal, reader: Reader, decision: Decision, barred: Collection[str] = ()
) -> frozenset[str]:
    """The shortcuts that come to the right answer; `reader` is the one that the decision was made with.

    Those that are `barred` are tried first: where one of them hits, nobody asks for the others.
    """
    found: list[str] = []
    bank = shortcuts_of(rules)
    for name in sorted(bank, key=lambda name: name not in barred):
        if found and found[0] in barred:
            break
        subset, choice = bank[name]
        lazy = LazyReader(reader, subset, choice)
        try:
            answer = rules.objectives[goal.objective](lazy, goal.params).answer()
        except (NothingFits, Ambiguous):
            continue
        # Whoever has looked at everything took no shortcut.
        if lazy.lazy and answer == decision.answer():
            found.append(name)
    return frozenset(found)


class FamilyAudit(msgspec.Struct):
    """How shortcuts did over the tasks of a family: tasks, the sum of what they may get, and hits by name."""

    tasks: int = 0
    allowed: float = 0.0
    hits: dict[str, int] = {}

    @property
    def accuracy(self) -> float:
        """The share of tasks that the best shortcut solves."""
        return max(self.hits.values(), default=0) / self.tasks if self.tasks else 0.0

    @property
    def bound(self) -> float:
        """The share that is allowed."""
        return self.allowed / self.tasks if self.tasks else 1.0

    @property
    def worst(self) -> str:
        """The shortcut that solves most."""
        return max(sorted(self.hits), key=lambda name: self.hits[name], default="")

    def admits(self, solved: Iterable[str], scanned: int) -> bool:
        """Whether a task may join that these shortcuts solve, of as many candidate cells."""
        return not self.barred(solved, scanned)

    def barred(self, names: Iterable[str], scanned: int) -> set[str]:
        """Those of some shortcuts that may not solve one more task, of as many candidate cells."""
        most = math.floor(self.allowed + 1 / max(scanned, 1) + ABOVE_CHANCE + 1e-9)
        return {name for name in names if self.hits.get(name, 0) >= most}

    def add(self, solved: Iterable[str], scanned: int) -> None:
        """Count a task."""
        self.tasks += 1
        self.allowed += 1 / max(scanned, 1) + ABOVE_CHANCE
        for name in sorted(solved):
            self.hits[name] = self.hits.get(name, 0) + 1


def audit_table(audits: Mapping[str, FamilyAudit]) -> list[tuple[str, int, str, float, float]]:
    """Rows of family, tasks, best shortcut, its accuracy, and the bound."""
    return [(name, one.tasks, one.worst, one.accuracy, one.bound) for name, one in sorted(audits.items())]
