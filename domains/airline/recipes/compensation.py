"""Recipes that end in a travel certificate as compensation."""

from __future__ import annotations

from random import Random
from typing import Final

from domains.airline.policy_rules import (
    CANCELLED_GESTURE,
    DELAYED_GESTURE,
    has_cancelled_flight,
    has_delayed_flight,
    is_active,
    may_cancel,
    may_compensate,
)
from domains.airline.recipes import words
from domains.airline.recipes.base import Case, Gold, Unfit, one, pick_case, recipe, scenario
from domains.airline.recipes.select import is_plain, read_all, status_cells
from domains.airline.schema import TODAY, Reservation
from domains.common.phrasing import pick
from writ_async.domain import Draft, Recipe
from writ_async.state import State, World

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
    """Users with just one trip that lost a flight, and that trip, where compensation may be given."""
    state = State(world)
    found: list[tuple[Case, Reservation]] = []
    for user in world.tables["users"].values():
        trips = tuple(world.tables["reservations"][key] for key in user.reservations)
        hit = [trip for trip in trips if is_active(trip) and has_cancelled_flight(state, trip)]
        if len(hit) == 1 and may_compensate(user, hit[0]) and is_plain(hit[0]):
            found.append((Case(user, trips), hit[0]))
    return tuple(found)


def _delayed_trips(world: World) -> tuple[tuple[Case, Reservation], ...]:
    """Users and trips with a delayed flight that may be cancelled and compensated."""
    state = State(world)
    found: list[tuple[Case, Reservation]] = []
    for user in world.tables["users"].values():
        trips = tuple(world.tables["reservations"][key] for key in user.reservations)
        for trip in trips:
            if (
                has_delayed_flight(state, trip)
                and may_cancel(state, trip, "change of plan")
                and may_compensate(user, trip)
                and is_plain(trip)
            ):
                found.append((Case(user, trips), trip))
    return tuple(found)


def _give(gold: Gold, trip: Reservation, each: int) -> None:
    amount = gold.calculate(f"{each} * {len(trip.passengers)}")
    cells = [cell for cell in gold.cells if cell.name != "list_all_airports"]
    gold.write("send_certificate", cells, user_id=trip.user_id, amount=amount)


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


def _cancelled_by_id(world: World, rng: Random) -> Draft:
    case, trip = one(rng, world.index("airline.cancelled_trips", _cancelled_trips))
    gold = Gold(world)
    gold.profile(case.user)
    gold.trip(trip)
    status_cells(gold, trip, TODAY)
    _give(gold, trip, CANCELLED_GESTURE)
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
    return gold.draft(scenario(rng, case.user, wish, details))


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


def _cancelled_unknown(world: World, rng: Random) -> Draft:
    case, trip = one(rng, world.index("airline.cancelled_trips", _cancelled_trips))
    if len(case.trips) < 2 or sum(leg.date <= TODAY for t in case.trips for leg in t.flights) > _MOST_STATUSES:
        raise Unfit("too few or too many flights to check")
    gold = Gold(world)
    read_all(gold, case)
    for candidate in case.trips:
        status_cells(gold, candidate, TODAY)
    _give(gold, trip, CANCELLED_GESTURE)
    wish = pick(
        rng,
        (
            "get compensation for the trip on which the airline cancelled a flight",
            "complain about the one trip of mine that lost a flight because the airline cancelled it",
            "claim something for the flight that was called off on one of my trips",
            "report a cancelled flight and be compensated",
        ),
    )
    details = [
        pick(
            rng,
            (
                "It was on a day up to today.",
                "The flight should have left today or before today.",
                "It's about a flight that was planned for today or an earlier day.",
            ),
        ),
        pick(
            rng,
            (
                "I don't know which of my reservations it was, but it's only one.",
                "I can't tell which booking it was; just one of them is affected.",
                "Only one of my reservations is affected, but I forgot which.",
            ),
        ),
        pick(rng, _UPSET),
        _claim(rng),
        _no_change(rng),
    ]
    return gold.draft(scenario(rng, case.user, wish, details, unknown=words.NO_IDS))


def _delayed(world: World, rng: Random) -> Draft:
    case, trip = one(rng, world.index("airline.delayed_trips", _delayed_trips))
    gold = Gold(world)
    places = words.Places(rng, gold)
    route = places.route(rng, trip)
    gold.profile(case.user)
    gold.trip(trip)
    status_cells(gold, trip, TODAY)
    cells = [cell for cell in gold.cells if cell.name != "list_all_airports"]
    gold.write("cancel_reservation", cells, reservation_id=trip.reservation_id)
    _give(gold, trip, DELAYED_GESTURE)
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


def _lost_flight(world: World, rng: Random) -> Draft:
    """A trip of which the airline called off a flight, and no flight has left: it can be cancelled for that."""
    case = pick_case(world, rng)
    gold = Gold(world)
    trip = one(
        rng,
        [
            trip
            for trip in case.trips
            if has_cancelled_flight(gold.state, trip) and may_cancel(gold.state, trip, "airline cancelled")
        ],
    )
    gold.profile(case.user)
    gold.trip(trip)
    status_cells(gold, trip, TODAY)
    gold.write("cancel_reservation", reservation_id=trip.reservation_id)
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


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("cancel_lost_flight", "normal", _lost_flight),
    recipe("certificate_by_id", "normal", _cancelled_by_id),
    recipe("certificate_unknown_trip", "read-heavy", _cancelled_unknown),
    recipe("delay_cancel_certificate", "write-intensive", _delayed),
)
"""Recipes that end in a travel certificate, or start from a flight that the airline called off."""
