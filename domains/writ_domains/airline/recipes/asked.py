"""Customers who have several trips to the place that they name, and say which one they mean only when asked."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from writ_async.core.domain import Draft
from writ_async.core.goal import EVERY, WHICH
from writ_async.core.state import World
from writ_domains.airline import phrases
from writ_domains.airline.policy import Reason
from writ_domains.airline.recipes.baggage import add_bags_to
from writ_domains.airline.recipes.customers import (
    Customer,
    Places,
    choose_method,
    draft,
    draw_customer,
    later_trips,
    method_params,
    play,
    say_cabin,
    say_day,
    say_payment,
    say_reason,
)
from writ_domains.airline.schema import CABINS, Reservation
from writ_domains.kit.gold import Gold, choose_one
from writ_domains.kit.phrasing import Forms, pick

_REASONS: tuple[Reason, ...] = ("change of plan", "health", "weather")
Answer = tuple[dict[str, Any], str]
"""What is said when asked which one is meant: as params, and in words."""


def _draw_trips(customer: Customer, rng: Random) -> list[Reservation]:
    """All coming trips of a customer to one place, of which there are several. Raises `Unfit`."""
    there: dict[str, list[Reservation]] = {}
    for trip in later_trips(customer):
        there.setdefault(trip.destination, []).append(trip)
    return choose_one(rng, [trips for trips in there.values() if len(trips) > 1])


def _one_trip(trips: Sequence[Reservation], places: Places, rng: Random) -> Answer:
    """One of some trips: by its day, its order among them, where it starts, its cabin, or what was paid for it."""
    trip = pick(rng, trips)
    others = [other for other in trips if other is not trip]
    two = len(trips) == 2
    kind = pick(rng, ("on", "start", "from", "cabin", "paid"))
    if kind == "from" and trip.origin not in [other.origin for other in others]:
        return {"from": trip.origin}, pick(rng, phrases.MEAN_FROM).format(places.say(trip.origin))
    if kind == "cabin" and trip.cabin not in [other.cabin for other in others]:
        return {"cabin": trip.cabin}, pick(rng, phrases.MEAN_CABIN).format(say_cabin(trip.cabin, rng))
    if kind == "paid" and two:
        most = rng.random() < 0.5
        forms: Forms = phrases.MEAN_DEARER if most else phrases.MEAN_CHEAPER
        return {"paid": "most" if most else "least"}, pick(rng, forms)
    if kind == "start":
        last = rng.random() < 0.5
        if two:
            forms = phrases.MEAN_LAST if last else phrases.MEAN_FIRST
        else:
            forms = phrases.MEAN_LAST_OF_ALL if last else phrases.MEAN_FIRST_OF_ALL
        return {"start": "last" if last else "first"}, pick(rng, forms)
    day = trip.flights[0].date
    return {"on": day}, pick(rng, phrases.MEAN_ON).format(say_day(day, rng))


def _ask(world: World, rng: Random, gold: Gold, every: bool) -> Draft:
    customer = draw_customer(world, rng, gold, 2, beside=(0, 2))
    trips, places = _draw_trips(customer, rng), Places(rng, gold)
    user = customer.user
    named = pick(rng, phrases.TRIP_THERE).format(places.say(trips[0].destination))
    two_of_them = [trips] if len(trips) == 2 else []
    if every:
        trips = choose_one(rng, two_of_them)
    answer = (EVERY, pick(rng, phrases.MEAN_BOTH)) if every else _one_trip(trips, places, rng)
    wanted = {"to": trips[0].destination, WHICH: answer[0]}
    gold.choice = answer[1]
    kind = pick(rng, ("cancel", "bags", "cabin"))
    details = [pick(rng, phrases.FORGOT)]
    if kind == "cancel":
        why = pick(rng, _REASONS)
        play(gold, user, "cancel", trip=wanted, reason=why)
        wish = pick(rng, phrases.CANCEL_THERE).format(named)
        return draft(gold, rng, user, wish, [say_reason(why, rng), *details], unknown=phrases.NO_IDS)
    method = choose_method(user, rng, cards_only=every)
    paying = method_params(user, method)
    details.append(say_payment(user, method, rng))
    if kind == "bags":
        more = rng.randint(1, 3)
        if more > 1:
            details.append(gold.pin("calls", pick(rng, phrases.BAGS_IN_ONE_STEP)))
        play(gold, user, "bags", trip=wanted, more=more, pay=paying)
        wish = add_bags_to(rng, more, named)
        return draft(gold, rng, user, wish, [pick(rng, phrases.LUGGAGE), *details], unknown=phrases.NO_IDS)
    cabin = choose_one(rng, [cabin for cabin in CABINS if all(trip.cabin != cabin for trip in trips)])
    play(gold, user, "recabin", trip=wanted, cabin=cabin, pay=paying)
    wish = pick(rng, phrases.CABIN_THERE).format(named, say_cabin(cabin, rng))
    return draft(gold, rng, user, wish, [pick(rng, phrases.KEEP_FLIGHTS), *details], unknown=phrases.NO_IDS)


def which_trip(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip that is named by where it leads, as others do: it is cancelled, gets bags, or another cabin."""
    return _ask(world, rng, gold, every=False)


def both_trips(world: World, rng: Random, gold: Gold) -> Draft:
    """The same of both trips to a place."""
    return _ask(world, rng, gold, every=True)
