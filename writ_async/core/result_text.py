"""The texts of tool messages: JSON as Python's `json` writes it, of entities that many conversations read."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

_MOST_KEPT: Final = 4096
_EXPONENT: Final = re.compile(rb"e(?<=\de)[-+]?\d")
_encode = msgspec.json.Encoder().encode


def encode_result(value: Any) -> str:
    """The text of a tool message: strings verbatim, all else as JSON in the format of Python's `json.dumps`.

    Numbers and booleans that stand outside a Struct become JSON strings, as in τ²-bench's environment.
    """
    return value if isinstance(value, str) else _result_text(value)


def _result_text(value: Any) -> str:
    if isinstance(value, msgspec.Struct):
        return _entity_text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_result_text, value))}]"
    return json.dumps(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return str(value)


class _EntityTexts:
    """The JSON of the frozen entities that were read last.

    A read gives the world's own entity, and the conversations of a run, their replays and their golds read the same
    ones. An entity is kept with its text, so that no other can get its identity.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[int, tuple[msgspec.Struct, str]] = {}

    def find(self, entity: msgspec.Struct) -> str:
        """Its text; one that could be changed is encoded each time."""
        found = self._known.get(id(entity))
        if found is not None:
            return found[1]
        text = _struct_text(entity)
        if entity.__struct_config__.frozen:
            if len(self._known) >= self._most:
                self._known.clear()  # rare, and cheaper than to know which were used last
            self._known[id(entity)] = (entity, text)
        return text


_entity_text = _EntityTexts(_MOST_KEPT).find


def _struct_text(entity: msgspec.Struct) -> str:
    """The text of an entity, by msgspec at a third of the cost where it writes what `json` does.

    It does not for signs beyond ASCII, which `json` escapes, and for numbers with many zeros behind the point or before
    it, which have an exponent in `json` or in both.
    """
    try:
        data = _encode(entity)
    except (TypeError, ValueError, OverflowError, RecursionError):
        data = b"\xff"  # whatever is wrong with it, the slow way says so
    if not data.isascii() or b"\x7f" in data or b"0.0000" in data or _EXPONENT.search(data) is not None:
        return json.dumps(msgspec.to_builtins(entity))
    return msgspec.json.format(data, indent=0).decode()
