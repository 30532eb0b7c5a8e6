"""Values that a user said though nobody had told them: ids, addresses of mail, numbers of five digits and more.

Dates, times, amounts and measures are left aside: people reckon with those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage
from writ_async.core.state import World

_RUN: Final = re.compile(r"[\w@#][\w@#.+-]*")
_SKIPPED: Final = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"  # a date
    r"|\d+(?:st|nd|rd|th)|\d+\.\d{1,2}"
    r"|\d+(?:\.\d+)?-?[a-z]+"  # a measure, such as 128gb or 34-inch
    r"|[a-z]+-?\d{1,2}"  # a size or a count, such as covid-19
)
_AMOUNT: Final = frozenset("$€£¥,")
_EMAIL: Final = re.compile(r"[^@]+@[^@]+\.\w+")
_LONG_NUMBER: Final = re.compile(r"\d{5,}")
_NO_LETTER: Final = re.compile(r"[\W_]+")
_NO_LETTER_OF_ASCII: Final = bytes(sign for sign in range(128) if not chr(sign).isalnum())
_IN_VALUES: Final = re.compile(r"[0-9@]")
_LEAST_DIGITS = 5
_MOST_ALIKE = 8
"""Most values of a message among which one that was put right is looked for."""
_ALIKE = 0.7
"""How like the right value a wrong one is that its user puts right in the same message."""


def untold_values(scenario: str, messages: Sequence[Message], world: World | None) -> list[tuple[int, list[str]]]:
    """The values of each message of the user that neither the scenario nor the agent had told, each once.

    Empty where the scenario is not known. Nobody invents an id that the world has: whoever says one was told another
    scenario than this, and is not held against it.
    """
    if not scenario.strip():
        return []
    known: list[str] = []
    told = [scenario]
    found: list[tuple[int, list[str]]] = []
    seen: set[str] = set()
    for place, message in enumerate(messages):
        if type(message) is UserMessage:
            values = list(dict.fromkeys(_values(message.content or "")))
            if not values:
                continue
            known += map(_bare, told)
            told.clear()
            untold = [value for value in values if not _is_told(value, known, seen)]
            if world is not None and any(_exists(value, world) for value in untold):
                return []
            untold = [value for value in untold if not _is_put_right(value, values, untold)]
            if untold:
                found.append((place, untold))
        elif type(message) is AssistantMessage or (type(message) is ToolMessage and message.requestor == "user"):
            told.append(message.content or "")
    return found


def _is_told(value: str, known: Sequence[str], seen: set[str]) -> bool:
    """Whether a value was told, its long numbers at least, or was said by the user before: it is found once."""
    bare = _bare(value)
    if bare in seen:
        return True
    seen.add(bare)
    parts = [] if "@" in value.lstrip("@") else _LONG_NUMBER.findall(bare)
    return any(bare in text or (parts and all(part in text for part in parts)) for text in known)


def _exists(value: str, world: World) -> bool:
    return any(name in rows for name in (value, f"#{value}") for rows in world.tables.values())


def _is_put_right(value: str, values: Sequence[str], untold: Sequence[str]) -> bool:
    """Whether a message holds the right value beside a wrong one that is like it."""
    right = [other for other in values if other not in untold]
    return len(values) <= _MOST_ALIKE and bool(get_close_matches(value[:80], right, 1, _ALIKE))


def _bare(text: str) -> str:
    if text.isascii():
        return text.lower().encode().translate(None, _NO_LETTER_OF_ASCII).decode()
    return _NO_LETTER.sub("", text.casefold())


def _values(text: str) -> Iterator[str]:
    if text.isascii() and _IN_VALUES.search(text) is None:
        return
    for run in _RUN.finditer(text):
        value = run[0]
        if value.isalpha():
            continue
        value = value.rstrip(".+-@#")
        if _EMAIL.fullmatch(value):
            yield value
            continue
        digits = sum(map(str.isdigit, value))
        before = text[max(0, run.start() - 1) : run.start()]
        if not digits or before in _AMOUNT or _SKIPPED.fullmatch(value.casefold()):
            continue
        if digits >= _LEAST_DIGITS or (any(map(str.isalpha, value)) and digits > 1 and len(value) > _LEAST_DIGITS):
            yield value
