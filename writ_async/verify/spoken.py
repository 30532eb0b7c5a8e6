"""One text that was said, with all that may be asked of it; each is read off it once, when somebody asks."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final

from writ_async.language.spoken_forms import Day, address_words, bare_days_in, days_away, days_in, times_in, weekdays_in
from writ_async.verify.provenance import numbers_in

_WORD: Final = re.compile(r"[^\W_]+")
_SQUEEZED: Final = re.compile(r"[\W_]+")
_MARKS_IN_WORDS: Final = re.compile(r" (?:at|dot|dash|hyphen|underscore) ")
_PERCENT: Final = re.compile(r"(\d{1,2}(?:\.\d+)?) ?(?:%|per ?cent)")


class Spoken:
    """A text, and the days, times, numbers and words that it tells."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def days(self) -> set[Day]:
        """The dates that it tells."""
        return days_in(self.text)

    @cached_property
    def bare_days(self) -> set[int]:
        """The days of a month that it tells without the month."""
        return bare_days_in(self.text)

    @cached_property
    def weekdays(self) -> set[int]:
        """The days of the week that it names, Monday is 0."""
        return weekdays_in(self.text)

    @cached_property
    def days_away(self) -> set[int]:
        """By how many days it moves from another day."""
        return days_away(self.text)

    @cached_property
    def times(self) -> set[tuple[int, int]]:
        """The times of the day that it tells, as hour and minute."""
        return times_in(self.text)

    @cached_property
    def numbers(self) -> set[float]:
        """The numbers in it that are no part of an id or a date."""
        return numbers_in(self.text)

    @cached_property
    def shares(self) -> set[float]:
        """The shares that it tells in percent, from 0 to 1."""
        return {float(share) / 100 for share in _PERCENT.findall(self.text)}

    @cached_property
    def line(self) -> str:
        """Its words with one blank around each, those of addresses spelled out."""
        return line_of(self.text)

    @cached_property
    def words(self) -> str:
        """Its words in small letters, with one blank around each, an apostrophe being one."""
        return words_in(self.text)

    @cached_property
    def squeezed(self) -> str:
        """Its letters and figures alone, with the names of marks between them left out."""
        return _SQUEEZED.sub("", _MARKS_IN_WORDS.sub("", self.text.casefold()))


def line_of(text: str) -> str:
    """The words of a text with one blank around each, the usual short forms of addresses spelled out."""
    return f" {' '.join(address_words(text))} "


def words_in(text: str) -> str:
    """The words of a text in small letters, with one blank around each, an apostrophe being one."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "
