"""How the airline's recipes are made: customers and their trips, goals as played for one, and how a request is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.goal import Decision
from writ_async.core.state import World
from writ_async.core.task import Fact, Scenario
from writ_domains.airline.goals import RULES
from writ_domains.airline.schema import Reservation, User
from writ_domains.airline.tools import TOOLS
from writ_domains.kit.gold import Gold, choose_one, recipe_maker
from writ_domains.kit.identity import full_name, identify_by_user_id
from writ_domains.kit.wishes import tell_wish

recipe: Final = recipe_maker(RULES, TOOLS)
"""Makes a recipe of the airline."""


class Case(msgspec.Struct, frozen=True):
    """A user and all reservations of that user in the order of the profile."""

    user: User
    trips: tuple[Reservation, ...]


def _cases(world: World) -> tuple[Case, ...]:
    reservations = world.tables["reservations"]
    users: Iterable[User] = world.tables["users"].values()
    return tuple(
        Case(user, tuple(reservations[key] for key in user.reservations if key in reservations)) for user in users
    )


def pick_case(world: World, rng: Random) -> Case:
    """A random user. Raises `Unfit` in a world without users."""
    return choose_one(rng, world.index("airline.cases", _cases))


def play(gold: Gold, user: User, objective: str, **params: Any) -> Decision:
    """Decide a goal of a user, and play it. Raises `Unfit` where it makes no gold solution."""
    who = {"user_id": user.user_id, "name": full_name(user.name)}
    return gold.play_goal(objective, {"who": who, **params})


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
    identity = identify_by_user_id(user.user_id, user.name, rng)
    return tell_wish(identity, wish, details, rng, facts=facts, unknown=unknown, extra=extra)
