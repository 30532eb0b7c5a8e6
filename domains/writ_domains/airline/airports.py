"""The airports that an airline may fly to, and which of them one world's airline does."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from math import asin, cos, radians, sin, sqrt
from random import Random
from typing import Final

import msgspec


class _Airport(msgspec.Struct, frozen=True, array_like=True):
    """A row of the file."""

    city: str
    latitude: float
    longitude: float


_FILE: Final = files(__package__ or "").joinpath("airports.toml")
_ALL: Final = msgspec.toml.decode(_FILE.read_bytes(), type=dict[str, _Airport])
AIRPORTS: Final = {code: one.city for code, one in _ALL.items()}
"""Cities by the code of their airport, those of the benchmark first."""
METROPOLES: Final = (
    ("JFK", "LGA", "EWR"),
    ("LAX", "BUR", "SNA"),
    ("SFO", "OAK", "SJC"),
    ("MIA", "FLL", "PBI"),
    ("BOS", "PVD", "MHT"),
    ("TPA", "PIE", "SRQ"),
)
"""Airports of one region each, of which every world has one, so that a traveller can choose among several."""
SERVED: Final = 20
"""How many airports a world has, as many as the benchmark's."""

_EARTH_MILES: Final = 3959
_NEAR: Final = 60


def miles(origin: str, destination: str) -> float:
    """Great-circle distance between two airports (haversine formula)."""
    here, there = _ALL[origin], _ALL[destination]
    lat1, lon1, lat2, lon2 = map(radians, (here.latitude, here.longitude, there.latitude, there.longitude))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_MILES * asin(sqrt(half))


def too_near(origin: str, destination: str) -> bool:
    """Whether nobody would fly from one airport to the other."""
    return miles(origin, destination) <= _NEAR


def draw_airports(rng: Random) -> list[str]:
    """The airports of a world: those of a metropolis, and others that are too near to none."""
    drawn = list(rng.choice(METROPOLES))
    for code in rng.sample(list(AIRPORTS), len(AIRPORTS)):
        if len(drawn) < SERVED and not any(too_near(code, other) for other in drawn):
            drawn.append(code)
    return drawn


def metropolis_of(served: Iterable[str]) -> tuple[str, ...]:
    """The airports among which a traveller can choose to leave from, of those that are served; empty without any."""
    known = frozenset(served)
    return next((airports for airports in METROPOLES if known.issuperset(airports)), ())
