"""How many tasks of which kind."""

from __future__ import annotations

import math
from collections.abc import Mapping

from writ_async.core.task import KINDS, WITHOUT_WRITE, Kind
from writ_async.errors import InputError

EVEN: dict[Kind, float] = {**dict.fromkeys(KINDS, 1.0), **dict.fromkeys(WITHOUT_WRITE, 0.5)}
"""The mix unless another one is asked for: a quarter of the tasks has nothing to write."""
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
