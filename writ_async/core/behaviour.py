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
    "confirmation",
    "channel",
]
Trigger = Literal["opening", "always", "asked", "confirmation", "refusal", "after_write"]

AXES: dict[Axis, tuple[str, ...]] = {
    "disclosure": ("all_at_once", "on_request", "drip", "reversed"),
    "verbosity": ("minimal", "standard", "rambling"),
    "cooperation": ("answers_asked", "other_first", "withholds_once", "refuses_optional"),
    "utterances": ("whole", "fragments", "typos", "cut_off"),
    "drift": ("none", "adds_at_confirmation"),
    "correction": ("none", "self_corrects"),
    "fallback": ("none", "conditional"),
    "ambiguity": ("none", "vague_object", "vague_time"),
    "infeasible": ("none", "unavailable_first"),
    "tone": ("calm", "anxious", "angry"),
    "tangents": ("none", "question", "opinion", "opinion_question", "anecdote"),
    "ignorance": ("none", "asks_where", "asks_meaning", "mixes_terms"),
    "expertise": ("average", "novice", "expert"),
    "language": ("plain", "code_switching", "second_language", "formal"),
    "persistence": ("none", "repeats_denied", "false_claim"),
    "confirmation": ("explicit", "implicit", "recap_first", "one_at_a_time"),
    "channel": ("plain", "multi_message", "spelled_out", "interrupted"),
}
"""The seventeen axes and their values. Where there is a plain value, it is the first."""


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
        return " ".join(f"{trait.axis}={trait.value}" for trait in self.traits)


def wrong_version(value: str) -> str:
    """A value as somebody gives it who has mixed it up: its last two unequal neighbours change places.

    Always another text; the same value always gives the same one, so that nothing has to be stored.
    """
    for place in range(len(value) - 1, 0, -1):
        first, second = value[place - 1], value[place]
        if first != second and first.isalnum() and second.isalnum() and first.isdigit() == second.isdigit():
            return f"{value[: place - 1]}{second}{first}{value[place + 1 :]}"
    return f"{value}1"
