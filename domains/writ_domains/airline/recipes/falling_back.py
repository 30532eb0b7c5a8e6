"""Customers with a second wish for the case that the first cannot be met, or of whom one wish can be met and one not.

Which of the options is done is decided by the policy, by a fare, or by what a change costs.
"""

from __future__ import annotations

from random import Random
from typing import Any

from writ_async.core.domain import Draft
from writ_async.core.goal import Decision
from writ_async.core.state import World
from writ_domains.airline import phrases
from writ_domains.airline.policy import StateView, may_cancel
from writ_domains.airline.recipes.baggage import add_phrase
from writ_domains.airline.recipes.booking import airports, draw_size, window
from writ_domains.airline.recipes.cabins import other_cabin
from writ_domains.airline.recipes.customers import (
    Places,
    choose_method,
    draft,
    draw_customer,
    later_trips,
    method_params,
    play,
    say_cabin,
    say_days,
    say_payment,
    say_reason,
)
from writ_domains.airline.recipes.party import draw_party, play_booking
from writ_domains.airline.recipes.rebooking import days_for
from writ_domains.airline.schema import CABINS, User
from writ_domains.kit.gold import Gold, Unfit, choose_one
from writ_domains.kit.phrasing import listing, pick


def _either(gold: Gold, user: User, *options: tuple[str, dict[str, Any]]) -> Decision:
    listed = [{"objective": objective, "params": params} for objective, params in options]
    return play(gold, user, "first_possible", options=listed)


def cancel_or_upgrade(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip is to be cancelled or, where the rules forbid that, to be flown in another cabin."""
    customer = draw_customer(world, rng, gold, 1)
    allowed, view = rng.random() < 0.5, StateView(gold.state)
    trips = [trip for trip in later_trips(customer) if trip.cabin != "business" or allowed]
    trip = choose_one(rng, [trip for trip in trips if may_cancel(view, trip, "change of plan") is allowed])
    cabin = other_cabin(rng, trip)
    method = choose_method(customer.user, rng)
    where = {"id": trip.reservation_id}
    paying = method_params(customer.user, method)
    _either(
        gold,
        customer.user,
        ("cancel", {"trip": where, "reason": "change of plan"}),
        ("recabin", {"trip": where, "cabin": cabin, "pay": paying}),
    )
    details = [
        say_reason("change of plan", rng),
        pick(rng, phrases.ELSE_CABIN).format(said=say_cabin(cabin, rng)),
        say_payment(customer.user, method, rng),
    ]
    wish = pick(rng, phrases.CANCEL_BY_ID).format(trip.reservation_id)
    return draft(gold, rng, customer.user, wish, details)


def rebook_or_cancel(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip is to be moved to the cheapest flights of some days or, where its cabin forbids that, cancelled."""
    customer = draw_customer(world, rng, gold, 1)
    basic = rng.random() < 0.5
    trips = [trip for trip in later_trips(customer) if trip.flight_type == "one_way"]
    trip = choose_one(rng, [trip for trip in trips if (trip.cabin == "basic_economy") is basic])
    dates = days_for(rng, trip, pick(rng, (1, 2)))
    method = choose_method(customer.user, rng, cards_only=True)
    where = {"id": trip.reservation_id}
    move = {"trip": where, "search": {"dates": dates}, "pay": method_params(customer.user, method)}
    decision = _either(gold, customer.user, ("rebook", move), ("cancel", {"trip": where, "reason": "change of plan"}))
    if (decision.writes[0].name == "cancel_reservation") is not basic:
        raise Unfit("no flight fits, of which the request does not speak")
    named = f"my reservation {trip.reservation_id}"
    wish = pick(rng, phrases.REBOOK).format(named=named, when=say_days(dates, rng))
    details = [
        say_reason("change of plan", rng),
        pick(rng, phrases.SAME_CABIN),
        pick(rng, phrases.STOPS),
        pick(rng, phrases.ELSE_CANCEL),
        say_payment(customer.user, method, rng),
    ]
    return draft(gold, rng, customer.user, wish, details)


def upgrade_within_budget(world: World, rng: Random, gold: Gold) -> Draft:
    """A better cabin if that costs at most so much in addition, else more bags."""
    customer = draw_customer(world, rng, gold, 1)
    trip = choose_one(rng, [trip for trip in later_trips(customer) if trip.cabin != "business"])
    cabin = pick(rng, CABINS[CABINS.index(trip.cabin) + 1 :])
    method = choose_method(customer.user, rng, cards_only=True)
    paying, where, more = method_params(customer.user, method), {"id": trip.reservation_id}, rng.randint(1, 3)
    change = {"trip": where, "cabin": cabin, "pay": paying}
    extra = _cost_of(gold, customer.user, "recabin", change, "extra")
    most = _limit_near(rng, extra)
    _either(
        gold,
        customer.user,
        ("recabin", {**change, "most": most}),
        ("bags", {"trip": where, "more": more, "pay": paying}),
    )
    wish = pick(rng, phrases.UPGRADE_BY_ID).format(trip.reservation_id, say_cabin(cabin, rng))
    details = [
        pick(rng, phrases.COMFORT),
        pick(rng, phrases.KEEP_FLIGHTS),
        pick(rng, phrases.EXTRA_AT_MOST).format(most),
        pick(rng, phrases.ELSE_BAGS).format(add=add_phrase(rng, more)),
        gold.pin("calls", pick(rng, phrases.ONE_STEP)) if more > 1 else "",
        say_payment(customer.user, method, rng),
    ]
    return draft(gold, rng, customer.user, wish, details)


def book_within_budget(world: World, rng: Random, gold: Gold) -> Draft:
    """The cheapest option in a better cabin if the booking stays within a budget, else in a lower cabin."""
    user = draw_customer(world, rng, gold).user
    party = draw_party(rng, user)
    better = pick(rng, CABINS[1:])
    lower = CABINS[CABINS.index(better) - 1]
    count, days = draw_size(rng, gold, 2, (1, 3))
    origins, destination = airports(rng, gold, count)
    dates = window(rng, days, days)
    search = {"from": origins, "to": destination, "dates": dates}
    first, people = play_booking(rng, gold, party, [search], better, lower, _limit_near)
    places = Places(rng, gold)
    here = listing([places.say(origin) for origin in origins]).replace(" and ", " or ")
    form = pick(rng, phrases.BOOK_CHEAPEST)
    when, cabin, there = say_days(dates, rng), say_cabin(better, rng), places.say(destination)
    details = [
        pick(rng, phrases.OCCASIONS),
        pick(rng, phrases.TOTAL_AT_MOST).format(first),
        pick(rng, phrases.ELSE_ECONOMY).format(said=say_cabin(lower, rng)),
        pick(rng, phrases.STOPS),
        pick(rng, phrases.ONE_WAY),
        *people,
    ]
    return draft(
        gold, rng, user, form.format(cabin=cabin, here=here, there=there, when=when), details, facts=party.facts
    )


def _cost_of(gold: Gold, user: User, objective: str, params: dict[str, Any], figure: str) -> float:
    """What something would cost, without doing it."""
    return gold.weigh(objective, {"who": {"user_id": user.user_id}, **params}).figures[figure]


def _limit_near(rng: Random, cost: float) -> int:
    """A limit in tens of dollars below a cost or above it. Raises `Unfit` where that is no limit to speak of."""
    limit = 10 * (int(cost / 10) + rng.choice((-4, -2, -1, 1, 2, 4)))
    if limit < 20 or abs(limit - cost) < 5:
        raise Unfit("no limit to speak of")
    return limit


def partly(world: World, rng: Random, gold: Gold) -> Draft:
    """One trip that may be cancelled, and one that may not."""
    customer = draw_customer(world, rng, gold, 2)
    view = StateView(gold.state)
    fit = [may_cancel(view, trip, "change of plan") for trip in later_trips(customer)]
    trips = list(zip(later_trips(customer), fit, strict=True))
    yes = choose_one(rng, [trip for trip, allowed in trips if allowed])
    no = choose_one(rng, [trip for trip, allowed in trips if not allowed])
    play(gold, customer.user, "cancel", trip={"id": yes.reservation_id}, reason="change of plan")
    play(gold, customer.user, "cancel", refused=True, trip={"id": no.reservation_id}, reason="change of plan")
    ids = [yes.reservation_id, no.reservation_id]
    if rng.random() < 0.5:
        ids.reverse()
    wish = pick(rng, phrases.CANCEL_BY_ID).format(ids[0])
    details = [pick(rng, phrases.FORBIDDEN_TOO).format(ids[1]), say_reason("change of plan", rng)]
    return draft(gold, rng, customer.user, wish, details, accepts_no=True)
