"""Provenance: was every argument of a write seen before it was used?

An argument is taken apart into atoms (strings, numbers). An atom is seen when the user said it, or a successful tool
result shows it, in a message before the call. Words that the tool's own schema enumerates need not be seen, nor counts
of at most `SMALL`, which are reckoned rather than read (how many). A date counts as seen when it was said in
words ("May 20"), a state when it was said by its name ("Texas"). Strings are found as whole words: `IL` is not seen in
"will". The sign before an id (`#W123`) may be left out by those who speak of it. What is not seen itself may follow
from what is: that is asked in `following.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from writ_async.core.tool import Tool
from writ_async.language.spoken_forms import Day, days_in, iso_days_in, other_names, read_day

SMALL = 20

# The first figure is found at once; what must not stand before it is asked behind it.
_NUMBER = re.compile(r"\d(?<![\w.]\d)(?<!\d[-/:]\d)\d*(?:\.\d+)?(?![\w])")
_FIGURES = re.compile(r"\d+")
_HOLDS = (dict, list, tuple)
_BETWEEN = "\0"
"""Stands between texts that are searched together."""
_SHORT_ROW = 4000
_HAS_THOUSANDS = re.compile(r",\d{3}(?!\d)")
_LONG = 1e15
"""From here on a number may be written with other figures than its own."""
_THOUSANDS = re.compile(r"\d(?<![\w.,]\d)\d{0,2}(?:,\d{3})+(?!\d)")


class Tells(Protocol):
    """A text that somebody said, and the dates that it tells."""

    @property
    def text(self) -> str:
        """The text."""
        ...

    @property
    def days(self) -> set[Day]:
        """The dates that it tells."""
        ...


class _Rows:
    """Texts that are searched together, without upper and lower case: those that are new when somebody asks become a
    row, or end a short one.
    """

    __slots__ = ("_rows", "new")

    def __init__(self) -> None:
        self.new: list[str] = []
        self._rows: list[str] = []

    def joined(self) -> list[str]:
        """All texts, in few rows."""
        rows = self._rows
        if self.new:
            # What each sign folds to does not depend on others, so that all are folded at once.
            new = _BETWEEN.join(self.new).casefold()
            if rows and len(rows[-1]) + len(new) < _SHORT_ROW:
                rows[-1] = f"{rows[-1]}{_BETWEEN}{new}"
            else:
                rows.append(new)
            self.new = []
        return rows


class Seen:
    """All that the agent has been told or shown so far. Texts are only searched when somebody asks."""

    __slots__ = ("_days", "_days_read", "_numbers", "_numbers_read", "_said", "_shown", "_spoken", "_texts", "_told")

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._shown = _Rows()
        self._said = _Rows()
        self._numbers: set[float] = set()
        self._numbers_read = 0
        self._told: set[str] = set()
        self._days: set[Day] = set()
        self._spoken: dict[int, Tells] = {}
        self._days_read = 0

    def add(self, text: str) -> None:
        """Remember a text that was shown; JSON is remembered with its escapes undone."""
        if "\\" in text:
            text = _with_its_values(text)
        self._texts.append(text)
        self._shown.new.append(text)

    def add_spoken(self, spoken: Tells) -> None:
        """Remember a text that was said, whose dates may be asked for elsewhere as well, so that they are read once."""
        text = spoken.text
        # Of JSON the dates are read otherwise, and with its escapes undone it is another text.
        if "\\" in text:
            text = _with_its_values(text)
        elif text[:1] not in ("{", "["):
            self._spoken[len(self._texts)] = spoken
        self._texts.append(text)
        self._said.new.append(text)

    def has_text(self, text: str) -> bool:
        """Whether a string occurs as whole words, upper and lower case aside; an empty one always does."""
        folded = text.strip().casefold()
        wanted = folded.lstrip("#")
        if not wanted:
            return True
        # What was said is short and soon searched; what is asked for was mostly shown of late, as a value of JSON:
        # between its quotes, or behind the sign before it, a text has no letter or figure beside it.
        if _is_in(self._said.joined(), wanted):
            return True
        rows = self._shown.joined()
        quoted = f'"{folded}"'
        for row in reversed(rows):
            if quoted in row:
                return True
        return _is_in(rows, wanted)

    def tells(self, value: str) -> bool:
        """Whether a text was told as it stands, as a date in other words or as a place by its name."""
        if value in self._told:
            return True
        if self.has_text(value) or self.has_date(value) or self.has_place(value):
            self._told.add(value)
            return True
        return False

    def has_place(self, value: str) -> bool:
        """Whether the state or country of a code such as `TX` was said by its name, or the other way round."""
        return any(map(self.has_text, other_names(value)))

    def has_number(self, value: float) -> bool:
        """Whether a number occurs as a number of its own."""
        try:
            wanted = abs(float(value))
        except OverflowError:  # an integer of hundreds of digits, in the row of others
            return False
        if wanted in self._numbers:
            return True
        # Where all texts are in signs of ASCII, only what has the figures of a number is read for it.
        for text in self._texts[self._numbers_read :]:
            if not text.isascii():
                self._numbers.update(numbers_in(text.casefold()))
        self._numbers_read = len(self._texts)
        if wanted < _LONG:
            self._look_for(wanted)
        else:
            for text in self._texts:
                self._numbers.update(numbers_in(text.casefold()))
        return wanted in self._numbers

    def _look_for(self, wanted: float) -> None:
        """Look through all rows for a number, be it with commas between thousands."""
        figures = str(int(wanted))
        grouped = f"{int(wanted):,}"
        for row in (*self._said.joined(), *reversed(self._shown.joined())):
            if _tells_number(row, figures, wanted) or (grouped != figures and _tells_grouped(row, grouped, wanted)):
                self._numbers.add(wanted)
                return

    def has_date(self, text: str) -> bool:
        """Whether an ISO date was said in words or in other figures, such as `May 20`, `5/20` or `20. Mai`."""
        day = read_day(text)
        if day is None:
            return False
        told = self.days()
        return (day.year, day.month, day.day) in told or (0, day.month, day.day) in told

    def days(self) -> set[Day]:
        """All dates that were told, in whatever form."""
        while self._days_read < len(self._texts):
            text = self._texts[self._days_read].casefold()
            spoken = self._spoken.pop(self._days_read, None)
            if spoken is not None:
                self._days |= spoken.days
            else:
                self._days |= iso_days_in(text) if text[:1] in ("{", "[") else days_in(text)
            self._days_read += 1
        return self._days


def _with_its_values(text: str) -> str:
    """A text with escapes, and behind it, where it is JSON, its values without them."""
    with suppress(msgspec.DecodeError, RecursionError):
        text = f"{text} {' '.join(str(value) for _, value in atoms(msgspec.json.decode(text)))}"
    return text


def _is_in(rows: Sequence[str], wanted: str) -> bool:
    """Whether a text occurs in any of several rows as whole words."""
    for row in reversed(rows):
        place = row.find(wanted)
        if place >= 0 and _occurs(wanted, row, place):
            return True
    return False


def _tells_number(text: str, figures: str, wanted: float) -> bool:
    """Whether a text has a number whose whole part has these figures, without commas between thousands."""
    place = text.find(figures)
    while place >= 0:
        start = place
        while start and text[start - 1].isdecimal():
            start -= 1
        number = _NUMBER.match(text, start)
        if number is not None and float(number[0]) == wanted:
            return True
        row = _FIGURES.match(text, start)  # No other number begins in a row of figures.
        place = text.find(figures, row.end() if row is not None else place + 1)
    return False


def _tells_grouped(text: str, grouped: str, wanted: float) -> bool:
    """Whether a text has a number whose whole part is written with commas between thousands; O(length)."""
    place = text.find(grouped)
    while place >= 0:
        # No number reaches over what is between words.
        start, end = place, place + len(grouped)
        while start and not text[start - 1].isspace():
            start -= 1
        while end < len(text) and not text[end].isspace():
            end += 1
        if wanted in numbers_in(text[start:end]):
            return True
        place = text.find(grouped, end)
    return False


def numbers_in(text: str) -> set[float]:
    """The numbers of a text that are no part of an id or a date; with commas between thousands also without them."""
    found = {float(token) for token in _NUMBER.findall(text)}
    if _HAS_THOUSANDS.search(text):
        found.update(float(token.replace(",", "")) for token in _NUMBER.findall(_THOUSANDS.sub(_joined, text)))
    return found


def _joined(thousands: re.Match[str]) -> str:
    return thousands[0].replace(",", "")


def _occurs(wanted: str, shown: str, place: int) -> bool:
    """Whether a text, first found at a place, occurs with no letter or digit next to its own."""
    while place >= 0:
        end = place + len(wanted)
        free_before = place == 0 or not (shown[place - 1].isalnum() and wanted[0].isalnum())
        if free_before and (end == len(shown) or not (shown[end].isalnum() and wanted[-1].isalnum())):
            return True
        place = shown.find(wanted, place + 1)
    return False


def atoms(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The strings, numbers and constants inside a JSON value, each with its path."""
    found: list[tuple[str, Any]] = []
    _add_atoms(value, path, found)
    return iter(found)


def _add_atoms(value: Any, path: str, found: list[tuple[str, Any]]) -> None:
    if isinstance(value, dict):
        inner = [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        inner = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        found.append((path, value))
        return
    for pair in inner:
        # Most values are texts, which need no call of their own.
        if type(pair[1]) is str or not isinstance(pair[1], _HOLDS):
            found.append(pair)
        else:
            _add_atoms(pair[1], pair[0], found)


def leaves(value: Any) -> list[Any]:
    """The same without their paths, which cost more than they do."""
    if not isinstance(value, _HOLDS):
        return [value]
    found: list[Any] = []
    for item in value.values() if isinstance(value, dict) else value:
        if type(item) is str or not isinstance(item, _HOLDS):
            found.append(item)
        else:
            found += leaves(item)
    return found


def unseen_arguments(tool: Tool, arguments: Mapping[str, Any], seen: Seen) -> list[str]:
    """The paths of the atoms that nobody has said or shown, with their values, such as `legs[0].date='…'`."""
    return [f"{path}={value!r}" for path, value in atoms(dict(arguments)) if not is_seen(value, seen, tool.words)]


def is_seen(value: Any, seen: Seen, allowed: frozenset[str]) -> bool:
    """Whether an atom was said or shown, is one of the words that need not be, or a small count."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return (isinstance(value, int) and abs(value) <= SMALL) or seen.has_number(value)
    return value in allowed or seen.tells(value)
