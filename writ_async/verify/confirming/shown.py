"""What tool results have shown of the things that a write names: looked up by id, decoded where one is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from writ_async.core.message import Message, ToolMessage
from writ_async.verify.confirming.naming import Part, Record, name_words, parts_of
from writ_async.verify.provenance import atoms

_FEW = 12
_ID_NAMES = ("id", "number", "code", "key")


class Shown:
    """The records in the successful results of a conversation that the agent has seen."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._results = [
            (index, message.content or "")
            for index, message in enumerate(messages)
            if isinstance(message, ToolMessage) and not message.error and message.requestor == "assistant"
        ]
        self._latest_first = self._results[::-1]
        self._parts: dict[int, tuple[Part, ...]] = {}
        self._part_words: dict[int, frozenset[str]] = {}
        self._read: dict[int, _Result] = {}
        self._by_field: dict[str, dict[int, list[tuple[str, Record]]]] = {}

    def named(self, name: str, until: int) -> Iterator[Record]:
        """The records that an id stands for, the latest first; an id has letters or figures."""
        for index, content in self._latest_first:
            if index < until and name in content:
                yield from self._decoded(index, content).named(name)

    def records(self, until: int, holding: str = "") -> Iterator[Record]:
        """All records in results that have a text in them, the latest result first."""
        for index, content in self._latest_first:
            if index < until and holding in content:
                yield from self._decoded(index, content).records

    def came_up_after(self, name: str, place: int, until: int) -> bool:
        """Whether results have shown an id only after a message, so that nobody could speak of it before."""
        places = (index for index, content in self._results if index < until and name in content)
        return next(places, place) > place

    def alike(self, record: Record | None, argument: str, name: str, until: int) -> dict[str, Record]:
        """The other records of the same kind as one, by the field that holds its id, or is called as the argument."""
        field = argument
        if record is not None:
            field = next((key for key, value in record.fields.items() if value == name), "")
        found: dict[str, Record] = {}
        for item_name, item in self._with_field(field, until) if field else ():
            if item_name != name:
                found.setdefault(item_name, item)
        return found

    def _with_field(self, field: str, until: int) -> Iterator[tuple[str, Record]]:
        """The larger records that have a field, each with what stands in it; every result is gone through once."""
        known = self._by_field.setdefault(field, {})
        holding = f'"{field}"'
        for index, content in self._latest_first:
            if index >= until:
                continue
            if index not in known:
                records = self._decoded(index, content).records if holding in content else ()
                known[index] = [
                    (value, one)
                    for one in records
                    if len(one.fields) > 4 and isinstance(value := one.fields.get(field), str)
                ]
            yield from known[index]

    def parts_of(self, record: Record) -> tuple[Part, ...]:
        """The parts of a record, taken apart once."""
        if id(record) not in self._parts:
            self._parts[id(record)] = parts_of(record)
        return self._parts[id(record)]

    def name_words_of(self, record: Record) -> frozenset[str]:
        """The words of the names of the parts of a record, looked up once."""
        if id(record) not in self._part_words:
            self._part_words[id(record)] = name_words(record)
        return self._part_words[id(record)]

    def _decoded(self, index: int, content: str) -> _Result:
        if index not in self._read:
            result = _Result(index)
            try:
                shown = msgspec.json.decode(content)
                if isinstance(shown, dict | list):
                    result.collect(shown, "", None, ())
            except (msgspec.DecodeError, RecursionError):
                result = _Result(index)
            self._read[index] = result
        return self._read[index]


def _names_of(record: Record) -> set[str]:
    """By what a record may be named: its key, and its fields whose names say that they are ids or numbers."""
    names = {value for name, value in record.fields.items() if name.endswith(_ID_NAMES) and type(value) is str}
    names.add(record.key)
    return names


class _Result:
    """The records of one result, the outer before the inner."""

    __slots__ = ("_by_name", "_index", "records")

    def __init__(self, index: int) -> None:
        self.records: list[Record] = []
        self._by_name: dict[str, list[Record]] | None = None
        self._index = index

    def named(self, name: str) -> Sequence[Record]:
        """The records that an id stands for. Few are gone through, many are put in order once."""
        if len(self.records) <= _FEW:
            return [
                one
                for one in self.records
                if one.key == name or (name in one.fields.values() and name in _names_of(one))
            ]
        if self._by_name is None:
            self._by_name = {}
            for record in self.records:
                for own in _names_of(record):
                    self._by_name.setdefault(own, []).append(record)
        return self._by_name.get(name, ())

    def collect(self, value: Any, key: str, whole: Record | None, siblings: tuple[Mapping[str, Any], ...]) -> None:
        """Take in a value and what is in it, which stands under a key of a whole and beside others of its kind."""
        # What was decoded has no classes of its own, and to ask for a type is cheaper than for an instance of several.
        if type(value) is list:
            held = [item for item in value if type(item) is dict or type(item) is list]
            inner = tuple([item for item in held if type(item) is dict])
            for item in held:
                self.collect(item, "", whole, inner)
            return
        nested = [pair for pair in value.items() if type(pair[1]) is dict or type(pair[1]) is list]
        if not nested:
            self.records.append(Record(key, value, whole, siblings, self._index))
            return
        inner = tuple([item for _, item in nested if type(item) is dict])
        if len(inner) == len(value):
            for name, item in nested:
                self.collect(item, name, whole, inner)
            return
        record = Record(key, value, whole, siblings, self._index)
        self.records.append(record)
        for name, item in nested:
            self.collect(item, name, record, ())


def flat_values(record: Mapping[str, Any]) -> list[Any]:
    """The plain values of a record, at any depth but in lists."""
    return [value for path, value in atoms({k: v for k, v in record.items() if not isinstance(v, list)})]
