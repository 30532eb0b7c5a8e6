"""Recipes that end in a travel certificate as compensation."""

from __future__ import annotations

from random import Random
from typing import Final

from writ_async.core.domain import Draft, Recipe
from writ_async.core.state import State, World
from writ_domains.airline.policy import (
    StateView,
    has_cancelled_flight,
    has_delayed_flight,
    is_active,
    may_cancel,
    may_compensate,
)
from writ_domains.airline.recipes import words
from writ_domains.airline.recipes.script import Case, pick_case, play, recipe, scenario
from writ_domains.airline.recipes.select import is_plain
from writ_domains.airline.schema import TODAY, Reservation
from writ_domains.kit.gold import Gold, Unfit, choose_one
from writ_domains.kit.phrasing import pick

_UPSET: Final = (
    "I'm really unhappy about it.",
    "That ruined my plans.",
    "It caused me a lot of trouble.",
    "I expected better.",
    "I was quite annoyed.",
    "It cost me a whole day.",
    "",
)
_MOST_STATUSES: Final = 16


def _cancelled_trips(world: World) -> tuple[tuple[Case, Reservation], ...]:
    """Users and trips that lost a flight; `may_compensate` decides on those."""
    view = StateView(State(world))
    found: list[tuple[Case, Reservation]] = []
    for user in world.tables["users"].values():
        trips = tuple(world.tables["reservations"][key] for key in user.reservations)
        for trip in trips:
            if is_active(trip) and has_cancelled_flight(view, trip) and is_plain(trip):
                found.append((Case(user, trips), trip))
    return tuple(found)


def _delayed_trips(world: World) -> tuple[tuple[Case, Reservation], ...]:
    """Users and trips with a delayed flight that may be cancelled and compensated."""
    view = StateView(State(world))
    found: list[tuple[Case, Reservation]] = []
    for user in world.tables["users"].values():
        trips = tuple(world.tables["reservations"][key] for key in user.reservations)
        for trip in trips:
            if (
                has_delayed_flight(view, trip)
                and may_cancel(view, trip, "change of plan")
                and may_compensate(user, trip)
                and is_plain(trip)
            ):
                found.append((Case(user, trips), trip))
    return tuple(found)


def _claim(rng: Random) -> str:
    return pick(
        rng,
        (
            "I'm asking for compensation.",
            "I want to be compensated for it.",
            "I would like a compensation for that.",
            "I expect compensation under the airline's rules.",
        ),
    )


def _cancelled_by_id(world: World, rng: Random, gold: Gold) -> Draft:
    case, trip = choose_one(rng, world.index("airline.cancelled_trips", _cancelled_trips))
    play(gold, case.user, "compensate", trip={"id": trip.reservation_id}, event="cancelled")
    wish = pick(
        rng,
        (
            "get compensation for a cancelled flight on my reservation {}",
            "complain about a flight that the airline cancelled, on reservation {}",
            "report that a flight of booking {} was cancelled, and get something for it",
            "claim compensation, because a flight on my booking {} was called off",
        ),
    ).format(trip.reservation_id)
    details = [pick(rng, _UPSET), _claim(rng), _no_change(rng)]
    extra = pick(rng, words.ACCEPT_NO) if gold.refusal else ""
    return gold.draft(scenario(rng, case.user, wish, details, extra=extra))


def _no_change(rng: Random) -> str:
    return pick(
        rng,
        (
            "I don't want to change or cancel anything.",
            "The reservation itself should stay as it is.",
            "I'm not asking for any change of the booking.",
            "I don't need the booking changed.",
        ),
    )


def _cancelled_unknown(world: World, rng: Random, gold: Gold) -> Draft:
    case, _ = choose_one(rng, world.index("airline.cancelled_trips", _cancelled_trips))
    if len(case.trips) < 2 or sum(leg.date <= TODAY for t in case.trips for leg in t.flights) > _MOST_STATUSES:
        raise Unfit("too few or too many flights to check")
    decision = play(gold, case.user, "compensate_all")
    if len(decision.writes) > 1:
        # Certificates get their ids in the order in which they are sent, which the request leaves open.
        raise Unfit("several trips lost a flight")
    wish = pick(
        rng,
        (
            "get compensation for every trip on which the airline cancelled a flight",
            "complain about each trip of mine that lost a flight because the airline cancelled it",
            "claim something for whichever of my trips had a flight called off",
            "report cancelled flights and be compensated for every trip that lost one",
        ),
    )
    details = [
        pick(
            rng,
            (
                "It's about days up to today.",
                "I mean flights that should have left today or before today.",
                "It's about flights that were planned for today or an earlier day.",
                "Each trip that is owed something should get its own certificate.",
            ),
        ),
        pick(
            rng,
            (
                "I don't know which of my reservations are affected, all of them have to be looked at.",
                "I can't tell which bookings it was, it may be one or more.",
                "Which of my reservations are affected, one or several, I forgot.",
            ),
        ),
        pick(rng, _UPSET),
        _claim(rng),
        _no_change(rng),
    ]
    return gold.draft(scenario(rng, case.user, wish, details, unknown=words.NO_IDS))


def _delayed(world: World, rng: Random, gold: Gold) -> Draft:
    case, trip = choose_one(rng, world.index("airline.delayed_trips", _delayed_trips))
    places = words.Places(rng, gold)
    route = places.route(rng, trip)
    where = {"id": trip.reservation_id}
    play(gold, case.user, "cancel", trip=where, reason="change of plan")
    play(gold, case.user, "compensate", trip=where, event="delayed")
    wish = pick(
        rng,
        (
            f"cancel my reservation {trip.reservation_id} because a flight today is delayed",
            f"give up booking {trip.reservation_id}, as a flight of it is late today",
            f"cancel the trip {trip.reservation_id}, since its flight today is delayed",
        ),
    )
    details = [
        f"It's the trip {route}." if rng.random() < 0.6 else "",
        pick(rng, _UPSET),
        pick(
            rng,
            (
                "Once it's cancelled, I want compensation for the delay.",
                "After the cancellation I'm asking for compensation for the delay.",
                "And when that is done, I'd like to be compensated for the delay.",
                "First the cancellation, and then I want compensation because of the delay.",
            ),
        ),
    ]
    return gold.draft(scenario(rng, case.user, wish, details))


def _lost_flight(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip of which the airline called off a flight, and no flight has left: it can be cancelled for that."""
    case, view = pick_case(world, rng), StateView(gold.state)
    lost = [trip for trip in case.trips if has_cancelled_flight(view, trip)]
    trip = choose_one(rng, [trip for trip in lost if may_cancel(view, trip, "airline cancelled")])
    play(gold, case.user, "cancel", trip={"id": trip.reservation_id}, reason="airline cancelled")
    wish = pick(
        rng,
        (
            "cancel reservation {}",
            "cancel my booking {} and get the money back",
            "have reservation {} cancelled",
            "call off the trip with the number {}",
        ),
    ).format(trip.reservation_id)
    details = [words.reason(rng, "airline cancelled"), pick(rng, _UPSET)]
    return gold.draft(scenario(rng, case.user, wish, details))


def _false_claim(world: World, rng: Random, gold: Gold) -> Draft:
    """Somebody claims compensation for a flight that was not cancelled."""
    case = pick_case(world, rng)
    trip = choose_one(rng, [trip for trip in case.trips if trip.flights[0].date <= TODAY and is_active(trip)])
    play(gold, case.user, "compensate", trip={"id": trip.reservation_id}, event="cancelled")
    wish = pick(
        rng,
        (
            "get compensation for reservation {}, because a flight of it was cancelled",
            "be compensated for booking {}: the airline called off a flight",
            "claim something for a cancelled flight on my reservation {}",
        ),
    ).format(trip.reservation_id)
    details = [pick(rng, _UPSET), _claim(rng), _no_change(rng)]
    return gold.draft(scenario(rng, case.user, wish, details, extra=pick(rng, words.ACCEPT_NO)))


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("cancel_lost_flight", "normal", _lost_flight),
    recipe("certificate_by_id", "normal", _cancelled_by_id),
    recipe("certificate_unknown_trip", "read-heavy", _cancelled_unknown),
    recipe("delay_cancel_certificate", "write-intensive", _delayed),
    recipe("refuse_certificate", "refusal", _cancelled_by_id),
    recipe("refuse_false_claim", "refusal", _false_claim),
)
"""Recipes that end in a travel certificate, or start from a flight that the airline called off."""
