"""By what words the parts of a record are named, so that each is told from the others there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from writ_async.verify.confirming.patterns import pattern
from writ_async.verify.confirming.wording import has_any, name_forms, phrase_of, words_of

_SHORT = 3
_NO_NAMES = pattern("NO_NAMES")
_NAMES = ("name", "title", "label")


class Record(msgspec.Struct, frozen=True, eq=False):
    """One object of a result: the key that it stands under, what it holds, the objects beside it, and the message."""

    key: str
    fields: Mapping[str, Any]
    siblings: tuple[Mapping[str, Any], ...] = ()
    message: int = -1


class Part(msgspec.Struct, frozen=True, eq=False):
    """One object in a list of a record: its name, the texts in it, and the phrases that name it and no other there."""

    fields: Mapping[str, Any]
    name: str
    texts: frozenset[str]
    forms: tuple[str, ...]

    def is_in(self, words: str) -> bool:
        """Whether words name it, turns of speech aside."""
        return has_any(words, self.forms) and (
            _NO_NAMES.search(words) is None or has_any(_NO_NAMES.sub("  ", words), self.forms)
        )


def parts_of(record: Record) -> tuple[Part, ...]:
    """The objects in the lists of a record that people can tell apart, by a name or else by a number."""
    held = [(item, name_of(item)) for item in _held(record)]
    named = [pair for pair in held if pair[1]] or [pair for pair in held if _numbers(pair[0], ("number", "code"))]
    names = [phrase_of(name) for _, name in named]
    # In how many names a word stands: a name's own words are those of no other.
    shared = Counter([word for name in names for word in set(name.split())])
    alike = Counter(names)
    return tuple(
        [
            Part(
                item,
                called,
                frozenset([value for value in item.values() if isinstance(value, str)]),
                tuple(_forms(item, name, [word for word in name.split() if shared[word] == 1], alike[name] == 1)),
            )
            for (item, called), name in zip(named, names, strict=True)
        ]
    )


def name_of(fields: Mapping[str, Any]) -> str:
    """The name by which people call a record, empty where it has none."""
    for key in _NAMES:
        value = fields.get(key)
        if type(value) is str and len(value) > 1:
            return value
    return ""


def name_words(record: Record) -> frozenset[str]:
    """The words of the names of the parts of a record, short ones aside."""
    names = [name for item in _held(record) if (name := name_of(item))]
    joined = "\n".join(names)
    # Signs beyond ASCII are made plain in all of a text or in none of it.
    return _long_words(joined) if joined.isascii() else frozenset().union(*map(_long_words, names))


@lru_cache(maxsize=1024)
def _long_words(text: str) -> frozenset[str]:
    return frozenset([word for word in words_of(text).split() if len(word) > _SHORT])


def _held(record: Record) -> list[Mapping[str, Any]]:
    """The objects in the lists of a record."""
    values = record.fields.values()
    if list not in map(type, values):
        return []
    return [item for value in values if type(value) is list for item in value if type(item) is dict]


def _forms(item: Mapping[str, Any], name: str, own: Sequence[str], alone: bool) -> list[str]:
    """The phrases that name a part; `own` are the words that its name alone has, `alone` whether no name is alike."""
    found = [phrase_of(number) for number in _numbers(item, ("id", "number", "code"))]
    if not name.strip():
        return found
    if alone:
        found.append(name)
        if name.count(" ") == 3:
            found += name_forms(name.replace(" ", ""))
    for word in own or name.split()[-1:]:
        if len(word) > _SHORT or not own:
            found += name_forms(word)
    return found


def _numbers(fields: Mapping[str, Any], ends: tuple[str, ...]) -> list[str]:
    return [
        value for name, value in fields.items() if name.endswith(ends) and isinstance(value, str) and len(value) > 2
    ]
