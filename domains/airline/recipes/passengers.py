"""Recipes that change passengers."""

from __future__ import annotations

from random import Random
from typing import Any, Final

import msgspec

from domains.airline.policy_rules import is_active
from domains.airline.recipes import words
from domains.airline.recipes.base import Gold, Unfit, one, recipe, scenario
from domains.airline.recipes.select import birthday, case_with_later_trips, later_trips, newcomer, read_all
from domains.airline.schema import Passenger, Reservation
from domains.common.phrasing import pick
from writ_async.domain import Draft, Recipe
from writ_async.state import World
from writ_async.task import Fact

KEEP_ORDER: Final = (
    "Everybody else stays as they are, in the same order.",
    "All other passengers remain, and the order of the list stays the same.",
    "Nothing changes for the others, and the order is kept.",
    "The rest of the passenger list stays exactly as it is.",
)


def full_name(person: Passenger) -> str:
    """First and last name."""
    return f"{person.first_name} {person.last_name}"


def change(rng: Random, trip: Reservation, old: Passenger) -> tuple[Passenger, str, list[str], Fact]:
    """A passenger in place of another: the new one, what to ask for as a verb phrase, details, and a fact."""
    name = full_name(old)
    if rng.random() < 0.4:
        new = Passenger(old.first_name, old.last_name, birthday(rng))
        wish = pick(
            rng,
            (f"correct the date of birth of {name}", f"fix {name}'s birthday", f"change {name}'s date of birth"),
        )
        said = pick(rng, ("{}'s right date of birth is {}.", "{} was born on {}.", "The birthday of {} is {}."))
    elif rng.random() < 0.4:
        new = Passenger(old.first_name, newcomer(rng, ()).last_name, old.dob)
        if new.last_name == old.last_name:
            raise Unfit("the name stays the same")
        wish = pick(
            rng,
            (
                f"change the last name of {name} to {new.last_name}",
                f"correct {name}'s last name to {new.last_name}",
                f"have {name} listed as {full_name(new)}",
            ),
        )
        said = "{}'s date of birth stays {}."
    else:
        new = newcomer(rng, trip.passengers)
        wish = pick(
            rng,
            (
                f"replace {name} by {full_name(new)}",
                f"have {full_name(new)} fly instead of {name}",
                f"swap the passenger {name} for {full_name(new)}",
                f"give the seat of {name} to {full_name(new)}",
            ),
        )
        said = pick(rng, ("{} was born on {}.", "{}'s date of birth is {}.", "The birthday of {} is {}."))
    details = [pick(rng, KEEP_ORDER)] if len(trip.passengers) > 1 else []
    return new, wish, details, Fact("passenger", full_name(new), said.format(full_name(new), new.dob))


def replaced(trip: Reservation, old: Passenger, new: Passenger) -> list[dict[str, Any]]:
    """The passengers of a trip as an argument, one of them exchanged in place."""
    return [msgspec.to_builtins(new if person == old else person) for person in trip.passengers]


def companions(trip: Reservation) -> list[Passenger]:
    """The passengers of a trip but the first, who is the user."""
    return list(trip.passengers[1:])


def _by_id(world: World, rng: Random) -> Draft:
    case = case_with_later_trips(world, rng, 1)
    gold = Gold(world)
    trip = one(rng, [trip for trip in later_trips(case) if companions(trip)])
    old = pick(rng, companions(trip))
    new, wish, details, fact = change(rng, trip, old)
    gold.profile(case.user)
    gold.trip(trip)
    gold.write(
        "update_reservation_passengers",
        reservation_id=trip.reservation_id,
        passengers=replaced(trip, old, new),
    )
    where = pick(rng, ("on my reservation {}", "in the booking {}", "for reservation {}", "on trip {}"))
    wish = f"{wish} {where.format(trip.reservation_id)}"
    return gold.draft(scenario(rng, case.user, wish, [*details, fact.text], facts=[fact]))


def _trip_with(world: World, rng: Random) -> Draft:
    case = case_with_later_trips(world, rng, 2)
    gold = Gold(world)
    trip = one(rng, [trip for trip in later_trips(case) if companions(trip)])
    old = pick(rng, companions(trip))
    active = [other for other in case.trips if is_active(other)]
    if sum(full_name(old) in map(full_name, other.passengers) for other in active) != 1:
        raise Unfit("that passenger is on several trips")
    new, wish, details, fact = change(rng, trip, old)
    read_all(gold, case)
    gold.write(
        "update_reservation_passengers",
        reservation_id=trip.reservation_id,
        passengers=replaced(trip, old, new),
    )
    which = pick(
        rng,
        (
            f"It's about the one trip on which {full_name(old)} is a passenger.",
            f"{full_name(old)} is on just one of my trips, and that's the one.",
            f"I mean the only booking of mine that lists {full_name(old)}.",
            f"The trip is the one with {full_name(old)}; there's only one such booking.",
        ),
    )
    story = [which, pick(rng, words.FORGOT), *details, fact.text]
    return gold.draft(scenario(rng, case.user, wish, story, facts=[fact], unknown=words.NO_IDS))


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("passenger_by_id", "normal", _by_id),
    recipe("passenger_unknown_trip", "read-heavy", _trip_with),
)
"""Recipes that change passengers."""
