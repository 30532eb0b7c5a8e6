"""Customers of the airline as recipes draw them: with their trips, what they call things, and how they ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.domain import Draft
from writ_async.core.goal import Decision
from writ_async.core.level import ANY_EXTENT, Extent
from writ_async.core.state import World
from writ_async.core.task import Fact
from writ_domains.airline import phrases
from writ_domains.airline.airports import AIRPORTS
from writ_domains.airline.goals import RULES
from writ_domains.airline.lookups import routes
from writ_domains.airline.policy import Reason, is_active, is_later, may_pay_update
from writ_domains.airline.schema import CabinName, CreditCard, Passenger, PaymentMethod, Reservation, User
from writ_domains.airline.tools import TOOLS
from writ_domains.kit.gold import Gold, Unfit, choose_one, recipe_maker
from writ_domains.kit.identity import full_name, identify_by_user_id
from writ_domains.kit.payment import describe_method, name_method
from writ_domains.kit.people import ALL_NAMES
from writ_domains.kit.phrasing import Forms, pick
from writ_domains.kit.wishes import tell_wish

USUAL: Final = 9
"""The most trips of a customer of whom a draw is made that is to come to nothing in particular."""
LONGEST: Final = 7
"""The most days in a row that a customer leaves open."""
MOST_SEARCHED: Final = 22
"""The most cells that searches for one write come to: more would only cost."""
recipe: Final = recipe_maker(RULES, TOOLS)
"""Makes a recipe of the airline."""


class Customer(msgspec.Struct, frozen=True):
    """A user and all reservations of that user in the order of the profile."""

    user: User
    trips: tuple[Reservation, ...]


def _customers(world: World) -> tuple[Customer, ...]:
    reservations = world.tables["reservations"]
    users: Iterable[User] = world.tables["users"].values()
    return tuple(
        Customer(user, tuple(reservations[key] for key in user.reservations if key in reservations)) for user in users
    )


def _count_later(world: World) -> dict[str, int]:
    """By user how many trips start after today."""
    return {one.user.user_id: len(later_trips(one)) for one in world.index("airline.customers", _customers)}


def draw_customer(
    world: World, rng: Random, gold: Gold, later: int = 0, beside: tuple[int, int] | None = None
) -> Customer:
    """A random customer with at least `later` trips that start after today. Raises `Unfit` in a world without one.

    `beside` is for draws that all trips are read for: how many cells more that takes, at least and at most. Then it is
    one with as many trips as the extent needs; else, where a draw is to come to nothing in particular, one with as
    many as most have.
    """
    cells = None if gold.extent == ANY_EXTENT or beside is None else gold.extent.cells

    def fitting(world: World) -> tuple[Customer, ...]:
        found = world.index("airline.customers", _customers)
        if gold.extent == ANY_EXTENT:
            found = tuple(one for one in found if len(one.trips) <= USUAL)
        if beside is not None and cells is not None:
            found = tuple(one for one in found if _reads(one, beside).meets(Extent(cells=cells)))
        counts = world.index("airline.later", _count_later)
        return tuple(one for one in found if counts[one.user.user_id] >= later)

    usual = gold.extent == ANY_EXTENT
    return choose_one(rng, world.index(f"airline.customers/{later}/{usual}/{cells}/{beside}", fitting))


def _reads(customer: Customer, beside: tuple[int, int]) -> Extent:
    """What is read for a customer: the profile, every trip, and what is beside those."""
    least, most = beside
    return Extent(cells=(1 + len(customer.trips) + least, 1 + len(customer.trips) + most))


def count_within(rng: Random, gold: Gold, least: int, most: int) -> int:
    """How many writes of a kind to ask for: from `least` to `most`, and as the extent needs. Raises `Unfit`."""
    low, high = gold.extent.cut(Extent((least, most))).writes
    if low > high:
        raise Unfit("the extent is another one")
    return rng.randint(low, high)


def days_within(rng: Random, gold: Gold, beside: int, per: int, usual: tuple[int, int]) -> int:
    """How many days in a row to look through: as many as come, or as the extent needs. Raises `Unfit`.

    `beside` is how many cells are read beside the searches, `per` how many searches one day takes, `usual` how many
    days it is as they come.
    """
    if gold.extent == ANY_EXTENT:
        return rng.randint(*usual)
    least, most = gold.extent.cells
    fit = [days for days in range(1, LONGEST + 1) if least <= beside + days * per <= min(most, MOST_SEARCHED)]
    return choose_one(rng, fit)


def is_plain(trip: Reservation) -> bool:
    """Whether a reservation leads from one place to another."""
    return trip.origin != trip.destination


def later_trips(customer: Customer) -> list[Reservation]:
    """A customer's active trips that start after today."""
    return [trip for trip in customer.trips if is_later(trip) and is_plain(trip)]


def is_told_by_route(customer: Customer, trip: Reservation) -> bool:
    """Whether a trip is the customer's only active one between its airports."""
    route = (trip.origin, trip.destination)
    return [(other.origin, other.destination) for other in customer.trips if is_active(other)].count(route) == 1


def choose_method(user: User, rng: Random, *, cards_only: bool = False) -> PaymentMethod:
    """A payment method that may settle a change."""
    methods = user.payment_methods.values()
    fit = [one for one in methods if may_pay_update(one, 0) and (isinstance(one, CreditCard) or not cards_only)]
    return choose_one(rng, fit)


def draw_birthday(rng: Random) -> str:
    """A date of birth."""
    return f"{rng.randint(1948, 2004)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def draw_newcomer(rng: Random, taken: Sequence[Passenger]) -> Passenger:
    """A person whose first name nobody else has."""
    names = {passenger.first_name for passenger in taken}
    first = pick(rng, ALL_NAMES.first)
    if first in names:
        raise Unfit("that name is taken")
    return Passenger(first, pick(rng, ALL_NAMES.last), draw_birthday(rng))


def play(gold: Gold, user: User, objective: str, *, refused: bool | None = None, **params: Any) -> Decision:
    """Decide a goal of a user, and play it. Raises `Unfit` where it makes no gold solution."""
    who = {"user_id": user.user_id, "name": full_name(user.name)}
    return gold.play_goal(objective, {"who": who, **params}, refused=refused)


def lay_out(gold: Gold, user: User, objective: str, **params: Any) -> Decision:
    """Play what is read for a wish of a user who takes it back. Raises `Unfit` where it is not one write."""
    who = {"user_id": user.user_id, "name": full_name(user.name)}
    return gold.lay_out(objective, {"who": who, **params})


def draft(
    gold: Gold,
    rng: Random,
    user: User,
    wish: str,
    details: Sequence[str],
    *,
    due: float = 0.0,
    facts: Sequence[Fact] = (),
    unknown: str = "",
    accepts_no: bool = False,
) -> Draft:
    """What was played as a draft, asked for by a wish (a verb phrase) with first-person details.

    `due` is an amount that the user asked for, `facts` are said when asked for. For a refusal, or where one of several
    wishes is refused (`accepts_no`), the user accepts a no.
    """
    no = pick(rng, phrases.ACCEPT_NO) if gold.refusal or accepts_no else ""
    identity = identify_by_user_id(user.user_id, user.name, rng)
    return gold.draft(
        tell_wish(identity, wish, details, rng, facts=facts, unknown=unknown, extra=no), [due] if due else []
    )


def perhaps_ask(gold: Gold, rng: Random, what: str | Forms, amount: float, *, chance: float = 0.5) -> tuple[str, float]:
    """By chance a sentence that asks for an amount, which is called `what`, and the amount; else nothing and 0."""
    if not amount or rng.random() >= chance or gold.refusal:
        return "", 0.0
    called = what if isinstance(what, str) else pick(rng, what)
    return pick(rng, phrases.ASK_AMOUNT).format(what=called), amount


def method_params(user: User, method: PaymentMethod) -> dict[str, Any]:
    """A payment method as params: its kind, and what tells it apart where there are several."""
    return describe_method(user.payment_methods, method)


def say_method(user: User, method: PaymentMethod, rng: Random) -> str:
    """A payment method, told apart from all others in the profile."""
    return name_method(user.payment_methods, method, phrases.METHODS, rng)


def say_payment(user: User, method: PaymentMethod, rng: Random) -> str:
    """A sentence on what a change is paid with, or refunded to."""
    said = say_method(user, method, rng)
    return pick(rng, phrases.PAY_WITH).format(said=said)


def say_reason(reason: Reason, rng: Random) -> str:
    """A sentence that gives the reason of a cancellation."""
    return pick(rng, phrases.REASONS[reason])


def say_cabin(cabin: CabinName, rng: Random) -> str:
    """A cabin in words."""
    return pick(rng, phrases.CABINS[cabin])


def say_day(iso: str, rng: Random) -> str:
    """A day of 2024 as a customer says it; the form holds either the ISO date or "May 20"."""
    when = date.fromisoformat(iso)
    plain = f"{when:%B} {when.day}"
    return pick(rng, (plain, plain, iso, f"{when:%A}, {plain}", f"{plain}, 2024", f"{plain} (a {when:%A})"))


def say_days(dates: list[str], rng: Random) -> str:
    """Several days to choose among: "May 20, May 21 or May 22"."""
    said = dates
    if rng.random() < 0.7:
        said = [f"{date.fromisoformat(iso):%B} {date.fromisoformat(iso).day}" for iso in dates]
    return " or ".join(filter(None, (", ".join(said[:-1]), said[-1])))


class Places:
    """Airports in one manner of speaking: by code, by city and code, or by city, which has the agent look codes up."""

    def __init__(self, rng: Random, gold: Gold) -> None:
        self.manner = pick(rng, ("code", "both", "city"))
        self._gold = gold

    def say(self, iata: str) -> str:
        """One airport. In the city manner the list of airports becomes part of the gold reads."""
        city = AIRPORTS[iata]
        if self.manner == "code":
            return iata
        if self.manner == "both" or iata in routes(self._gold.state).metropolis:
            return f"{city} ({iata})"
        self._gold.read_first("list_all_airports")
        return city

    def route(self, rng: Random, trip: Reservation) -> str:
        """Where a reservation goes from and to."""
        here, there = self.say(trip.origin), self.say(trip.destination)
        return pick(rng, phrases.ROUTE).format(here=here, there=there)
