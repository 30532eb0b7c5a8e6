"""Faults that only a person can help with: a locked SIM card, a contract that has ended."""

from __future__ import annotations

from random import Random

from writ_async.core.domain import Draft
from writ_async.core.state import World
from writ_domains.kit.gold import Gold, choose_one
from writ_domains.kit.phrasing import pick
from writ_domains.telecom.goals.objectives import SERVICE
from writ_domains.telecom.recipes.customers import COMPLAINTS, complain, draw_holder, ended, place_for, plant
from writ_domains.telecom.recipes.faults import on


def hand_over_locked(world: World, rng: Random, gold: Gold) -> Draft:
    """A SIM card that asks for its PIN or PUK."""
    holder = draw_holder(world, rng, suspend=True)
    place = place_for(holder, pick(rng, COMPLAINTS), world, rng)
    plant(gold, place, holder, (), (on("user", "lock_sim_card", mode=pick(rng, ("pin", "puk"))),), rng)
    return complain(place, holder, gold, rng)


def hand_over_ended(world: World, rng: Random, gold: Gold) -> Draft:
    """A line that is suspended because its contract has ended, and no bill open."""
    holder = choose_one(rng, ended(world))
    place = place_for(holder, (SERVICE,), world, rng)
    plant(gold, place, holder, (), (), rng)
    return complain(place, holder, gold, rng)
