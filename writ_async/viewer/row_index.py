"""All rows by the columns of their fields: filtered, sorted, grouped, and handed out page by page."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from writ_async.errors import InputError
from writ_async.rows.fields import FIELDS, RowFields
from writ_async.rows.filter_language import parse_filter
from writ_async.rows.filtering import passing
from writ_async.rows.notes import RowNote, read_notes
from writ_async.rows.searched_texts import SearchedTexts
from writ_async.viewer.sources import OpenedRow, Source

MOST_ROWS: Final = 500
"""Most rows of a page."""
SHOWN: Final = tuple(name for name in FIELDS if name not in ("messages", "tool", "comment"))
"""The fields that a list is given of each row."""
_KEPT: Final = 8
_FACETS: Final = {"domain": 5, "kind": 6, "reason": 6, "run": 5, "tag": 6}
"""Of which fields the most frequent values are told, and how many of them."""
_FLAGS: Final = ("kept", "strict")


class Query(msgspec.Struct, frozen=True):
    """What a list shows. `sort` is a field, from the largest down with `-` before it; empty is the files' order."""

    filter: str = ""
    sort: str = ""
    by_task: bool = False


class Group(msgspec.Struct, frozen=True):
    """The head of a task's rows: how many are listed, how many of them have a reward, and how many have reward 1."""

    task: str
    rows: int
    rewarded: int
    solved: int


class ListedRow(msgspec.Struct, frozen=True):
    """One row of a list: the name by which it is asked for, and the fields that are shown."""

    key: str
    fields: dict[str, Any]


class Page(msgspec.Struct, frozen=True):
    """A part of a list: `lines` from `offset` of `total` ones, heads of groups among them.

    `found` counts the rows that pass, `rows` all that there are. `version` changes when rows or notes do.
    """

    lines: list[ListedRow | Group]
    offset: int
    total: int
    found: int
    rows: int
    version: int


class _Order(msgspec.Struct, frozen=True):
    """What a query comes to: rows by number, and heads of groups as -1 - the number of the head."""

    lines: Sequence[int]
    groups: Sequence[Group]
    found: int


class RowIndex:
    """The columns of all rows of some sources. Reading them costs what decoding costs; `further` reads new ones."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources
        self.columns: dict[str, Any] = {name: [] for name in FIELDS} | {"messages": SearchedTexts()}
        """The values of each field, row by row."""
        self.keys: list[str] = []
        self.version = 0
        self._places: list[tuple[int, int]] = []
        self._by_key: dict[str, int] = {}
        self._by_task: dict[str, list[int]] = {}
        self._counts = [0] * len(sources)
        self._notes: dict[str, RowNote] = {}
        self._facets: tuple[int, dict[str, list[tuple[str, int]]]] = (-1, {})
        self._orders: OrderedDict[tuple[int, Query], _Order] = OrderedDict()
        for source in sources:
            for row, note in read_notes(source.notes_path).items():
                self._notes[f"{source.name}/{row}"] = note

    def read_all(self) -> None:
        """Read all sources for the first time. Of several, what cannot be read is noticed.

        Raises `InputError` when none can be.
        """
        failed = 0
        for number, source in enumerate(self.sources):
            try:
                self._read(number, source)
            except InputError as exc:
                failed += 1
                if failed == len(self.sources):
                    raise
                source.notices.append(str(exc))

    def further(self) -> int:
        """Read what is new in all sources; how many rows that is. Raises `InputError`."""
        before = len(self.keys)
        for number, source in enumerate(self.sources):
            self._read(number, source)
        return len(self.keys) - before

    def _read(self, number: int, source: Source) -> None:
        before = len(self.keys)
        try:
            for fields in source.further():
                self._add(number, fields)
        finally:
            self.columns["messages"].settle()
            if len(self.keys) > before:
                self.version += 1

    def _add(self, source: int, fields: RowFields) -> None:
        number, row = self._counts[source], len(self.keys)
        self._counts[source] += 1
        key = f"{self.sources[source].name}/{fields.id}"
        if key in self._by_key:
            key = f"{key}~{number}"  # files of others may name two rows alike
        note = self._notes.get(key)
        if note is not None:
            fields.tag, fields.comment = note.tags, note.comment
        for name, column in self.columns.items():
            column.append(getattr(fields, name))
        self.keys.append(key)
        self._by_key[key] = row
        self._by_task.setdefault(fields.task, []).append(row)
        self._places.append((source, number))

    def number_of(self, key: str) -> int:
        """The number of a row. Raises `InputError` where there is none of that name."""
        found = self._by_key.get(key)
        if found is None:
            raise InputError(f"there is no row {key!r}; it may be of a run that is not open")
        return found

    def source_of(self, row: int) -> Source:
        """Where a row is from."""
        return self.sources[self._places[row][0]]

    def open(self, row: int) -> OpenedRow:
        """A row with all that can be known of it. Raises `InputError`."""
        source, number = self._places[row]
        return self.sources[source].open(number)

    def trials_of(self, row: int) -> list[int]:
        """The rows of the same task, of all sources, itself among them, by run and trial."""
        rows, domains = self._by_task[self.columns["task"][row]], self.columns["domain"]
        alike = [other for other in rows if domains[other] == domains[row]]
        return sorted(alike, key=lambda other: (self._places[other][0], self.columns["trial"][other] or 0))

    def note_on(self, row: int) -> RowNote | None:
        """The note on a row, if there is one."""
        return self._notes.get(self.keys[row])

    def take_note(self, row: int, note: RowNote) -> None:
        """Have a note hold from now on."""
        self._notes[self.keys[row]] = note
        self.columns["tag"][row], self.columns["comment"][row] = note.tags, note.comment
        self.version += 1

    def listed(self, row: int) -> ListedRow:
        """A row as lists show it."""
        return ListedRow(self.keys[row], {name: self.columns[name][row] for name in SHOWN})

    def page(self, query: Query, offset: int, limit: int) -> Page:
        """A part of a list. Raises `InputError` for a filter or a sort that is none."""
        order = self._order(query)
        lines = order.lines[max(offset, 0) : max(offset, 0) + min(limit, MOST_ROWS)]
        return Page(
            [self.listed(line) if line >= 0 else order.groups[-1 - line] for line in lines],
            max(offset, 0),
            len(order.lines),
            order.found,
            len(self.keys),
            self.version,
        )

    def line_of(self, query: Query, row: int) -> int:
        """Which line of a list a row is, or -1."""
        try:
            return self._order(query).lines.index(row)
        except ValueError:
            return -1

    def facets(self) -> dict[str, list[tuple[str, int]]]:
        """The most frequent values of some fields, with the number of rows that have them."""
        if self._facets[0] != self.version:
            self._facets = (self.version, self._counted())
        return self._facets[1]

    def _counted(self) -> dict[str, list[tuple[str, int]]]:
        found: dict[str, list[tuple[str, int]]] = {}
        for name, most in _FACETS.items():
            counts: Counter[str] = Counter()
            for value in self.columns[name]:
                counts.update(value if isinstance(value, tuple) else [value])
            found[name] = [(value, number) for value, number in counts.most_common(most) if value]
        for name in _FLAGS:
            known = Counter(str(value).lower() for value in self.columns[name] if value is not None)
            found[name] = sorted(known.items(), reverse=True)
        return found

    def _order(self, query: Query) -> _Order:
        key = (self.version, query)
        found = self._orders.get(key)
        if found is None:
            rows = passing(parse_filter(query.filter), self.columns, range(len(self.keys)))
            rows = self._sorted(rows, query.sort)
            found = self._grouped(rows) if query.by_task else _Order(rows, (), len(rows))
            self._orders[key] = found
            if len(self._orders) > _KEPT:
                self._orders.popitem(last=False)
        return found

    def _sorted(self, rows: Sequence[int], sort: str) -> Sequence[int]:
        """Rows by a field; those whose value is not known come last, equals stay in their order."""
        name = sort.removeprefix("-")
        if not name:
            return rows
        if name not in SHOWN:
            raise InputError(f"sort: there is no field {name!r} to sort by; there are: {', '.join(SHOWN)}")
        column = self.columns[name]
        unknown = [row for row in rows if column[row] in (None, "", ())]
        known = [row for row in rows if column[row] not in (None, "", ())]
        known.sort(key=lambda row: column[row], reverse=sort.startswith("-"))
        return known + unknown

    def _grouped(self, rows: Sequence[int]) -> _Order:
        """The same with the rows of a task together, under a head, in the order of each task's first row."""
        names, rewards_of = self.columns["task"], self.columns["reward"]
        tasks: dict[str, list[int]] = {}
        for row in rows:
            tasks.setdefault(names[row], []).append(row)
        groups, lines = [], list(self._with_heads(tasks))
        for task, own in tasks.items():
            rewards = [reward for row in own if (reward := rewards_of[row]) is not None]
            groups.append(Group(task, len(own), len(rewards), sum(reward == 1 for reward in rewards)))
        return _Order(lines, groups, len(rows))

    def _with_heads(self, tasks: dict[str, list[int]]) -> Iterator[int]:
        for number, own in enumerate(tasks.values()):
            yield -1 - number
            yield from own
