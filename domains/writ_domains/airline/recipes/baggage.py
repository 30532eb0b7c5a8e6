"""Recipes that add checked bags."""

from __future__ import annotations

from random import Random
from typing import Any

from writ_async.core.domain import Draft
from writ_async.core.state import World
from writ_domains.airline import phrases
from writ_domains.airline.recipes.customers import (
    Places,
    choose_method,
    draft,
    draw_customer,
    is_told_by_route,
    later_trips,
    method_params,
    perhaps_ask,
    play,
    say_payment,
)
from writ_domains.kit.gold import Gold, choose_one
from writ_domains.kit.phrasing import pick


def add_phrase(rng: Random, more: int) -> str:
    """A verb phrase for adding checked bags, to be followed by "to ..."."""
    bags = "bag" if more == 1 else "bags"
    return pick(rng, phrases.ADD_BAGS).format(more=more, bags=bags)


def add_bags_to(rng: Random, more: int, trip: str) -> str:
    """A verb phrase for adding checked bags to a trip."""
    phrase = add_phrase(rng, more)
    return f"{phrase} {trip}" if phrase.endswith(" on") else f"{phrase} to {trip}"


def _add(world: World, rng: Random, gold: Gold, how: str) -> Draft:
    beside = (0, 0) if how == "start" else None
    customer = draw_customer(world, rng, gold, {"id": 1, "start": 3, "route": 2}[how], beside)
    details: list[str] = []
    unknown = phrases.NO_IDS
    if how == "id":
        trip = choose_one(rng, later_trips(customer))
        wanted: dict[str, Any] = {"id": trip.reservation_id}
        named = pick(rng, phrases.TRIP_BY_ID)
        named, unknown = named.format(trip.reservation_id), ""
    elif how == "route":
        trip = choose_one(rng, [trip for trip in later_trips(customer) if is_told_by_route(customer, trip)])
        wanted = {"route": [trip.origin, trip.destination]}
        route = Places(rng, gold).route(rng, trip)
        named = pick(rng, phrases.TRIP_BY_ROUTE).format(route=route)
    else:
        wanted = {"start": pick(rng, ("first", "last"))}
        named = pick(rng, phrases.LAST_TRIP if wanted["start"] == "last" else phrases.FIRST_TRIP)
        details.append(pick(rng, phrases.BY_FIRST_FLIGHT))
    more = rng.randint(1, 4)
    method = choose_method(customer.user, rng)
    if more > 1:
        details.append(gold.pin("calls", pick(rng, phrases.ONE_STEP)))
    decision = play(gold, customer.user, "bags", trip=wanted, more=more, pay=method_params(customer.user, method))
    details = [
        pick(rng, phrases.FORGOT) if unknown else "",
        pick(rng, phrases.LUGGAGE),
        say_payment(customer.user, method, rng),
        *details,
    ]
    charge = decision.figures["charge"]
    question, due = perhaps_ask(gold, rng, phrases.BAG_CHARGE, charge)
    wish = add_bags_to(rng, more, named)
    return draft(gold, rng, customer.user, wish, [*details, question], unknown=unknown, due=due)


def bags_by_id(world: World, rng: Random, gold: Gold) -> Draft:
    """Bags on a reservation that is named."""
    return _add(world, rng, gold, "id")


def bags_on_soonest_trip(world: World, rng: Random, gold: Gold) -> Draft:
    """Bags on the first or the last of the coming trips."""
    return _add(world, rng, gold, "start")


def bags_by_route(world: World, rng: Random, gold: Gold) -> Draft:
    """Bags on a trip that is described by its route."""
    return _add(world, rng, gold, "route")
