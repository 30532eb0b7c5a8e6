"""Draws a behaviour: a few traits on different axes that the task gives room for and that go together."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from writ_async.behaviour import rules
from writ_async.core.behaviour import AXES, Axis, Behaviour, Trait
from writ_async.core.domain import Domain
from writ_async.core.task import Task

FEWEST = 2
MOST = 4


def sample_behaviour(
    task: Task, domain: Domain, rng: Random, fixed: Mapping[Axis, str] | None = None, most: int = MOST
) -> Behaviour:
    """A behaviour of two to four traits, without its instruction. `fixed` values are in it where the task allows them.

    Costs O(axes); the draw depends on the task, the domain's tools and `rng` alone.
    """
    traits: list[Trait] = []
    for axis, value in (fixed or {}).items():
        _add(traits, task, domain, axis, value, rng)
    wanted = rng.randint(FEWEST, max(FEWEST, most))
    open_axes = [axis for axis in AXES if axis not in (fixed or {})]
    while len(traits) < wanted and open_axes:
        axis = rng.choices(open_axes, [rules.WEIGHTS[axis] for axis in open_axes])[0]
        open_axes.remove(axis)
        values = AXES[axis]
        weights = [rules.weight_of(axis, value) for value in values]
        _add(traits, task, domain, axis, rng.choices(values, weights)[0], rng)
        open_axes = [axis for axis in open_axes if all(trait.axis != axis for trait in traits)]
    order = list(AXES)
    return Behaviour(tuple(sorted(traits, key=lambda trait: order.index(trait.axis))))


def _add(traits: list[Trait], task: Task, domain: Domain, axis: Axis, value: str, rng: Random) -> None:
    """Add a trait, and the one that it rests on, where the task and the other traits let it."""
    if axis == "persistence" and not any(trait.axis == "infeasible" for trait in traits):
        _add(traits, task, domain, "infeasible", "unavailable_first", rng)
        if not any(trait.axis == "infeasible" for trait in traits):
            return
    name = f"{axis}={value}"
    fits = rules.weight_of(axis, value) and rules.gives_room(task, axis, value)
    if not fits or not all(rules.go_together(name, f"{trait.axis}={trait.value}") for trait in traits):
        return
    detail = ""
    if axis == "correction":
        detail = rng.choice(rules.correctable(task))
    elif axis in ("infeasible", "fallback"):
        wishes = rules.unavailable(domain)
        if not wishes:
            return
        detail = rng.choice(wishes)
    trigger, turns = rules.trigger_of(axis, value)
    traits.append(Trait(axis, value, trigger, turns, detail))
