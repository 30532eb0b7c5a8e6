"""Steps that a user takes with tools of their own: what an agent's words ask for, and what the user's words tell.

Which words belong to which tool is the domain's to say (`core.user_actions`); here sentences are cut up, and what is
denied, a question, a condition or the agent's own doing is told apart from what is asked for or told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from writ_async.core.user_actions import ANY, Reading, UserAction, any_of, as_value
from writ_async.files import load_phrases
from writ_async.language.hearing import hear
from writ_async.language.sentences import Sentence, sentences_in

Actions = tuple[UserAction, ...]

_PHRASES: Final = load_phrases(__package__ or "", "steps.toml").forms
_OWN_DOING: Final = any_of(tuple(_PHRASES["OWN_DOING"]))
_ADDRESSED: Final = any_of(tuple(_PHRASES["ADDRESSED"]))
_NOT_ASKED: Final = any_of(tuple(_PHRASES["NOT_ASKED"]))
_CONDITION: Final = any_of(tuple(_PHRASES["CONDITION"]))
_NOT_TOLD: Final = any_of(tuple(_PHRASES["NOT_TOLD"]))
_DENIED: Final = any_of(tuple(_PHRASES["DENIED"]))
_EARLIER: Final = any_of(tuple(_PHRASES["EARLIER"]))
_ALL_DONE: Final = any_of(tuple(_PHRASES["ALL_DONE"]))
_PIECES: Final = re.compile(r"\s*(?:,|\bbut\b|\bwhile\b|\band\b)\s*")
_PARTS: Final = re.compile(r"\s*(?:,|\bthen\b|\band\b)\s*")
_THEN: Final = re.compile(r"\bthen\b")


class Instruction(msgspec.Struct, frozen=True):
    """One thing that an agent asks a user to do. `arguments` is None where the words leave one of them open.

    `condition` is what has to be so for it to be done, empty where nothing has.
    """

    action: UserAction
    arguments: dict[str, str] | None
    condition: str = ""


class ToldReading(msgspec.Struct, frozen=True):
    """What one sentence of a user tells of one reading: the values that it names. `earlier`: of another time."""

    name: str
    values: frozenset[str]
    earlier: bool = False


@lru_cache(maxsize=4096)
def instructions_in(text: str, actions: Actions) -> tuple[Instruction, ...]:
    """What an agent's message asks a user to do, in its order, each once; O(words x actions)."""
    found: list[Instruction] = []
    wants_yes = hear(text).does("confirm")
    for sentence in sentences_in(text):
        for one in _asked_in(sentence.text, actions, wants_yes):
            if one not in found:
                found.append(one)
    return tuple(_spelled_as_in(text, one) for one in found)


def _spelled_as_in(text: str, asked: Instruction) -> Instruction:
    """The instruction with the values that it takes from the words as the message spells them, in capitals or not."""
    arguments = dict(asked.arguments or {})
    for name, value in arguments.items():
        if value not in asked.action.arguments[name]:
            match = re.search(re.escape(value), text, re.IGNORECASE)
            arguments[name] = value if match is None else match[0]
    return asked if arguments == (asked.arguments or {}) else msgspec.structs.replace(asked, arguments=arguments)


def without_instructions(text: str, actions: Actions) -> str:
    """What a message says beside its instructions, in plain lower case."""
    wants_yes = hear(text).does("confirm")
    left = (sentence for sentence in sentences_in(text) if not _asked_in(sentence.text, actions, wants_yes))
    return " ".join(f"{sentence.text}{'?' if sentence.question else '.'}" for sentence in left)


def _asked_in(sentence: str, actions: Actions, wants_yes: bool) -> list[Instruction]:
    placed: list[tuple[int, int, Instruction]] = []
    for action in actions:
        for match in _heard_in(sentence, action):
            start = match.start()
            before = sentence[:start]
            part = _last_part(before)
            if _OWN_DOING.search(part) or _NOT_ASKED.search(part):
                continue
            if wants_yes and not _ADDRESSED.search(sentence[: match.end()]):
                continue
            found = Instruction(action, _arguments_in(sentence, start, action), _condition_of(before))
            placed.append((start, -match.end(), found))
            break
    placed.sort(key=lambda item: item[:2])
    return [one for _, _, one in _outermost(placed)]


def _heard_in(sentence: str, action: UserAction) -> Iterator[re.Match[str]]:
    """Where a sentence has words for a tool, of which none go on beyond a "then": there another step begins."""
    start = 0
    for end in (*(match.start() for match in _THEN.finditer(sentence)), len(sentence)):
        yield from any_of(action.heard).finditer(sentence, start, end)
        start = end


def _outermost(placed: list[tuple[int, int, Instruction]]) -> Iterator[tuple[int, int, Instruction]]:
    """Without what was found in the words of another one: "turn off airplane mode" is not "turn off"."""
    reached = -1
    for start, minus_end, one in placed:
        if start >= reached:
            yield start, minus_end, one
            reached = -minus_end


def _last_part(before: str) -> str:
    return _PARTS.split(before)[-1]


def _condition_of(before: str) -> str:
    ends = [match.end() for match in _CONDITION.finditer(before)]
    return before[ends[-1] :].strip(" ,") if ends else ""


def _arguments_in(sentence: str, start: int, action: UserAction) -> dict[str, str] | None:
    """The arguments that a sentence names: first what stands behind the words for the tool."""
    found: dict[str, str] = {}
    for name, values in action.arguments.items():
        value = _named_value(sentence[start:], values) or _named_value(sentence, values)
        if value is None:
            return None
        found[name] = value
    return found


def _named_value(text: str, values: dict[str, tuple[str, ...]]) -> str | None:
    best: tuple[int, int, str] | None = None
    for value, patterns in values.items():
        own = () if value == ANY else (rf"\b{re.escape(value.casefold().replace('_', ' '))}\b",)
        match = any_of((*own, *patterns)).search(text)
        if match is not None:
            said = next((group for group in match.groups() if group), "") if value == ANY else value
            if best is None or (match.start(), -match.end()) < best[:2]:
                best = (match.start(), -match.end(), said)
    return None if best is None else best[2]


@lru_cache(maxsize=4096)
def readings_told(text: str, actions: Actions) -> tuple[ToldReading, ...]:
    """What a user's message tells of readings; questions, conditions and plans tell nothing. O(words x readings)."""
    found: list[ToldReading] = []
    for sentence in sentences_in(text):
        if not _tells_nothing(sentence):
            found += values_named(sentence.text, actions)
    return tuple(found)


def values_named_anywhere(text: str, actions: Actions) -> set[tuple[str, str]]:
    """The values of readings that a text names, each after its reading's name, be it in a question or a wish."""
    return {
        (one.name, value)
        for sentence in sentences_in(text)
        for one in values_named(sentence.text, actions)
        for value in one.values
    }


def values_named(sentence: str, actions: Actions) -> list[ToldReading]:
    """The values of readings that a text in plain lower case names, whatever it says of them."""
    readings = _spoken_readings(actions)
    found = []
    earlier = _EARLIER.search(sentence) is not None
    for piece in _pieces_of(sentence, [one for same in readings.values() for one in same]):
        for name, same in readings.items():
            values = {value for reading in same for value in _values_in(piece, reading)}
            if values:
                found.append(ToldReading(name, frozenset(values), earlier))
    return found


@lru_cache(maxsize=64)
def _spoken_readings(actions: Actions) -> dict[str, list[Reading]]:
    """The readings of all tools by name; what is spoken of in the same words stands there once."""
    found: dict[str, list[Reading]] = {}
    for action in actions:
        for reading in action.readings:
            same = found.setdefault(reading.name, [])
            if not any(
                (one.about, one.values, one.told) == (reading.about, reading.values, reading.told) for one in same
            ):
                same.append(reading)
    return found


def _pieces_of(sentence: str, readings: Sequence[Reading]) -> list[str]:
    """The sentence cut where another thing is spoken of; what speaks of nothing itself goes with what stands beside."""

    def speaks(piece: str) -> bool:
        return any(reading.about and any_of(reading.about).search(piece) for reading in readings)

    pieces: list[str] = []
    for piece in filter(None, _PIECES.split(sentence)):
        if pieces and not (speaks(piece) and speaks(pieces[-1])):
            pieces[-1] = f"{pieces[-1]}, {piece}"
        else:
            pieces.append(piece)
    return pieces


def _values_in(piece: str, reading: Reading) -> set[str]:
    if reading.about and not any_of(reading.about).search(piece):
        return set()
    spans: list[tuple[int, int, str]] = []
    for value, patterns in reading.values.items():
        own = rf"\b{re.escape(as_value(value))}\b" if reading.about else ""
        for match in any_of(tuple(filter(None, (own, *patterns)))).finditer(piece):
            spans.append((match.start(), match.end(), as_value(value)))
    for match in any_of(reading.told).finditer(piece) if reading.told else ():
        text = next((group for group in match.groups() if group), "")
        spans.append((match.start(), match.end(), as_value(text)))
    found = set()
    for start, end, value in spans:
        inside = any(a <= start and end <= b and (a, b) != (start, end) for a, b, _ in spans)
        if value and not inside and not _DENIED.search(piece[:start]):
            found.add(value)
    return found


@lru_cache(maxsize=4096)
def deeds_claimed(text: str, actions: Actions) -> tuple[tuple[str, bool], ...]:
    """The tools that a user says to have used, each with whether that was at another time."""
    found: dict[tuple[str, bool], None] = {}
    for sentence in sentences_in(text):
        if _tells_nothing(sentence):
            continue
        for action in actions:
            match = any_of(action.claimed).search(sentence.text)
            if match is not None and not _DENIED.search(sentence.text[: match.start()]):
                found[action.tool, _EARLIER.search(sentence.text) is not None] = None
    return tuple(found)


def says_all_done(text: str) -> bool:
    """Whether a user says that all is done that was asked for, without a word of what it was."""
    return any(
        not _tells_nothing(sentence) and _ALL_DONE.search(sentence.text) is not None for sentence in sentences_in(text)
    )


def _tells_nothing(sentence: Sentence) -> bool:
    return sentence.question or _NOT_TOLD.search(sentence.text) is not None
