"""Recipes that move a reservation to other flights."""

from __future__ import annotations

from random import Random
from typing import Any

from writ_async.core.domain import Draft
from writ_async.core.state import World
from writ_domains.airline import phrases
from writ_domains.airline.policy import StateView, may_change_flights
from writ_domains.airline.recipes.customers import (
    Places,
    choose_method,
    days_within,
    draft,
    draw_customer,
    is_told_by_route,
    later_trips,
    method_params,
    perhaps_ask,
    play,
    say_cabin,
    say_days,
    say_payment,
)
from writ_domains.airline.schedule import DAYS, FIRST_OPEN
from writ_domains.airline.schema import CABINS, Reservation
from writ_domains.kit.gold import Gold, choose_one
from writ_domains.kit.phrasing import pick


def days_for(rng: Random, trip: Reservation, length: int) -> list[str]:
    """Days in a row that can be booked and on which no flight of the trip leaves."""
    starts = range(FIRST_OPEN, len(DAYS) - length)
    taken = {leg.date for leg in trip.flights}
    windows = [list(DAYS[start : start + length]) for start in starts]
    return choose_one(rng, [window for window in windows if taken.isdisjoint(window)])


def _days(rng: Random, gold: Gold, per: int, usual: tuple[int, int], rank: str) -> int:
    """How many days to look through.

    Of several days the first or the last one would decide alone what leaves or arrives first or last, and nobody would
    have to look at the others; what is fastest on one of them is mostly so on all, for the same flights leave each day.
    """
    if rank:
        return rng.randint(1, usual[1]) if rank == "fastest" else 1
    return days_within(rng, gold, 2, per, usual)


def _move(world: World, rng: Random, gold: Gold, known: bool, rank: str = "") -> Draft:
    customer = draw_customer(world, rng, gold, 1 if known else 2)
    trip = choose_one(
        rng,
        [
            trip
            for trip in later_trips(customer)
            if trip.flight_type == "one_way"
            and may_change_flights(StateView(gold.state), trip) is not gold.refusal
            and is_told_by_route(customer, trip)
        ],
    )
    nonstop = rng.random() < 0.4
    per, usual = (1, (2, 6)) if nonstop else (2, (2, 4))
    dates = days_for(rng, trip, 1 if known else _days(rng, gold, per, usual, rank))
    method = choose_method(customer.user, rng)
    search: dict[str, Any] = {"dates": dates, **({"nonstop": True} if nonstop else {})}
    if rank:
        search["rank"] = rank
    wanted = {"id": trip.reservation_id} if known else {"route": [trip.origin, trip.destination]}
    decision = play(gold, customer.user, "rebook", trip=wanted, search=search, pay=method_params(customer.user, method))
    route = "" if known else Places(rng, gold).route(rng, trip)
    named = f"my reservation {trip.reservation_id}" if known else f"my trip {route}"
    when = say_days(dates, rng)
    wish = pick(rng, phrases.REBOOK_RANKED[rank] if rank else phrases.REBOOK).format(named=named, when=when)
    details = [
        pick(rng, phrases.WHY_REBOOK),
        pick(rng, phrases.SAME_CABIN),
        pick(rng, phrases.NONSTOP if nonstop else phrases.STOPS),
        "" if known else pick(rng, phrases.FORGOT),
        say_payment(customer.user, method, rng),
    ]
    extra = decision.figures.get("extra", 0.0)
    unknown = "" if known else phrases.NO_IDS
    question, due = perhaps_ask(gold, rng, "how much I pay extra" if extra > 0 else "how much I get back", extra)
    return draft(gold, rng, customer.user, wish, [*details, question], unknown=unknown, due=due)


def rebook_with_cabin(world: World, rng: Random, gold: Gold) -> Draft:
    """A one-way reservation that is named: other flights and another cabin in one change."""
    customer = draw_customer(world, rng, gold, 1)
    trips = [trip for trip in later_trips(customer) if trip.flight_type == "one_way"]
    trip = choose_one(rng, [trip for trip in trips if may_change_flights(StateView(gold.state), trip)])
    cabin, method = pick(rng, [one for one in CABINS if one != trip.cabin]), choose_method(customer.user, rng)
    dates = days_for(rng, trip, days_within(rng, gold, 2, 2, (1, 3)))
    decision = play(
        gold,
        customer.user,
        "rebook",
        trip={"id": trip.reservation_id},
        search={"dates": dates},
        cabin=cabin,
        pay=method_params(customer.user, method),
    )
    form = pick(rng, phrases.REBOOK_WITH_CABIN)
    wish = form.format(
        named=f"my reservation {trip.reservation_id}", when=say_days(dates, rng), cabin=say_cabin(cabin, rng)
    )
    extra = decision.figures["extra"]
    question, due = perhaps_ask(gold, rng, "how much I pay extra" if extra > 0 else "how much I get back", extra)
    details = [pick(rng, phrases.WHY_REBOOK), pick(rng, phrases.STOPS), say_payment(customer.user, method, rng)]
    return draft(gold, rng, customer.user, wish, [*details, question], due=due)


def rebook_one_leg(world: World, rng: Random, gold: Gold) -> Draft:
    """One direction of a round trip; the other one stays as it is."""
    customer = draw_customer(world, rng, gold, 1)
    trips = [trip for trip in later_trips(customer) if trip.flight_type == "round_trip"]
    trip = choose_one(rng, [trip for trip in trips if may_change_flights(StateView(gold.state), trip)])
    leg, method = pick(rng, ("out", "back")), choose_method(customer.user, rng)
    turn = next(index for index, flight in enumerate(trip.flights) if flight.origin == trip.destination)
    first_back, last_out = trip.flights[turn].date, trip.flights[turn - 1].date
    fit = [day for day in DAYS[FIRST_OPEN:] if (day < first_back if leg == "out" else day > last_out)]
    taken = {flight.date for flight in (trip.flights[:turn] if leg == "out" else trip.flights[turn:])}
    free = [day for day in fit if day not in taken]
    start = choose_one(rng, range(max(0, len(free) - 2)))
    dates = free[start : start + rng.choice((1, 2))]
    decision = play(
        gold,
        customer.user,
        "rebook",
        trip={"id": trip.reservation_id},
        leg=leg,
        search={"dates": dates},
        pay=method_params(customer.user, method),
    )
    forms = phrases.REBOOK_OUTWARD if leg == "out" else phrases.REBOOK_RETURN
    wish = pick(rng, forms).format(id=trip.reservation_id, when=say_days(dates, rng))
    extra = decision.figures["extra"]
    question, due = perhaps_ask(gold, rng, "how much I pay extra" if extra > 0 else "how much I get back", extra)
    details = [
        pick(rng, phrases.WHY_REBOOK),
        pick(rng, phrases.OTHER_LEG_STAYS),
        pick(rng, phrases.SAME_CABIN),
        pick(rng, phrases.STOPS),
        say_payment(customer.user, method, rng),
    ]
    return draft(gold, rng, customer.user, wish, [*details, question], due=due)


def rebook_by_id(world: World, rng: Random, gold: Gold) -> Draft:
    """A reservation that is named, on one day."""
    return _move(world, rng, gold, known=True)


def rebook_by_time(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip that is described by its route, on the flights of some days that are fastest, or leave or arrive first."""
    return _move(
        world, rng, gold, known=False, rank=pick(rng, ("fastest", "fastest", "earliest arrival", "latest departure"))
    )


def rebook_cheapest_day(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip that is described by its route, on the cheapest of several days."""
    return _move(world, rng, gold, known=False)
