"""Reading the values that a model wrote as arguments.

τ²-bench turns objects in arguments into typed records and leaves other values as they are; `integer` and `decimal`
accept what its validator accepts: 2.0 and " 2 " are the integer 2, 2.5 and "two" are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, TypeVar

import msgspec

from writ_async.core.tool import ToolError

S = TypeVar("S", bound=msgspec.Struct)
L = TypeVar("L", bound=str)

_INTEGER: Final = re.compile(r"([+-]?[0-9](?:_?[0-9])*)(?:\.0+)?")
_MAX_DIGITS: Final = 4300
_FLOAT_LIMIT: Final = 2.0**63


def records(kind: type[S], items: Any) -> list[S] | None:
    """The objects of a list as records, unknown keys dropped; None when any item is no object.

    Raises `ToolError` when there is nothing to iterate over or an object does not fit.
    """
    if not isinstance(items, Iterable):
        raise ToolError(f"a list of objects was expected, not {items!r}")
    if not all(isinstance(item, dict) for item in items):
        return None
    try:
        return [msgspec.convert(item, kind) for item in items]
    except msgspec.ValidationError as exc:
        raise ToolError(f"an object in the list does not fit: {exc}") from None


def text(value: Any) -> str:
    """A string as it is. Raises `ToolError` for anything else."""
    if not isinstance(value, str):
        raise ToolError(f"text was expected, not {value!r}")
    return value


def one_of(value: Any, allowed: tuple[L, ...]) -> L:
    """The allowed string that equals a value. Raises `ToolError` when there is none."""
    for word in allowed:
        if word == value:
            return word
    raise ToolError(f"{value!r} is none of {', '.join(allowed)}")


def integer(value: Any) -> int:
    """An integer, or what is plainly one. Raises `ToolError` for anything else."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _FLOAT_LIMIT:
        return int(value)
    if isinstance(value, str):
        found = _INTEGER.fullmatch(value.strip())
        if found and len(value) <= _MAX_DIGITS:
            return int(found[1])
    raise ToolError(f"a whole number was expected, not {value!r}")


def decimal(value: Any) -> float:
    """A float, or what can be read as one. Raises `ToolError` for anything else."""
    try:
        if isinstance(value, int | float) or (isinstance(value, str) and value.strip().isascii()):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise ToolError(f"a number was expected, not {value!r}")
