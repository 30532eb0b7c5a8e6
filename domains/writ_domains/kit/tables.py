"""Database files that hold one table each in the members of a JSON object: how a world is read and written back.

>>> from writ_async.core.state import State
>>> from writ_domains.kit.people import Name
>>> load, dump = load_and_dump("names", {"names": Name})
>>> world = load(b'{"names": {"1": {"first_name": "Ann", "last_name": "Reed"}}}')
>>> world.tables["names"]["1"]
Name(first_name='Ann', last_name='Reed')
>>> dump(State(world))
{'names': {'1': {'first_name': 'Ann', 'last_name': 'Reed'}}}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import GenericAlias
from typing import Any

import msgspec

from writ_async.core.state import State, World

Load = Callable[[bytes], World]
Dump = Callable[[State], dict[str, Any]]


def load_and_dump(domain: str, kinds: Mapping[str, type]) -> tuple[Load, Dump]:
    """`Domain.load` and `Domain.dump` of a domain from the type of the records of each table."""
    fields = [(table, GenericAlias(dict, (str, kind))) for table, kind in kinds.items()]
    decoder = msgspec.json.Decoder(msgspec.defstruct("Database", fields))

    def load(data: bytes) -> World:
        database = decoder.decode(data)
        return World(domain, {table: getattr(database, table) for table in kinds})

    def dump(state: State) -> dict[str, Any]:
        # Through JSON, because `to_builtins` leaves tuples and the shape has lists.
        plain: dict[str, Any] = msgspec.json.decode(
            msgspec.json.encode({table: dict(state.items(table)) for table in kinds})
        )
        return plain

    return load, dump
