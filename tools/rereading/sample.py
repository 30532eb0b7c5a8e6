"""Tasks of every family of a domain, drawn one family at a time."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from writ_async import Domain, Environment, InputError, Recipe, Task
from writ_async.runs.worlds import further_environment, generate_world
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.synthesis.aims import TaskWishes

_WORLDS = 8  # how many worlds are tried, where each has too few tasks of a family
_NEXT_SEED = 20_000_003  # beyond the further worlds of the world before


def tasks_of(recipe: Recipe, environment: Environment, count: int, seed: int = 1, worlds: int = _WORLDS) -> list[Task]:
    """Up to `count` tasks of one family, from one world and further ones where that has no more."""
    alone = msgspec.structs.replace(environment.domain, recipes=(recipe,))
    place = Environment(alone, environment.world, environment.ref)
    found: list[Task] = []
    further = further_environment if worlds > 1 else None
    while len(found) < count and worlds:
        wanted = count - len(found)
        while wanted:
            try:
                found += synthesise_tasks(
                    [place], wanted, seed, parse_mix(f"{recipe.kind}=1"), TaskWishes(), further=further
                )[0]
                break
            except InputError:  # a rare family in a small world
                wanted //= 2
        worlds -= 1
        if worlds and len(found) < count:
            place = generate_world(alone, place.ref.seed + _NEXT_SEED, place.ref.size)
    return found


def tasks_of_families(
    domain: Domain, count: int, seed: int, size: int = 500, worlds: int = _WORLDS
) -> Iterator[tuple[Recipe, list[Task]]]:
    """For each family of a domain up to `count` tasks, of one world of `size` users, or of up to `worlds`."""
    environment = generate_world(domain, seed, size)
    for recipe in domain.recipes:
        yield recipe, tasks_of(recipe, environment, count, seed, worlds)
