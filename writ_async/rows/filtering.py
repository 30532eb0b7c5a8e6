"""Which rows pass a filter: one row by its fields, or many by columns."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from writ_async.rows.fields import FIELDS, RowFields
from writ_async.rows.filter_language import All, Comparison, Either, Filter, Not
from writ_async.rows.searched_texts import SearchedTexts

Columns = Mapping[str, Sequence[Any]]
"""The values of each field, by its name, in the order of the rows."""
Test = Callable[[Any], bool]

_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def passes(wanted: Filter, fields: RowFields) -> bool:
    """Whether a row with these fields passes."""
    if isinstance(wanted, Comparison):
        return _test(wanted)(getattr(fields, wanted.field))
    if isinstance(wanted, Not):
        return not passes(wanted.one, fields)
    together = any if isinstance(wanted, Either) else all
    return together(passes(part, fields) for part in wanted.parts)


def passing(wanted: Filter, columns: Columns, rows: Sequence[int]) -> Sequence[int]:
    """The rows among some that pass, in their order. What was said is searched last, where fewest are left."""
    if isinstance(wanted, Comparison):
        column, test = columns[wanted.field], _test(wanted)
        if wanted.sign == "~" and isinstance(column, SearchedTexts):
            return column.holding(str(wanted.value).lower(), rows)
        return [row for row in rows if test(column[row])]
    if isinstance(wanted, Not):
        found = set(passing(wanted.one, columns, rows))
        return [row for row in rows if row not in found]
    if isinstance(wanted, All):
        for part in sorted(wanted.parts, key=_searches):
            rows = passing(part, columns, rows)
        return rows
    any_of: set[int] = set()
    for part in sorted(wanted.parts, key=_searches):
        any_of.update(passing(part, columns, [row for row in rows if row not in any_of]))
    return [row for row in rows if row in any_of]


def _searches(wanted: Filter) -> bool:
    """Whether a filter has to look through what was said."""
    if isinstance(wanted, Comparison):
        return FIELDS[wanted.field].kind == "words"
    if isinstance(wanted, Not):
        return _searches(wanted.one)
    return any(map(_searches, wanted.parts))


def _test(wanted: Comparison) -> Test:
    """What a comparison asks of a value."""
    kind, sign, value = FIELDS[wanted.field].kind, wanted.sign, wanted.value
    if not sign:
        return bool
    if sign == "~":
        return _search(kind, str(value).lower())
    if kind == "texts":
        return (lambda have: value in have) if sign == "==" else (lambda have: value not in have)
    if sign == "==":
        return lambda have: have is not None and have == value
    if sign == "!=":
        return lambda have: have is None or have != value
    order = _ORDERS[sign]
    return lambda have: have is not None and order(have, value)


def _search(kind: str, part: str) -> Test:
    if kind == "words":  # which are in lower case already
        return lambda have: part in have
    if kind == "texts":
        return lambda have: any(part in one.lower() for one in have)
    return lambda have: part in have.lower()
