"""Recipes that end in a travel certificate as compensation."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from writ_async.core.domain import Draft
from writ_async.core.level import ANY_EXTENT
from writ_async.core.state import State, World
from writ_domains.airline import phrases
from writ_domains.airline.policy import (
    StateView,
    has_cancelled_flight,
    has_delayed_flight,
    is_active,
    may_cancel,
    may_compensate,
)
from writ_domains.airline.recipes.customers import (
    USUAL,
    Customer,
    Places,
    draft,
    draw_customer,
    is_plain,
    play,
    say_reason,
)
from writ_domains.airline.schema import TODAY, Reservation, User
from writ_domains.kit.gold import Gold, Unfit, choose_one
from writ_domains.kit.phrasing import pick

_MOST_STATUSES: Final = 16


Claim = tuple[Customer, Reservation]


def _trips_that(fits: Callable[[StateView, User, Reservation], bool]) -> Callable[[World], tuple[Claim, ...]]:
    """An index of customers and those of their trips that fit."""

    def build(world: World) -> tuple[Claim, ...]:
        view, found = StateView(State(world)), []
        for user in world.tables["users"].values():
            trips = tuple(world.tables["reservations"][key] for key in user.reservations)
            found += [(Customer(user, trips), trip) for trip in trips if fits(view, user, trip) and is_plain(trip)]
        return tuple(found)

    return build


def _lost_flight(view: StateView, user: User, trip: Reservation) -> bool:
    return is_active(trip) and has_cancelled_flight(view, trip)


def _may_give_up_delayed(view: StateView, user: User, trip: Reservation) -> bool:
    may_go = has_delayed_flight(view, trip) and may_cancel(view, trip, "change of plan")
    return may_go and may_compensate(user, trip)


_cancelled_trips: Final = _trips_that(_lost_flight)
_delayed_trips: Final = _trips_that(_may_give_up_delayed)


def _draw_claim(world: World, rng: Random, gold: Gold, claims: Callable[[World], tuple[Claim, ...]]) -> Claim:
    """A customer and a trip, of those whom a draw may be of. Raises `Unfit` when there is none."""
    usual = gold.extent == ANY_EXTENT

    def fitting(world: World) -> tuple[Claim, ...]:
        return tuple(one for one in claims(world) if len(one[0].trips) <= USUAL or not usual)

    return choose_one(rng, world.index(f"airline.claims/{claims is _delayed_trips}/{usual}", fitting))


def certificate_by_id(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip that is named, on which the airline called off a flight."""
    customer, trip = _draw_claim(world, rng, gold, _cancelled_trips)
    play(gold, customer.user, "compensate", trip={"id": trip.reservation_id}, event="cancelled")
    wish = pick(rng, phrases.COMPENSATE_BY_ID).format(trip.reservation_id)
    details = [pick(rng, phrases.UPSET), pick(rng, phrases.CLAIM), pick(rng, phrases.NO_CHANGE)]
    return draft(gold, rng, customer.user, wish, details)


def certificate_unknown_trip(world: World, rng: Random, gold: Gold) -> Draft:
    """Every trip on which the airline called off a flight, which is but one."""
    customer, _ = _draw_claim(world, rng, gold, _cancelled_trips)
    if len(customer.trips) < 2 or sum(leg.date <= TODAY for t in customer.trips for leg in t.flights) > _MOST_STATUSES:
        raise Unfit("too few or too many flights to check")
    view = StateView(gold.state)
    if sum(_lost_flight(view, customer.user, trip) for trip in customer.trips) > 1:
        # Certificates get their ids in the order in which they are sent, which the request leaves open.
        raise Unfit("several trips lost a flight")
    play(gold, customer.user, "compensate_all")
    wish = pick(rng, phrases.COMPENSATE_ALL)
    details = [
        pick(rng, phrases.UP_TO_TODAY),
        pick(rng, phrases.WHICH_ARE_AFFECTED),
        pick(rng, phrases.UPSET),
        pick(rng, phrases.CLAIM),
        pick(rng, phrases.NO_CHANGE),
    ]
    return draft(gold, rng, customer.user, wish, details, unknown=phrases.NO_IDS)


def delay_cancel_certificate(world: World, rng: Random, gold: Gold) -> Draft:
    """A delayed trip is given up, and compensated for after that."""
    customer, trip = _draw_claim(world, rng, gold, _delayed_trips)
    places = Places(rng, gold)
    route = places.route(rng, trip)
    where = {"id": trip.reservation_id}
    play(gold, customer.user, "cancel", trip=where, reason="change of plan")
    play(gold, customer.user, "compensate", trip=where, event="delayed")
    wish = pick(rng, phrases.CANCEL_DELAYED).format(id=trip.reservation_id)
    details = [
        f"It's the trip {route}." if rng.random() < 0.6 else "",
        pick(rng, phrases.UPSET),
        pick(rng, phrases.THEN_COMPENSATE),
    ]
    return draft(gold, rng, customer.user, wish, details)


def cancel_lost_flight(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip of which the airline called off a flight, and no flight has left: it can be cancelled for that."""
    customer, view = draw_customer(world, rng, gold), StateView(gold.state)
    lost = [trip for trip in customer.trips if has_cancelled_flight(view, trip)]
    trip = choose_one(rng, [trip for trip in lost if may_cancel(view, trip, "airline cancelled")])
    play(gold, customer.user, "cancel", trip={"id": trip.reservation_id}, reason="airline cancelled")
    wish = pick(rng, phrases.CANCEL_LOST).format(trip.reservation_id)
    details = [say_reason("airline cancelled", rng), pick(rng, phrases.UPSET)]
    return draft(gold, rng, customer.user, wish, details)


def refuse_false_claim(world: World, rng: Random, gold: Gold) -> Draft:
    """Somebody claims compensation for a flight that was not cancelled."""
    customer = draw_customer(world, rng, gold)
    trip = choose_one(rng, [trip for trip in customer.trips if trip.flights[0].date <= TODAY and is_active(trip)])
    play(gold, customer.user, "compensate", trip={"id": trip.reservation_id}, event="cancelled")
    wish = pick(rng, phrases.CLAIM_FALSELY).format(trip.reservation_id)
    details = [pick(rng, phrases.UPSET), pick(rng, phrases.CLAIM), pick(rng, phrases.NO_CHANGE)]
    return draft(gold, rng, customer.user, wish, details)
