"""Times of day in texts, as minutes since midnight."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_CLOCK: Final = re.compile(r"(\d(?<![\d:]\d)(?:(?<=[012])\d)?):([0-5]\d)(?::[0-5]\d)?(?![\d:])")
TIME: Final = re.compile(
    r"(?<![\d:.$#/-])(?:(?P<hour>[012]?\d):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?: ?(?P<half>[ap])\.?m\b)?"
    r"|(?<![a-z])(?P<only>1?\d) ?(?P<its>[ap])\.?m\b)(?![\d:/%])"
)
"""A time of day as people write it."""
# Each begins with a sign that most texts have seldom, so that it is found fast.
_COLON_OF_TIME: Final = re.compile(r":(?<=\d:)\d")
_HALF_OF_TIME: Final = re.compile(r"m(?:(?<=\d[ap]m)|(?<=\d [ap]m)|(?<=\d[ap]\.m)|(?<=\d [ap]\.m))")
_NOON: Final = 12 * 60


def may_have_time(text: str) -> bool:
    """Whether a text may have a time of day."""
    return _COLON_OF_TIME.search(text) is not None or _HALF_OF_TIME.search(text) is not None


def minutes_in(text: str) -> Iterator[int]:
    """The times of day in a text of data, as minutes."""
    for found in _CLOCK.finditer(text):
        yield 60 * int(found[1]) + int(found[2])


def minutes_meant(match: re.Match[str]) -> Iterator[int]:
    """The times of day that a time may mean, as minutes: two where it does not say which half of the day."""
    hour, minute = int(match["hour"] or match["only"]), int(match["minute"] or 0)
    half = match["half"] or match["its"]
    if hour > 23 or (half and hour > 12):
        return
    if half:
        yield (hour % 12 + (12 if half == "p" else 0)) * 60 + minute
        return
    yield hour * 60 + minute
    if 0 < hour <= 12:
        yield (hour * 60 + minute + _NOON) % (2 * _NOON)


def minutes_in_prose(text: str) -> Iterator[int]:
    """The times of day that a text of a person may name, as minutes."""
    for match in TIME.finditer(text.lower()):
        yield from minutes_meant(match)
