"""Behaviour: how a user tells a request, as values on named axes. Never what is told: no fact, no goal, no id.

A behaviour is part of a task, beside its facts and its goal. It is sampled by seed, played by a script or by a model,
and looked for again in what was said.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Axis = Literal[
    "disclosure",
    "verbosity",
    "cooperation",
    "utterances",
    "drift",
    "correction",
    "fallback",
    "ambiguity",
    "infeasible",
    "tone",
    "tangents",
    "ignorance",
    "expertise",
    "language",
    "persistence",
    "pressure",
    "confirmation",
    "channel",
]
Trigger = Literal["opening", "always", "asked", "confirmation", "refusal", "after_write"]


class Trait(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value on one axis, what sets it off, and the most user turns that it may add.

    `detail` completes the value where it needs words: the slot that is first given wrongly, or the wish that no tool
    can fulfil. It never holds a value of the world.
    """

    axis: Axis
    value: str
    trigger: Trigger = "always"
    turns: int = 0
    detail: str = ""

    @property
    def label(self) -> str:
        """The axis with the value, such as `tone=angry`."""
        return f"{self.axis}={self.value}"


class Behaviour(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one user tells a request. `instruction` says the same to a model, in the second person."""

    traits: tuple[Trait, ...] = ()
    instruction: str = ""

    def value(self, axis: Axis) -> str:
        """The value on an axis, or an empty string where the behaviour leaves it open."""
        trait = self.trait(axis)
        return "" if trait is None else trait.value

    def trait(self, axis: Axis) -> Trait | None:
        """The trait on an axis, if there is one."""
        return next((trait for trait in self.traits if trait.axis == axis), None)

    @property
    def turns(self) -> int:
        """The most user turns that all traits may add."""
        return sum(trait.turns for trait in self.traits)

    @property
    def label(self) -> str:
        """The traits in one line, such as `disclosure=drip tone=angry`."""
        return " ".join(trait.label for trait in self.traits)
