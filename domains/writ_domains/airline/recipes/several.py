"""Recipes of several different writes: each on a reservation of its own, some of which many reads decide."""

from __future__ import annotations

from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.domain import Draft
from writ_async.core.state import World
from writ_async.core.task import Fact
from writ_domains.airline import phrases
from writ_domains.airline.policy import StateView, may_cancel
from writ_domains.airline.recipes.baggage import add_bags_to
from writ_domains.airline.recipes.cabins import other_cabin
from writ_domains.airline.recipes.customers import (
    LONGEST,
    Customer,
    Places,
    choose_method,
    count_within,
    days_within,
    draft,
    draw_customer,
    is_told_by_route,
    later_trips,
    method_params,
    play,
    say_cabin,
    say_days,
    say_payment,
    say_reason,
)
from writ_domains.airline.recipes.passengers import change, companions, full_name
from writ_domains.airline.schedule import DAYS, FIRST_OPEN
from writ_domains.airline.schema import Reservation, User
from writ_domains.airline.tools import TOOLS
from writ_domains.kit.gold import Gold, Unfit, choose_one, choose_some
from writ_domains.kit.phrasing import pick

MOST: Final = 6
"""The most writes of a request."""


class _Step(msgspec.Struct, frozen=True):
    """What one write adds to the request: a verb phrase, first-person sentences, and facts."""

    wish: str
    details: list[str]
    facts: list[Fact]


def _cancel(rng: Random, gold: Gold, user: User, trip: Reservation, card: dict[str, Any]) -> _Step:
    if not may_cancel(StateView(gold.state), trip, "change of plan"):
        raise Unfit("that trip cannot be cancelled")
    play(gold, user, "cancel", trip={"id": trip.reservation_id}, reason="change of plan")
    wish = pick(rng, phrases.CANCEL_BRIEFLY)
    why = pick(rng, phrases.REASON_OF_TRIP).format(trip.reservation_id)
    return _Step(wish.format(trip.reservation_id), [why], [])


def _bags(rng: Random, gold: Gold, user: User, trip: Reservation, card: dict[str, Any]) -> _Step:
    more = rng.randint(1, 3)
    play(gold, user, "bags", trip={"id": trip.reservation_id}, more=more, pay=card)
    details = [gold.pin("calls", pick(rng, phrases.BAGS_IN_ONE_STEP))] if more > 1 else []
    return _Step(add_bags_to(rng, more, f"reservation {trip.reservation_id}"), details, [])


def _cabin(rng: Random, gold: Gold, user: User, trip: Reservation, card: dict[str, Any]) -> _Step:
    cabin = other_cabin(rng, trip)
    play(gold, user, "recabin", trip={"id": trip.reservation_id}, cabin=cabin, pay=card)
    wish = pick(rng, phrases.CHANGE_CABIN_BRIEFLY)
    detail = pick(rng, phrases.FLIGHTS_OF_TRIP).format(trip.reservation_id)
    return _Step(wish.format(trip.reservation_id, say_cabin(cabin, rng)), [detail], [])


def _people(rng: Random, gold: Gold, user: User, trip: Reservation, card: dict[str, Any]) -> _Step:
    if not companions(trip):
        raise Unfit("the user travels alone")
    old = pick(rng, companions(trip))
    new, wish, details, fact = change(rng, gold, trip, old)
    play(gold, user, "passengers", trip={"id": trip.reservation_id}, old=full_name(old), new=new)
    return _Step(f"{wish} on reservation {trip.reservation_id}", [*details, fact.text], [fact])


def _join(rng: Random, wishes: list[str]) -> str:
    first, *rest = wishes
    links = ("then", "also", "next", "besides that", "after that", "in addition", "on top of that")
    return pick(rng, phrases.SEVERAL_THINGS).format(
        ", and ".join([first, *(f"{pick(rng, links)} {text}" for text in rest)])
    )


def several_changes(world: World, rng: Random, gold: Gold) -> Draft:
    """Two to six writes of different kinds, each on a trip that is named."""
    customer = draw_customer(world, rng, gold, max(2, gold.extent.writes[0]))
    count = count_within(rng, gold, 2, min(MOST, len(later_trips(customer))))
    trips = choose_some(rng, later_trips(customer), count, count)
    card = choose_method(customer.user, rng, cards_only=True)
    pool = (_cancel, _bags, _cabin, _people)
    steps = rng.sample(pool, min(len(pool), len(trips))) + [pick(rng, pool) for _ in trips[len(pool) :]]
    paying = method_params(customer.user, card)
    done = [step(rng, gold, customer.user, trip, paying) for trip, step in zip(trips, steps, strict=True)]
    details = [text for step in done for text in step.details]
    if any(step in (_bags, _cabin) for step in steps):
        details.append(say_payment(customer.user, card, rng))
    facts = [fact for step in done for fact in step.facts]
    if len({fact.value for fact in facts}) < len(facts):
        raise Unfit("two birthdays of one person")
    wish = _join(rng, [step.wish for step in done])
    return draft(gold, rng, customer.user, wish, list(dict.fromkeys(details)), facts=facts)


def _days_of_search(rng: Random, gold: Gold, trips: int) -> int:
    """On how many days to look for other flights, where another write is read for all trips."""
    if gold.extent.cells[0] <= 1 + trips:
        return min(rng.choice((2, 3, 3, 6)), max(1, (gold.extent.cells[1] - 2) // 2))
    return days_within(rng, gold, 2, 2, (2, 6))


def _bags_on_another(
    rng: Random, gold: Gold, customer: Customer, places: Places, paying: dict[str, Any]
) -> tuple[str, list[str]]:
    """Bags on a trip that nothing has been done about, described by its route: the wish, and what settles it."""
    touched = {action.arguments["reservation_id"] for action in gold.actions if TOOLS[action.name].kind == "write"}
    free = [trip for trip in later_trips(customer) if trip.reservation_id not in touched]
    trip = choose_one(rng, [trip for trip in free if is_told_by_route(customer, trip)])
    more = rng.randint(1, 3)
    play(gold, customer.user, "bags", trip={"route": [trip.origin, trip.destination]}, more=more, pay=paying)
    named = pick(rng, phrases.TRIP_BY_ROUTE).format(route=places.route(rng, trip))
    return add_bags_to(rng, more, named), [gold.pin("calls", pick(rng, phrases.BAGS_IN_ONE_STEP))] if more > 1 else []


def several_searches(world: World, rng: Random, gold: Gold) -> Draft:
    """Two to four writes, most of which many reads decide: other flights, bags, a cancellation, a passenger."""
    customer = draw_customer(world, rng, gold, 3, beside=(0, 2 * LONGEST))
    card = choose_method(customer.user, rng, cards_only=True)
    paying = method_params(customer.user, card)
    places = Places(rng, gold)
    wishes: list[str] = []
    details: list[str] = []
    one_way = [
        trip for trip in later_trips(customer) if trip.flight_type == "one_way" and trip.cabin != "basic_economy"
    ]
    if one_way:
        trip = pick(rng, one_way)
        start = rng.randrange(FIRST_OPEN, len(DAYS) - LONGEST)
        dates = list(DAYS[start : start + _days_of_search(rng, gold, len(customer.trips))])
        where = {"route": [trip.origin, trip.destination]}
        play(gold, customer.user, "rebook", trip=where, search={"dates": dates}, pay=paying)
        route, when = places.route(rng, trip), say_days(dates, rng)
        move = pick(rng, phrases.REBOOK).format(named=f"my trip {route}", when=when)
        wishes.append(f"{move}, in the same cabin")
        details.append(pick(rng, phrases.STOPS))
    last = rng.random() < 0.5
    more = rng.randint(1, 3)
    play(gold, customer.user, "bags", trip={"start": "last" if last else "first"}, more=more, pay=paying)
    named = pick(rng, phrases.TRIP_BY_START)
    wishes.append(add_bags_to(rng, more, named.format("last" if last else "first")))
    if more > 1:
        details.append(gold.pin("calls", pick(rng, phrases.BAGS_IN_ONE_STEP)))
    fewest, most = gold.extent.writes
    if len(wishes) < most and sum(trip.cabin == "business" for trip in later_trips(customer)) > 1:
        least = rng.random() < 0.5
        play(gold, customer.user, "cancel", trip={"paid": "least" if least else "most"}, reason="change of plan")
        word = pick(rng, phrases.CHEAPEST if least else phrases.DEAREST)
        wishes.append(pick(rng, phrases.CANCEL_BUSINESS).format(word=word))
        details += [say_reason("change of plan", rng), pick(rng, phrases.BY_TOTAL_PAID)]
    facts: list[Fact] = []
    joined = [trip for trip in later_trips(customer) if companions(trip)]
    if joined and len(wishes) < most and (len(wishes) < fewest or rng.random() < 0.6):
        trip = pick(rng, joined)
        old = pick(rng, companions(trip))
        new, wish, kept, fact = change(rng, gold, trip, old)
        named_by = {"passenger": full_name(old)}
        decision = play(gold, customer.user, "passengers", trip=named_by, old=full_name(old), new=new)
        if decision.writes[0].arguments["reservation_id"] != trip.reservation_id:
            raise Unfit("the trip was cancelled just now, and the name points at a past one")
        wishes.append(f"{wish} on the one trip that has {full_name(old)} as a passenger")
        details += [*kept, fact.text]
        facts.append(fact)
    while len(wishes) < fewest:
        wish, pinned = _bags_on_another(rng, gold, customer, places, paying)
        wishes.append(wish)
        details += pinned
    if len(wishes) < 2:
        raise Unfit("too little to do")
    order = gold.pin("writes", pick(rng, phrases.IN_ORDER))
    pay = say_payment(customer.user, card, rng)
    details += [order, pick(rng, phrases.BY_FIRST_FLIGHT), pick(rng, phrases.FORGOT), pay]
    wish = _join(rng, wishes)
    return draft(gold, rng, customer.user, wish, list(dict.fromkeys(details)), facts=facts, unknown=phrases.NO_IDS)
