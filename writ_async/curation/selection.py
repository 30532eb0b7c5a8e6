"""What becomes of a run's rows: a funnel of counts, and the rows that fall because of others.

`selection.json` in a run folder holds both. A row's own verdict says whether it is kept for itself; what falls as a
near-duplicate or beyond the cap is known only when all rows are there, and is named here by id. Exports leave it out.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from writ_async.curation.rules import STRICT, FilterRules

SELECTION = "selection.json"


class Drop(msgspec.Struct, frozen=True):
    """Why a row falls that its verdict keeps: the filter's name, and which rows it stands behind."""

    filter: str
    detail: str = ""


class Stage(msgspec.Struct):
    """How many rows went in, how many fell at each filter, and how many are left."""

    rows: int = 0
    fell: dict[str, int] = {}

    @property
    def left(self) -> int:
        """The rows that no filter speaks against."""
        return self.rows - sum(self.fell.values())

    def add(self, where: str) -> None:
        """Count a row that fell at a filter, or at none."""
        self.rows += 1
        if where:
            self.fell[where] = self.fell.get(where, 0) + 1


class Funnel(msgspec.Struct):
    """Counts over all rows, and by kind, level of difficulty and value of the user's behaviour.

    A row counts under each value of its behaviour, so those overlap.
    """

    total: Stage = msgspec.field(default_factory=Stage)
    by_kind: dict[str, Stage] = {}
    by_level: dict[str, Stage] = {}
    by_behaviour: dict[str, Stage] = {}

    def add(self, where: str, kind: str, level: str, traits: Iterable[str]) -> None:
        """Count one row; `where` is the filter at which it fell, or empty."""
        self.total.add(where)
        self.by_kind.setdefault(kind, Stage()).add(where)
        if level:
            self.by_level.setdefault(level, Stage()).add(where)
        for trait in traits:
            self.by_behaviour.setdefault(trait, Stage()).add(where)


class Selection(msgspec.Struct, kw_only=True):
    """The rows of a run that fall because of others, by id, and the funnel of all `rows` that were looked at."""

    rows: int = 0
    cap: int = 0
    alike: float = 0.0
    rules: FilterRules = STRICT
    dropped: dict[str, Drop] = {}
    funnel: Funnel = msgspec.field(default_factory=Funnel)
    version: int = 1
