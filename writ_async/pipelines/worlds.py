"""Opens the worlds that tasks refer to."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from writ_async.domain import Domain
from writ_async.errors import InputError
from writ_async.registry import load_benchmark, load_domain
from writ_async.state import World
from writ_async.synthesis.tasks import Place
from writ_async.task import Task, WorldRef


class Opened(msgspec.Struct, frozen=True):
    """A world and the domain that it is used with."""

    domain: Domain
    world: World
    ref: WorldRef


def generate_world(domain: Domain, seed: int, size: int) -> Opened:
    """Draw a world. Raises `InputError` when the size is not positive."""
    if size < 1:
        raise InputError(f"--world-size must be at least 1, not {size}")
    world = domain.generate(seed, size)
    return Opened(domain, world, WorldRef(domain.name, seed=seed, size=size, digest=world.digest()))


_NEXT_SEED = 1_000_003  # far enough that the worlds of one run are not those of the next seed's


def make_place(opened: Opened) -> Place:
    """A place to draw tasks from, that goes on to worlds of other seeds when this one has no more of what is asked."""

    def more(number: int) -> Place:
        ref = opened.ref
        further = generate_world(opened.domain, ref.seed + number * _NEXT_SEED, ref.size)
        return Place(further.domain, further.world, further.ref)

    return Place(opened.domain, opened.world, opened.ref, more)


@lru_cache(maxsize=16)
def open_world(ref: WorldRef, data: str | None, tools: str | None = None) -> Opened:
    """The world of a reference: drawn again from its seed, or read from the benchmark's folder `data`.

    The last few are kept, so that a training loop may ask for the same world again and again.

    Raises `InputError` when what is found is not the world that the tasks were made in.
    """
    if ref.source == "generated":
        opened = generate_world(load_domain(ref.domain), ref.seed, ref.size)
    else:
        loaded = load_benchmark(ref.source).load(ref.domain, data, None, tools)
        opened = Opened(loaded.domain, loaded.world, ref)
    if ref.digest and opened.world.digest() != ref.digest:
        raise InputError(
            f"the {ref.source} {ref.domain} world is not the one that the tasks were made in "
            f"(digest {opened.world.digest()}, not {ref.digest}); use the same version of the package or the data"
        )
    return opened


def open_worlds(tasks: Iterable[Task], data: str | None, tools: str | None = None) -> dict[str, Opened]:
    """The worlds of some tasks, by `world_key`; each is opened once."""
    opened: dict[str, Opened] = {}
    for task in tasks:
        key = world_key(task.world)
        if key not in opened:
            opened[key] = open_world(task.world, data, tools)
    return opened


def world_key(ref: WorldRef) -> str:
    """A key that is the same for tasks of the same world."""
    return f"{ref.source}/{ref.domain}/{ref.seed}/{ref.size}/{ref.digest}"
