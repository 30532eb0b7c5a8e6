"""Draws a behaviour: a few traits on different axes that the task gives room for and that go together."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from writ_async.behaviour.axes import AXES, AXIS_WEIGHTS, VALUES
from writ_async.behaviour.value import Material, Value
from writ_async.core.behaviour import Axis, Behaviour, Trait
from writ_async.core.domain import Domain
from writ_async.core.task import Task

FEWEST = 2
MOST = 4
PLAIN_SHARE = 0.15
"""The share of users with no behaviour at all, where nothing else is said: people without a manner worth the name."""


def sample_behaviour(
    task: Task, domain: Domain, rng: Random, fixed: Mapping[Axis, str] | None = None, most: int = MOST
) -> Behaviour:
    """A behaviour of two to four traits, without its instruction. `fixed` values are in it where the task allows them.

    An axis fixed to `none` is left out. The draw depends on the task, the domain's tools and `rng` alone.
    """
    material = Material.of(task, domain)
    fixed = fixed or {}
    traits: list[Trait] = []
    for axis, name in fixed.items():
        if name != "none":
            _add_trait(traits, material, VALUES[f"{axis}={name}"], rng)
    wanted = rng.randint(FEWEST, max(FEWEST, most))
    open_axes = [axis for axis in AXES if axis not in fixed]
    while len(traits) < wanted and open_axes:
        axis = rng.choices(open_axes, [AXIS_WEIGHTS[axis] for axis in open_axes])[0]
        open_axes.remove(axis)
        values = AXES[axis]
        _add_trait(traits, material, rng.choices(values, [value.weight for value in values])[0], rng)
        open_axes = [axis for axis in open_axes if all(trait.axis != axis for trait in traits)]
    order = list(AXES)
    return Behaviour(tuple(sorted(traits, key=lambda trait: order.index(trait.axis))))


def _add_trait(traits: list[Trait], material: Material, value: Value, rng: Random) -> None:
    """Add a trait, and the one that it rests on, where the task and the other traits let it."""
    if value.rests_on and all(trait.label != value.rests_on for trait in traits):
        _add_trait(traits, material, VALUES[value.rests_on], rng)
        if all(trait.label != value.rests_on for trait in traits):
            return
    if not value.has_room(material) or not all(value.goes_with(VALUES[trait.label]) for trait in traits):
        return
    detail = ""
    if value.details is not None:
        details = value.details(material)
        if not details:
            return
        detail = rng.choice(details)
    traits.append(Trait(value.axis, value.name, value.trigger, value.turns, detail))
