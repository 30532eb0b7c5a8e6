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

from writ_async.behaviour.axes import VALUES
from writ_async.behaviour.pieces import Piece, pieces_of, wrong_version
from writ_async.behaviour.value import Material
from writ_async.behaviour.values.wishes import unavailable_wishes
from writ_async.core.acting import open_state
from writ_async.core.behaviour import Behaviour
from writ_async.core.domain import Domain
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.synthesis.soundness import why_unsound
from writ_async.verify.provenance import atoms

_TOKEN = re.compile(r"(?<![#@\w.-])[#@\w.-]*\w")


def why_not_neutral(task: Task, behaviour: Behaviour, domain: Domain, world: World) -> str:
    """Why a behaviour might change the outcome of a task, or an empty string.

    The gold calls are made once on a fresh state; the world's ids are indexed at the first call.
    """
    if task.scenario.change:
        return "the user changes their mind, which no other manner goes with"
    pieces = pieces_of(task)
    return (
        _why_channels_mix(task, behaviour, world)
        or _why_a_value_is_lost(task, pieces)
        or _why_told_too_late(task, behaviour, pieces)
        or _why_slip_names_another(task, behaviour, world)
        or _why_wish_can_be_met(behaviour, domain)
        or _why_not_playable(task, behaviour, domain)
        or _why_end_differs(task, behaviour, pieces, domain, world)
    )


def world_ids(world: World) -> frozenset[str]:
    """All keys of a world's tables, and every string with a digit in an entity, in lower case."""
    return world.index("behaviour.ids", _ids_of)


def _ids_of(world: World) -> frozenset[str]:
    found: set[str] = set()
    for rows in world.tables.values():
        for key, entity in rows.items():
            found.add(key.casefold())
            for _, value in atoms(msgspec.to_builtins(entity)):
                if isinstance(value, str) and any(char.isdigit() for char in value):
                    found.add(value.casefold())
    return frozenset(found)


def _why_channels_mix(task: Task, behaviour: Behaviour, world: World) -> str:
    text = " ".join((behaviour.instruction, *(trait.detail for trait in behaviour.traits))).casefold()
    words = set(_TOKEN.findall(text))
    ids = world_ids(world)
    for word in sorted(words):
        if word in ids or any(char.isdigit() for char in word):
            return f"the behaviour names {word!r}"
    for value in _telling_values(task):
        sought = value.casefold()
        if len(value) > 2 and sought in text and re.search(rf"(?<!\w){re.escape(sought)}(?!\w)", text):
            return f"the behaviour names {value!r}"
    return ""


def _telling_values(task: Task) -> Iterator[str]:
    """Values of facts and gold arguments that are not mere words: what has a digit or a capital in it."""
    texts = [fact.value for fact in task.scenario.facts]
    texts += [str(value) for action in task.actions or () for _, value in atoms(action.arguments)]
    return (text for text in texts if any(char.isdigit() or char.isupper() for char in text))


def _why_a_value_is_lost(task: Task, pieces: tuple[Piece, ...]) -> str:
    """Every value that the scenario tells, and a gold call needs, is whole in one piece.

    What says which one is meant is no piece: it is the answer to a question, whatever the behaviour.
    """
    told = msgspec.structs.replace(task.scenario, choice="").said.casefold()
    texts = [piece.text.casefold() for piece in pieces]
    for action in task.actions or ():
        for _, value in atoms(action.arguments):
            text = str(value).casefold()
            if text in told and not any(text in one for one in texts):
                return f"{value!r} is cut in two"
    for fact in task.scenario.facts:
        if not any(piece.part == "fact" and piece.text == fact.text for piece in pieces):
            return f"the fact {fact.slot!r} is not told"
    return ""


def _write_arguments(task: Task) -> list[dict[str, Any]]:
    return [(task.actions or ())[index].arguments for index in task.certified_writes]


def _why_told_too_late(task: Task, behaviour: Behaviour, pieces: tuple[Piece, ...]) -> str:
    """What a write needs of the user's words is told with its own wish or before."""
    if not any(piece.wish for piece in pieces):
        return ""
    if behaviour.value("confirmation") != "one_at_a_time" and behaviour.value("drift") != "adds_at_confirmation":
        return ""
    for number, arguments in enumerate(_write_arguments(task)):
        early = " ".join(piece.text for piece in pieces if piece.wish <= number).casefold()
        late = " ".join(piece.text for piece in pieces if piece.wish > number).casefold()
        for path, value in atoms(arguments):
            text = str(value).casefold()
            if isinstance(value, str) and len(text) > 2 and text in late and text not in early:
                return f"{path} of write {number} is told after it is due"
    return ""


def _why_slip_names_another(task: Task, behaviour: Behaviour, world: World) -> str:
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


def _why_wish_can_be_met(behaviour: Behaviour, domain: Domain) -> str:
    for trait in behaviour.traits:
        if trait.axis in ("infeasible", "fallback") and trait.detail not in unavailable_wishes(domain):
            return f"a tool may be able to {trait.detail}"
    return ""


def _why_not_playable(task: Task, behaviour: Behaviour, domain: Domain) -> str:
    material = Material.of(task, domain)
    values = [VALUES[trait.label] for trait in behaviour.traits]
    for index, value in enumerate(values):
        if not value.has_room(material):
            return f"the task gives no room for {value.label}"
        for other in values[index + 1 :]:
            if not value.goes_with(other):
                return f"{value.label} and {other.label} undo one another"
    return ""


def _why_end_differs(task: Task, behaviour: Behaviour, pieces: tuple[Piece, ...], domain: Domain, world: World) -> str:
    """The gold calls after exactly the pieces that this user says: same provenance, same certificates, same state."""
    said = " ".join(piece.text for piece in Random(0).sample(pieces, len(pieces)))
    retold = msgspec.structs.replace(
        task, scenario=msgspec.structs.replace(task.scenario, request=said, facts=()), behaviour=behaviour
    )
    state = open_state(task.initial, domain, world)
    if problem := why_unsound(retold, domain, state):
        return problem
    if task.gold_digest and state.digest() != task.gold_digest:
        return "the gold calls leave another state"
    return ""
