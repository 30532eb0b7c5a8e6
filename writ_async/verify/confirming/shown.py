"""What tool results have shown of the things that a write names: looked up by id, decoded where one is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from writ_async.core.message import Message, ToolMessage
from writ_async.verify.confirming.naming import Part, Record, parts_of
from writ_async.verify.provenance import atoms


class Shown:
    """The records in the successful results of a conversation that the agent has seen."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._messages = messages
        self._places = [
            index
            for index, message in enumerate(messages)
            if isinstance(message, ToolMessage) and not message.error and message.requestor == "assistant"
        ]
        self._parts: dict[int, tuple[Part, ...]] = {}
        self._read: dict[int, tuple[list[Record], dict[str, list[Record]]]] = {}

    def named(self, name: str, until: int) -> Iterator[Record]:
        """The records that an id stands for, the latest first."""
        for index in reversed(self._places):
            if index < until and name in (self._messages[index].content or ""):
                yield from self._decoded(index)[1].get(name, ())

    def records(self, until: int, holding: str = "") -> Iterator[Record]:
        """All records in results that have a text in them, the latest result first."""
        for index in reversed(self._places):
            if index < until and holding in (self._messages[index].content or ""):
                yield from self._decoded(index)[0]

    def came_up_after(self, name: str, place: int, until: int) -> bool:
        """Whether results have shown an id only after a message, so that nobody could speak of it before."""
        places = (index for index in self._places if index < until and name in (self._messages[index].content or ""))
        return next(places, place) > place

    def alike(self, record: Record | None, argument: str, name: str, until: int) -> dict[str, Record]:
        """The other records of the same kind as one, by the field that holds its id, or is called as the argument."""
        field = argument
        if record is not None:
            field = next((key for key, value in record.fields.items() if value == name), "")
        found: dict[str, Record] = {}
        for item in self.records(until, f'"{field}"') if field else ():
            value = item.fields.get(field)
            if isinstance(value, str) and value != name and len(item.fields) > 4:
                found.setdefault(value, item)
        return found

    def parts_of(self, record: Record) -> tuple[Part, ...]:
        """The parts of a record, taken apart once."""
        if id(record) not in self._parts:
            self._parts[id(record)] = parts_of(record)
        return self._parts[id(record)]

    def _decoded(self, index: int) -> tuple[list[Record], dict[str, list[Record]]]:
        if index not in self._read:
            found: list[Record] = []
            try:
                shown = msgspec.json.decode(self._messages[index].content or "")
                _collect(shown, "", None, (), found, index)
            except (msgspec.DecodeError, RecursionError):
                found = []
            names: dict[str, list[Record]] = {}
            for record in found:
                for name in _names_of(record):
                    names.setdefault(name, []).append(record)
            self._read[index] = found, names
        return self._read[index]


def _collect(
    value: Any,
    key: str,
    whole: Record | None,
    siblings: tuple[Mapping[str, Any], ...],
    found: list[Record],
    index: int,
) -> None:
    if isinstance(value, dict):
        record = Record(key, value, whole, siblings, index)
        inner = tuple(item for item in value.values() if isinstance(item, dict))
        table = len(inner) == len(value) > 0
        if not table:
            found.append(record)
        for name, item in value.items():
            if isinstance(item, dict | list):
                _collect(item, name, whole if table else record, inner if table else (), found, index)
    elif isinstance(value, list):
        inner = tuple(item for item in value if isinstance(item, dict))
        for item in value:
            if isinstance(item, dict | list):
                _collect(item, "", whole, inner, found, index)


def _names_of(record: Record) -> Iterator[str]:
    """By what a record may be named: its key, and its fields whose names say that they are ids or numbers."""
    seen = {record.key} if record.key else set()
    for name, value in record.fields.items():
        if isinstance(value, str) and value and (name.endswith(("id", "number", "code", "key")) or value == record.key):
            seen.add(value)
    yield from seen


def flat_values(record: Mapping[str, Any]) -> list[Any]:
    """The plain values of a record, at any depth but in lists."""
    return [value for path, value in atoms({k: v for k, v in record.items() if not isinstance(v, list)})]
