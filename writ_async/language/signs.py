"""Lists of patterns, of which those are tried that have their words in the text.

Most patterns need certain words: of a form such as `\\bplease (?:provide|tell)\\b` no text is one that has no word that
begins with "plea", and one with "prov" or "tell". These needs are read off each pattern once. A text is then looked
through for the beginnings of its words, and only patterns whose needs are met are tried on it, which are few. What is
found is what a pattern of all patterns finds, at a quarter of its cost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from writ_async.language.needs import EDGE, LETTERS, Need, letters_of, needs_of

_STARTS: Final = re.compile(rf"\b\w{{1,{LETTERS}}}")
_ALWAYS: Final = 1
"""The bit that every text meets."""


class Form:
    """One pattern: its place in the list, the bits of its needs, and letters that every text has in which it is found.

    How it is searched for is compiled when it is first tried.
    """

    __slots__ = ("_search", "_text", "letters", "need", "place")

    def __init__(self, text: str, place: int, need: int, letters: str) -> None:
        self.place = place
        self.need = need
        self.letters = letters
        self._text = text
        self._search: Callable[[str, int], re.Match[str] | None] | None = None

    def search(self, text: str, place: int = 0) -> re.Match[str] | None:
        """Where the pattern is first found in a text from a place on."""
        if self._search is None:
            self._search = re.compile(self._text).search
        return self._search(text, place)


class Forms(NamedTuple):
    """The patterns of a list by the bit of their first need, and all of these bits: a text has to meet one of them."""

    by_need: dict[int, list[Form]]
    any_need: int


class Signs:
    """Lists of patterns by name; a list is read when it is first asked for.

    None of the patterns may be found in nothing. Where several are found at one place, the first of the list counts, as
    in a pattern that is made of all.
    """

    def __init__(self, forms: Mapping[str, Sequence[str]]) -> None:
        self.texts = forms
        self._forms: dict[str, Forms] = {}
        self._bits: dict[str, int] = {}
        self._needs = 0
        self._lettered: dict[str, list[Lettered]] = {}
        self._met_by = lru_cache(maxsize=1024)(self._met_by_text)
        self._met_by_start = lru_cache(maxsize=8192)(self._met_by_one)

    def has(self, name: str, text: str) -> bool:
        """Whether any pattern of a list is found in a text."""
        forms = self._forms.get(name) or self._read(name)
        met = self._met_by(text)
        left = met & forms.any_need
        while left:
            bit = left & -left
            left ^= bit
            for form in forms.by_need[bit]:
                if form.need & met == form.need and form.letters in text and form.search(text) is not None:
                    return True
        return False

    def that_may_be_in(self, name: str, text: str) -> list[Lettered]:
        """The patterns of a list that may be found in a text or in a part of it: no other need be looked for in any."""
        return [form for form in self._patterns_of(name) if form.may_be_in(text)]

    def _patterns_of(self, name: str) -> list[Lettered]:
        patterns = self._lettered.get(name)
        if patterns is None:
            patterns = self._lettered[name] = [Lettered(form) for form in self.texts[name]]
        return patterns

    def search(self, name: str, text: str) -> re.Match[str] | None:
        """Where a pattern of a list is first found in a text."""
        return _first_of(self._to_try(name, text), text, 0)

    def without(self, name: str, text: str) -> str:
        """A text with a blank for all that the patterns of a list find in it, from left to right."""
        parts: list[str] = []
        place = 0
        forms = self._to_try(name, text)
        while (found := _first_of(forms, text, place)) is not None:
            parts += (text[place : found.start()], " ")
            place = found.end()
        return "".join((*parts, text[place:])) if parts else text

    def _to_try(self, name: str, text: str) -> list[Form]:
        """The patterns of a list that may be found in a text, in the order of the list."""
        forms = self._forms.get(name) or self._read(name)
        met = self._met_by(text)
        left = met & forms.any_need
        found: list[Form] = []
        while left:
            bit = left & -left
            left ^= bit
            for form in forms.by_need[bit]:
                if form.need & met == form.need and form.letters in text:
                    found.append(form)
        if len(found) > 1:
            found.sort(key=_place)
        return found

    def _read(self, name: str) -> Forms:
        any_need = 0
        by_need: dict[int, list[Form]] = {}
        for place, text in enumerate(self.texts[name]):
            needs = needs_of(text)
            bits = [self._bit_of(need) for need in needs]
            first = bits[0] if bits else _ALWAYS
            any_need |= first
            by_need.setdefault(first, []).append(Form(text, place, sum(bits), "" if bits else letters_of(text)))
        self._met_by.cache_clear()
        self._met_by_start.cache_clear()
        self._forms[name] = Forms(by_need, any_need)
        return self._forms[name]

    def _bit_of(self, need: Need) -> int:
        self._needs += 1
        bit = 1 << self._needs
        for start in need:
            self._bits[start] = self._bits.get(start, 0) | bit
        return bit

    def _met_by_text(self, text: str) -> int:
        met = _ALWAYS
        for start in set(_STARTS.findall(text)):
            met |= self._met_by_start(start)
        return met

    def _met_by_one(self, start: str) -> int:
        bits = self._bits
        met = bits.get(f"{start}{EDGE}", 0)
        for length in range(1, len(start) + 1):
            met |= bits.get(start[:length], 0)
        return met


class Lettered:
    """One pattern with letters of its needs, of each of which a text in which it is found has some.

    To ask a text for these letters costs a fifth of looking for the pattern. Both are read off its text when they are
    first asked for.
    """

    __slots__ = ("_letters", "_pattern", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._letters: list[tuple[str, ...]] | None = None
        self._pattern: re.Pattern[str] | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern itself."""
        if self._pattern is None:
            self._pattern = re.compile(self._text)
        return self._pattern

    def may_be_in(self, text: str) -> bool:
        """Whether a text has the letters without which the pattern is not found in it, nor in any part of it."""
        for letters in self._letters if self._letters is not None else self._read():
            for some in letters:
                if some in text:
                    break
            else:
                return False
        return True

    def _read(self) -> list[tuple[str, ...]]:
        needs = [{start.removesuffix(EDGE) for start in need} for need in needs_of(self._text)]
        # What a single letter meets every text meets.
        self._letters = [tuple(sorted(letters)) for letters in needs if min(map(len, letters)) > 1]
        return self._letters

    def is_in(self, text: str) -> bool:
        """Whether it is found in a text."""
        return self.may_be_in(text) and self.pattern.search(text) is not None


def _place(form: Form) -> int:
    return form.place


def _first_of(forms: Iterable[Form], text: str, place: int) -> re.Match[str] | None:
    found = [match for form in forms if (match := form.search(text, place)) is not None]
    return min(found, key=re.Match.start, default=None)
