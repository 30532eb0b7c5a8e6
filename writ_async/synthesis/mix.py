"""How many tasks of which kind, and what those of a kind are to come to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from writ_async.core.level import ANY_EXTENT, MANY, Extent, spread
from writ_async.core.task import KINDS, WITHOUT_WRITE, Kind
from writ_async.errors import InputError

EVEN: dict[Kind, float] = {**dict.fromkeys(KINDS, 1.0), **dict.fromkeys(WITHOUT_WRITE, 0.5)}
"""The mix unless another one is asked for: a quarter of the tasks has nothing to write."""
AIMS: Final[dict[Kind, dict[Extent, float]]] = {
    "write-intensive": {Extent(writes=(2, 2)): 0.25, Extent(writes=(3, 3)): 0.4, Extent(writes=(4, MANY)): 0.35},
    "read-heavy": {ANY_EXTENT: 0.6, Extent(cells=(9, MANY)): 0.4},
}
"""What tasks of a kind are to come to, with weights, where no levels are asked for.

Together with what comes by itself, as many tasks have three writes or more, and eight cells or more, as of τ²-bench's.
"""
_KNOWN: tuple[Kind, ...] = (*KINDS, *WITHOUT_WRITE)


def parse_mix(text: str) -> dict[Kind, float]:
    """Weights by kind from `normal=1,read-heavy=2`; kinds that are not named get none. Empty text means `EVEN`.

    Raises `InputError` for an unknown kind or a weight that is no positive number.
    """
    if not text.strip():
        return dict(EVEN)
    mix: dict[Kind, float] = {}
    for pair in text.split(","):
        name, _, value = pair.strip().partition("=")
        kind = next((kind for kind in _KNOWN if kind == name), None)
        if kind is None:
            raise InputError(f"--mix: unknown kind {name!r}; known: {', '.join(_KNOWN)}")
        try:
            weight = float(value or 1)
        except ValueError:
            weight = math.nan
        if not 0 <= weight < math.inf:
            raise InputError(f"--mix: the weight of {name} must be a number of at least 0, not {value!r}")
        mix[kind] = weight
    if not any(mix.values()):
        raise InputError("--mix: at least one weight must be above 0")
    return mix


def assign_kinds(n: int, mix: Mapping[Kind, float]) -> list[Kind]:
    """The kinds of n tasks, spread evenly: any prefix of the list is as near to the mix as it can be."""
    total = sum(mix.values())
    owed = {kind: 0.0 for kind in _KNOWN if mix.get(kind)}
    kinds: list[Kind] = []
    for _ in range(n):
        for kind in owed:
            owed[kind] += mix[kind] / total
        chosen = max(owed, key=lambda kind: owed[kind])
        owed[chosen] -= 1.0
        kinds.append(chosen)
    return kinds


def assign_extents(kinds: Sequence[Kind]) -> list[Extent]:
    """What each task of a kind is to come to, spread evenly over the tasks of that kind."""
    left = {kind: iter(spread(kinds.count(kind), aims)) for kind, aims in AIMS.items()}
    return [next(left[kind]) if kind in left else ANY_EXTENT for kind in kinds]
