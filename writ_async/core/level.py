"""Levels: how many writes a task has, and how many cells its largest certificate."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from writ_async.errors import InputError

WRITE_LEVELS = ("W0", "W1", "W2", "W3", "W4")
"""No write (a refusal), one, two, three, four or more."""
BURDEN_LEVELS = ("R0", "R1", "R2", "R3", "R4")
"""A burden of at most 2, 3 to 4, 5 to 7, 8 to 12, 13 or more."""
_LIMITS = (2, 4, 7, 12)
_LEVEL = re.compile(r"W[0-4]R[0-4]|W[0-4]|R[0-4]")


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


def can_reach(wanted: str, writes: int, reads: int) -> bool:
    """Whether a task of so many writes, which reads so many cells at most, may turn out to be of a level."""
    if "W" in wanted and wanted[:2] != f"W{min(writes, 4)}":
        return False
    burden = int(wanted[-1]) if "R" in wanted else 0
    return burden == 0 or reads > _LIMITS[burden - 1]


def spread(n: int, weights: Mapping[str, float]) -> list[str]:
    """The levels of n tasks, spread evenly by weight."""
    total = sum(weights.values())
    owed = {level: 0.0 for level, weight in weights.items() if weight}
    chosen: list[str] = []
    for _ in range(n):
        for level in owed:
            owed[level] += weights[level] / total
        most = max(owed, key=lambda level: owed[level])
        owed[most] -= 1.0
        chosen.append(most)
    return chosen
