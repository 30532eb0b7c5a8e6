"""Proves, before any simulation, that a behaviour changes how a task is told and nothing of its outcome.

Channels: the behaviour's text holds no id of the world and no value of the task. Closure: cut into pieces, all that the
user knows is still said, each value whole. Leak: nothing that has to be read is said. Order: a wish told late brings
nothing that an earlier write needs. Slips that are played on purpose are put right, and name nobody else. What is asked
for first and cannot be had, no tool can do. Last, the gold calls are made again after what this user says, and must
leave the same state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec

from writ_async.behaviour import rules
from writ_async.core.behaviour import Behaviour, wrong_version
from writ_async.core.domain import Domain
from writ_async.core.state import State, World
from writ_async.core.task import Task
from writ_async.core.utterances import Unit, units_of
from writ_async.synthesis.soundness import why_unsound
from writ_async.verify.provenance import atoms

_TOKEN = re.compile(r"[#@\w.-]*\w")


def not_neutral(task: Task, behaviour: Behaviour, domain: Domain, world: World) -> str:
    """Why a behaviour might change the outcome of a task, or an empty string.

    The gold calls are made once on a fresh state; the world's ids are indexed at the first call.
    """
    units = units_of(task)
    return (
        _mixes_channels(task, behaviour, world)
        or _loses_a_value(task, units)
        or _tells_too_late(task, behaviour, units)
        or _corrects_to_another(task, behaviour, world)
        or _asks_for_the_possible(behaviour, domain)
        or _plays_what_it_cannot(task, behaviour)
        or _leads_elsewhere(task, behaviour, units, domain, world)
    )


def world_ids(world: World) -> frozenset[str]:
    """All keys of a world's tables, and every string with a digit in an entity, in lower case."""
    return world.index("behaviour.ids", _ids)


def _ids(world: World) -> frozenset[str]:
    found: set[str] = set()
    for rows in world.tables.values():
        for key, entity in rows.items():
            found.add(key.casefold())
            for _, value in atoms(msgspec.to_builtins(entity)):
                if isinstance(value, str) and any(char.isdigit() for char in value):
                    found.add(value.casefold())
    return frozenset(found)


def _mixes_channels(task: Task, behaviour: Behaviour, world: World) -> str:
    text = " ".join((behaviour.instruction, *(trait.detail for trait in behaviour.traits))).casefold()
    words = set(_TOKEN.findall(text))
    ids = world_ids(world)
    for word in sorted(words):
        if word in ids or any(char.isdigit() for char in word):
            return f"the behaviour names {word!r}"
    for value in _values(task):
        sought = value.casefold()
        if len(value) > 2 and sought in text and re.search(rf"(?<!\w){re.escape(sought)}(?!\w)", text):
            return f"the behaviour names {value!r}"
    return ""


def _values(task: Task) -> Iterator[str]:
    """Values of facts and gold arguments that are not mere words: what has a digit or a capital in it."""
    texts = [fact.value for fact in task.scenario.facts]
    texts += [str(value) for action in task.actions or () for _, value in atoms(action.arguments)]
    return (text for text in texts if any(char.isdigit() or char.isupper() for char in text))


def _loses_a_value(task: Task, units: tuple[Unit, ...]) -> str:
    """Every value that the scenario tells, and a gold call needs, is whole in one piece."""
    told = " ".join((task.scenario.request, *(fact.text for fact in task.scenario.facts))).casefold()
    pieces = [unit.text.casefold() for unit in units]
    for action in task.actions or ():
        for _, value in atoms(action.arguments):
            text = str(value).casefold()
            if text in told and not any(text in piece for piece in pieces):
                return f"{value!r} is cut in two"
    for fact in task.scenario.facts:
        if not any(unit.part == "fact" and unit.text == fact.text for unit in units):
            return f"the fact {fact.slot!r} is not told"
    return ""


def _writes(task: Task) -> list[dict[str, Any]]:
    indices = sorted({certificate.write for certificate in task.certificates if certificate.write >= 0})
    return [(task.actions or ())[index].arguments for index in indices]


def _tells_too_late(task: Task, behaviour: Behaviour, units: tuple[Unit, ...]) -> str:
    """What a write needs of the user's words is told with its own wish or before."""
    if not any(unit.wish for unit in units):
        return ""
    if behaviour.value("confirmation") != "one_at_a_time" and behaviour.value("drift") != "adds_at_confirmation":
        return ""
    for number, arguments in enumerate(_writes(task)):
        early = " ".join(unit.text for unit in units if unit.wish <= number).casefold()
        late = " ".join(unit.text for unit in units if unit.wish > number).casefold()
        for path, value in atoms(arguments):
            text = str(value).casefold()
            if isinstance(value, str) and len(text) > 2 and text in late and text not in early:
                return f"{path} of write {number} is told after it is due"
    return ""


def _corrects_to_another(task: Task, behaviour: Behaviour, world: World) -> str:
    trait = behaviour.trait("correction")
    if trait is None:
        return ""
    fact = next((fact for fact in task.scenario.facts if fact.slot == trait.detail), None)
    if fact is None or fact.value not in fact.text:
        return f"there is no {trait.detail!r} to correct"
    wrong = wrong_version(fact.value)
    if wrong.casefold() in world_ids(world):
        return f"the slip {wrong!r} is somebody else"
    return ""


def _asks_for_the_possible(behaviour: Behaviour, domain: Domain) -> str:
    for axis in ("infeasible", "fallback"):
        trait = next((trait for trait in behaviour.traits if trait.axis == axis), None)
        if trait is not None and trait.detail not in rules.unavailable(domain):
            return f"a tool may be able to {trait.detail}"
    return ""


def _plays_what_it_cannot(task: Task, behaviour: Behaviour) -> str:
    names = [f"{trait.axis}={trait.value}" for trait in behaviour.traits]
    for place, (name, trait) in enumerate(zip(names, behaviour.traits, strict=True)):
        if not rules.gives_room(task, trait.axis, trait.value):
            return f"the task gives no room for {name}"
        for other in names[place + 1 :]:
            if not rules.go_together(name, other):
                return f"{name} and {other} undo one another"
    return ""


def _leads_elsewhere(task: Task, behaviour: Behaviour, units: tuple[Unit, ...], domain: Domain, world: World) -> str:
    """The gold calls after exactly the pieces that this user says: same provenance, same certificates, same state."""
    said = " ".join(unit.text for unit in Random(0).sample(units, len(units)))
    retold = msgspec.structs.replace(
        task, scenario=msgspec.structs.replace(task.scenario, request=said, facts=()), behaviour=behaviour
    )
    state = State(world)
    if problem := why_unsound(retold, domain, state):
        return problem
    if task.gold_digest and state.digest() != task.gold_digest:
        return "the gold calls leave another state"
    return ""
