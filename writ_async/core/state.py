"""Worlds and states: a frozen database shared by every conversation, and what one conversation changed in it.

An entity is a frozen `msgspec.Struct`, or any value that msgspec can encode. A `World` holds tables of entities by id
and never changes. A `State` is a world plus an overlay of the entities that were written: opening one, and forking one,
costs O(1), a write O(entity), the digest O(touched entities).

The digest of a state is the sum modulo 2^128 of `blake2b-128(msgpack([table, id, entity]))` over all entities. A sum is
free of order and can be corrected entity by entity; it is no defence against somebody who forges entities on purpose.
Numbers are told apart by type: 2, 2.0 and "2" give three digests, as they give three JSON texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final, TypeVar, cast

import msgspec

Entity = Any
T = TypeVar("T")

_MASK: Final = (1 << 128) - 1
_OF_WORLD: Final = object()
"""Stands for the entity that the world has, where a state had not written one yet."""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def entity_hash(table: str, key: str, entity: Entity) -> int:
    """128-bit hash of one entity under its table and id."""
    try:
        data = _encode((table, key, entity))
    except (OverflowError, UnicodeEncodeError):
        # A model may have written an integer beyond 64 bits or half a surrogate pair, which msgpack cannot hold.
        data = repr((table, key, entity)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=16).digest(), "big")


class World:
    """A frozen database: `tables[table][id]` is an entity. Shared by all states; never written to."""

    __slots__ = ("_digest", "_hashes", "_indexes", "domain", "tables")

    def __init__(self, domain: str, tables: Mapping[str, Mapping[str, Entity]]) -> None:
        self.domain = domain
        self.tables: Mapping[str, Mapping[str, Entity]] = tables
        self._hashes: dict[tuple[str, str], int] = {}
        self._indexes: dict[str, Any] = {}
        self._digest: int | None = None

    def entity_hash(self, table: str, key: str) -> int:
        """Hash of an entity of the world (0 when there is none), computed once."""
        slot = (table, key)
        found = self._hashes.get(slot)
        if found is None:
            rows = self.tables[table]
            found = entity_hash(table, key, rows[key]) if key in rows else 0
            self._hashes[slot] = found
        return found

    def digest_value(self) -> int:
        """The digest as an integer; the first call hashes every entity."""
        if self._digest is None:
            total = 0
            for table, rows in self.tables.items():
                for key, entity in rows.items():
                    total += entity_hash(table, key, entity)
            self._digest = total & _MASK
        return self._digest

    def digest(self) -> str:
        """The digest as 32 hexadecimal digits."""
        return f"{self.digest_value():032x}"

    def index(self, name: str, build: Callable[[World], T]) -> T:
        """A value derived from the world, built at the first call and kept: an index of a table, say."""
        if name not in self._indexes:
            self._indexes[name] = build(self)
        return cast(T, self._indexes[name])


class State:
    """A world plus the entities that one conversation wrote.

    The digest is kept with the entities that it counted and that were written since, so that taking it again costs
    what was written in between.
    """

    __slots__ = ("_before", "_digest", "_overlay", "_shared", "world")

    def __init__(self, world: World) -> None:
        self.world = world
        self._overlay: dict[tuple[str, str], Entity] | None = None
        self._shared = False
        self._digest: int | None = None
        self._before: dict[tuple[str, str], Entity] | None = None

    def get(self, table: str, key: str) -> Entity | None:
        """The entity as this state sees it, or None. A key that is no string finds nothing."""
        overlay = self._overlay
        if overlay is not None:
            slot = (table, key)
            try:
                if slot in overlay:
                    return overlay[slot]
            except TypeError:
                return None
        try:
            return self.world.tables[table].get(key)
        except TypeError:
            return None

    def put(self, table: str, key: str, entity: Entity) -> None:
        """Write one entity; the world, and every fork of this state, keep theirs."""
        overlay = self._overlay
        if overlay is None:
            overlay = self._overlay = {}
        elif self._shared:
            overlay = self._overlay = overlay.copy()
            self._before = None if self._before is None else self._before.copy()
            self._shared = False
        slot = (table, key)
        if self._digest is not None:
            if self._before is None:
                self._before = {}
            self._before.setdefault(slot, overlay.get(slot, _OF_WORLD))
        overlay[slot] = entity

    def remove(self, table: str, key: str) -> None:
        """Take one entity away."""
        self.put(table, key, None)

    @property
    def is_touched(self) -> bool:
        """Whether anything was written."""
        return bool(self._overlay)

    def touched(self) -> Iterator[tuple[str, str, Entity | None]]:
        """The written entities as (table, id, entity or None where it was removed), in order of first write."""
        for (table, key), entity in (self._overlay or {}).items():
            yield table, key, entity

    def items(self, table: str) -> Iterator[tuple[str, Entity]]:
        """All (id, entity) of a table: the world's in its order, then those added in order of first write."""
        base = self.world.tables[table]
        overlay = self._overlay
        if not overlay:
            yield from base.items()
            return
        for key, entity in base.items():
            entity = overlay.get((table, key), entity) if (table, key) in overlay else entity
            if entity is not None:
                yield key, entity
        for (where, key), entity in overlay.items():
            if where == table and key not in base and entity is not None:
                yield key, entity

    def fork(self) -> State:
        """An independent state with the same content; O(1), the overlay is copied at the next write of either."""
        other = State(self.world)
        if self._overlay is not None:
            other._overlay = self._overlay
            other._shared = self._shared = True
        other._digest = self._digest
        other._before = self._before
        return other

    def digest_value(self) -> int:
        """The digest as an integer."""
        world, overlay = self.world, self._overlay or {}
        if self._digest is None:
            total = world.digest_value()
            before = dict.fromkeys(overlay, _OF_WORLD)
        elif self._before:
            total, before = self._digest, self._before
        else:
            return self._digest
        for slot, old in before.items():
            if old is _OF_WORLD:
                total -= world.entity_hash(*slot)
            elif old is not None:
                total -= entity_hash(*slot, old)
            entity = overlay[slot]
            if entity is not None:
                total += entity_hash(*slot, entity)
        self._before = None
        self._digest = total & _MASK
        return self._digest

    def digest(self) -> str:
        """The digest as 32 hexadecimal digits; two states are equal exactly when their digests are."""
        return f"{self.digest_value():032x}"
