"""Provenance: was every argument of a write seen before it was used?

An argument is taken apart into atoms (strings, numbers). An atom is seen when the user said it, or a successful tool
result shows it, in a message before the call. Words that the tool's own schema enumerates need not be seen, nor counts
of at most `SMALL`, which are reckoned rather than read (how many). A date counts as seen when it was said in
words ("May 20"), a state when it was said by its name ("Texas"). Strings are found as whole words: `IL` is not seen in
"will". The sign before an id (`#W123`) may be left out by those who speak of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from writ_async.core.domain import Tool

SMALL = 20

_STATES = {
    **{"al": "alabama", "ak": "alaska", "az": "arizona", "ar": "arkansas", "ca": "california", "co": "colorado"},
    **{"ct": "connecticut", "de": "delaware", "fl": "florida", "ga": "georgia", "hi": "hawaii", "id": "idaho"},
    **{"il": "illinois", "in": "indiana", "ia": "iowa", "ks": "kansas", "ky": "kentucky", "la": "louisiana"},
    **{"me": "maine", "md": "maryland", "ma": "massachusetts", "mi": "michigan", "mn": "minnesota"},
    **{"ms": "mississippi", "mo": "missouri", "mt": "montana", "ne": "nebraska", "nv": "nevada"},
    **{"nh": "new hampshire", "nj": "new jersey", "nm": "new mexico", "ny": "new york", "nc": "north carolina"},
    **{"nd": "north dakota", "oh": "ohio", "ok": "oklahoma", "or": "oregon", "pa": "pennsylvania"},
    **{"ri": "rhode island", "sc": "south carolina", "sd": "south dakota", "tn": "tennessee", "tx": "texas"},
    **{"ut": "utah", "vt": "vermont", "va": "virginia", "wa": "washington", "wv": "west virginia"},
    **{"wi": "wisconsin", "wy": "wyoming", "dc": "district of columbia", "usa": "united states", "us": "united states"},
}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_ISO_DATE = re.compile(r"^(\d{4})-(\d{2})-(\d{2})$")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


class Seen:
    """All that the agent has been told or shown so far. Texts are only searched when somebody asks."""

    __slots__ = ("_numbers", "_searched", "_texts")

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._numbers: set[float] = set()
        self._searched = 0

    def add(self, text: str) -> None:
        """Remember a text that was said or shown; JSON is remembered with its escapes undone."""
        if "\\" in text:
            with suppress(msgspec.DecodeError, RecursionError):
                text = f"{text} {' '.join(str(value) for _, value in atoms(msgspec.json.decode(text)))}"
        self._texts.append(text.casefold())

    def has_text(self, text: str) -> bool:
        """Whether a string occurs as whole words, upper and lower case aside; an empty one always does."""
        wanted = text.strip().lstrip("#").casefold()
        return not wanted or any(_occurs(wanted, shown) for shown in self._texts)

    def has_state(self, code: str) -> bool:
        """Whether the state or country of a code such as `TX` was said by its name."""
        name = _STATES.get(code.casefold())
        return name is not None and self.has_text(name)

    def has_number(self, value: float) -> bool:
        """Whether a number occurs as a number of its own."""
        while self._searched < len(self._texts):
            text = self._texts[self._searched].replace(",", "")
            self._numbers.update(float(token) for token in _NUMBER.findall(text))
            self._searched += 1
        try:
            return abs(float(value)) in self._numbers
        except OverflowError:  # an integer of hundreds of digits, in the row of others
            return False

    def has_date(self, text: str) -> bool:
        """Whether an ISO date was said in words, such as `May 20`, `20 May` or `5/20`."""
        match = _ISO_DATE.match(text)
        if match is None or not 1 <= int(match[2]) <= 12:
            return False
        month, day = _MONTHS[int(match[2]) - 1], int(match[3])
        words = rf"\b(?:{month}|{month[:3]}\.?) {day}(?:st|nd|rd|th)?\b|\b{day}(?:st|nd|rd|th)?(?: of)? {month}\b"
        pattern = re.compile(rf"{words}|\b{int(match[2])}/{day}\b")
        return any(pattern.search(shown) for shown in self._texts)


def _occurs(wanted: str, shown: str) -> bool:
    """Whether a text occurs with no letter or digit next to its own."""
    place = shown.find(wanted)
    while place >= 0:
        end = place + len(wanted)
        free_before = place == 0 or not (shown[place - 1].isalnum() and wanted[0].isalnum())
        if free_before and (end == len(shown) or not (shown[end].isalnum() and wanted[-1].isalnum())):
            return True
        place = shown.find(wanted, place + 1)
    return False


def atoms(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The strings, numbers and constants inside a JSON value, each with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from atoms(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from atoms(item, f"{path}[{index}]")
    else:
        yield path, value


def unseen_arguments(tool: Tool, arguments: Mapping[str, Any], seen: Seen) -> list[str]:
    """The paths of the atoms that nobody has said or shown, with their values, such as `legs[0].date='…'`."""
    allowed = enumerated(tool)
    return [f"{path}={value!r}" for path, value in atoms(dict(arguments)) if not _is_seen(value, seen, allowed)]


def enumerated(tool: Tool) -> frozenset[str]:
    """All words that a tool's schema enumerates, at any depth."""
    return frozenset(_enums(tool.schema))


def _enums(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, item in schema.items():
            if key == "enum" and isinstance(item, list):
                yield from (word for word in item if isinstance(word, str))
            else:
                yield from _enums(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from _enums(item)


def _is_seen(value: Any, seen: Seen, allowed: frozenset[str]) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return (isinstance(value, int) and abs(value) <= SMALL) or seen.has_number(value)
    return value in allowed or seen.has_text(value) or seen.has_date(value) or seen.has_state(value)
