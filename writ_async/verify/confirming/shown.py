"""What tool results have shown of the things that a write names: looked up by id, gone through as far as is asked."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, Final

from writ_async.core.message import Message, ToolMessage
from writ_async.verify.confirming.kin import Kin
from writ_async.verify.confirming.naming import Part, Record, parts_of
from writ_async.verify.decoding import decoded
from writ_async.verify.provenance import atoms

_FEW = 12
_LARGE = 4
"""Fields: a record with more than these is a thing of its own, and not the mention of one."""
_ID_NAMES = ("id", "number", "code", "key")
_HOLDS: Final = frozenset({dict, list})
_DICT: Final = {dict}


class Shown:
    """The records in the successful results of a conversation that the agent has seen."""

    def __init__(self, messages: Sequence[Message]) -> None:
        shown = [
            (index, message.content or "")
            for index, message in enumerate(messages)
            if type(message) is ToolMessage and not message.error and message.requestor == "assistant"
        ]
        self._messages = [index for index, _ in shown]
        self._contents = [content for _, content in shown]
        self._holding: dict[str, _Holding] = {}
        self._parts: dict[int, tuple[Part, ...]] = {}
        self._read: dict[int, _Result] = {}
        self._kin: dict[str, Kin] = {}

    def named(self, name: str, until: int) -> Iterator[Record]:
        """The records that an id stands for, the latest first; an id has letters or figures."""
        for place in self._with(name, until):
            yield from self._result(place).named(name)

    def records(self, until: int, holding: str = "") -> Iterator[Record]:
        """All records in results that have a text in them, the latest result first."""
        for place in self._with(holding, until):
            yield from self._result(place).all()

    def has_any_between(self, place: int, until: int) -> bool:
        """Whether anything was shown after a message and before another one."""
        first = bisect_right(self._messages, place)
        return first < len(self._messages) and self._messages[first] < until

    def came_up_after(self, name: str, place: int, until: int) -> bool:
        """Whether results have shown an id only after a message, so that nobody could speak of it before."""
        first, end = bisect_right(self._messages, place), bisect_left(self._messages, until)
        if not any(name in content for content in self._contents[first:end]):
            return False
        return next(self._with(name, place + 1), None) is None

    def kin_of(self, record: Record | None, argument: str, name: str) -> Kin:
        """The records of the same kind as one, by the field that holds its id, or is called as the argument."""
        field = argument
        if record is not None:
            field = next((key for key, value in record.fields.items() if value == name), "")
        if field not in self._kin:
            self._kin[field] = kin = Kin()
            quoted = f'"{field}"'
            for place, content in enumerate(self._contents if field else ()):
                if quoted in content:
                    for value, one in self._result(place).having(field):
                        kin.add(value, one)
        return self._kin[field]

    def parts_of(self, record: Record) -> tuple[Part, ...]:
        """The parts of a record, taken apart once."""
        if id(record) not in self._parts:
            self._parts[id(record)] = parts_of(record)
        return self._parts[id(record)]

    def _with(self, text: str, until: int) -> Iterator[int]:
        """The places of the results before a message that have a text in them, the latest first."""
        end = bisect_left(self._messages, until)
        holding = self._holding.get(text)
        if holding is None:
            holding = self._holding[text] = _Holding(self._contents, text, end)
        return holding.before(end)

    def _result(self, place: int) -> _Result:
        if place not in self._read:
            self._read[place] = _Result(self._messages[place], self._contents[place])
        return self._read[place]


class _Holding:
    """Which of some results have a text in them: each is looked through once, and no more than somebody asks for."""

    __slots__ = ("_contents", "_first", "_found", "_later", "_next", "_text")

    def __init__(self, contents: Sequence[str], text: str, end: int) -> None:
        self._contents = contents
        self._text = text
        self._next = self._first = end
        self._found: list[int] = []
        self._later: list[int] = []

    def before(self, end: int) -> Iterator[int]:
        """The places before one of the results that have the text, the latest first."""
        text, contents = self._text, self._contents
        if end > self._next:
            self._later += [place for place in range(self._next, end) if contents[place].rfind(text) >= 0]
            self._next = end
        yield from [place for place in reversed(self._later) if place < end]
        told = 0
        while True:
            while told < len(self._found):
                told += 1
                if self._found[told - 1] < end:
                    yield self._found[told - 1]
            if not self._first:
                return
            self._first -= 1
            if contents[self._first].rfind(text) >= 0:  # From its end a text is searched much faster.
                self._found.append(self._first)


def _is_name(name: str, held: int, values: Sequence[Any], record: Record) -> bool:
    """Whether a record may be named by what its `values` hold so many times: by the fields in which it stands."""
    place = -1
    for _ in range(held):
        place = values.index(name, place + 1)
        if list(record.fields)[place].endswith(_ID_NAMES):
            return True
    return False


def _names_of(record: Record) -> set[str]:
    """By what a record may be named: its key, and its fields whose names say that they are ids or numbers."""
    names = {value for name, value in record.fields.items() if name.endswith(_ID_NAMES) and type(value) is str}
    names.add(record.key)
    return names


class _Result:
    """The records of one result, the outer before the inner; they are made as far as somebody looks."""

    __slots__ = ("_by_name", "_content", "_index", "_records", "_waiting")

    def __init__(self, index: int, content: str) -> None:
        self._index = index
        self._content = content
        self._records: list[Record] = []
        self._by_name: dict[str, list[Record]] | None = None
        value = decoded(content)
        self._waiting: list[tuple[str, Any, tuple[Mapping[str, Any], ...]]] = []
        if type(value) in _HOLDS:
            self._waiting.append(("", value, ()))

    def all(self) -> Iterator[Record]:
        """The records, one after the other."""
        place = 0
        while place < len(self._records) or self._make_next():
            yield self._records[place]
            place += 1

    def having(self, field: str) -> Iterator[tuple[str, Record]]:
        """The larger records that have a field, each with what stands in it."""
        left = self._content.count(f'"{field}"')
        for record in self.all() if left else ():
            value = record.fields.get(field)
            if len(record.fields) > _LARGE and isinstance(value, str):
                yield value, record
            left -= field in record.fields
            if left <= 0:
                return

    def named(self, name: str) -> Sequence[Record]:
        """The records that an id stands for. Few are gone through, many are put in order once."""
        if self._by_name is not None:
            return self._by_name.get(name, ())
        left = self._content.count(f'"{name}"')
        found: list[Record] = []
        place = 0
        while left > 0 and (place < len(self._records) or self._make_next()):
            if place == _FEW:
                return self._in_order().get(name, ())
            record = self._records[place]
            place += 1
            values = list(record.fields.values())
            held = values.count(name)
            if record.key == name or (held and _is_name(name, held, values, record)):
                found.append(record)
            left -= held + (record.key == name)
        return found

    def _in_order(self) -> Mapping[str, Sequence[Record]]:
        self._by_name = {}
        for record in self.all():
            for own in _names_of(record):
                self._by_name.setdefault(own, []).append(record)
        return self._by_name

    def _make_next(self) -> bool:
        """Take what waits apart until there is one more record; false where there is none."""
        while self._waiting:
            key, value, siblings = self._waiting.pop()
            of_list = type(value) is list
            kinds = set(map(type, value if of_list else value.values()))
            is_table = of_list or kinds == _DICT
            if kinds == _DICT:
                inner = tuple(value if of_list else value.values())
                names = repeat("") if of_list else reversed(value)
                self._waiting += zip(names, reversed(inner), repeat(inner), strict=False)
            elif not _HOLDS.isdisjoint(kinds):
                pairs = [("", item) for item in value] if of_list else list(value.items())
                nested = [pair for pair in pairs if type(pair[1]) in _HOLDS]
                beside = tuple([item for _, item in nested if type(item) is dict]) if of_list else ()
                self._waiting += [(name, item, beside) for name, item in reversed(nested)]
            if not is_table:
                self._records.append(Record(key, value, siblings, self._index))
                return True
        return False


def flat_values(record: Mapping[str, Any]) -> list[Any]:
    """The plain values of a record, at any depth but in lists."""
    return [value for path, value in atoms({k: v for k, v in record.items() if not isinstance(v, list)})]
