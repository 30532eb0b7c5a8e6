"""Runs of the domain whose users have tools: tasks, rows, and the place that they are of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from tests.support.router import DOMAIN, NAME
from writ_async import registry
from writ_async.api import make_tasks, run
from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.runs.worlds import generate_world

SIZE = 200


@contextmanager
def registered() -> Iterator[None]:
    """The domain is known by its name for as long as the block lasts."""
    registry.register_domain(DOMAIN)
    try:
        yield
    finally:
        registry.domains_of_program.pop(NAME, None)


@lru_cache(maxsize=8)
def router_tasks(count: int, behaviours: str = "on") -> tuple[Task, ...]:
    """Tasks of one world, half of them read-heavy."""
    with registered():
        return tuple(make_tasks(DOMAIN, count, seed=3, world_size=SIZE, behaviours=behaviours))


def router_place() -> Environment:
    """The world of those tasks."""
    return generate_world(DOMAIN, 3, SIZE)


def router_rows(tasks: tuple[Task, ...], seed: int = 5, **options: str) -> list[Trajectory]:
    """The rows of tasks, played by the script with its options."""
    with registered():
        return run(list(tasks), "scripted", agent_options=options, seed=seed)
