"""Recipes that change passengers."""

from __future__ import annotations

from random import Random

import msgspec

from writ_async.core.domain import Draft
from writ_async.core.state import World
from writ_async.core.task import Fact
from writ_domains.airline import phrases
from writ_domains.airline.recipes.customers import (
    draft,
    draw_birthday,
    draw_customer,
    draw_newcomer,
    later_trips,
    play,
)
from writ_domains.airline.schema import Passenger, Reservation
from writ_domains.kit.gold import Gold, Unfit, choose_one
from writ_domains.kit.phrasing import pick


def full_name(person: Passenger) -> str:
    """First and last name."""
    return f"{person.first_name} {person.last_name}"


def change(rng: Random, gold: Gold, trip: Reservation, old: Passenger) -> tuple[dict[str, str], str, list[str], Fact]:
    """A passenger in place of another: what changes, what to ask for as a verb phrase, details, and a fact."""
    name = full_name(old)
    if rng.random() < 0.4:
        new = Passenger(old.first_name, old.last_name, draw_birthday(rng))
        wish = pick(rng, phrases.CORRECT_BIRTHDAY).format(name=name)
        said = pick(rng, phrases.RIGHT_BIRTHDAY)
    elif rng.random() < 0.4:
        new = Passenger(old.first_name, draw_newcomer(rng, ()).last_name, old.dob)
        if new.last_name == old.last_name:
            raise Unfit("the name stays the same")
        wish = pick(rng, phrases.CHANGE_LAST_NAME).format(name=name, last_name=new.last_name, new=full_name(new))
        said = "{}'s date of birth stays {}."
    else:
        new = draw_newcomer(rng, trip.passengers)
        wish = pick(rng, phrases.REPLACE_PASSENGER).format(name=name, new=full_name(new))
        said = pick(rng, phrases.BORN_ON)
    details = [gold.pin("passengers", pick(rng, phrases.KEEP_ORDER))] if len(trip.passengers) > 1 else []
    before = msgspec.structs.asdict(old)
    changed = {key: value for key, value in msgspec.structs.asdict(new).items() if value != before[key] or key == "dob"}
    return changed, wish, details, Fact("passenger", full_name(new), said.format(full_name(new), new.dob))


def companions(trip: Reservation) -> list[Passenger]:
    """The passengers of a trip but the first, who is the user."""
    return list(trip.passengers[1:])


def passenger_by_id(world: World, rng: Random, gold: Gold) -> Draft:
    """A passenger of a reservation that is named."""
    customer = draw_customer(world, rng, gold, 1)
    trip = choose_one(rng, [trip for trip in later_trips(customer) if companions(trip)])
    old = pick(rng, companions(trip))
    new, wish, details, fact = change(rng, gold, trip, old)
    play(gold, customer.user, "passengers", trip={"id": trip.reservation_id}, old=full_name(old), new=new)
    where = pick(rng, phrases.ON_RESERVATION)
    wish = f"{wish} {where.format(trip.reservation_id)}"
    return draft(gold, rng, customer.user, wish, [*details, fact.text], facts=[fact])


def passenger_unknown_trip(world: World, rng: Random, gold: Gold) -> Draft:
    """A passenger of the one trip that has them."""
    customer = draw_customer(world, rng, gold, 2)
    trip = choose_one(rng, [trip for trip in later_trips(customer) if companions(trip)])
    old = pick(rng, companions(trip))
    new, wish, details, fact = change(rng, gold, trip, old)
    play(gold, customer.user, "passengers", trip={"passenger": full_name(old)}, old=full_name(old), new=new)
    which = pick(rng, phrases.TRIP_WITH_PASSENGER).format(name=full_name(old))
    story = [which, pick(rng, phrases.FORGOT), *details, fact.text]
    return draft(gold, rng, customer.user, wish, story, facts=[fact], unknown=phrases.NO_IDS)


def refuse_fewer_passengers(world: World, rng: Random, gold: Gold) -> Draft:
    """Somebody is to be taken off a trip, which the rules do not allow."""
    customer = draw_customer(world, rng, gold, 1)
    trip = choose_one(rng, [trip for trip in later_trips(customer) if companions(trip)])
    old = full_name(pick(rng, companions(trip)))
    play(gold, customer.user, "head_count", trip={"id": trip.reservation_id}, old=old)
    wish = pick(rng, phrases.TAKE_OFF).format(old=old, id=trip.reservation_id)
    details = [pick(rng, phrases.NOT_COMING).format(old=old)]
    return draft(gold, rng, customer.user, wish, details)
