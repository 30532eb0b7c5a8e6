"""Customers who only want to know something: of a trip, a fare, or their gift cards and certificates."""

from __future__ import annotations

from random import Random

from writ_async.core.domain import Draft
from writ_async.core.state import World
from writ_domains.airline import phrases
from writ_domains.airline.recipes.booking import airports, draw_size, window
from writ_domains.airline.recipes.customers import (
    Customer,
    Places,
    draft,
    draw_customer,
    is_told_by_route,
    later_trips,
    play,
    say_cabin,
    say_days,
)
from writ_domains.airline.schema import CABINS, TODAY, Reservation
from writ_domains.kit.gold import Gold, choose_one
from writ_domains.kit.phrasing import listing, pick


def _ask(rng: Random, gold: Gold, customer: Customer, what: str, trip: Reservation, known: bool) -> str:
    """Ask one thing about a trip: the verb phrase."""
    route = (trip.origin, trip.destination)
    wanted = {"id": trip.reservation_id} if known else {"route": list(route)}
    play(gold, customer.user, "tell", what=what, trip=wanted)
    named = f"my reservation {trip.reservation_id}" if known else f"my trip {Places(rng, gold).route(rng, trip)}"
    return pick(rng, phrases.ASK_ABOUT[what]).format(named=named)


def ask_about_trip(world: World, rng: Random, gold: Gold) -> Draft:
    """One thing or two about a trip by its number, or one thing about a trip by its route."""
    customer = draw_customer(world, rng, gold, 1)
    known = rng.random() < 0.5
    trip = choose_one(rng, [trip for trip in later_trips(customer) if known or is_told_by_route(customer, trip)])
    asked = rng.sample(("paid", "free_bags", "cabin"), rng.choice((1, 2)) if known else 1)
    wishes = [_ask(rng, gold, customer, what, trip, known) for what in asked]
    unknown = "" if known else phrases.NO_IDS
    return draft(gold, rng, customer.user, " and ".join(wishes), [], unknown=unknown)


def ask_about_flight(world: World, rng: Random, gold: Gold) -> Draft:
    """How the one flight of a trip stands that was due by today."""
    customer = draw_customer(world, rng, gold)
    fit = [trip for trip in customer.trips if sum(leg.date <= TODAY for leg in trip.flights) == 1]
    trip = choose_one(rng, fit)
    return draft(gold, rng, customer.user, _ask(rng, gold, customer, "flight_status", trip, True), [])


def ask_about_vouchers(world: World, rng: Random, gold: Gold) -> Draft:
    """What is left on gift cards, on certificates, or on both."""
    user = draw_customer(world, rng, gold).user
    kind = pick(rng, list(phrases.ASK_OF_VOUCHERS))
    play(gold, user, "tell", what="vouchers", kind=kind)
    return draft(gold, rng, user, pick(rng, phrases.ASK_OF_VOUCHERS[kind]), [pick(rng, phrases.WHY_ASK)])


def ask_for_fare(world: World, rng: Random, gold: Gold) -> Draft:
    """The lowest fare on some days, from one airport or several."""
    user = draw_customer(world, rng, gold).user
    count, days = draw_size(rng, gold, 2, (2, 4), beside=0)
    origins, destination = airports(rng, gold, count)
    dates, cabin = window(rng, days, days), pick(rng, CABINS)
    search = {"from": origins, "to": destination, "dates": dates}
    play(gold, user, "tell", what="fare", search=search, cabin=cabin)
    places = Places(rng, gold)
    here = listing([places.say(origin) for origin in origins]).replace(" and ", " or ")
    there = places.say(destination)
    form = pick(rng, phrases.ASK_ABOUT["fare"])
    wish = form.format(cabin=say_cabin(cabin, rng), here=here, there=there, when=say_days(dates, rng))
    return draft(gold, rng, user, wish, [pick(rng, phrases.STOPS)])
