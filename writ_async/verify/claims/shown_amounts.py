"""The amounts in the results of a conversation, looked for by their figures: few results are ever counted."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Sequence
from itertools import accumulate
from typing import Any, Final

from writ_async.verify.claims.entities import Shown, may_have_exponent, numbers_under

_BEFORE_NUMBERS: Final = frozenset({" ", ":", ",", "[", "-", "\n", "\t", "\r"})
_LONG_DECIMAL: Final = re.compile(r"\.[0-9]{3}")
"""What a text has that holds numbers to be rounded."""


class ShownAmounts:
    """The amounts in the results that `shown` has when somebody asks. `money` are the fields where amounts stand."""

    def __init__(self, money: frozenset[str], shown: Sequence[Shown]) -> None:
        self._money = money
        self._shown = shown
        self._seen = 0
        self._uncounted: list[Shown | None] = []
        self._told_uncounted = ""
        self._counted = 0
        self._starts: list[int] = []
        self._have_exponents = self._have_decimals = False
        self._looked = 0
        self._amounts: set[int] = set()

    def has(self, cents: int) -> bool:
        """Whether an amount stands in a result where amounts stand. Only a result that has its figures is counted.

        Few results have numbers that are rounded or have an exponent: whether any has is asked last.
        """
        if self._seen < len(self._shown) or 2 * self._counted > len(self._told_uncounted):
            self._take_in(self._shown[self._seen :])
        if cents in self._amounts:
            return True
        own, rounded = _figures_of(cents)
        if self._is_in(cents, self._having(own)):
            return True
        self._look_for_unusual()
        having = self._having(rounded) if self._have_decimals else set()
        if self._have_exponents:
            uncounted = enumerate(self._uncounted)
            having.update([place for place, one in uncounted if one is not None and may_have_exponent(one.text)])
        return self._is_in(cents, having)

    def _is_in(self, cents: int, places: Collection[int]) -> bool:
        """Whether an amount stands in one of some results, the latest first; those that are read are counted."""
        for place in sorted(places, reverse=True):
            shown = self._uncounted[place]
            if shown is None:
                continue
            value = shown.value
            if value is not None:
                self._count(value)
                self._uncounted[place] = None
                self._counted += len(shown.text)
            if cents in self._amounts or (
                value is None and any(has_number(shown.text, form) for form in forms_of(cents))
            ):
                return True
        return False

    def _take_in(self, new: Sequence[Shown]) -> None:
        """Take in results that are new, and put the texts of all that were not counted yet in a row to be searched."""
        self._seen = len(self._shown)
        uncounted = [*filter(None, self._uncounted), *new]
        texts = [one.text for one in uncounted]
        self._uncounted, self._counted = [*uncounted], 0
        self._told_uncounted = "\n".join((*texts, ""))
        self._starts = [0, *accumulate([len(text) + 1 for text in texts])]

    def _look_for_unusual(self) -> None:
        """Ask the results that are new whether any number in them is to be rounded or has an exponent."""
        if self._looked < self._seen:
            text = "\n".join([one.text for one in self._shown[self._looked : self._seen]])
            self._looked = self._seen
            self._have_exponents = self._have_exponents or may_have_exponent(text)
            self._have_decimals = self._have_decimals or _LONG_DECIMAL.search(text) is not None

    def _having(self, figures: str) -> set[int]:
        """Which results have some figures, of those whose texts lie in a row; some were counted since."""
        told, starts = self._told_uncounted, self._starts
        having: set[int] = set()
        place = told.rfind(figures)
        while place >= 0:
            end = place + len(figures)
            if (place == 0 or told[place - 1] in _BEFORE_NUMBERS) and ("." in figures or not told[end].isdecimal()):
                which = bisect_right(starts, place) - 1
                having.add(which)
                place = told.rfind(figures, 0, starts[which])
            else:
                place = told.rfind(figures, 0, end - 1)
        return having

    def _count(self, value: Any) -> None:
        """Take in the amounts of a result."""
        inside = not self._money or not isinstance(value, dict | list)
        numbers = numbers_under(value, self._money, inside=inside)
        self._amounts.update([round(abs(number) * 100) for number in numbers])


def _figures_of(cents: int) -> tuple[str, str]:
    """The figures that a number begins with that comes to an amount, unless it has an exponent: its own, or it is
    rounded. Without cents they are all that the number has before its point.
    """
    whole, rest = divmod(cents, 100)
    dollars, before = divmod(cents - 1, 100)
    own = f"{whole}.{rest:02d}".rstrip("0") if rest else f"{whole}"
    return own, f"{dollars}.{before:02d}"


def forms_of(cents: int) -> tuple[str, ...]:
    """The ways in which a number is written in results."""
    whole, rest = divmod(cents, 100)
    if rest == 0:
        forms: tuple[str, ...] = (f"{whole}", f"{whole}.0", f"{whole}.00")
    elif rest % 10 == 0:
        forms = (f"{whole}.{rest // 10}", f"{whole}.{rest:02d}")
    else:
        forms = (f"{whole}.{rest:02d}",)
    return forms


def has_number(result: str, form: str) -> bool:
    """Whether a number stands in a result as a number, in this form."""
    for wanted in (f": {form}", f": -{form}", f":{form}"):
        place = result.find(wanted)
        while place >= 0:
            end = place + len(wanted)
            if end == len(result) or result[end] in ",}] \n":
                return True
            place = result.find(wanted, end)
    return False
