"""What decides in a request, and whether a rewriting decides the same.

Words that decide stand in groups of sides (`decisive_words.toml`): cheapest against dearest, earliest against latest,
"or" against nothing. A text comes down to the sides that it names, to whether what may be refused is refused in it,
and to how many conditions it has. Two texts of one wish have these alike. The table is closed:
a synonym that it lacks makes a rewriting lose a side, and it is asked for again with the words that have to stay.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from writ_async.files import load_phrases

_PHRASES: Final = load_phrases(__package__ or "", "decisive_words.toml")
_IDLE: Final = re.compile(
    rf"(?<![\w'])(?:{'|'.join(sorted(_PHRASES.forms['idle'], key=len, reverse=True))})(?<=[\w,])(?![\w])"
)
_NO_GROUP: Final = ("refusals", "one_thing")
_SIDES: Final = {
    (group, side): forms
    for group, sides in _PHRASES.tables.items()
    if group not in _NO_GROUP
    for side, forms in sides.items()
}
_OPTIONAL: Final = _PHRASES.tables["refusals"]
_THINGS: Final = "|".join(_OPTIONAL["things"])
_DENIED: Final = re.compile(
    rf"(?<!\w)(?:{'|'.join(_OPTIONAL['deny'])})(?: \w+){{0,3}}? (?P<what>{_THINGS})(?!\w)"
    rf"|(?<!\w)(?P<said>{_THINGS})(?::| is| -)? (?:{'|'.join(_OPTIONAL['denied'])})"
)
_NAMED: Final = re.compile(rf"(?<!\w)({'|'.join(_OPTIONAL['named'])})(?!\w)")
_SAME_THING: Final = {name: one for one, names in _PHRASES.tables["one_thing"].items() for name in names}
_NOT_AGAIN: Final = frozenset({("extent", "rest")})
_COUNTED: Final = (("choice", "either"), ("condition", "if"))


Side = tuple[str, str]
"""A group and one of its sides."""


class Decisions(msgspec.Struct, frozen=True):
    """What a text decides: how often it names each side, in which words first, and what it refuses of what it names."""

    sides: Mapping[Side, int]
    words: Mapping[Side, str]
    denied: frozenset[str]
    named: frozenset[str]


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    """All forms, the longest first, each under the name of its side."""
    forms = [(form, f"{group}__{side}") for (group, side), texts in _SIDES.items() for form in texts]
    forms.sort(key=lambda item: -len(item[0]))
    parts = [f"(?P<{name}__{number}>{form})" for number, (form, name) in enumerate(forms)]
    return re.compile(rf"(?<![\w'-])(?:{'|'.join(parts)})(?![\w])")


def decisions_of(text: str) -> Decisions:
    """What a text decides. Costs O(words)."""
    plain = _IDLE.sub(" ; ", " ".join(text.casefold().replace("’", "'").split()))
    sides: Counter[Side] = Counter()
    words: dict[Side, str] = {}
    for found in _pattern().finditer(plain):
        group, side, _ = str(found.lastgroup).split("__")
        sides[group, side] += 1
        words.setdefault((group, side), found[0])
    denied = {found["what"] or found["said"] for found in _DENIED.finditer(plain)}
    return Decisions(
        sides,
        words,
        frozenset(_SAME_THING.get(what, what) for what in denied),
        frozenset(_SAME_THING.get(what, what) for what in _NAMED.findall(plain)),
    )


def words_to_keep(text: str) -> list[str]:
    """The words of a text that decide something, for whoever is to rewrite it."""
    return list(dict.fromkeys(decisions_of(text).words.values()))


def why_other_wish(old: str, new: str) -> str:
    """Why a text decides something else than an older one did, or an empty text.

    It does where a side is gone or has come, where one of a group is named less often and another one more often, where
    a choice or a condition is missing, and where something is refused that was not, or the other way round.
    """
    before, now = decisions_of(old), decisions_of(new)
    for side, words in before.words.items():
        if side not in now.sides:
            return f"decides: {words!r} is missing, or said in words that nobody knows"
    for side, words in now.words.items():
        if side not in before.sides:
            return f"decides: {words!r} is not what the original says"
        more = now.sides[side] > before.sides[side]
        if more and (side in _NOT_AGAIN or _less_of_another(side, before, now)):
            return f"decides: {words!r} stands where the original says something else"
    for side in _COUNTED:
        if now.sides.get(side, 0) < before.sides.get(side, 0):
            return f"decides: one {before.words[side]!r} is missing"
    for what in sorted(before.denied ^ now.denied):
        if what in before.named | now.named | now.denied:
            return f"decides: {what} is {'now' if what in now.denied else 'no longer'} refused"
    for what in sorted(now.named - before.named):
        return f"decides: {what} is not in the original"
    return ""


def _less_of_another(side: Side, before: Decisions, now: Decisions) -> bool:
    group = {other: count for other, count in before.sides.items() if other[0] == side[0] and other != side}
    return any(now.sides.get(other, 0) < count for other, count in group.items())
