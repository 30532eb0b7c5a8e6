"""τ²-bench's view of a database: its hash of the whole `db.json`, and what changed against the stock one.

The benchmark hashes the JSON text of all records. The text of a record that a state did not touch is made once and
spliced in, so that a hash costs the join and the SHA-256 of the text, not the encoding of every record.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from writ_async.core.domain import Domain
from writ_async.core.state import State, World

_PARTS: Mapping[str, Mapping[str, str]] = {"retail": {}, "airline": {"flight_dates": "flights"}}
"""Per domain whose records can be spliced: the tables that hold parts of another table's records. The id of a part is
the record's id, a slash, and a rest; every other table is a collection of `db.json` under its own name."""

_FLOATS: Mapping[str, tuple[str, ...]] = {"retail": ("exchange_price_difference",)}
"""Per domain the fields of records that are declared as floats, but that a tool may leave an integer in."""

_OF_USERS: Mapping[str, tuple[str, ...]] = {"telecom": ("device", "surroundings")}
"""Per domain whose users have tools: the members of a dump that the benchmark keeps in a database of the user's."""

_MOMENTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "telecom": {"customers": ("created_at",), "devices": ("activation_date", "last_esim_transfer_date")}
}
"""Per domain the fields of a list of records that are a day and a time, which the canonical text parts by a T."""

_Changes = Mapping[str, Mapping[str, Any]]
"""Collection, then id, then the record as plain data, or None where it was removed."""


_Part = Callable[[Domain, Mapping[str, Any]], dict[str, Any]]


class Style(NamedTuple):
    """A way to write JSON, keys sorted; `encode` gives one record."""

    encode: Callable[[Any], str]
    item: str
    pair: str

    def row(self, key: str, record: Any) -> bytes:
        """The text of one entry of an object."""
        return f"{self.encode(key)}{self.pair}{self.encode(record)}".encode()


class Hashes(NamedTuple):
    """SHA-256 of a database, 64 hexadecimal digits each.

    `plain` is over the text of `json.dumps(..., sort_keys=True, default=str)` and is the one that the benchmark
    compares; `canonical` is over the same with compact separators, without ASCII escapes, and with every number in
    its field's declared type, where `plain` tells 0 from 0.0.
    """

    plain: str
    canonical: str


_PLAIN = Style(json.JSONEncoder(sort_keys=True, default=str).encode, ", ", ": ")
_CANONICAL = Style(
    json.JSONEncoder(sort_keys=True, default=str, separators=(",", ":"), ensure_ascii=False).encode, ",", ":"
)


def plain_hashes(domain: Domain, state: State) -> Hashes:
    """The hashes of a state, made from the whole dump; slow, and right for every domain."""
    dumped = agents_part(domain, domain.dump(state))
    typed = _canonical(domain, dumped)
    return Hashes(
        sha256(_PLAIN.encode(dumped).encode()).hexdigest(), sha256(_CANONICAL.encode(typed).encode()).hexdigest()
    )


def user_hashes(domain: Domain, state: State) -> Hashes | None:
    """The hashes of the database that the benchmark keeps for a user who has tools; None where there is none."""
    if domain.name not in _OF_USERS:
        return None
    dumped = users_part(domain, domain.dump(state))
    return Hashes(*(sha256(style.encode(dumped).encode()).hexdigest() for style in (_PLAIN, _CANONICAL)))


def _canonical(domain: Domain, dumped: Mapping[str, Any]) -> dict[str, Any]:
    """A dump with every value in its field's declared type, as JSON writes it."""
    moments = _MOMENTS.get(domain.name)
    if moments is None:
        return {collection: _typed(domain.name, rows) for collection, rows in dumped.items()}
    return {
        collection: [_with_moments(record, moments[collection]) for record in rows] if collection in moments else rows
        for collection, rows in dumped.items()
    }


def _with_moments(record: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    return {**record, **{field: record[field].replace(" ", "T") for field in fields if record[field] is not None}}


def agents_part(domain: Domain, dumped: Mapping[str, Any]) -> dict[str, Any]:
    """What of a dump the benchmark keeps in the agent's database."""
    return {name: rows for name, rows in dumped.items() if name not in _OF_USERS.get(domain.name, ())}


def users_part(domain: Domain, dumped: Mapping[str, Any]) -> dict[str, Any]:
    """What of a dump the benchmark keeps in the user's database."""
    return {name: rows for name, rows in dumped.items() if name in _OF_USERS.get(domain.name, ())}


def _typed(domain: str, rows: Mapping[str, Any]) -> Mapping[str, Any]:
    """Records by id with integers made floats in the fields that are declared so."""
    if domain not in _FLOATS:
        return rows
    changed = {
        key: {**record, field: float(record[field])}
        for key, record in rows.items()
        for field in _FLOATS[domain]
        if record is not None and type(record.get(field)) is int
    }
    return {**rows, **changed} if changed else rows


class DatabaseText:
    """Hashes and differences of the states of one world. Holds the text of the world's records, twice."""

    def __init__(self, domain: Domain, world: World) -> None:
        self.domain = domain
        self.world = world
        self._stock: dict[str, dict[str, Any]] = domain.dump(State(world))
        self._splices = domain.name in _PARTS
        spliced = self._stock if self._splices else {}
        self._plain = _Spliced(_PLAIN, spliced)
        self._canonical = _Spliced(_CANONICAL, {name: _typed(domain.name, rows) for name, rows in spliced.items()})
        self._parts: dict[str, dict[str, list[str]]] = {
            table: _parts_by_owner(world, table) for table in _PARTS.get(domain.name, {})
        }

    def hashes(self, state: State) -> Hashes:
        """The hashes of a state of this world."""
        if not self._splices:
            return plain_hashes(self.domain, state)
        changes = self._changes(state)
        typed = {collection: _typed(self.domain.name, rows) for collection, rows in changes.items()}
        return Hashes(self._plain.sha256(changes), self._canonical.sha256(typed))

    def plain_hash(self, state: State) -> str:
        """The hash that the benchmark compares, alone."""
        return self._plain.sha256(self._changes(state)) if self._splices else plain_hashes(self.domain, state).plain

    def user_hashes(self, state: State) -> Hashes | None:
        """The hashes of the database that the benchmark keeps for a user who has tools; None where there is none."""
        return user_hashes(self.domain, state)

    def diff(self, state: State) -> dict[str, Any]:
        """What a state changed: nested objects of changed and added keys, removed keys under `$del`.

        Lists and scalars are given whole. All values are as JSON gives them back: lists, not tuples.
        """
        if not self._splices:
            return self._difference_in(agents_part, state)
        before: dict[str, dict[str, Any]] = {}
        after: dict[str, dict[str, Any]] = {}
        for collection, rows in self._changes(state).items():
            stock = self._stock[collection]
            before[collection] = _as_json({key: stock[key] for key in rows if key in stock})
            after[collection] = _as_json({key: record for key, record in rows.items() if record is not None})
        return _difference(before, after)

    def user_diff(self, state: State) -> dict[str, Any]:
        """The same of the database that the benchmark keeps for a user who has tools."""
        return self._difference_in(users_part, state)

    def _difference_in(self, part: _Part, state: State) -> dict[str, Any]:
        dumps = (self._stock, self.domain.dump(state))
        before, after = (_as_json(_canonical(self.domain, part(self.domain, dumped))) for dumped in dumps)
        return _difference(before, after)

    def _changes(self, state: State) -> _Changes:
        """The records that a state touched, as they are now, also those that were set to what they had been."""
        owners = _PARTS[self.domain.name]
        touched: dict[str, dict[str, None]] = {}
        for table, key, _ in state.touched():
            owner = owners.get(table)
            collection, record = (owner, key.rpartition("/")[0]) if owner else (table, key)
            touched.setdefault(collection, {})[record] = None
        dumped = self.domain.dump(State(self._restricted(state, touched)))
        return {collection: {key: dumped[collection].get(key) for key in keys} for collection, keys in touched.items()}

    def _restricted(self, state: State, touched: Mapping[str, Mapping[str, None]]) -> World:
        """A world of the touched records alone, parts included, as the state sees them."""
        tables: dict[str, dict[str, Any]] = {table: {} for table in self.world.tables}
        for table, key, entity in state.touched():
            if entity is not None:
                tables[table][key] = entity
        for table, owner in _PARTS[self.domain.name].items():
            for record in touched.get(owner, ()):
                entity = state.get(owner, record)
                if entity is not None:
                    tables[owner][record] = entity
                for key in self._parts[table].get(record, ()):
                    entity = state.get(table, key)
                    if entity is not None:
                        tables[table][key] = entity
        return World(self.world.domain, tables)


class _Spliced:
    """The text of a world in one style, cut into records."""

    def __init__(self, style: Style, stock: Mapping[str, Mapping[str, Any]]) -> None:
        self._style = style
        self._rows = {
            collection: {key: style.row(key, stock[collection][key]) for key in sorted(stock[collection])}
            for collection in sorted(stock)
        }
        self._bodies = {collection: self._join(rows) for collection, rows in self._rows.items()}

    def _join(self, rows: Mapping[str, bytes]) -> bytes:
        return self._style.item.encode().join(rows.values())

    def sha256(self, changes: _Changes) -> str:
        """The hash of the text with the changed records in place of the stock ones."""
        digest = sha256(b"{")
        opening = ""
        for collection, rows in self._rows.items():
            digest.update(f"{opening}{self._style.encode(collection)}{self._style.pair}{{".encode())
            digest.update(self._body(collection, rows, changes.get(collection)))
            opening = "}" + self._style.item
        digest.update(b"}}" if self._rows else b"}")
        return digest.hexdigest()

    def _body(self, collection: str, rows: Mapping[str, bytes], changed: Mapping[str, Any] | None) -> bytes:
        if not changed:
            return self._bodies[collection]
        merged = dict(rows)
        for key, record in changed.items():
            if record is None:
                merged.pop(key, None)
            else:
                merged[key] = self._style.row(key, record)
        if not changed.keys() <= rows.keys():
            merged = {key: merged[key] for key in sorted(merged)}
        return self._join(merged)


def _parts_by_owner(world: World, table: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key in world.tables[table]:
        found.setdefault(key.rpartition("/")[0], []).append(key)
    return found


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, new in after.items():
        old = before.get(key)
        if key in before and isinstance(old, dict) and isinstance(new, dict):
            inner = _difference(old, new)
            if inner:
                found[key] = inner
        elif key not in before or old != new:
            found[key] = new
    removed = sorted(key for key in before if key not in after)
    if removed:
        found["$del"] = removed
    return found
