"""What a write comes to in money, as it follows from what was shown before it: a domain's rule, and what that gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

_HOLDS: Final = frozenset({dict, list})


class ShownResult(msgspec.Struct, frozen=True):
    """The result of a call that succeeded, as JSON data or as text, with the tool's name and the call's arguments."""

    name: str
    arguments: Mapping[str, Any]
    value: Any


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer pays for a write, or gets back.

    kind: money `back`, a `charge`, a `difference` (in price: negative where the customer gets it), a `transfer` (what
        `method` pays from now on goes back to `former`), or a `gesture` (what is given to make something good).
    amount: in dollars.
    what: what it is for, as a noun phrase.
    method: who pays or gets it, in words; so is `former`.
    when: by when it arrives, where the policy says so.
    new, old: of a difference, the prices that it lies between, each of one part; of money back, `new` are those that it
        is the sum of, and of a gesture what it is for one.
    each: for whom or what each of them is, in words, where it is had several times.
    """

    kind: Literal["back", "charge", "difference", "transfer", "gesture"]
    amount: float
    what: str
    method: str = ""
    former: str = ""
    when: str = ""
    new: tuple[float, ...] = ()
    old: tuple[float, ...] = ()
    each: str = ""


SettlementRule = Callable[[Sequence[ShownResult], str, Mapping[str, Any]], Settlement | None]
"""Gives what a write (a tool's name, its arguments) comes to by what was shown, or None where that does not tell it."""


def records_shown(shown: Sequence[ShownResult], key: str, value: str, has: str = "") -> Iterator[Mapping[str, Any]]:
    """The records in results in which a field has a value, the latest first; with `has`, those that have that field.

    >>> shown = [ShownResult("get_loan", {}, {"loan": "L1", "books": [{"book": "7", "fine": 2.5}]})]
    >>> [record["fine"] for record in records_shown(shown, "book", "7")]
    [2.5]
    """
    for result in reversed(shown):
        waiting = [result.value]
        while waiting:
            one = waiting.pop()
            # Most of what a record or a list holds is plain, and is not looked into.
            if type(one) is dict:
                if one.get(key) == value and (not has or has in one):
                    yield one
                waiting += [part for part in one.values() if type(part) in _HOLDS]
            elif type(one) is list:
                waiting += [part for part in one if type(part) in _HOLDS]
