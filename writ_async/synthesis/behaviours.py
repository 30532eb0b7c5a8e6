"""Gives tasks their behaviours: sampled by seed, rendered, and kept only where proved to be outcome-neutral."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import msgspec

from writ_async.behaviour.axes import AXES, VALUES
from writ_async.behaviour.instructions import render_instruction
from writ_async.behaviour.pieces import sentences_of
from writ_async.behaviour.sampling import PLAIN_SHARE, sample_behaviour
from writ_async.core.behaviour import Axis, Behaviour
from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.errors import InputError
from writ_async.synthesis.neutrality import why_not_neutral

_DRAWS = 12
_PLAIN = "plain"


class BehaviourReport(msgspec.Struct):
    """What became of the draws: tasks with a behaviour, tasks left plain, and why draws were turned away."""

    given: int = 0
    plain: int = 0
    refused: dict[str, int] = {}


def parse_behaviours(text: str) -> dict[Axis, str] | None:
    """The wanted values from `on` (none in particular), `off` (gives None), or `AXIS=VALUE,AXIS=VALUE`.

    `AXIS=none` leaves an axis out; `plain=SHARE` is read by `parse_plain_share`.

    Raises `InputError` for an axis or a value that there is not.
    """
    if text == "off":
        return None
    fixed: dict[Axis, str] = {}
    for pair in text.split(",") if text not in ("", "on") else ():
        name, _, value = pair.strip().partition("=")
        if name == _PLAIN:
            continue
        axis = next((axis for axis in AXES if axis == name), None)
        if axis is None:
            raise InputError(f"--behaviours: unknown axis {name!r}; known: on, off, {_PLAIN}, {', '.join(AXES)}")
        known = ("none", *(declared.name for declared in AXES[axis]))
        if value not in known:
            raise InputError(f"--behaviours: {name} has no value {value!r}; it has: {', '.join(known)}")
        fixed[axis] = value
    return fixed


def parse_plain_share(text: str) -> float:
    """The share of users without any behaviour, as `plain=SHARE` says it.

    Where it is left out, the usual share; none where the text asks for a value, which all users then shall have.
    Raises `InputError` for anything but a number from 0 to 1.
    """
    pairs = dict(pair.strip().partition("=")[::2] for pair in text.split(","))
    if _PLAIN not in pairs:
        return PLAIN_SHARE if all(value in ("", "none") for value in pairs.values()) else 0.0
    try:
        share = float(pairs[_PLAIN])
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise InputError(
            f"--behaviours: {_PLAIN} is the share of users without any, from 0 to 1, not {pairs[_PLAIN]!r}"
        )
    return share


def with_behaviours(
    tasks: Sequence[Task],
    environments: Mapping[str, Environment],
    seed: int,
    fixed: Mapping[Axis, str] | None = None,
    plain: float = 0.0,
) -> tuple[list[Task], BehaviourReport]:
    """The tasks, each with a behaviour drawn from the seed and its id. `environments` are by domain name.

    `plain` is the share of users that have none. A task for which no draw is proved neutral is told by a plain user,
    too. The same task, seed and world give the same behaviour, whatever the other tasks are.
    """
    report = BehaviourReport()
    given: list[Task] = []
    for task in tasks:
        environment = environments[task.domain]
        behaviour = None
        if Random(f"{seed}/{task.id}/plain").random() >= plain:
            behaviour = draw_behaviour(task, environment, Random(f"{seed}/{task.id}/behaviour"), fixed, report)
        report.given += behaviour is not None
        report.plain += behaviour is None
        given.append(_as_told_by(task, behaviour))
    return given, report


def _as_told_by(task: Task, behaviour: Behaviour | None) -> Task:
    """The task with a behaviour, and without what its own instructions ask for that the behaviour undoes."""
    if behaviour is None:
        return msgspec.structs.replace(task, behaviour=None)
    values = [VALUES[trait.label] for trait in behaviour.traits]
    sentences = sentences_of(task.scenario.task_instructions)
    kept = " ".join(one for one in sentences if not any(value.is_against(one) for value in values))
    scenario = msgspec.structs.replace(task.scenario, task_instructions=kept)
    return msgspec.structs.replace(task, scenario=scenario, behaviour=behaviour)


def draw_behaviour(
    task: Task,
    environment: Environment,
    rng: Random,
    fixed: Mapping[Axis, str] | None = None,
    report: BehaviourReport | None = None,
) -> Behaviour | None:
    """A behaviour that is proved not to change the task's outcome, or None where no draw was."""
    for _ in range(_DRAWS):
        behaviour = sample_behaviour(task, environment.domain, rng, fixed)
        behaviour = msgspec.structs.replace(behaviour, instruction=render_instruction(behaviour, rng))
        problem = "nothing fits"
        if behaviour.traits:
            problem = why_not_neutral(task, behaviour, environment.domain, environment.world)
        if not problem:
            return behaviour
        if report is not None:
            reason = problem.split("'")[0].strip()
            report.refused[reason] = report.refused.get(reason, 0) + 1
    return None
