"""Mending what is complained of: one fault, several, and everything looked at before anything is changed."""

from __future__ import annotations

from random import Random
from typing import Final

from writ_async.core.domain import Draft
from writ_async.core.state import World
from writ_domains.kit.gold import Gold, Unfit
from writ_domains.kit.phrasing import pick
from writ_domains.telecom.goals.objectives import DATA, PICTURES, SERVICE
from writ_domains.telecom.recipes.customers import COMPLAINTS, complain, draw_holder, place_for, plant
from writ_domains.telecom.recipes.faults import draw_faults

MOST: Final = 8
"""The most calls of a fix."""
_WIDE: Final = ((DATA,), (PICTURES,), (DATA, PICTURES), (DATA, PICTURES), (SERVICE, DATA, PICTURES))
_USUAL: Final = 5  # calls of a fix that is to come to nothing in particular


def _mend(world: World, rng: Random, gold: Gold, least: int, most: int, *, whole: bool = False) -> Draft:
    low, high = max(least, gold.extent.writes[0]), min(most, max(gold.extent.writes[1], 0))
    if low > high:
        raise Unfit("no fix of this recipe comes to so many calls")
    holder = draw_holder(world, rng, suspend=high > 1)
    place = place_for(holder, pick(rng, _WIDE if whole else COMPLAINTS), world, rng)
    faults = draw_faults(place, rng, low, min(high, max(low, _USUAL)) if high >= MOST else high)
    plant(gold, place, holder, faults, (), rng)
    return complain(place, holder, gold, rng, whole=whole)


def mend_one(world: World, rng: Random, gold: Gold) -> Draft:
    """One fault that one call mends."""
    return _mend(world, rng, gold, 1, 1)


def mend_one_looked_for(world: World, rng: Random, gold: Gold) -> Draft:
    """The same by a customer who wants everything looked at first."""
    return _mend(world, rng, gold, 1, 1, whole=True)


def mend_several(world: World, rng: Random, gold: Gold) -> Draft:
    """Several faults, or one that takes several calls one after the other."""
    return _mend(world, rng, gold, 2, MOST)


def mend_all_looked_for(world: World, rng: Random, gold: Gold) -> Draft:
    """The same by a customer who wants everything looked at first."""
    return _mend(world, rng, gold, 2, MOST, whole=True)
