"""Opens the worlds that tasks refer to."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.task import Task, WorldRef
from writ_async.errors import InputError
from writ_async.registry import load_benchmark, load_domain


def generate_world(domain: Domain, seed: int, size: int) -> Environment:
    """Draw a world. Raises `InputError` when the size is not positive."""
    if size < 1:
        raise InputError(f"--world-size must be at least 1, not {size}")
    world = domain.generate(seed, size)
    return Environment(domain, world, WorldRef(domain.name, seed=seed, size=size, digest=world.digest()))


_NEXT_SEED = 1_000_003  # far enough that the worlds of one run are not those of the next seed's


def further_environment(environment: Environment, number: int) -> Environment:
    """The n-th further world to draw tasks from, of another seed, where this one has no more of what is asked."""
    ref = environment.ref
    return generate_world(environment.domain, ref.seed + number * _NEXT_SEED, ref.size)


@lru_cache(maxsize=16)
def open_world(ref: WorldRef, data: str | None, tools: str | None = None) -> Environment:
    """The world of a reference: drawn again from its seed, or read from the benchmark's folder `data`.

    The last few are kept, so that a training loop may ask for the same world again and again.

    Raises `InputError` when what is found is not the world that the tasks were made in.
    """
    if ref.source == "generated":
        environment = generate_world(load_domain(ref.domain), ref.seed, ref.size)
    else:
        environment = load_benchmark(ref.source).load(ref.domain, data, None, tools).environment
    if ref.digest and environment.world.digest() != ref.digest:
        raise InputError(
            f"the {ref.source} {ref.domain} world is not the one that the tasks were made in "
            f"(digest {environment.world.digest()}, not {ref.digest}); use the same version of the package or the data"
        )
    return environment


def open_worlds(tasks: Iterable[Task], data: str | None, tools: str | None = None) -> dict[str, Environment]:
    """The worlds of some tasks, by `world_key`; each is environment once."""
    environments: dict[str, Environment] = {}
    for task in tasks:
        key = world_key(task.world)
        if key not in environments:
            environments[key] = open_world(task.world, data, tools)
    return environments


def world_key(ref: WorldRef) -> str:
    """A key that is the same for tasks of the same world."""
    return f"{ref.source}/{ref.domain}/{ref.seed}/{ref.size}/{ref.digest}"
