"""By what words the parts of a record are named, so that each is told from the others there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from writ_async.verify.confirming.wording import has_any, name_forms, phrase_of

_SHORT = 3
_NAMES = ("name", "title", "label")


class Record(msgspec.Struct, frozen=True, eq=False):
    """One object of a result: the key that it stands under, what it holds, and the object that it is part of."""

    key: str
    fields: Mapping[str, Any]
    whole: Record | None
    siblings: tuple[Mapping[str, Any], ...] = ()
    message: int = -1


class Part(msgspec.Struct, frozen=True, eq=False):
    """One object in a list of a record: its name, the texts in it, and the phrases that name it and no other there."""

    fields: Mapping[str, Any]
    name: str
    texts: frozenset[str]
    forms: tuple[str, ...]

    def is_in(self, words: str) -> bool:
        """Whether words name it."""
        return has_any(words, self.forms)


def parts_of(record: Record) -> tuple[Part, ...]:
    """The objects in the lists of a record that people can tell apart, by a name or else by a number."""
    held = [
        item for value in record.fields.values() if isinstance(value, list) for item in value if isinstance(item, dict)
    ]
    named = [item for item in held if name_of(item)] or [
        item for item in held if any(_numbers(item, ("number", "code")))
    ]
    names = [phrase_of(name_of(item)) for item in named]
    return tuple(
        Part(
            item,
            name_of(item),
            frozenset(value for value in item.values() if isinstance(value, str)),
            tuple(_forms(item, names[index], [name for other, name in enumerate(names) if other != index])),
        )
        for index, item in enumerate(named)
    )


def name_of(fields: Mapping[str, Any]) -> str:
    """The name by which people call a record, empty where it has none."""
    for key in _NAMES:
        value = fields.get(key)
        if isinstance(value, str) and len(value) > 1:
            return value
    return ""


def name_words(parts: Iterable[Part]) -> frozenset[str]:
    """The words of the names of parts, short ones aside."""
    return frozenset(word for part in parts for word in phrase_of(part.name).split() if len(word) > _SHORT)


def _forms(item: Mapping[str, Any], name: str, others: Sequence[str]) -> Iterator[str]:
    for number in _numbers(item, ("id", "number", "code")):
        yield phrase_of(number)
    if not name.strip():
        return
    if name not in others:
        yield name
        if name.count(" ") == 3:
            yield from name_forms(name.replace(" ", ""))
    taken = {word for other in others for word in other.split()}
    own = [word for word in name.split() if word not in taken]
    for word in own or name.split()[-1:]:
        if len(word) > _SHORT or not own:
            yield from name_forms(word)


def _numbers(fields: Mapping[str, Any], ends: tuple[str, ...]) -> Iterator[str]:
    for name, value in fields.items():
        if isinstance(value, str) and len(value) > 2 and name.endswith(ends):
            yield value
