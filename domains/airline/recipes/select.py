"""Choosing trips, payment methods and passengers for recipes, and the amounts that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from domains.airline.booking import BAG_PRICE
from domains.airline.policy_rules import FREE_BAGS, is_active, is_later, may_pay_update, nonfree_bags
from domains.airline.recipes.base import Case, Gold, Unfit, one, pick_case
from domains.airline.schema import CreditCard, Passenger, PaymentMethod, Reservation, User
from domains.airline.search import open_entry
from domains.common.people import FIRST_NAMES, LAST_NAMES
from domains.common.phrasing import pick
from writ_async.state import State, World


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


def read_all(gold: Gold, case: Case) -> None:
    """Read the profile and every reservation, as one must who does not know the reservation's id."""
    gold.profile(case.user)
    for trip in case.trips:
        gold.trip(trip)


def payer(rng: Random, user: User, total: int, cards_only: bool = False) -> PaymentMethod:
    """A payment method that may settle a change of `total` dollars."""
    return one(
        rng,
        [
            method
            for method in user.payment_methods.values()
            if may_pay_update(method, total) and (isinstance(method, CreditCard) or not cards_only)
        ],
    )


def bags_after(user: User, trip: Reservation, more: int) -> tuple[int, int, int]:
    """Bags in all, bags to pay for, and the charge in dollars, after adding bags to a trip."""
    bags = trip.total_baggages + more
    nonfree = nonfree_bags(user.membership, trip.cabin, len(trip.passengers), bags)
    return bags, nonfree, BAG_PRICE * max(0, nonfree - trip.nonfree_baggages)


def show_bags(gold: Gold, user: User, trip: Reservation, more: int, cabin_free: int | None = None) -> int:
    """Work out with the tool what adding bags comes to; gives the charge. `cabin_free` are free bags per passenger."""
    free = FREE_BAGS[user.membership][trip.cabin] if cabin_free is None else cabin_free
    bags = gold.calculate(f"{trip.total_baggages} + {more}")
    nonfree = max(0, bags - free * len(trip.passengers))
    if nonfree:
        gold.calculate(f"{bags} - {free} * {len(trip.passengers)}")
    charged = nonfree - trip.nonfree_baggages
    return gold.calculate(f"{BAG_PRICE} * {charged}") if charged > 0 else 0


def fares(state: State, trip: Reservation, cabin: str) -> list[int]:
    """Today's fares of a trip's flights in a cabin. Raises `Unfit` unless there are seats for all its passengers."""
    found: list[int] = []
    for leg in trip.flights:
        entry = open_entry(state, leg.flight_number, leg.date)
        if entry is None or entry.available_seats.of(cabin) < len(trip.passengers):
            raise Unfit("no seats in that cabin")
        found.append(entry.prices.of(cabin))
    return found


def search_legs(gold: Gold, trip: Reservation) -> None:
    """Search the route and day of each of a trip's flights, which shows seats and fares."""
    for leg in trip.flights:
        gold.search(leg.origin, leg.destination, leg.date)


def legs_of(trip: Reservation) -> list[dict[str, str]]:
    """A trip's flights as an argument."""
    return [{"flight_number": leg.flight_number, "date": leg.date} for leg in trip.flights]


def difference(gold: Gold, new: Sequence[int], old: Sequence[int], passengers: int) -> int:
    """Work out with the tool what changing fares costs all passengers; negative is a refund."""
    return gold.calculate(f"{passengers} * (({' + '.join(map(str, new))}) - ({' + '.join(map(str, old))}))")


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


def status_cells(gold: Gold, trip: Reservation, until: str) -> int:
    """Read how each flight of a trip up to a day stands; gives how many were read."""
    due = [leg for leg in trip.flights if leg.date <= until]
    for leg in due:
        gold.read("get_flight_status", flight_number=leg.flight_number, date=leg.date)
    return len(due)
