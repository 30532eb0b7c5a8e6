"""A recipe of several different writes, each on a reservation of its own."""

from __future__ import annotations

from random import Random
from typing import Final

import msgspec

from domains.airline.policy_rules import may_cancel
from domains.airline.recipes import words
from domains.airline.recipes.baggage import add_phrase
from domains.airline.recipes.base import Gold, Unfit, recipe, scenario, some
from domains.airline.recipes.cabins import old_fares, other_cabin
from domains.airline.recipes.passengers import change, companions, replaced
from domains.airline.recipes.select import (
    bags_after,
    case_with_later_trips,
    difference,
    fares,
    later_trips,
    legs_of,
    payer,
    search_legs,
    show_bags,
)
from domains.airline.schema import CreditCard, Reservation, User
from domains.common.phrasing import pick
from writ_async.domain import Draft, Recipe
from writ_async.state import World
from writ_async.task import Cell, Fact


class _Step(msgspec.Struct, frozen=True):
    """What one write adds to the request: a verb phrase, first-person sentences, and facts."""

    wish: str
    details: list[str]
    facts: list[Fact]


def _cancel(rng: Random, gold: Gold, user: User, trip: Reservation, cells: list[Cell], card: CreditCard) -> _Step:
    if not may_cancel(gold.state, trip, "change of plan"):
        raise Unfit("that trip cannot be cancelled")
    gold.write("cancel_reservation", cells, reservation_id=trip.reservation_id)
    wish = pick(rng, ("cancel reservation {}", "call off trip {}", "cancel the booking {}"))
    why = f"For {trip.reservation_id} the reason is that my plans have changed."
    return _Step(wish.format(trip.reservation_id), [why], [])


def _bags(rng: Random, gold: Gold, user: User, trip: Reservation, cells: list[Cell], card: CreditCard) -> _Step:
    more = rng.randint(1, 3)
    bags, nonfree, _ = bags_after(user, trip, more)
    show_bags(gold, user, trip, more)
    gold.write(
        "update_reservation_baggages",
        cells,
        reservation_id=trip.reservation_id,
        total_baggages=bags,
        nonfree_baggages=nonfree,
        payment_id=card.id,
    )
    phrase = add_phrase(rng, more)
    return _Step(f"{phrase} {'' if phrase.endswith(' on') else 'to '}reservation {trip.reservation_id}", [], [])


def _cabin(rng: Random, gold: Gold, user: User, trip: Reservation, cells: list[Cell], card: CreditCard) -> _Step:
    cabin = other_cabin(rng, trip)
    new = fares(gold.state, trip, cabin)
    search_legs(gold, trip)
    difference(gold, new, old_fares(trip), len(trip.passengers))
    gold.write(
        "update_reservation_flights",
        cells,
        reservation_id=trip.reservation_id,
        cabin=cabin,
        flights=legs_of(trip),
        payment_id=card.id,
    )
    wish = pick(rng, ("change the cabin of {} to {}", "move reservation {} to {}", "put the booking {} into {}"))
    detail = f"The flights of {trip.reservation_id} stay the same."
    return _Step(wish.format(trip.reservation_id, words.cabin(rng, cabin)), [detail], [])


def _people(rng: Random, gold: Gold, user: User, trip: Reservation, cells: list[Cell], card: CreditCard) -> _Step:
    if not companions(trip):
        raise Unfit("the user travels alone")
    old = pick(rng, companions(trip))
    new, wish, details, fact = change(rng, trip, old)
    gold.write(
        "update_reservation_passengers",
        cells,
        reservation_id=trip.reservation_id,
        passengers=replaced(trip, old, new),
    )
    return _Step(f"{wish} on reservation {trip.reservation_id}", [*details, fact.text], [fact])


def _overhaul(world: World, rng: Random) -> Draft:
    case = case_with_later_trips(world, rng, 2)
    gold = Gold(world)
    trips = some(rng, later_trips(case), 2, 4)
    card = payer(rng, case.user, 0, cards_only=True)
    assert isinstance(card, CreditCard)
    profile = gold.profile(case.user)
    steps = rng.sample((_cancel, _bags, _cabin, _people), len(trips))
    done: list[_Step] = []
    for trip, step in zip(trips, steps, strict=True):
        cells = [profile, gold.trip(trip)]
        done.append(step(rng, gold, case.user, trip, cells, card))
    wishes = [step.wish for step in done]
    first, rest = wishes[0], wishes[1:]
    links = ("then", "also", "next", "besides that", "after that")
    wish = pick(rng, ("{}", "do a few things: {}", "sort out some of my trips: {}")).format(
        ", and ".join([first, *(f"{pick(rng, links)} {text}" for text in rest)])
    )
    details = [text for step in done for text in step.details]
    if any(step in (_bags, _cabin) for step in steps):
        details.append(words.pay_with(rng, words.method(rng, case.user, card)))
    facts = [fact for step in done for fact in step.facts]
    return gold.draft(scenario(rng, case.user, wish, details, facts=facts))


RECIPES: Final[tuple[Recipe, ...]] = (recipe("several_changes", "write-intensive", _overhaul),)
"""Recipes of several writes."""
