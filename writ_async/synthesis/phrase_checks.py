"""What of a model's words cannot stand for those of a task: values lost or added, another wish, another outcome."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from writ_async.core.acting import open_state
from writ_async.core.behaviour import Behaviour
from writ_async.core.domain import Domain
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.synthesis.decisive_words import why_other_wish
from writ_async.synthesis.neutrality import why_not_neutral, world_ids
from writ_async.synthesis.soundness import why_unsound
from writ_async.verify.provenance import atoms
from writ_async.verify.told_values import values_in

_LONGEST, _SHORTEST = 3.0, 0.4
_WORD = re.compile(r"[^\W\d_][\w'-]*")
_NAME = re.compile(r"(?<=[a-z,;:] )[A-Z][\w'-]+")
_COUNT = re.compile(r"(?<![\w.,:/#$-])\d{1,2}(?![\w:/-]|[.,]\d)")
_DECIMAL: Final = re.compile(r"(?<![\w.,])\d+\.\d+(?![\w,]|\.\d)")
_WORDS: Final = {
    "1": "one|a|an|single",
    "2": "two|both|second|pair",
    "3": "three|third",
    "4": "four|fourth",
    "5": "five|fifth",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
    "10": "ten",
    "11": "eleven",
    "12": "twelve|dozen",
}
"""Small numbers in words, with which a rewriting may replace the figures."""
_FIRST = re.compile(r"\b(?:I|I'm|I'd|I've|my|me|we|our)\b")
_SECOND = re.compile(r"\b(?:you|your|you're|you'd|you've)\b", re.I)


def phrasing_problem(task: Task, text: str, domain: Domain, world: World) -> str:
    """Why a text may not stand for a task's request, or an empty string. The part before the colon names the kind."""
    old = task.scenario.request
    return (
        _out_of_form(old, text, _FIRST)
        or _loses(task, old, text)
        or _adds(task, old, text, world)
        or why_other_wish(old, text)
        or _breaks(task, text, domain, world)
    )


def scenario_problem(task: Task, text: str, world: World) -> str:
    """Why a text may not stand for a scenario's `reason_for_call`, or an empty string."""
    old = task.scenario.reason_for_call
    return (
        _out_of_form(old, text, _SECOND)
        or _loses(task, old, text)
        or _adds(task, old, text, world)
        or why_other_wish(old, text)
    )


def instruction_problem(task: Task, behaviour: Behaviour, text: str, domain: Domain, world: World) -> str:
    """Why a text may not stand for a behaviour's instruction, or an empty string."""
    if problem := _out_of_form(behaviour.instruction, text, _SECOND):
        return problem
    for trait in behaviour.traits:
        wanted = {word for word in _WORD.findall(trait.detail.casefold().replace("_", " ")) if len(word) > 3}
        if not wanted <= set(_WORD.findall(text.casefold())):
            return f"lost: the text must name {trait.detail!r}"
    retold = msgspec.structs.replace(behaviour, instruction=text)
    problem = why_not_neutral(task, retold, domain, world)
    return f"channel: {problem}" if problem else ""


def _out_of_form(old: str, text: str, person: re.Pattern[str]) -> str:
    length, before = len(text.split()), len(old.split())
    if "###" in text or "<" in text or "{" in text:
        return "form: it must be plain text"
    if not max(3, _SHORTEST * before) <= length <= max(20, _LONGEST * before):
        return f"length: it has {length} words, the original {before}"
    fits = person.search(text) or not person.search(old)
    return "" if fits else "person: it speaks of the wrong person"


def _loses(task: Task, old: str, text: str) -> str:
    """Every value, every name and every pinned sentence of the old words is in the new ones."""
    there = set(values_in(text))
    for value in values_in(old):
        if value not in there:
            return f"lost: {value!r} is missing"
    lowered = text.casefold()
    for count in dict.fromkeys(_COUNT.findall(old)):
        if not re.search(rf"\b(?:{count}|{_WORDS.get(count, count)})\b", lowered):
            return f"lost: the number {count} is missing"
    for number in dict.fromkeys(_DECIMAL.findall(old)):
        if number not in _DECIMAL.findall(text):
            return f"lost: {number!r} is missing"
    for name in dict.fromkeys(_NAME.findall(old)):
        if name.casefold() not in lowered:
            return f"lost: {name!r} is missing"
    for text_kept in (pin.text for pin in task.proof.pins) if task.proof is not None else ():
        if text_kept in old and text_kept not in text:
            return f"pinned: this has to stay word for word: {text_kept}"
    for value in _gold_texts(task):
        if _holds(old, value) and not _holds(text, value):
            return f"lost: {value!r} is missing"
    return ""


def _adds(task: Task, old: str, text: str, world: World) -> str:
    """No value, no name of the world, and nothing that has to be read, is in the new words but not in the old ones."""
    told = " ".join((old, *(f"{fact.value} {fact.text}" for fact in task.scenario.facts)))
    known = set(values_in(told))
    for value in values_in(text):
        if value not in known:
            return f"added: {value!r} is not in the original"
    for number in _DECIMAL.findall(text):
        if number not in told:
            return f"added: {number!r} is not in the original"
    for count in _COUNT.findall(text):
        if not re.search(rf"\b(?:{count}|{_WORDS.get(count, count)})\b", told.casefold()):
            return f"added: the number {count} is not in the original"
    for value in _gold_texts(task):
        if _holds(text, value) and not _holds(told, value):
            return f"leaked: {value!r} has to be looked up"
    ids = world_ids(world)
    for run in re.findall(r"[#@\w.-]+", text.casefold()):
        word = run.rstrip("#@.-")
        if word in ids and word not in told.casefold():
            return f"leaked: {word!r} is of another record"
    lowered, names = told.casefold(), world.index("phraser.names", _names)
    for name in _NAME.findall(text):
        if name.casefold() not in lowered and name in names:
            return f"added: the name {name!r} is not in the original"
    return ""


def _breaks(task: Task, text: str, domain: Domain, world: World) -> str:
    """The gold calls after the new words: provenance, certificates and state are as they were."""
    retold = msgspec.structs.replace(task, scenario=msgspec.structs.replace(task.scenario, request=text))
    state = open_state(task.initial, domain, world)
    if problem := why_unsound(retold, domain, state):
        return f"unsound: {problem}"
    if task.gold_digest and state.digest() != task.gold_digest:
        return "unsound: the gold calls leave another state"
    return ""


def _gold_texts(task: Task) -> list[str]:
    """Strings among the gold arguments that a text can be searched for."""
    texts = (atom for action in task.actions or () for _, atom in atoms(action.arguments))
    return [text for text in dict.fromkeys(texts) if isinstance(text, str) and len(text) > 3]


def _holds(text: str, value: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value.casefold())}(?!\w)", text.casefold()) is not None


def _names(world: World) -> frozenset[str]:
    """Capitalised words that the world's entities hold: names, places, brands."""
    found: set[str] = set()
    for rows in world.tables.values():
        for entity in rows.values():
            for _, value in atoms(msgspec.to_builtins(entity)):
                if isinstance(value, str):
                    found.update(re.findall(r"\b[A-Z][a-z]+\b", value))
    return frozenset(found)
