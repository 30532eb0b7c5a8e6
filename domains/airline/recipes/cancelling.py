"""Recipes that cancel reservations."""

from __future__ import annotations

from random import Random
from typing import Final

from domains.airline.policy_rules import Reason, may_cancel
from domains.airline.recipes import words
from domains.airline.recipes.base import Gold, Unfit, best, one, recipe, scenario, some
from domains.airline.recipes.select import case_with_later_trips, later_trips, read_all
from domains.airline.schema import Reservation
from domains.common.phrasing import listing, pick
from writ_async.domain import Draft, Recipe
from writ_async.state import World

_REASONS: Final[tuple[Reason, ...]] = ("change of plan", "change of plan", "health", "weather")


def paid(trip: Reservation) -> int:
    """What was paid for a trip so far, in dollars."""
    return sum(payment.amount for payment in trip.payment_history)


def show_paid(gold: Gold, *trips: Reservation) -> int:
    """What was paid for trips, worked out with the tool where it is not a single payment."""
    amounts = [str(payment.amount) for trip in trips for payment in trip.payment_history]
    return int(amounts[0]) if len(amounts) == 1 else gold.calculate(" + ".join(amounts))


def _ask_refund(rng: Random) -> str:
    return words.ask_price(rng, pick(rng, ("how much comes back to me", "the total refund", "how big the refund is")))


def _by_id(world: World, rng: Random) -> Draft:
    case = case_with_later_trips(world, rng, 1)
    gold = Gold(world)
    why = pick(rng, _REASONS)
    trip = one(rng, [trip for trip in later_trips(case) if may_cancel(gold.state, trip, why)])
    places = words.Places(rng, gold)
    wish = pick(
        rng,
        (
            "cancel my reservation {}",
            "cancel the booking with the number {}",
            "call off my trip with the reservation id {}",
            "cancel reservation {} and get my money back",
            "have my booking {} cancelled",
            "get reservation {} cancelled",
        ),
    ).format(trip.reservation_id)
    cells = [gold.profile(case.user), gold.trip(trip)]
    details = [words.reason(rng, why)]
    if rng.random() < 0.5:
        details.insert(0, f"It's the trip {places.route(rng, trip)}.")
    told: list[int] = []
    if rng.random() < 0.4:
        details.append(_ask_refund(rng))
        told.append(show_paid(gold, trip))
    gold.write("cancel_reservation", cells, reservation_id=trip.reservation_id)
    return gold.draft(scenario(rng, case.user, wish, details), told)


def _several(world: World, rng: Random) -> Draft:
    case = case_with_later_trips(world, rng, 2)
    gold = Gold(world)
    why = pick(rng, _REASONS)
    trips = some(rng, [trip for trip in later_trips(case) if may_cancel(gold.state, trip, why)], 2, 4)
    profile = gold.profile(case.user)
    cells = [gold.trip(trip) for trip in trips]
    told: list[int] = []
    details = [words.reason(rng, why)]
    if rng.random() < 0.4:
        details.append(words.ask_price(rng, "how much comes back to me for all of them together"))
        told.append(show_paid(gold, *trips))
    for trip, cell in zip(trips, cells, strict=True):
        gold.write("cancel_reservation", [profile, cell], reservation_id=trip.reservation_id)
    ids = listing([trip.reservation_id for trip in trips])
    wish = pick(
        rng,
        (
            f"cancel {len(trips)} of my reservations: {ids}",
            f"cancel these bookings of mine: {ids}",
            f"call off all of the trips {ids}",
            f"have the reservations {ids} cancelled",
            f"cancel {ids}, all {len(trips)} of them",
        ),
    )
    return gold.draft(scenario(rng, case.user, wish, details), told)


def _only_cancellable(world: World, rng: Random) -> Draft:
    case = case_with_later_trips(world, rng, 3)
    gold = Gold(world)
    why = pick(rng, _REASONS)
    fit = [trip for trip in later_trips(case) if may_cancel(gold.state, trip, why)]
    if len(fit) != 1:
        raise Unfit("not exactly one trip can be cancelled")
    read_all(gold, case)
    gold.write("cancel_reservation", reservation_id=fit[0].reservation_id)
    wish = pick(
        rng,
        (
            "cancel the one trip that the airline's rules still let me cancel",
            "cancel whichever of my coming trips can still be cancelled with a refund",
            "cancel the only one of my future bookings that may be cancelled under the rules",
            "get one trip cancelled: the single one that the rules allow to be cancelled",
            "find the one coming reservation I can still cancel, and cancel it",
        ),
    )
    details = [
        pick(
            rng,
            (
                "I only mean trips that start after today.",
                "Only trips that leave after today count.",
                "It's about the trips of mine that begin later than today.",
                "Trips that start today or earlier don't matter here.",
            ),
        ),
        words.reason(rng, why),
        pick(rng, words.FORGOT),
        pick(
            rng,
            (
                "I believe exactly one of them qualifies.",
                "From what I know just one of them qualifies.",
                "There should be exactly one.",
                "",
            ),
        ),
    ]
    return gold.draft(scenario(rng, case.user, wish, details, unknown=words.NO_IDS))


def _priciest_business(world: World, rng: Random) -> Draft:
    case = case_with_later_trips(world, rng, 2)
    gold = Gold(world)
    why: Reason = "change of plan"
    fit = [trip for trip in later_trips(case) if trip.cabin == "business" and may_cancel(gold.state, trip, why)]
    if len(fit) < 2:
        raise Unfit("fewer than two business trips")
    cheapest = rng.random() < 0.4
    trip = best([(paid(trip) if cheapest else -paid(trip), trip) for trip in fit], margin=10)
    read_all(gold, case)
    word = pick(rng, ("cheapest", "least expensive")) if cheapest else pick(rng, ("most expensive", "priciest"))
    wish = pick(
        rng,
        (
            f"cancel the {word} of my business class trips that start after today",
            f"cancel one business class booking that starts after today: the {word}",
            f"give up the {word} one of my business trips that leave later than today",
            f"have my {word} business class reservation with a start after today cancelled",
        ),
    )
    details = [
        words.reason(rng, why),
        pick(rng, words.FORGOT),
        pick(
            rng,
            (
                "I go by the total that was paid for the whole booking.",
                "What counts is what was paid for each reservation altogether.",
                "I mean the total payment of the reservation.",
            ),
        ),
    ]
    told: list[int] = []
    if rng.random() < 0.5:
        details.append(_ask_refund(rng))
        told.append(show_paid(gold, trip))
    gold.write("cancel_reservation", reservation_id=trip.reservation_id)
    return gold.draft(scenario(rng, case.user, wish, details, unknown=words.NO_IDS), told)


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("cancel_by_id", "normal", _by_id),
    recipe("cancel_several", "write-intensive", _several),
    recipe("cancel_only_cancellable", "read-heavy", _only_cancellable),
    recipe("cancel_priciest_business", "read-heavy", _priciest_business),
)
"""Recipes that cancel reservations."""
