"""The eighteen axes with all their values, and what is asked of them by axis and value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from writ_async.behaviour.talk import talk_of
from writ_async.behaviour.value import Value
from writ_async.behaviour.values import agreement, pressing, telling, temper, wishes, wording
from writ_async.core.behaviour import Axis, Trait
from writ_async.core.message import Message
from writ_async.core.task import Task

AXIS_WEIGHTS: Final[Mapping[Axis, float]] = {
    "disclosure": 3.0,
    "verbosity": 2.0,
    "cooperation": 2.0,
    "utterances": 2.0,
    "drift": 2.0,
    "correction": 1.5,
    "fallback": 1.0,
    "ambiguity": 1.5,
    "infeasible": 1.0,
    "tone": 2.0,
    "tangents": 1.5,
    "ignorance": 1.5,
    "expertise": 1.5,
    "language": 1.5,
    "persistence": 1.0,
    "pressure": 3.0,
    "confirmation": 2.0,
    "channel": 1.5,
}
"""The axes in their order, and how often each is drawn, relative to the others."""

VALUES: Final[Mapping[str, Value]] = {
    value.label: value for group in (telling, wording, wishes, temper, agreement, pressing) for value in group.VALUES
}
"""Every value by its label, such as `tone=angry`."""

AXES: Final[Mapping[Axis, tuple[Value, ...]]] = {
    axis: tuple(value for value in VALUES.values() if value.axis == axis) for axis in AXIS_WEIGHTS
}
"""The values of each axis, in the order in which they are declared."""


def shown_traits(task: Task, messages: Sequence[Message]) -> list[Trait]:
    """The traits of a task's behaviour that the conversation shows: those that a row of it may be labelled with."""
    unshown = unshown_traits(task, messages)
    return [trait for trait in (task.behaviour.traits if task.behaviour is not None else ()) if trait not in unshown]


def unshown_traits(task: Task, messages: Sequence[Message]) -> list[Trait]:
    """The traits of a task's behaviour that the conversation does not show."""
    if task.behaviour is None:
        return []
    talk = talk_of(task, messages)
    return [trait for trait in task.behaviour.traits if not VALUES[trait.label].is_shown(talk)]
