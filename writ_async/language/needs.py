"""What a pattern needs of a text: beginnings of words without which it cannot be found, read off its parse tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from re import _parser as reading  # type: ignore[attr-defined]
from typing import Any, Final

LETTERS: Final = 4
"""So many letters of a word are looked at."""
_WORD: Final = re.compile(r"(?<=\W)\w+")
EDGE: Final = "\0"
"""Stands in a spelling for a place before which no word goes on."""
_MOST_SPELLINGS: Final = 30
_MOST_TIMES: Final = 3
_MOST_SIGNS: Final = 8
_MOST_NEEDS: Final = 2
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


def needs_of(pattern: str) -> list[Need]:
    """What words a text needs so that a pattern may be found in it; each need has to be met, by any of its words.

    The needs that fewest texts meet come first.

    Sound, and not complete: what the pattern asks for beside them is left to the pattern.
    """
    tree = reading.parse(pattern)
    return sorted(_needs(tree), key=_width) if tree.state.flags == re.UNICODE.value else []


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
        edge = EDGE if all(map(_ends, row)) else ""
        if spelled is not None:
            row = {edge + after for after in spelled}
        else:
            found += _needs_within(item, edge)
            row = {EDGE if _ends_at_edge(item, bool(edge)) else ""}
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
    start = word[0][:LETTERS]
    return f"{start}{EDGE}" if len(start) < LETTERS and word.end() < len(word.string) else start


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
            return {EDGE} if str(value) in ("AT_BOUNDARY", "AT_BEGINNING") else {""}
        case "ASSERT":
            return {""}
        case "ASSERT_NOT":
            return {EDGE if value[0] < 0 and _is_word_sign(value[1]) else ""}
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
            found.add(EDGE)
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
