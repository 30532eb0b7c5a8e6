"""Recipes that change passengers."""

from __future__ import annotations

from random import Random
from typing import Final

import msgspec

from writ_async.core.domain import Draft, Recipe
from writ_async.core.state import World
from writ_async.core.task import Fact
from writ_domains.airline.recipes import words
from writ_domains.airline.recipes.script import play, recipe, scenario
from writ_domains.airline.recipes.select import birthday, case_with_later_trips, later_trips, newcomer
from writ_domains.airline.schema import Passenger, Reservation
from writ_domains.kit.gold import Gold, Unfit, choose_one
from writ_domains.kit.phrasing import pick

KEEP_ORDER: Final = (
    "Everybody else stays as they are, in the same order.",
    "All other passengers remain, and the order of the list stays the same.",
    "Nothing changes for the others, and the order is kept.",
    "The rest of the passenger list stays exactly as it is.",
)


def full_name(person: Passenger) -> str:
    """First and last name."""
    return f"{person.first_name} {person.last_name}"


def change(rng: Random, gold: Gold, trip: Reservation, old: Passenger) -> tuple[dict[str, str], str, list[str], Fact]:
    """A passenger in place of another: what changes, what to ask for as a verb phrase, details, and a fact."""
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
    details = [gold.pin("passengers", pick(rng, KEEP_ORDER))] if len(trip.passengers) > 1 else []
    before = msgspec.structs.asdict(old)
    changed = {key: value for key, value in msgspec.structs.asdict(new).items() if value != before[key] or key == "dob"}
    return changed, wish, details, Fact("passenger", full_name(new), said.format(full_name(new), new.dob))


def companions(trip: Reservation) -> list[Passenger]:
    """The passengers of a trip but the first, who is the user."""
    return list(trip.passengers[1:])


def _by_id(world: World, rng: Random, gold: Gold) -> Draft:
    case = case_with_later_trips(world, rng, 1)
    trip = choose_one(rng, [trip for trip in later_trips(case) if companions(trip)])
    old = pick(rng, companions(trip))
    new, wish, details, fact = change(rng, gold, trip, old)
    play(gold, case.user, "passengers", trip={"id": trip.reservation_id}, old=full_name(old), new=new)
    where = pick(rng, ("on my reservation {}", "in the booking {}", "for reservation {}", "on trip {}"))
    wish = f"{wish} {where.format(trip.reservation_id)}"
    return gold.draft(scenario(rng, case.user, wish, [*details, fact.text], facts=[fact]))


def _trip_with(world: World, rng: Random, gold: Gold) -> Draft:
    case = case_with_later_trips(world, rng, 2)
    trip = choose_one(rng, [trip for trip in later_trips(case) if companions(trip)])
    old = pick(rng, companions(trip))
    new, wish, details, fact = change(rng, gold, trip, old)
    play(gold, case.user, "passengers", trip={"passenger": full_name(old)}, old=full_name(old), new=new)
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


def _off(world: World, rng: Random, gold: Gold) -> Draft:
    """Somebody is to be taken off a trip, which the rules do not allow."""
    case = case_with_later_trips(world, rng, 1)
    trip = choose_one(rng, [trip for trip in later_trips(case) if companions(trip)])
    old = full_name(pick(rng, companions(trip)))
    play(gold, case.user, "head_count", trip={"id": trip.reservation_id}, old=old)
    wish = pick(
        rng,
        (
            f"take {old} off reservation {trip.reservation_id}",
            f"remove {old} from my booking {trip.reservation_id}",
            f"have reservation {trip.reservation_id} without {old}",
        ),
    )
    details = [pick(rng, (f"{old} isn't coming along.", f"{old} has other plans.", f"{old} can't travel."))]
    return gold.draft(scenario(rng, case.user, wish, details, extra=pick(rng, words.ACCEPT_NO)))


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("passenger_by_id", "normal", _by_id),
    recipe("passenger_unknown_trip", "normal", _trip_with),
    recipe("refuse_fewer_passengers", "refusal", _off),
)
"""Recipes that change passengers."""
