"""Recipes that add checked bags."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from writ_async.core.domain import Draft, Recipe
from writ_async.core.state import World
from writ_domains.airline.recipes import words
from writ_domains.airline.recipes.script import play, recipe, scenario
from writ_domains.airline.recipes.select import by_route, case_with_later_trips, describe, later_trips, payer
from writ_domains.kit.gold import Gold, choose_one
from writ_domains.kit.phrasing import pick

_LUGGAGE: Final = (
    "I'm taking more things along than I thought.",
    "I'm bringing presents.",
    "I have sports gear to carry.",
    "I need room for work equipment.",
    "I bought a lot of clothes.",
    "I'm carrying camera equipment.",
    "I packed far too much.",
    "I'm bringing tools for a job.",
    "",
    "",
)


_FIRST: Final = (
    "the next trip I have after today",
    "my first trip that starts after today",
    "the soonest of my trips that leave after today",
    "whichever trip of mine starts first after today",
)
_LAST: Final = (
    "the last of my trips",
    "whichever of my trips starts latest",
    "my trip with the latest start",
    "the trip of mine that leaves after all the others",
)


def add_phrase(rng: Random, more: int) -> str:
    """A verb phrase for adding checked bags, to be followed by "to ..."."""
    bags = "bag" if more == 1 else "bags"
    return pick(
        rng,
        (
            f"add {more} more checked {bags}",
            f"check in {more} additional {bags}",
            f"put {more} extra checked {bags} on",
            f"get {more} further checked {bags} added",
        ),
    )


def _joined(rng: Random, more: int, trip: str) -> str:
    phrase = add_phrase(rng, more)
    return f"{phrase} {trip}" if phrase.endswith(" on") else f"{phrase} to {trip}"


def _ask_charge(rng: Random) -> str:
    return words.ask_price(rng, pick(rng, ("what the bags cost", "the charge for the bags", "how much I pay for them")))


def _add(world: World, rng: Random, gold: Gold, how: str) -> Draft:
    case = case_with_later_trips(world, rng, {"id": 1, "start": 3, "route": 2}[how])
    details: list[str] = []
    unknown = words.NO_IDS
    if how == "id":
        trip = choose_one(rng, later_trips(case))
        wanted: dict[str, Any] = {"id": trip.reservation_id}
        named = pick(rng, ("my reservation {}", "reservation {}", "the booking {}", "my trip with the number {}"))
        named, unknown = named.format(trip.reservation_id), ""
    elif how == "route":
        trip = choose_one(rng, [trip for trip in later_trips(case) if by_route(case, trip)])
        wanted = {"route": [trip.origin, trip.destination]}
        route = words.Places(rng, gold).route(rng, trip)
        named = pick(rng, (f"my trip {route}", f"the booking {route}", f"my reservation {route}"))
    else:
        wanted = {"start": pick(rng, ("first", "last"))}
        named = pick(rng, _LAST if wanted["start"] == "last" else _FIRST)
        details.append(
            pick(rng, ("I go by the day of the first flight.", "What counts is the date of the first flight."))
        )
    more = rng.randint(1, 4)
    method = payer(rng, case.user)
    if more > 1:
        details.append(gold.pin("calls", pick(rng, words.ONE_STEP)))
    decision = play(gold, case.user, "bags", trip=wanted, more=more, pay=describe(case.user, method))
    details = [
        pick(rng, words.FORGOT) if unknown else "",
        pick(rng, _LUGGAGE),
        words.pay_with(rng, words.method(rng, case.user, method)),
        *details,
    ]
    told: list[float] = []
    charge = decision.figures["charge"]
    if charge and rng.random() < 0.5:
        details.append(_ask_charge(rng))
        told.append(charge)
    wish = _joined(rng, more, named)
    return gold.draft(scenario(rng, case.user, wish, details, unknown=unknown), told)


def _by_id(world: World, rng: Random, gold: Gold) -> Draft:
    return _add(world, rng, gold, "id")


def _soonest(world: World, rng: Random, gold: Gold) -> Draft:
    return _add(world, rng, gold, "start")


def _by_route(world: World, rng: Random, gold: Gold) -> Draft:
    return _add(world, rng, gold, "route")


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("bags_by_id", "normal", _by_id),
    recipe("bags_on_soonest_trip", "read-heavy", _soonest),
    recipe("bags_by_route", "normal", _by_route),
)
"""Recipes that add checked bags."""
