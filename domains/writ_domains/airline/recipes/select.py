"""Choosing trips, payment methods and passengers for recipes, and the amounts that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from writ_async.core.state import World
from writ_domains.airline.policy import is_active, is_later, may_pay_update
from writ_domains.airline.recipes.script import Case, pick_case
from writ_domains.airline.schema import CreditCard, Passenger, PaymentMethod, Reservation, User
from writ_domains.kit.gold import Unfit, choose_one
from writ_domains.kit.payment import describe_method
from writ_domains.kit.people import FIRST_NAMES, LAST_NAMES
from writ_domains.kit.phrasing import pick


def is_plain(trip: Reservation) -> bool:
    """Whether a reservation leads from one place to another."""
    return trip.origin != trip.destination


def later_trips(case: Case) -> list[Reservation]:
    """A user's active trips that start after today."""
    return [trip for trip in case.trips if is_later(trip) and is_plain(trip)]


def case_with_later_trips(world: World, rng: Random, count: int, most: int = 9) -> Case:
    """A user with at least `count` trips that start after today, and at most `most` reservations in all."""
    case = pick_case(world, rng)
    if len(later_trips(case)) < count or len(case.trips) > most:
        raise Unfit("no user with so many trips")
    return case


def by_route(case: Case, trip: Reservation) -> bool:
    """Whether a trip is the user's only active one between its airports."""
    route = (trip.origin, trip.destination)
    return [(other.origin, other.destination) for other in case.trips if is_active(other)].count(route) == 1


def payer(rng: Random, user: User, total: int = 0, cards_only: bool = False) -> PaymentMethod:
    """A payment method that may settle a change of `total` dollars."""
    return choose_one(
        rng,
        [
            method
            for method in user.payment_methods.values()
            if may_pay_update(method, total) and (isinstance(method, CreditCard) or not cards_only)
        ],
    )


def describe(user: User, method: PaymentMethod) -> dict[str, Any]:
    """A payment method as params: its kind, and what tells it apart where there are several."""
    return describe_method(user.payment_methods, method)


def birthday(rng: Random) -> str:
    """A date of birth."""
    return f"{rng.randint(1948, 2004)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def newcomer(rng: Random, taken: Sequence[Passenger]) -> Passenger:
    """A person whose first name nobody else has."""
    names = {passenger.first_name for passenger in taken}
    first = pick(rng, FIRST_NAMES)
    if first in names:
        raise Unfit("that name is taken")
    return Passenger(first, pick(rng, LAST_NAMES), birthday(rng))
