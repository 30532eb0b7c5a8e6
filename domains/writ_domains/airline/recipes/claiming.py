"""Customers whose wish the rules forbid: they claim what is not so, or ask for what nobody gets."""

from __future__ import annotations

from random import Random
from typing import Final

from writ_async.core.domain import Draft
from writ_async.core.state import World
from writ_domains.airline import phrases
from writ_domains.airline.lookups import routes
from writ_domains.airline.policy import (
    Reason,
    StateView,
    has_cancelled_flight,
    has_delayed_flight,
    is_active,
    may_cancel,
    may_compensate,
)
from writ_domains.airline.recipes.customers import (
    Places,
    choose_method,
    draft,
    draw_customer,
    is_plain,
    later_trips,
    method_params,
    play,
    say_payment,
    say_reason,
)
from writ_domains.kit.gold import Gold, choose_one
from writ_domains.kit.phrasing import pick

_COVERED: Final[tuple[Reason, ...]] = ("health", "weather")


def refuse_claimed_insurance(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip is to be cancelled for a reason that insurance covers; the customer claims to have one, wrongly."""
    customer = draw_customer(world, rng, gold, 1)
    why: Reason = pick(rng, _COVERED)
    view = StateView(gold.state)
    trip = choose_one(rng, [trip for trip in later_trips(customer) if not may_cancel(view, trip, why)])
    play(gold, customer.user, "cancel", trip={"id": trip.reservation_id}, reason=why)
    wish = pick(rng, phrases.CANCEL_BY_ID).format(trip.reservation_id)
    return draft(gold, rng, customer.user, wish, [say_reason(why, rng), pick(rng, phrases.CLAIM_INSURED)])


def refuse_claimed_booking_time(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip is to be cancelled that was made, as the customer says, just now; it was made days ago."""
    customer = draw_customer(world, rng, gold, 1)
    view = StateView(gold.state)
    trip = choose_one(rng, [trip for trip in later_trips(customer) if not may_cancel(view, trip, "change of plan")])
    play(gold, customer.user, "cancel", trip={"id": trip.reservation_id}, reason="change of plan")
    wish = pick(rng, phrases.CANCEL_BY_ID).format(trip.reservation_id)
    return draft(gold, rng, customer.user, wish, [say_reason("change of plan", rng), pick(rng, phrases.CLAIM_RECENT)])


def refuse_claimed_membership(world: World, rng: Random, gold: Gold) -> Draft:
    """A regular member without insurance claims compensation as a gold or silver member."""
    customer, view = draw_customer(world, rng, gold), StateView(gold.state)
    trips = [trip for trip in customer.trips if is_active(trip) and is_plain(trip) and has_cancelled_flight(view, trip)]
    trip = choose_one(rng, [trip for trip in trips if not may_compensate(customer.user, trip)])
    play(gold, customer.user, "compensate", trip={"id": trip.reservation_id}, event="cancelled")
    wish = pick(rng, phrases.COMPENSATE_BY_ID).format(trip.reservation_id)
    level = pick(rng, ("gold", "silver"))
    details = [pick(rng, phrases.CLAIM_MEMBER).format(level), pick(rng, phrases.CLAIM), pick(rng, phrases.NO_CHANGE)]
    return draft(gold, rng, customer.user, wish, details)


def certificate_claimed_count(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip that lost a flight, for which the customer claims more for more passengers than there are."""
    customer, view = draw_customer(world, rng, gold), StateView(gold.state)
    trips = [trip for trip in customer.trips if is_active(trip) and is_plain(trip) and has_cancelled_flight(view, trip)]
    trip = choose_one(rng, [trip for trip in trips if may_compensate(customer.user, trip)])
    play(gold, customer.user, "compensate", trip={"id": trip.reservation_id}, event="cancelled")
    wish = pick(rng, phrases.COMPENSATE_BY_ID).format(trip.reservation_id)
    more = len(trip.passengers) + rng.randint(1, 2)
    details = [pick(rng, phrases.CLAIM_COUNT).format(more), pick(rng, phrases.CLAIM), pick(rng, phrases.NO_CHANGE)]
    return draft(gold, rng, customer.user, wish, details)


def refuse_delay_alone(world: World, rng: Random, gold: Gold) -> Draft:
    """A flight is delayed, and the customer wants something for it without giving the trip up."""
    customer, view = draw_customer(world, rng, gold), StateView(gold.state)
    trip = choose_one(rng, [trip for trip in customer.trips if is_active(trip) and has_delayed_flight(view, trip)])
    play(gold, customer.user, "unsupported", what="delay", trip={"id": trip.reservation_id})
    wish = pick(rng, phrases.COMPENSATE_DELAY).format(trip.reservation_id)
    return draft(
        gold,
        rng,
        customer.user,
        wish,
        [pick(rng, phrases.UPSET), pick(rng, phrases.CLAIM), pick(rng, phrases.NO_CHANGE)],
    )


def refuse_late_insurance(world: World, rng: Random, gold: Gold) -> Draft:
    """Insurance is to be added to a trip that was booked without."""
    customer = draw_customer(world, rng, gold, 1)
    trip = choose_one(rng, [trip for trip in later_trips(customer) if trip.insurance == "no"])
    play(gold, customer.user, "unsupported", what="insurance", trip={"id": trip.reservation_id})
    method = choose_method(customer.user, rng)
    wish = pick(rng, phrases.ADD_INSURANCE).format(trip.reservation_id)
    return draft(gold, rng, customer.user, wish, [say_payment(customer.user, method, rng)])


def refuse_other_destination(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip is to lead somewhere else."""
    customer = draw_customer(world, rng, gold, 1)
    trip = choose_one(rng, later_trips(customer))
    play(gold, customer.user, "unsupported", what="destination", trip={"id": trip.reservation_id})
    others = [code for code in routes(gold.state).airports if code not in (trip.origin, trip.destination)]
    there = Places(rng, gold).say(pick(rng, others))
    wish = pick(rng, phrases.OTHER_DESTINATION).format(trip.reservation_id, there)
    return draft(gold, rng, customer.user, wish, [pick(rng, phrases.SAME_CABIN)])


def refuse_fewer_bags(world: World, rng: Random, gold: Gold) -> Draft:
    """Bags are to be taken off a trip."""
    customer = draw_customer(world, rng, gold, 1)
    trip = choose_one(rng, [trip for trip in later_trips(customer) if trip.total_baggages > 0])
    fewer = rng.randint(1, min(2, trip.total_baggages))
    method = choose_method(customer.user, rng)
    paying = method_params(customer.user, method)
    play(gold, customer.user, "bags", trip={"id": trip.reservation_id}, more=-fewer, pay=paying)
    wish = pick(rng, phrases.FEWER_BAGS).format(
        count=fewer, bags="bag" if fewer == 1 else "bags", id=trip.reservation_id
    )
    return draft(gold, rng, customer.user, wish, [say_payment(customer.user, method, rng)])
