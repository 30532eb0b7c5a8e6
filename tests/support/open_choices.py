"""Tasks whose request fits several things, of every family that makes such."""

from __future__ import annotations

from functools import cache

from tools.rereading.sample import tasks_of
from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.registry import load_domain
from writ_async.runs.worlds import generate_world

FAMILIES = {
    "which_to_return": "retail",
    "which_to_swap": "retail",
    "which_order": "retail",
    "both_orders": "retail",
    "which_trip": "airline",
    "both_trips": "airline",
}
"""By the recipe its domain."""


@cache
def place_of(domain: str) -> Environment:
    """The world that the tasks are drawn from."""
    return generate_world(load_domain(domain), 5, 500)


@cache
def open_tasks(family: str, count: int = 6) -> tuple[Task, ...]:
    """Some tasks of a family."""
    place = place_of(FAMILIES[family])
    recipe = next(recipe for recipe in place.domain.recipes if recipe.name == family)
    return tuple(tasks_of(recipe, place, count, 5, 1))
