"""Levels: how many writes a task has, and how many cells its largest certificate.

An `Extent` bounds both: what a recipe can come to, or what one draw of it is to come to.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Mapping
from typing import TypeVar

import msgspec

from writ_async.errors import InputError

T = TypeVar("T", bound=Hashable)
WRITE_LEVELS = ("W0", "W1", "W2", "W3", "W4")
"""No write (a refusal), one, two, three, four or more."""
BURDEN_LEVELS = ("R0", "R1", "R2", "R3", "R4")
"""A burden of at most 2, 3 to 4, 5 to 7, 8 to 12, 13 or more."""
_LIMITS = (2, 4, 7, 12)
_LEVEL = re.compile(r"W[0-4]R[0-4]|W[0-4]|R[0-4]")
MANY = 1_000
"""More writes or cells than any task has."""


class Extent(msgspec.Struct, frozen=True, gc=False):
    """Bounds, both included: how many writes, and how many cells in the largest certificate."""

    writes: tuple[int, int] = (0, MANY)
    cells: tuple[int, int] = (0, MANY)

    def meets(self, other: Extent) -> bool:
        """Whether something can be within both.

        >>> Extent((1, 1), (2, 9)).meets(Extent((1, 2), (8, 12)))
        True
        """
        pairs = ((self.writes, other.writes), (self.cells, other.cells))
        return all(one[0] <= two[1] and two[0] <= one[1] for one, two in pairs)

    def cut(self, other: Extent) -> Extent:
        """What is within both."""
        pairs = ((self.writes, other.writes), (self.cells, other.cells))
        writes, cells = ((max(one[0], two[0]), min(one[1], two[1])) for one, two in pairs)
        return Extent(writes, cells)


ANY_EXTENT = Extent()
"""No bounds: a draw as it comes."""


def extent_of(level: str) -> Extent:
    """The bounds of a level, or of the half of one.

    >>> extent_of("W2R3")
    Extent(writes=(2, 2), cells=(8, 12))
    >>> extent_of("R0").cells
    (0, 2)
    """
    writes, cells = (0, MANY), (0, MANY)
    if "W" in level:
        least = int(level[1])
        writes = (least, MANY if least == len(WRITE_LEVELS) - 1 else least)
    if "R" in level:
        edges = (-1, *_LIMITS, MANY)
        burden = int(level[-1])
        cells = (edges[burden] + 1, edges[burden + 1])
    return Extent(writes, cells)


def level_of(writes: int, burden: int) -> str:
    """The level of a task, such as `W1R3`."""
    return f"W{min(writes, 4)}R{sum(burden > limit for limit in _LIMITS)}"


def parse_levels(text: str) -> dict[str, float]:
    """Weights by level from `W1R3=2,W2R3=1`; `W2` and `R3` stand for all levels with them. Empty means any level.

    Raises `InputError` for an unknown level or a weight that is no positive number.
    """
    levels: dict[str, float] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = pair.partition("=")
        if not _LEVEL.fullmatch(name):
            raise InputError(f"--levels: unknown level {name!r}; a level is W0 to W4, R0 to R4, or both as in W2R3")
        try:
            weight = float(value or 1)
        except ValueError:
            weight = math.nan
        if not 0 <= weight < math.inf:
            raise InputError(f"--levels: the weight of {name} must be a number of at least 0, not {value!r}")
        levels[name] = weight
    if levels and not any(levels.values()):
        raise InputError("--levels: at least one weight must be above 0")
    return levels


def fits(level: str, wanted: str) -> bool:
    """Whether a level is the wanted one, or of it."""
    return wanted in level


def spread(n: int, weights: Mapping[T, float]) -> list[T]:
    """The choices of n tasks among some, such as levels, spread evenly by weight."""
    total = sum(weights.values())
    owed = {choice: 0.0 for choice, weight in weights.items() if weight}
    chosen: list[T] = []
    for _ in range(n):
        for choice in owed:
            owed[choice] += weights[choice] / total
        most = max(owed, key=lambda choice: owed[choice])
        owed[most] -= 1.0
        chosen.append(most)
    return chosen
