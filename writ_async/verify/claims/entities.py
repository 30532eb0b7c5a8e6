"""Records that tools showed, by their ids and with their fields, for what an agent says of them in words.

Nothing is indexed before somebody asks: most messages name no record of which anything is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.message import ToolCall
from writ_async.verify.claims.clock import minutes_in
from writ_async.verify.decoding import decoded

_EXPONENT: Final = re.compile(r"e[-+0-9](?<=\de.)(?:(?<=\d)|\d)")
_MOST: Final = 1e9
_HELD: Final = frozenset({dict, list})
_PLAIN: Final = 60
_UNREAD: Final = object()
_NESTED: Final = 300


class Shown:
    """A result: the call that it answers, its text in lower case, and what it is as JSON."""

    __slots__ = ("_content", "_value", "call", "text")

    def __init__(self, call: ToolCall | None, text: str, content: str) -> None:
        self.call = call
        self.text = text
        self._content = content
        self._value: Any = _UNREAD

    @property
    def value(self) -> Any:
        """What it is as JSON, read when somebody asks; None where it is none."""
        if self._value is _UNREAD:
            self._value = _decoded(self._content)
        return self._value


def may_have_exponent(text: str) -> bool:
    """Whether a text in lower case may have a number with an exponent."""
    return _EXPONENT.search(text) is not None


class Entities:
    """The records in the results of one conversation so far: those that `shown` has when somebody asks."""

    def __init__(self, domain: Domain, shown: Sequence[Shown]) -> None:
        facts = domain.facts
        self._timed = facts.timed
        named = (
            *(state.record for state in facts.states),
            *(count.record for count in facts.counts),
            *(price.record for price in facts.prices),
            *facts.timed,
        )
        self._keys = tuple(key for key in dict.fromkeys(named) if key)
        self._answers = {tool: state for state in facts.states for tool in state.answers}
        self._shown = shown
        self._by_id: dict[str, tuple[int, list[dict[str, Any]]]] = {}

    def of(self, name: str) -> list[dict[str, Any]]:
        """All that was shown of the record with an id, in lower case and without a sign in front of it."""
        read, found = self._by_id.get(name, (0, []))
        for shown in self._shown[read:]:
            if name in shown.text:
                found += self._records(shown, name)
            elif shown.call is not None and shown.call.function.name in self._answers and len(shown.text) < _PLAIN:
                found += self._answered(shown, shown.call, name)
        self._by_id[name] = (len(self._shown), found)
        return found

    def all_with(self, record: str, field: str) -> list[Any]:
        """The values of a field of all records that have an id in `record`; of the customer's own where it is empty."""
        return [
            found[field]
            for shown in self._shown
            if field in shown.text
            for found in _dicts(shown.value)
            if field in found and (not record or record in found)
        ]

    def having(self, field: str, values: Collection[str]) -> Iterator[dict[str, Any]]:
        """The records that have one of some values in a field."""
        for shown in self._shown:
            if any(value in shown.text for value in values):
                yield from (found for found in _dicts(shown.value) if found.get(field) in values)

    def minutes_of(self, name: str) -> set[int]:
        """The times of day, as minutes, that were shown of the record with an id."""
        return {
            minutes
            for record in self.of(name)
            if any(key in record for key in self._timed)
            for value in record.values()
            if isinstance(value, str)
            for minutes in minutes_in(value)
        }

    def _records(self, shown: Shown, name: str) -> Iterator[dict[str, Any]]:
        whole = shown.value
        if isinstance(whole, dict) and self._is_named(whole, name):
            yield whole  # What is in it has ids of its own.
        else:
            yield from (record for record in _dicts(whole) if self._is_named(record, name))

    def _is_named(self, record: dict[str, Any], name: str) -> bool:
        for key in self._keys:
            text = record.get(key)
            if isinstance(text, str) and text.casefold().lstrip("#") == name:
                return True
        return False

    def _answered(self, shown: Shown, call: ToolCall, name: str) -> Iterator[dict[str, Any]]:
        """What a tool answered of a record in a word."""
        state = self._answers[call.function.name]
        arguments = _arguments(call)
        if str(arguments.get(state.record, "")).casefold().lstrip("#") == name:
            yield {**arguments, state.field: shown.text}


def _decoded(text: str) -> Any:
    """A result as JSON; None where it is none, or is nested deeper than anybody would look."""
    if text[:1] not in '{["-0123456789':
        return None
    value = decoded(text)
    if text.count("{") + text.count("[") > _NESTED:
        with suppress(RecursionError):
            for _ in numbers_under(value, ()):  # Whoever looks into it later does so with as many steps.
                pass
            return value
        return None
    return value


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    """The dicts in a value, itself included, each before those in it."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind is dict:
            yield item
            if not _HELD.isdisjoint(map(type, item.values())):
                waiting += [part for part in reversed(item.values()) if type(part) in _HELD]
        elif kind is list:
            waiting += [part for part in reversed(item) if type(part) in _HELD]


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(call.function.arguments)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return {}
    return value if isinstance(value, dict) else {}


def numbers_under(value: Any, fields: Collection[str], *, inside: bool = False) -> Iterator[float]:
    """The numbers that stand under one of some fields of a record, at any depth."""
    found: list[float] = []
    _add_numbers(value, fields, inside, found)
    return iter(found)


def _add_numbers(value: Any, fields: Collection[str], inside: bool, found: list[float]) -> None:
    # Most values are plain, and need no call of their own.
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            kind = type(item)
            if kind is str:
                continue
            if kind is dict or kind is list:
                _add_numbers(item, fields, inside or key in fields, found)
            elif (inside or key in fields) and (kind is int or kind is float) and abs(item) < _MOST:
                found.append(item)
    elif kind is list:
        for item in value:
            kind = type(item)
            if kind is dict or kind is list:
                _add_numbers(item, fields, inside, found)
            elif inside and (kind is int or kind is float) and abs(item) < _MOST:
                found.append(item)
    elif inside and (kind is int or kind is float) and abs(value) < _MOST:
        found.append(value)
