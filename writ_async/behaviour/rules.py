"""Which values a task gives room for, which go together, how often each is drawn, and what sets it off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from writ_async.core.behaviour import Axis, Trigger, wrong_version
from writ_async.core.domain import Domain
from writ_async.core.task import Task
from writ_async.core.utterances import Unit, units_of, words_of

WEIGHTS: Final[Mapping[Axis, float]] = {
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
    "confirmation": 2.0,
    "channel": 1.5,
}
"""How often an axis is drawn, relative to the others."""

PLAIN_WEIGHT: Final = 0.15
"""Weight of an axis' plain value, beside 1 for each other one: to show nothing is a behaviour too, but a rare one."""

MIN_WORDS: Final = 6
"""A sentence of fewer words is too short to be cut off."""

_PLAIN: Final = {
    *("verbosity=standard", "cooperation=answers_asked", "utterances=whole", "tone=calm", "expertise=average"),
    *("language=plain", "confirmation=explicit", "channel=plain"),
}
_NEVER: Final = {"none"}
"""Values that say that an axis is not there; they are in a behaviour by being left out."""

_TRIGGERS: Final[Mapping[str, tuple[Trigger, int]]] = {
    "disclosure=all_at_once": ("opening", 0),
    "disclosure=on_request": ("asked", 2),
    "disclosure=drip": ("asked", 6),
    "disclosure=reversed": ("opening", 1),
    "cooperation=other_first": ("asked", 1),
    "cooperation=withholds_once": ("asked", 1),
    "cooperation=refuses_optional": ("opening", 0),
    "utterances=cut_off": ("opening", 1),
    "drift=adds_at_confirmation": ("confirmation", 1),
    "correction=self_corrects": ("asked", 1),
    "fallback=conditional": ("opening", 0),
    "ambiguity=vague_object": ("opening", 1),
    "ambiguity=vague_time": ("opening", 1),
    "infeasible=unavailable_first": ("opening", 1),
    "ignorance=asks_where": ("asked", 1),
    "ignorance=asks_meaning": ("asked", 1),
    "ignorance=mixes_terms": ("opening", 0),
    "persistence=repeats_denied": ("refusal", 2),
    "persistence=false_claim": ("refusal", 1),
    "confirmation=implicit": ("confirmation", 0),
    "confirmation=explicit": ("confirmation", 0),
    "confirmation=recap_first": ("confirmation", 1),
    "confirmation=one_at_a_time": ("after_write", 4),
    "tangents=question": ("opening", 0),
    "channel=spelled_out": ("asked", 0),
}
_OPENERS: Final = {
    *("disclosure=reversed", "ambiguity=vague_object", "ambiguity=vague_time", "infeasible=unavailable_first"),
    *("fallback=conditional", "utterances=cut_off"),
}
"""Ways to open that exclude one another."""

_APART: Final = (
    (
        {"disclosure=all_at_once"},
        {"cooperation=other_first", "cooperation=withholds_once", "cooperation=answers_asked"},
    ),
    ({"disclosure=all_at_once"}, {"ignorance=asks_where", "ignorance=asks_meaning", "drift=adds_at_confirmation"}),
    ({"disclosure=all_at_once"}, {"confirmation=one_at_a_time"}),
    ({"disclosure=reversed"}, {"cooperation=other_first", "cooperation=withholds_once", "cooperation=answers_asked"}),
    ({"disclosure=reversed"}, {"ignorance=asks_where", "ignorance=asks_meaning"}),
    ({"disclosure=reversed", "disclosure=drip"}, {"confirmation=one_at_a_time", "drift=adds_at_confirmation"}),
    ({"disclosure=drip"}, {"fallback=conditional", "cooperation=other_first"}),
    ({"drift=adds_at_confirmation"}, {"confirmation=one_at_a_time"}),
    ({"correction=self_corrects"}, {"cooperation=other_first", "channel=spelled_out"}),
    ({"verbosity=minimal"}, {"tangents=question", "tangents=opinion", "tangents=opinion_question"}),
    ({"verbosity=minimal"}, {"tangents=anecdote", "expertise=novice", "language=formal", "drift=adds_at_confirmation"}),
    ({"verbosity=minimal"}, {"tone=angry", "tone=anxious", "channel=spelled_out", "confirmation=implicit"}),
    ({"verbosity=rambling"}, {"utterances=fragments"}),
    ({"expertise=expert"}, {"ignorance=asks_where", "ignorance=asks_meaning", "ignorance=mixes_terms"}),
    ({"tone=angry"}, {"language=formal"}),
    ({"language=second_language", "language=code_switching"}, {"expertise=expert"}),
    ({"language=formal"}, {"utterances=fragments", "utterances=typos", "channel=multi_message"}),
    ({"utterances=fragments", "utterances=typos"}, {"language=second_language"}),
    (
        {"utterances=cut_off"},
        {"channel=multi_message", "verbosity=rambling", "language=formal", "language=second_language"},
    ),
    (
        {"utterances=cut_off"},
        {"language=code_switching", "tone=angry", "tone=anxious", "expertise=novice", "expertise=expert"},
    ),
    ({"utterances=cut_off"}, {"ignorance=mixes_terms", "cooperation=refuses_optional", "tangents=question"}),
    (
        {"utterances=cut_off"},
        {"tangents=opinion", "tangents=opinion_question", "tangents=anecdote", "channel=interrupted"},
    ),
)
"""Values that would undo one another."""


_LETTERS: Final = re.compile(r"[a-z]+")


def unavailable(domain: Domain) -> tuple[str, ...]:
    """The phrases of the wishes that none of a domain's tools knows a word of."""
    known = set(_LETTERS.findall(msgspec.json.encode(domain.schemas).decode().casefold()))
    return tuple(wish.phrase for wish in domain.unavailable_wishes if wish.word not in known)


def trigger_of(axis: Axis, value: str) -> tuple[Trigger, int]:
    """What sets a value off, and the most user turns that it adds."""
    return _TRIGGERS.get(f"{axis}={value}", ("always", 0))


def weight_of(axis: Axis, value: str) -> float:
    """How often a value of an axis is drawn, relative to the others of the axis."""
    if value in _NEVER:
        return 0.0
    return PLAIN_WEIGHT if f"{axis}={value}" in _PLAIN else 1.0


def go_together(first: str, second: str) -> bool:
    """Whether two values, as `axis=value`, can be played by one user."""
    if first in _OPENERS | {"disclosure=all_at_once"} and second in _OPENERS:
        return False
    if second in _OPENERS | {"disclosure=all_at_once"} and first in _OPENERS:
        return False
    return not any((first in a and second in b) or (first in b and second in a) for a, b in _APART)


def correctable(task: Task) -> tuple[str, ...]:
    """The slots that a user can first give wrongly: identities in plain sight, of a form that a slip of the pen has."""
    facts = task.scenario.facts
    return tuple(
        fact.slot
        for fact in facts
        if fact.slot in ("user_id", "zip", "email")
        and fact.value in fact.text
        and not any(wrong_version(fact.value) in other.value for other in facts)
    )


def gives_room(task: Task, axis: Axis, value: str) -> bool:
    """Whether a task has what a value needs: facts to be asked for, wishes to add, something to confirm."""
    units = units_of(task)
    facts = [unit for unit in units if unit.part == "fact"]
    writes = {certificate.write for certificate in task.certificates if certificate.write >= 0}
    several = any(unit.wish for unit in units)
    needs: dict[str, bool] = {
        "disclosure=reversed": _goals(units) == 1 and _is_news(units, "goal"),
        "disclosure=drip": len(units) - _goals(units) >= 2,
        "disclosure=on_request": bool(facts),
        "cooperation=other_first": len(facts) >= 2,
        "cooperation=withholds_once": bool(facts),
        "cooperation=answers_asked": bool(facts),
        "ignorance=asks_where": bool(facts),
        "ignorance=asks_meaning": bool(facts),
        "drift=adds_at_confirmation": bool(writes) and (several or _is_news(units, "question")),
        "correction=self_corrects": bool(correctable(task)),
        "confirmation=one_at_a_time": several and _is_news(units, "goal"),
        "channel=spelled_out": any(unit.slot in ("user_id", "name", "email") for unit in facts),
        "verbosity=minimal": bool(writes),
        "utterances=cut_off": _goals(units) == 1 and len(_first_goal(units).split()) >= MIN_WORDS,
    }
    if axis == "confirmation" and not writes:
        return False
    return needs.get(f"{axis}={value}", True)


def _is_news(units: tuple[Unit, ...], part: str) -> bool:
    """Whether there is such a piece, and all others together say no more than half of what each of them says."""
    chosen = [unit for unit in units if unit.part == part]
    return bool(chosen) and all(
        len(unit.keys & words_of(" ".join(other.text for other in units if other is not unit))) * 2 <= len(unit.keys)
        for unit in chosen
    )


def _first_goal(units: tuple[Unit, ...]) -> str:
    return next((unit.text for unit in units if unit.part == "goal"), "")


def _goals(units: tuple[Unit, ...]) -> int:
    return sum(unit.part == "goal" for unit in units)
