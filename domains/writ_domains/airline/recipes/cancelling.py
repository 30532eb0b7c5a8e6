"""Recipes that cancel reservations."""

from __future__ import annotations

from random import Random
from typing import Final

from writ_async.core.domain import Draft, Recipe
from writ_async.core.state import World
from writ_domains.airline.policy import Reason, StateView, may_cancel
from writ_domains.airline.recipes import words
from writ_domains.airline.recipes.script import play, recipe, scenario
from writ_domains.airline.recipes.select import case_with_later_trips, later_trips
from writ_domains.kit.gold import Gold, Unfit, choose_one, choose_some
from writ_domains.kit.phrasing import listing, pick

_REASONS: Final[tuple[Reason, ...]] = ("change of plan", "change of plan", "health", "weather")


def _ask_refund(rng: Random) -> str:
    return words.ask_price(rng, pick(rng, ("how much comes back to me", "the total refund", "how big the refund is")))


def _named(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip by its id, that may be cancelled; or one that may not, for a refusal."""
    case = case_with_later_trips(world, rng, 1)
    why = pick(rng, _REASONS)
    trip = choose_one(
        rng, [trip for trip in later_trips(case) if may_cancel(StateView(gold.state), trip, why) is not gold.refusal]
    )
    decision = play(gold, case.user, "cancel", trip={"id": trip.reservation_id}, reason=why)
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
    details = [words.reason(rng, why)]
    if rng.random() < 0.5:
        details.insert(0, f"It's the trip {places.route(rng, trip)}.")
    told: list[float] = []
    if rng.random() < 0.4 and not gold.refusal:
        details.append(_ask_refund(rng))
        told.append(decision.figures["refund"])
    extra = pick(rng, words.ACCEPT_NO) if gold.refusal else ""
    return gold.draft(scenario(rng, case.user, wish, details, extra=extra), told)


def _several(world: World, rng: Random, gold: Gold) -> Draft:
    case = case_with_later_trips(world, rng, 2)
    why = pick(rng, _REASONS)
    trips = choose_some(rng, [trip for trip in later_trips(case) if may_cancel(StateView(gold.state), trip, why)], 2, 6)
    for trip in trips:
        play(gold, case.user, "cancel", trip={"id": trip.reservation_id}, reason=why)
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
    return gold.draft(scenario(rng, case.user, wish, [words.reason(rng, why)]))


def _all_allowed(world: World, rng: Random, gold: Gold, count: bool) -> Draft:
    """Every trip that the rules still let be cancelled: one of many, or several."""
    case = case_with_later_trips(world, rng, 3)
    why = pick(rng, _REASONS)
    fit = sum(may_cancel(StateView(gold.state), trip, why) for trip in later_trips(case))
    if (fit > 1) is not count or not fit:
        raise Unfit("another number of trips can be cancelled")
    play(gold, case.user, "cancel_all", reason=why)
    wish = pick(
        rng,
        (
            "cancel every trip that the airline's rules still let me cancel",
            "cancel whichever of my coming trips can still be cancelled with a refund, be it one or more",
            "cancel all of my future bookings that may be cancelled under the rules",
            "have all coming trips cancelled for which the rules allow it",
            "find the coming reservations I can still cancel, and cancel each of them",
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
                "All others stay as they are.",
                "What cannot be cancelled stays booked.",
                "The remaining ones should stay untouched.",
                "",
            ),
        ),
    ]
    return gold.draft(scenario(rng, case.user, wish, details, unknown=words.NO_IDS))


def _only_cancellable(world: World, rng: Random, gold: Gold) -> Draft:
    return _all_allowed(world, rng, gold, False)


def _all_cancellable(world: World, rng: Random, gold: Gold) -> Draft:
    return _all_allowed(world, rng, gold, True)


def _priciest_business(world: World, rng: Random, gold: Gold) -> Draft:
    case = case_with_later_trips(world, rng, 2)
    why: Reason = "change of plan"
    if sum(trip.cabin == "business" for trip in later_trips(case)) < 2:
        raise Unfit("fewer than two business trips")
    cheapest = rng.random() < 0.5
    decision = play(gold, case.user, "cancel", trip={"paid": "least" if cheapest else "most"}, reason=why)
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
    told: list[float] = []
    if rng.random() < 0.5:
        details.append(_ask_refund(rng))
        told.append(decision.figures["refund"])
    return gold.draft(scenario(rng, case.user, wish, details, unknown=words.NO_IDS), told)


def _extreme(world: World, rng: Random, gold: Gold) -> Draft:
    """The first or the last coming trip, which can be cancelled; or, for a refusal, cannot."""
    case = case_with_later_trips(world, rng, 3)
    why = pick(rng, _REASONS)
    last = rng.random() < 0.5
    play(gold, case.user, "cancel", trip={"start": "last" if last else "first"}, reason=why)
    wish = pick(
        rng,
        (
            f"cancel the trip of mine that starts {'last' if last else 'first'} after today",
            f"call off my {'latest' if last else 'next'} trip after today",
            f"have the {'last' if last else 'first'} of my trips after today cancelled",
        ),
    )
    details = [
        words.reason(rng, why),
        pick(rng, words.FORGOT),
        pick(rng, ("I go by the day of the first flight.", "What counts is the date of the first flight.")),
    ]
    extra = pick(rng, words.ACCEPT_NO) if gold.refusal else ""
    return gold.draft(scenario(rng, case.user, wish, details, unknown=words.NO_IDS, extra=extra))


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("cancel_by_id", "normal", _named),
    recipe("cancel_several", "write-intensive", _several),
    recipe("cancel_all_cancellable", "write-intensive", _all_cancellable),
    recipe("cancel_only_cancellable", "read-heavy", _only_cancellable),
    recipe("cancel_priciest_business", "read-heavy", _priciest_business),
    recipe("cancel_soonest_trip", "read-heavy", _extreme),
    recipe("refuse_cancelling", "refusal", _named),
    recipe("refuse_soonest_trip", "refusal", _extreme),
)
"""Recipes that cancel reservations."""
