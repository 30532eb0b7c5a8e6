"""Lists of patterns, of which those are tried that have their words in the text.

Most patterns need certain words: of a form such as `\\bplease (?:provide|tell)\\b` no text is one that has no word that
begins with "plea", and one with "prov" or "tell". These needs are read off each pattern once. A text is then looked
through for the beginnings of its words, and only patterns whose needs are met are tried on it, which are few. What is
found is what a pattern of all patterns finds, at a quarter of its cost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from re import _parser as reading  # type: ignore[attr-defined]
from typing import Any, Final, NamedTuple

_LETTERS: Final = 4
"""So many letters of a word are looked at."""
_STARTS: Final = re.compile(rf"\b\w{{1,{_LETTERS}}}")
_WORD: Final = re.compile(r"(?<=\W)\w+")
_EDGE: Final = "\0"
"""Stands in a spelling for a place before which no word goes on."""
_MOST_SPELLINGS: Final = 30
_MOST_TIMES: Final = 3
_MOST_SIGNS: Final = 8
_MOST_NEEDS: Final = 2
_ALWAYS: Final = 1
"""The bit that every text meets."""
_EVERYWHERE: Final = frozenset(
    (
        *(
            "your",
            "with",
            "that",
            "this",
            "have",
            "will",
            "woul",
            "coul",
            "plea",
            "like",
            "from",
            "here",
            "what",
            "when",
        ),
        *("the\0", "and\0", "for\0", "you\0", "are\0", "can\0", "i\0", "to\0"),
    )
)
_REPEATS: Final = ("MAX_REPEAT", "MIN_REPEAT")

Need = frozenset[str]
"""Beginnings of words, of which a text has to have one."""


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
            needs = sorted(needs_of(text), key=_width)
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
        met = bits.get(f"{start}{_EDGE}", 0)
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
        needs = sorted(needs_of(self._text), key=_width)
        self._letters = [tuple(sorted({start.removesuffix(_EDGE) for start in need})) for need in needs]
        return self._letters

    def is_in(self, text: str) -> bool:
        """Whether it is found in a text."""
        return self.may_be_in(text) and self.pattern.search(text) is not None


def _place(form: Form) -> int:
    return form.place


def _first_of(forms: Iterable[Form], text: str, place: int) -> re.Match[str] | None:
    found = [match for form in forms if (match := form.search(text, place)) is not None]
    return min(found, key=re.Match.start, default=None)


def needs_of(pattern: str) -> list[Need]:
    """What words a text needs so that a pattern may be found in it; each need has to be met, by any of its words.

    Sound, and not complete: what the pattern asks for beside them is left to the pattern.
    """
    tree = reading.parse(pattern)
    return _needs(tree) if tree.state.flags == re.UNICODE.value else []


def letters_of(pattern: str) -> str:
    """The longest run of letters that stands in every text in which a pattern is found; empty where none is known."""
    tree = reading.parse(pattern)
    if tree.state.flags != re.UNICODE.value:
        return ""
    runs = [""]
    for kind, value in tree.data:
        if kind is reading.LITERAL:
            runs[-1] += chr(value)
        elif runs[-1]:
            runs.append("")
    return max(runs, key=len)


def _needs(items: Iterable[Any], before: str = "") -> list[Need]:
    """The needs of what stands in a row, behind a text."""
    found: list[Need] = []
    row = {before}
    for item in items:
        spelled = _spellings_of(item)
        if spelled is not None and len(row) * len(spelled) <= _MOST_SPELLINGS:
            row = {before + after for before in row for after in spelled}
            continue
        found += _needs_of_row(row)
        edge = _EDGE if all(map(_ends, row)) else ""
        if spelled is not None:
            row = {edge + after for after in spelled}
        else:
            found += _needs_within(item, edge)
            row = {_EDGE if _ends_at_edge(item, bool(edge)) else ""}
    return [*found, *_needs_of_row(row)]


def _ends(text: str) -> bool:
    """Whether a text ends so that no word goes on behind it."""
    return bool(text) and not (text[-1].isalnum() or text[-1] == "_")


def _ends_at_edge(item: Any, before: bool) -> bool:
    """Whether no word goes on behind a part; `before` says whether one may go on in front of it."""
    spelled = _spellings_of(item)
    if spelled is not None:
        return all(_ends(text) if text else before for text in spelled)
    kind, value = item[0].name, item[1]
    if kind == "SUBPATTERN":
        return _row_ends_at_edge(value[3], before)
    if kind == "BRANCH":
        return all(_row_ends_at_edge(way, before) for way in value[1])
    if kind in _REPEATS:
        return (before or value[0] > 0) and _row_ends_at_edge(value[2], False)
    return False


def _row_ends_at_edge(items: Any, before: bool) -> bool:
    for item in items:
        before = _ends_at_edge(item, before)
    return before


def _needs_within(item: Any, before: str) -> list[Need]:
    """The needs of one part that has no few spellings."""
    kind, value = item[0].name, item[1]
    if kind == "SUBPATTERN" and not _has_flags(value):
        return _needs(value[3], before)
    if kind == "BRANCH":
        ways = [_needs(way, before) for way in value[1]]
        return [frozenset().union(*(min(needs, key=_width) for needs in ways))] if all(ways) else []
    if kind in _REPEATS and value[0]:
        return _needs(value[2], before)
    return []


def _weight(start: str) -> float:
    """How much the beginning of a word says: short ones, and those of words that are everywhere, say little."""
    return len(start) - 2 * (start in _EVERYWHERE)


def _width(need: Need) -> float:
    """How little a need says: many words that say little are met by most texts."""
    return sum(10 ** -_weight(start) for start in need)


def _needs_of_row(row: Iterable[str]) -> Iterator[Need]:
    """The word of each spelling that says most, then the next; none where a spelling has no more words."""
    words = [sorted(map(_start_of, _WORD.finditer(text)), key=_weight, reverse=True) for text in row]
    yield from map(frozenset, islice(zip(*words, strict=False), _MOST_NEEDS))


def _start_of(word: re.Match[str]) -> str:
    """The beginning of a word of a spelling, with its edge where it is short and all of it is known."""
    start = word[0][:_LETTERS]
    return f"{start}{_EDGE}" if len(start) < _LETTERS and word.end() < len(word.string) else start


def _spellings(items: Iterable[Any]) -> set[str] | None:
    """All texts that what stands in a row can be; None where they are too many to tell."""
    row, letters = {""}, ""
    for item in items:
        if item[0] is reading.LITERAL:
            letters += chr(item[1])
            continue
        spelled = _spellings_of(item)
        if spelled is None or len(row) * len(spelled) > _MOST_SPELLINGS:
            return None
        row = {before + letters + after for before in row for after in spelled}
        letters = ""
    return {before + letters for before in row} if letters else row


def _spellings_of(item: Any) -> set[str] | None:
    kind, value = item[0].name, item[1]
    match kind:
        case "LITERAL":
            return {chr(value)}
        case "AT":
            return {_EDGE} if str(value) in ("AT_BOUNDARY", "AT_BEGINNING") else {""}
        case "ASSERT":
            return {""}
        case "ASSERT_NOT":
            return {_EDGE if value[0] < 0 and _is_word_sign(value[1]) else ""}
        case "SUBPATTERN":
            return None if _has_flags(value) else _spellings(value[3].data)
        case "BRANCH":
            ways = [_spellings(way.data) for way in value[1]]
            found = {text for way in ways if way is not None for text in way}
            return found if None not in ways and len(found) <= _MOST_SPELLINGS else None
        case "IN":
            return _spellings_of_class(value)
        case kind if kind in _REPEATS:
            return _spellings_of_repeat(*value)
        case _:
            return None


def _is_word_sign(items: Any) -> bool:
    """Whether something is one sign of a class to which all letters and digits belong."""
    if len(items) != 1 or items[0][0].name != "IN":
        return False
    parts = [str(value if kind.name == "CATEGORY" else kind) for kind, value in items[0][1]]
    return "CATEGORY_WORD" in parts and "NEGATE" not in parts


def _has_flags(group: Any) -> bool:
    """Whether what is in a group is read otherwise than what is around it, as capitals may be."""
    return bool(group[1] or group[2])


def _spellings_of_class(parts: Any) -> set[str] | None:
    found: set[str] = set()
    for kind, value in parts:
        if kind.name == "LITERAL":
            found.add(chr(value))
        elif str(value) in ("CATEGORY_SPACE", "CATEGORY_NOT_WORD"):
            found.add(_EDGE)
        else:
            return None
    return found if len(found) <= _MOST_SIGNS else None


def _spellings_of_repeat(least: int, most: Any, items: Any) -> set[str] | None:
    once = _spellings(items.data)
    if once is None or int(most) > _MOST_TIMES:
        return None
    row = {""}
    found = set(row) if not least else set()
    for time in range(1, int(most) + 1):
        row = {before + after for before in row for after in once}
        if len(row) > _MOST_SPELLINGS:
            return None
        if time >= least:
            found |= row
    return found
