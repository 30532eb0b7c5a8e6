"""Options that can be compared: sizes, capacities, counts. A scale has the values of an option, smallest first.

>>> ordered(["XL", "S", "M"])
['S', 'M', 'XL']
>>> ordered(["10 gallons", "4 gallons"])
['4 gallons', '10 gallons']
>>> ordered(["oak", "pine"])
[]
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_WORDS: Final = (
    ("XS", "S", "M", "L", "XL", "XXL"),
    ("small", "medium", "large"),
    ("soft", "medium", "firm", "hard"),
    ("light", "medium", "heavy"),
    ("standard", "queen", "king"),
)
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)[ -]?([a-z%]*)", re.IGNORECASE)


def ordered(values: Iterable[str]) -> list[str]:
    """The distinct values from the smallest to the largest, or none where they cannot all be compared."""
    distinct = list(dict.fromkeys(values))
    for words in _WORDS:
        if set(distinct) <= set(words):
            return sorted(distinct, key=words.index)
    amounts = [_AMOUNT.fullmatch(value) for value in distinct]
    found = [amount for amount in amounts if amount is not None]
    units = {amount[2].casefold().removesuffix("s") for amount in found}
    if len(found) < len(distinct) or len(units) > 1:
        return []
    return sorted(distinct, key=lambda value: float(found[distinct.index(value)][1]))
