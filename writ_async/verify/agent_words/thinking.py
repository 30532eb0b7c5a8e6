"""Thinking said aloud: tags of thoughts, and words about the user that are said to nobody.

Each kind of sign counts once: two points name a text. What an agent plans in front of its customer ("I need to check
the status") is one point at most; who speaks of "the user" in a narrative has two at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from writ_async.verify.agent_words.leaked_calls import ToolNames
from writ_async.verify.agent_words.lexicon import (
    WORDS,
    alternatives,
    any_of,
    contains_any,
    patterns,
    sentences_of,
    shown,
    those_in,
)

_TAG: Final = patterns("THOUGHT_TAG_PATTERN")
_PERSONS: Final = (*WORDS.forms["PERSON"], "the assistant")
_STEPS: Final = WORDS.forms["STEP_BY_STEP"]
_STEP_WORDS: Final = WORDS.forms["STEP_WORD"]
_TRIGGERS: Final = WORDS.forms["TRIGGER"]
_LEAD: Final = rf"(?:[\W_]{{0,6}}{any_of('LEAD_IN')}\b[\W_]{{0,4}}){{0,3}}"
_PERSON: Final = any_of("PERSON")
_SPOKEN_OF: Final = re.compile(
    rf"the assistant\b|{_PERSON}\b(?!(?:'s)?[ _-](?:id\b|ids\b|name|profile|account|details|"
    r"service|support|care|information|data))"
)
_POSSESSED: Final = r"'s (?:request|message|reply|last|name is|question|response|intent|asking|saying|wanting)"
_TOLD: Final = alternatives(
    sorted({*WORDS.forms["NARRATED"]} - {*WORDS.forms["NARRATED_LOOSELY"]}, key=lambda form: (-len(form), form))
)
_UNLESS: Final = "".join(rf"(?<!\b{word} the )" for word in WORDS.forms["CONDITION"])
_NARRATING: Final = re.compile(
    rf"[\W_]{{0,6}}{_LEAD}[\W_]{{0,2}}(?:the |this |our )?{_PERSON}(?:{_POSSESSED}| {any_of('NARRATED')}\b)"
    rf"|[\W_]{{0,6}}{_PERSON} {any_of('NARRATED', 'STATED')}\b|[(\[*]{{1,3}}(?:the )?{_PERSON} \w"
    rf"|[\W\d_]{{0,6}}(?:(?:next )?step(?: \d{{1,2}})?[:.]\s?|plan:\s?|(?:i|we) (?:need to|should|must|will|have to) "
    rf"|need to |let me |now |first,? |then )?{any_of('NOTED_DEED')} (?:for )?(?:the )?{_PERSON}(?:'s)?\b"
    r"(?! (?:id|account|profile))"
    r"|[\W_]{0,6}the assistant (?:should|must|needs|has to|will|can|is)\b"
)
"""How a sentence begins that narrates."""
_NARRATED: Final = re.compile(
    rf"the (?:(?<=\bthe ){_UNLESS}{_PERSON} {_TOLD}"
    rf"|(?:(?<=\bsince the )|(?<=\bbecause the )){_PERSON} {any_of('NARRATED')})\b"
)
"""What narrates wherever it stands in a sentence; begins with a word that all of it has, so that it is found fast."""
_STATED: Final = re.compile(rf"^[\W_]{{0,6}}{_LEAD}[\W_]{{0,2}}(?:the |this ){_PERSON} {any_of('STATED')}\b")
_PLAN: Final = re.compile(
    rf"^[\W_]{{0,4}}{_LEAD}(?:i|we) ?{any_of('PLANNED')} (?:first |now |also |then |not |always )?"
    rf"(?!{any_of('SPOKEN_DEED')}\b)\w"
)
_HEDGE: Final = re.compile(rf"^[\W_]{{0,4}}{any_of('HEDGE')}")
_THIRD: Final = re.compile(rf"\b(?:{any_of('THIRD_PERSON')}|the {_PERSON}(?:'s)?)\b(?! (?:id|name|profile|account)\b)")
_USED: Final = re.compile(rf"\b(?:i|we|let me|let's|let us|i'll|we'll|to)\b.{{0,40}}\b{any_of('TOOL_USED')}\b")
_POLICIES: Final = WORDS.forms["POLICY"]
_PLANNED: Final = WORDS.forms["PLANNED"]
_HEDGES: Final = WORDS.forms["HEDGE"]
_HEDGED = 24
_SECOND: Final = re.compile(r"\b(?:you|your|you're|you'd|you'll|you've|yours)\b")
_ENOUGH = 2


class Triggers(msgspec.Struct, frozen=True):
    """What texts that think aloud have: words for the user, words for steps of thought, and words of other thoughts."""

    persons: tuple[str, ...]
    steps: tuple[str, ...]
    others: tuple[str, ...]

    @staticmethod
    def within(lower: str) -> Triggers:
        """Those that stand in a text in lower case, as all that an agent said: no others are in any part of it."""
        return Triggers(those_in(lower, _PERSONS), those_in(lower, _STEP_WORDS), those_in(lower, _TRIGGERS))


def leaked_thinking(
    text: str, lower: str, labels: Iterable[tuple[str, str, str, int]], names: ToolNames | None, triggers: Triggers
) -> str:
    """Where a text thinks aloud, or an empty text.

    `lower` is the text in lower case with straight apostrophes, `labels` what its lines begin with, `names` those of
    the tools, None where it has none of them. Of the `triggers` those have to be there that it has.
    """
    if ("<" in text or "[" in text or "◁" in text) and (tag := _TAG.search(text)) is not None:
        return tag.group()
    for kind, name, said, _ in labels:
        if kind == "thought":
            return shown(f"{name}: {said}")
    for form in _STEPS if contains_any(lower, triggers.steps) else ():
        if form in lower:
            return shown(lower, lower.index(form))
    person = contains_any(lower, triggers.persons) and _SPOKEN_OF.search(lower) is not None
    if not (person or names is not None or contains_any(lower, triggers.others)):
        return ""
    signs: dict[str, str] = {}
    for sentence in sentences_of(lower):
        for sign, points in _signs_in(sentence, names, triggers.persons if person else ()):
            if points >= _ENOUGH:
                return shown(sentence)
            signs.setdefault(sign, sentence)
    return shown(next(iter(signs.values()))) if len(signs) >= _ENOUGH else ""


def _signs_in(sentence: str, names: ToolNames | None, persons: Iterable[str]) -> list[tuple[str, int]]:
    """The signs of thinking in a sentence, each with its points; `persons` are words for the user."""
    person = contains_any(sentence, persons)
    if person and (_NARRATING.match(sentence) is not None or _NARRATED.search(sentence) is not None):
        return [("narrative", 2)]
    found: list[tuple[str, int]] = []
    if person and _STATED.match(sentence) is not None:
        found.append(("stated", 1))
    if contains_any(sentence[:_HEDGED], _HEDGES) and _HEDGE.match(sentence) is not None:
        found.append(("hedge", 1))
    addressed = "you" in sentence and _SECOND.search(sentence) is not None
    if names is not None and names.any_in(sentence) and _USED.search(sentence) is not None:
        found.append(("tool", 1 if addressed else 2))
    if not addressed:
        if contains_any(sentence, _PLANNED) and _PLAN.match(sentence) is not None:
            found.append(("plan", 2 if _THIRD.search(sentence) is not None else 1))
        if contains_any(sentence, _POLICIES):
            found.append(("policy", 1))
    return found
