"""Turns without words, and turns that say the same once more."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from writ_async.verify.agent_words.lexicon import any_of

_AGAIN: Final = re.compile(rf"{any_of('AGAIN')}|\bwhat\?|^\W*(?:huh|sorry)\b\W*$")
_PARTING: Final = re.compile(any_of("PARTING"))
_SHORT = 60  # characters of a courtesy that may be said as often as the other is courteous
_FIRST = 24


def is_empty(text: str) -> bool:
    """Whether a text has neither a letter, a number nor a sign such as an emoji."""
    return not (text[:1].isalnum() or any(letter.isalnum() or unicodedata.category(letter) == "So" for letter in text))


class Repetition:
    """What the agent said last, and what the customer said before and after it."""

    __slots__ = ("_before", "_heard", "_heard_since", "_last", "_place", "_times")

    def __init__(self) -> None:
        self._place = -1
        self._last = ""
        self._before = ""
        self._heard = ""
        self._heard_since = False
        self._times = 0

    def hear(self, text: str) -> None:
        """Take what the customer said."""
        self._before, self._heard = self._heard, text
        self._heard_since = True

    def say(self, text: str, place: int) -> int:
        """Where the agent said just this before, with nothing between that would call for it; else -1."""
        again = text[:_FIRST].casefold() == self._last[:_FIRST].casefold() and _plain(text) == _plain(self._last)
        before = self._place if again and not self._is_called_for() else -1
        self._times = (self._times + 1 if self._heard_since else 2) if before >= 0 else 0
        self._heard_since = False
        self._last, self._place = text, place
        return before

    @property
    def is_slight(self) -> bool:
        """Whether the last words were said once more, after an answer that was not what they were for."""
        return self._times == 1

    def _is_called_for(self) -> bool:
        """Whether the customer asked for the same again, said the same again, or was courteous once more."""
        heard = _plain(self._heard)
        if heard == _plain(self._before) or _AGAIN.search(heard) is not None:
            return True
        return len(self._last) <= _SHORT and _PARTING.search(heard) is not None


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())
