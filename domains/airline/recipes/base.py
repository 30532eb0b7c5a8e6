"""What all recipes share: playing the gold calls, choosing users and trips, and putting a scenario together.

A recipe's `build` plays its gold solution on a state of the world through `Gold` and raises `Unfit` where the draw does
not allow the task. What is played is executed, so a draft's gold calls are known to succeed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any, Final, TypeVar

import msgspec

from domains.airline.schema import Reservation, User
from domains.airline.tools import TOOLS
from domains.common.phrasing import ask, greeting, instructions, pick, second_person, sentences, told
from writ_async.domain import Draft, Recipe, call_tool
from writ_async.state import State, World
from writ_async.task import Action, Cell, Certificate, Fact, Kind, Scenario

T = TypeVar("T")

_TRIES: Final = 24


class Unfit(Exception):
    """The draw found nothing that this recipe can use."""


class Case(msgspec.Struct, frozen=True):
    """A user and all reservations of that user in the order of the profile."""

    user: User
    trips: tuple[Reservation, ...]


class Gold:
    """A gold solution as it is played: the state, the calls so far, and the cells that were read."""

    def __init__(self, world: World) -> None:
        self.state = State(world)
        self.actions: list[Action] = []
        self.cells: list[Cell] = []
        self.certificates: list[Certificate] = []

    def _call(self, name: str, arguments: dict[str, Any]) -> str:
        result = call_tool(TOOLS, self.state, name, arguments)
        if result.error:
            raise Unfit(result.content)
        self.actions.append(Action(name, arguments))
        return result.content

    def read(self, name: str, **arguments: Any) -> Cell:
        """Call a reading tool, unless it was called with these arguments before."""
        cell = Cell(name, arguments)
        if cell not in self.cells:
            self._call(name, arguments)
            self.cells.append(cell)
        return cell

    def profile(self, user: User) -> Cell:
        """Read a user's profile."""
        return self.read("get_user_details", user_id=user.user_id)

    def trip(self, trip: Reservation) -> Cell:
        """Read a reservation."""
        return self.read("get_reservation_details", reservation_id=trip.reservation_id)

    def search(self, origin: str, destination: str, date: str, onestop: bool = False) -> Cell:
        """Search nonstop flights, or connections, of a route on a day."""
        name = "search_onestop_flight" if onestop else "search_direct_flight"
        return self.read(name, origin=origin, destination=destination, date=date)

    def calculate(self, expression: str) -> int:
        """Work out an expression of whole dollars or bags with the tool."""
        return round(float(self._call("calculate", {"expression": expression})))

    def write(self, name: str, cells: Sequence[Cell] | None = None, **arguments: Any) -> None:
        """Call a writing tool; `cells` fix its arguments, by default all that were read."""
        self.certificates.append(Certificate(len(self.actions), tuple(self.cells if cells is None else cells)))
        self._call(name, arguments)

    def draft(self, scenario: Scenario, communicate: Iterable[int] = ()) -> Draft:
        """The played solution as a draft; `communicate` are the numbers that the user must be told."""
        return Draft(
            scenario=scenario,
            actions=tuple(self.actions),
            certificates=tuple(self.certificates),
            communicate=tuple(map(str, communicate)),
        )


def recipe(name: str, kind: Kind, build: Callable[[World, Random], Draft]) -> Recipe:
    """A recipe that tries `build` a few times before it gives up."""

    def make(world: World, rng: Random) -> Draft | None:
        for _ in range(_TRIES):
            try:
                return build(world, rng)
            except Unfit:
                continue
        return None

    return Recipe(name, kind, make)


def _cases(world: World) -> tuple[Case, ...]:
    reservations = world.tables["reservations"]
    users: Iterable[User] = world.tables["users"].values()
    return tuple(
        Case(user, tuple(reservations[key] for key in user.reservations if key in reservations)) for user in users
    )


def pick_case(world: World, rng: Random) -> Case:
    """A random user. Raises `Unfit` in a world without users."""
    cases = world.index("airline.cases", _cases)
    if not cases:
        raise Unfit("the world has no users")
    return pick(rng, cases)


def one(rng: Random, options: Sequence[T]) -> T:
    """One of the options. Raises `Unfit` when there are none."""
    if not options:
        raise Unfit("nothing to choose from")
    return pick(rng, options)


def some(rng: Random, options: Sequence[T], low: int, high: int) -> list[T]:
    """Between `low` and `high` of the options in random order. Raises `Unfit` when there are too few."""
    if len(options) < low:
        raise Unfit("too few to choose from")
    return rng.sample(list(options), rng.randint(low, min(high, len(options))))


def best(options: Iterable[tuple[int, T]], margin: int = 1) -> T:
    """What has the smallest number, by at least `margin`. Raises `Unfit` when that is not clear."""
    ranked = sorted(options, key=lambda option: option[0])
    if not ranked or (len(ranked) > 1 and ranked[1][0] - ranked[0][0] < margin):
        raise Unfit("no clear best choice")
    return ranked[0][1]


def identity(rng: Random, user: User) -> list[Fact]:
    """What a user can say about who they are."""
    name = f"{user.name.first_name} {user.name.last_name}"
    said = pick(
        rng,
        (
            "My user id is {}.",
            "My user ID is {}.",
            "The user id on my account is {}.",
            "I'm registered under the user id {}.",
            "My profile's user id is {}.",
            "My account id is {}.",
        ),
    )
    called = pick(rng, ("My name is {}.", "I'm {}.", "I am {}.", "The name on my account is {}."))
    return [
        Fact("user_id", user.user_id, said.format(user.user_id)),
        Fact("name", name, called.format(name)),
    ]


def scenario(
    rng: Random,
    user: User,
    wish: str,
    details: Sequence[str],
    *,
    facts: Sequence[Fact] = (),
    unknown: str = "",
    extra: str = "",
) -> Scenario:
    """A scenario from a wish (a verb phrase), first-person details, and facts that are said when asked for."""
    known = [*identity(rng, user), *facts]
    at_once = [known[0].text] if rng.random() < 0.4 else []
    if rng.random() < 0.25:
        at_once.insert(0, known[1].text)
    body = sentences(*details)
    said = [*at_once, ask(rng, wish), body] if rng.random() < 0.7 else [ask(rng, wish), body, *at_once]
    return Scenario(
        reason_for_call=sentences(told(rng, wish), second_person(body)),
        known_info=second_person(sentences(*(fact.text for fact in known))),
        unknown_info=unknown,
        task_instructions=sentences(instructions(rng), extra),
        request=sentences(greeting(rng), *said),
        facts=tuple(known),
    )
