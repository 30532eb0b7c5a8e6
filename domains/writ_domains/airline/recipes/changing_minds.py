"""Customers who think better of it when they are asked to confirm: the last wish counts."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

from writ_async.core.domain import Draft
from writ_async.core.state import World
from writ_domains.airline import phrases
from writ_domains.airline.policy import Reason, StateView, may_cancel
from writ_domains.airline.recipes.baggage import add_bags_to
from writ_domains.airline.recipes.cancelling import REASONS
from writ_domains.airline.recipes.customers import (
    Customer,
    Places,
    choose_method,
    draw_customer,
    is_told_by_route,
    later_trips,
    lay_out,
    method_params,
    play,
    say_cabin,
    say_payment,
    say_reason,
)
from writ_domains.airline.schema import CABINS, CabinName, PaymentMethod, Reservation, User
from writ_domains.kit.gold import Gold, Unfit, choose_one
from writ_domains.kit.identity import identify_by_user_id
from writ_domains.kit.phrasing import pick, sentences
from writ_domains.kit.wishes import tell_wish, with_change


class _Wish(msgspec.Struct, frozen=True):
    """A goal without who asks, the verb phrase that asks for it, and first-person details."""

    objective: str
    params: dict[str, Any]
    phrase: str
    details: tuple[str, ...]


class _Named(msgspec.Struct, frozen=True):
    """A trip as params, as the customer calls it, what the customer does not know, and what is to pay for changes."""

    trip: Reservation
    wanted: dict[str, Any]
    text: str
    unknown: str
    method: PaymentMethod


def _name(rng: Random, gold: Gold, customer: Customer, trip: Reservation) -> _Named:
    """The trip by its number or, where that tells it apart, by where it goes."""
    method = choose_method(customer.user, rng)
    if is_told_by_route(customer, trip) and rng.random() < 0.4:
        text = pick(rng, phrases.TRIP_BY_ROUTE).format(route=Places(rng, gold).route(rng, trip))
        return _Named(trip, {"route": [trip.origin, trip.destination]}, text, phrases.NO_IDS, method)
    text = pick(rng, phrases.TRIP_BY_ID).format(trip.reservation_id)
    return _Named(trip, {"id": trip.reservation_id}, text, "", method)


def _cancel(rng: Random, named: _Named, reason: Reason) -> _Wish:
    phrase = pick(rng, phrases.CALL_OFF).format(named.text)
    return _Wish("cancel", {"trip": named.wanted, "reason": reason}, phrase, (say_reason(reason, rng),))


def _recabin(rng: Random, user: User, named: _Named, cabin: CabinName) -> _Wish:
    up = CABINS.index(cabin) > CABINS.index(named.trip.cabin)
    phrase = pick(rng, phrases.MOVE_UP if up else phrases.MOVE_DOWN).format(named.text, say_cabin(cabin, rng))
    params = {"trip": named.wanted, "cabin": cabin, "pay": method_params(user, named.method)}
    return _Wish("recabin", params, phrase, (pick(rng, phrases.KEEP_FLIGHTS), say_payment(user, named.method, rng)))


def _bags(rng: Random, user: User, named: _Named, more: int) -> _Wish:
    params = {"trip": named.wanted, "more": more, "pay": method_params(user, named.method)}
    once = (pick(rng, phrases.ONE_STEP),) if more > 1 else ()
    return _Wish("bags", params, add_bags_to(rng, more, named.text), (*once, say_payment(user, named.method, rng)))


def _draft(rng: Random, gold: Gold, user: User, named: _Named, first: _Wish, then: _Wish) -> Draft:
    """The first wish is laid out, and the second one played."""
    decision = lay_out(gold, user, first.objective, **first.params)
    if play(gold, user, then.objective, **then.params).writes == decision.writes:
        raise Unfit("the customer would want the same again")
    if then.objective == "bags" and then.params["more"] > 1:
        gold.pin("calls", then.details[0])
    identity = identify_by_user_id(user.user_id, user.name, rng)
    told = tell_wish(identity, first.phrase, first.details, rng, unknown=named.unknown)
    change = sentences(pick(rng, phrases.CHANGED_MIND).format(then.phrase), *then.details)
    return gold.draft(with_change(told, change, rng))


def keep_after_all(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip is to be cancelled; then it is kept, in another cabin or with more bags, or the other way round."""
    customer = draw_customer(world, rng, gold, 1)
    user, reason, view = customer.user, pick(rng, REASONS), StateView(gold.state)
    trip = choose_one(rng, [trip for trip in later_trips(customer) if may_cancel(view, trip, reason)])
    named = _name(rng, gold, customer, trip)
    kept = (
        _bags(rng, user, named, rng.randint(1, 3))
        if rng.random() < 0.5
        else _recabin(rng, user, named, pick(rng, [cabin for cabin in CABINS if cabin != trip.cabin]))
    )
    wishes = [_cancel(rng, named, reason), kept]
    if rng.random() < 0.4:
        wishes.reverse()
    return _draft(rng, gold, user, named, *wishes)


def another_cabin(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip is to be moved to one cabin, and then to another one."""
    customer = draw_customer(world, rng, gold, 1)
    trip = choose_one(rng, later_trips(customer))
    named = _name(rng, gold, customer, trip)
    first, then = (
        _recabin(rng, customer.user, named, cabin)
        for cabin in rng.sample([cabin for cabin in CABINS if cabin != trip.cabin], 2)
    )
    return _draft(rng, gold, customer.user, named, first, then)


def other_bags(world: World, rng: Random, gold: Gold) -> Draft:
    """So many bags are to be added, and then more or fewer; or another cabin takes their place, or they take its."""
    customer = draw_customer(world, rng, gold, 1)
    user, trip = customer.user, choose_one(rng, later_trips(customer))
    named = _name(rng, gold, customer, trip)
    first, then = (_bags(rng, user, named, more) for more in rng.sample(range(1, 5), 2))
    cabin = pick(rng, [cabin for cabin in CABINS if cabin != trip.cabin])
    wishes = [first, then if rng.random() < 0.5 else _recabin(rng, user, named, cabin)]
    if rng.random() < 0.5:
        wishes.reverse()
    return _draft(rng, gold, user, named, *wishes)
