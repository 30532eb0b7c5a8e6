"""By what words the parts of a record are named, so that each is told from the others there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from writ_async.verify.confirming.patterns import pattern
from writ_async.verify.confirming.wording import has_any, name_forms, phrase_of, singular_of, words_of

_SHORT = 3
_NO_NAMES = pattern("NO_NAMES")
_NAMES = ("name", "title", "label")


class Record(msgspec.Struct, frozen=True, eq=False):
    """One object of a result: the key that it stands under, what it holds, the objects beside it, and the message."""

    key: str
    fields: Mapping[str, Any]
    siblings: tuple[Mapping[str, Any], ...] = ()
    message: int = -1


class Part:
    """One object in a list of a record: its name, the texts in it, and the phrases that name it and no other there.

    `phrase` is the name as words, `own` are those that its name alone has, and `alone` says that no name is alike.
    """

    __slots__ = ("_alone", "_beginnings", "_forms", "_own", "_phrase", "_texts", "fields", "name")

    def __init__(self, fields: Mapping[str, Any], name: str, phrase: str, own: Sequence[str], alone: bool) -> None:
        self.fields, self.name = fields, name
        self._phrase, self._alone = phrase, alone
        # Where no word is its own, the last one names it; of the own ones those that are not too short.
        self._own = [word for word in own if len(word) > _SHORT] if own else phrase.split()[-1:]
        self._texts: frozenset[str] | None = None
        self._forms: tuple[str, ...] | None = None
        self._beginnings: list[str] | None = None

    @property
    def texts(self) -> frozenset[str]:
        """The texts in its fields."""
        if self._texts is None:
            self._texts = frozenset([value for value in self.fields.values() if isinstance(value, str)])
        return self._texts

    @property
    def forms(self) -> tuple[str, ...]:
        """The phrases that name it."""
        if self._forms is None:
            found = self._numbers()
            if self._alone and self._phrase.strip():
                found.append(self._phrase)
                if self._phrase.count(" ") == 3:
                    found += name_forms(self._phrase.replace(" ", ""))
            for word in self._own:
                found += name_forms(word)
            self._forms = tuple(found)
        return self._forms

    def is_in(self, words: str) -> bool:
        """Whether words name it, turns of speech aside."""
        return (
            self._may_be_in(words)
            and has_any(words, self.forms)
            and (_NO_NAMES.search(words) is None or has_any(_NO_NAMES.sub("  ", words), self.forms))
        )

    def _may_be_in(self, words: str) -> bool:
        """Whether words have what any of its forms begins with: fewer phrases than there are forms."""
        if self._beginnings is None:
            found = self._numbers()
            found += [f" {singular_of(word)}" for word in self._own]
            if self._alone and self._phrase.strip():
                # A name of words that are all short is looked for as it is; any other has a word that is its own.
                found += [self._phrase] if not self._own else ()
                found += [f" {singular_of(self._phrase.replace(' ', ''))}"] if self._phrase.count(" ") == 3 else ()
            self._beginnings = found
        return has_any(words, self._beginnings)

    def _numbers(self) -> list[str]:
        return [phrase_of(number) for number in _numbers(self.fields, ("id", "number", "code"))]


def parts_of(record: Record) -> tuple[Part, ...]:
    """The objects in the lists of a record that people can tell apart, by a name or else by a number."""
    held = [(item, name_of(item)) for item in _held(record)]
    named = [pair for pair in held if pair[1]] or [pair for pair in held if _numbers(pair[0], ("number", "code"))]
    phrases = [phrase_of(name) for _, name in named]
    words = [phrase.split() for phrase in phrases]
    # In how many names a word stands: a name's own words are those of no other.
    shared: dict[str, int] = {}
    alike: dict[str, int] = {}
    for phrase, name in zip(phrases, words, strict=True):
        alike[phrase] = alike.get(phrase, 0) + 1
        for word in set(name):
            shared[word] = shared.get(word, 0) + 1
    return tuple(
        [
            Part(item, called, phrase, [word for word in name if shared[word] == 1], alike[phrase] == 1)
            for (item, called), phrase, name in zip(named, phrases, words, strict=True)
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


def _numbers(fields: Mapping[str, Any], ends: tuple[str, ...]) -> list[str]:
    values = [fields[name] for name in _ending(tuple(fields), ends)]
    return [value for value in values if isinstance(value, str) and len(value) > 2]


@lru_cache(maxsize=256)
def _ending(fields: tuple[str, ...], ends: tuple[str, ...]) -> tuple[str, ...]:
    """The names of fields that end so; most records have the same fields as others."""
    return tuple([field for field in fields if field.endswith(ends)])
