"""Recipes that add checked bags."""

from __future__ import annotations

from random import Random
from typing import Final

from domains.airline.recipes import words
from domains.airline.recipes.base import Gold, best, one, recipe, scenario
from domains.airline.recipes.select import (
    bags_after,
    by_route,
    case_with_later_trips,
    later_trips,
    payer,
    read_all,
    show_bags,
)
from domains.airline.schema import Reservation
from domains.common.phrasing import pick
from writ_async.domain import Draft, Recipe
from writ_async.state import World

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


def _write(gold: Gold, trip: Reservation, bags: int, nonfree: int, payment_id: str) -> None:
    gold.write(
        "update_reservation_baggages",
        [cell for cell in gold.cells if cell.name != "list_all_airports"],
        reservation_id=trip.reservation_id,
        total_baggages=bags,
        nonfree_baggages=nonfree,
        payment_id=payment_id,
    )


def _ask_charge(rng: Random) -> str:
    return words.ask_price(rng, pick(rng, ("what the bags cost", "the charge for the bags", "how much I pay for them")))


def _by_id(world: World, rng: Random) -> Draft:
    case = case_with_later_trips(world, rng, 1)
    gold = Gold(world)
    trip = one(rng, later_trips(case))
    more = rng.randint(1, 4)
    bags, nonfree, charge = bags_after(case.user, trip, more)
    method = payer(rng, case.user, charge)
    gold.profile(case.user)
    gold.trip(trip)
    show_bags(gold, case.user, trip, more)
    wish = _joined(
        rng,
        more,
        pick(rng, ("my reservation {}", "reservation {}", "the booking {}", "my trip with the number {}")).format(
            trip.reservation_id
        ),
    )
    details = [pick(rng, _LUGGAGE), words.pay_with(rng, words.method(rng, case.user, method))]
    if rng.random() < 0.5:
        details.append(f"That makes {bags} checked bags in total.")
    told: list[int] = []
    if charge and rng.random() < 0.5:
        details.append(_ask_charge(rng))
        told.append(charge)
    _write(gold, trip, bags, nonfree, method.id)
    return gold.draft(scenario(rng, case.user, wish, details), told)


def _soonest(world: World, rng: Random) -> Draft:
    case = case_with_later_trips(world, rng, 3)
    gold = Gold(world)
    latest = rng.random() < 0.4
    ranked = [(int(trip.flights[0].date[-2:]), trip) for trip in later_trips(case)]
    trip = best([(-day if latest else day, trip) for day, trip in ranked])
    more = rng.randint(1, 3)
    bags, nonfree, charge = bags_after(case.user, trip, more)
    method = payer(rng, case.user, charge)
    read_all(gold, case)
    show_bags(gold, case.user, trip, more)
    which = (
        pick(rng, ("the last of my trips", "whichever of my trips starts latest", "my trip with the latest start"))
        if latest
        else pick(
            rng,
            (
                "the next trip I have after today",
                "my first trip that starts after today",
                "the soonest of my trips that leave after today",
                "whichever trip of mine starts first after today",
            ),
        )
    )
    wish = _joined(rng, more, which)
    details = [
        pick(rng, words.FORGOT),
        pick(rng, _LUGGAGE),
        words.pay_with(rng, words.method(rng, case.user, method)),
        pick(rng, ("I go by the day of the first flight.", "What counts is the date of the first flight.")),
    ]
    told: list[int] = []
    if charge and rng.random() < 0.4:
        details.append(_ask_charge(rng))
        told.append(charge)
    _write(gold, trip, bags, nonfree, method.id)
    return gold.draft(scenario(rng, case.user, wish, details, unknown=words.NO_IDS), told)


def _by_route(world: World, rng: Random) -> Draft:
    case = case_with_later_trips(world, rng, 2)
    gold = Gold(world)
    trip = one(rng, [trip for trip in later_trips(case) if by_route(case, trip)])
    more = rng.randint(1, 3)
    bags, nonfree, charge = bags_after(case.user, trip, more)
    method = payer(rng, case.user, charge)
    places = words.Places(rng, gold)
    route = places.route(rng, trip)
    read_all(gold, case)
    show_bags(gold, case.user, trip, more)
    wish = _joined(rng, more, pick(rng, (f"my trip {route}", f"the booking {route}", f"my reservation {route}")))
    details = [pick(rng, words.FORGOT), pick(rng, _LUGGAGE), words.pay_with(rng, words.method(rng, case.user, method))]
    _write(gold, trip, bags, nonfree, method.id)
    return gold.draft(scenario(rng, case.user, wish, details, unknown=words.NO_IDS))


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("bags_by_id", "normal", _by_id),
    recipe("bags_on_soonest_trip", "read-heavy", _soonest),
    recipe("bags_by_route", "read-heavy", _by_route),
)
"""Recipes that add checked bags."""
