"""Tasks told by many users, for the tests of behaviours."""

from functools import lru_cache

import msgspec

from writ_async.behaviour.axes import VALUES as DECLARED
from writ_async.behaviour.value import Material
from writ_async.core.behaviour import Axis, Behaviour, Trait
from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.registry import load_domain
from writ_async.runs.worlds import generate_world
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.synthesis.behaviours import with_behaviours

VALUES = [(value.axis, value.name) for value in DECLARED.values()]


@lru_cache(maxsize=1)
def environments() -> dict[str, Environment]:
    """Two environments by name, each with a world large enough for a thousand tasks."""
    return {name: generate_world(load_domain(name), 6, 500) for name in ("retail", "airline")}


def domain_and_world(task: Task) -> tuple[Domain, World]:
    """The domain and the world of a task."""
    environment = environments()[task.domain]
    return environment.domain, environment.world


@lru_cache(maxsize=2)
def plain_tasks(n: int) -> tuple[Task, ...]:
    """Tasks of both domains and all kinds, told by plain users; no manner goes with a change of mind."""
    chosen = list(environments().values())
    drawn = synthesise_tasks(chosen, n + n // 10, 6, parse_mix(""))[0]
    return tuple(task for task in drawn if not task.scenario.change)[:n]


@lru_cache(maxsize=4)
def told_tasks(n: int, seed: int = 1) -> tuple[Task, ...]:
    """The same tasks, each with a behaviour."""
    return tuple(with_behaviours(plain_tasks(n), environments(), seed)[0])


def told(task: Task, *traits: Trait) -> Task:
    """A task with some traits, whatever its proofs say."""
    return msgspec.structs.replace(task, behaviour=Behaviour(traits))


def trait(task: Task, axis: Axis, value: str) -> Trait:
    """A trait with the detail that it needs."""
    declared = DECLARED[f"{axis}={value}"]
    detail = declared.details(material(task))[0] if declared.details is not None else ""
    return Trait(axis, value, declared.trigger, declared.turns, detail)


def material(task: Task) -> Material:
    """What a task offers a behaviour."""
    return Material.of(task, environments()[task.domain].domain)


def has_room(task: Task, axis: Axis, value: str) -> bool:
    """Whether a task gives room for a value."""
    return DECLARED[f"{axis}={value}"].has_room(material(task))
