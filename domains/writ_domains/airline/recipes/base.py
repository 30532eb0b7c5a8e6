"""What all recipes share: playing the gold calls, choosing users and trips, and putting a scenario together.

A recipe's `build` samples what the user wants, lets `Gold` decide and play it on a state of the world, and raises
`Unfit` where the draw does not allow the task. What is played is executed, so gold calls are known to succeed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any, Final, TypeVar

import msgspec

from writ_async.core.domain import Draft, Recipe, ToolError
from writ_async.core.goal import Ambiguous, Decision, Key, NothingFits, Reader
from writ_async.core.state import State, World
from writ_async.core.task import Action, Fact, Goal, Kind, Pin, Scenario
from writ_domains.airline.goals import RULES
from writ_domains.airline.schema import Reservation, User
from writ_domains.airline.tools import TOOLS
from writ_domains.kit.phrasing import ask, figure, greeting, instructions, pick, second_person, sentences, told

T = TypeVar("T")

_TRIES: Final = 24


class Unfit(Exception):
    """The draw found nothing that this recipe can use."""


class Case(msgspec.Struct, frozen=True):
    """A user and all reservations of that user in the order of the profile."""

    user: User
    trips: tuple[Reservation, ...]


class Gold:
    """A gold solution as it is played: the state, the calls so far, the goals, and what the request settles."""

    def __init__(self, world: World, refusal: bool = False) -> None:
        self.state = State(world)
        self.refusal = refusal
        self.actions: list[Action] = []
        self.goals: list[Goal] = []
        self.pins: list[Pin] = []
        self.says_cities = False
        self._made: set[Key] = set()

    def pin(self, kind: str, text: str) -> str:
        """A sentence that settles a choice; it has to be said."""
        self.pins.append(Pin(kind, text))
        return text

    def reach(self, user: User, objective: str, **params: Any) -> Decision:
        """Decide a goal of a user, and play its reads, sums and writes.

        Raises `Unfit` when it has no single answer, when a tool refuses, or when the policy forbids it (or, for a
        refusal, does not).
        """
        who = {"user_id": user.user_id, "name": f"{user.name.first_name} {user.name.last_name}"}
        reader = Reader(self.state, RULES.fetch)
        try:
            decision = RULES.objectives[objective](reader, {"who": who, **params})
        except (NothingFits, Ambiguous) as exc:
            raise Unfit(str(exc)) from exc
        if bool(decision.refused) != self.refusal:
            raise Unfit(decision.refused or "the policy allows it")
        for key in reader.cells:
            if key not in reader.quiet:
                self._once(key)
        writes: tuple[int, ...] = ()
        if not self.refusal:
            for expression in decision.sums:
                self._once(("calculate", expression))
            writes = tuple(range(len(self.actions), len(self.actions) + len(decision.writes)))
            for action in decision.writes:
                self._write(action)
        self.goals.append(Goal(objective, {"who": who, **params}, writes))
        return decision

    def _once(self, key: Key) -> None:
        if key not in self._made:
            self._made.add(key)
            names = TOOLS[key[0]].schema["function"]["parameters"]["properties"]
            self.actions.append(Action(key[0], dict(zip(names, key[1:], strict=True))))

    def _write(self, action: Action) -> None:
        self.actions.append(action)
        try:
            TOOLS[action.name].function(self.state, **action.arguments)
        except ToolError as exc:
            raise Unfit(str(exc)) from exc

    def draft(self, scenario: Scenario, communicate: Iterable[float] = ()) -> Draft:
        """The played solution as a draft; `communicate` are the amounts that the user must be told.

        Where the user speaks of cities, the list of airports is read first, which tells their codes.
        """
        first = (Action("list_all_airports", {}),) if self.says_cities else ()
        shift = len(first)
        goals = [Goal(one.objective, one.params, tuple(w + shift for w in one.writes)) for one in self.goals]
        return Draft(
            scenario=scenario,
            actions=(*first, *self.actions),
            communicate=() if self.refusal else tuple(figure(abs(amount)) for amount in communicate),
            goals=tuple(goals),
            pins=tuple(self.pins),
        )


Build = Callable[[World, Random, Gold], Draft]


def recipe(name: str, kind: Kind, build: Build) -> Recipe:
    """A recipe that tries `build` a few times before it gives up."""

    def make(world: World, rng: Random) -> Draft | None:
        for _ in range(_TRIES):
            try:
                return build(world, rng, Gold(world, kind == "refusal"))
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
