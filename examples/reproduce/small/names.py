"""Names that are drawn anew: ids and totals of a row as tokens of small pools, and all tokens as numbers.

What is learnt is then to copy an id and to compare amounts, never an id or an amount itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Final

from examples.reproduce.small.dialect import (
    CHOICES,
    DONE,
    ERROR,
    GO,
    MOST_IDS,
    MOST_TOTALS,
    OK,
    ORIGINAL,
    REASONS,
    VERBS,
    Case,
)

PADDING: Final = 0
_UNKNOWN: Final = 1
_POOLS: Final = {"@": ("S", MOST_IDS), "$": ("T", MOST_TOTALS)}


class Naming:
    """The names of one row: `rename` and `restore` are each other's inverse.

    Ids are names drawn in any order, amounts names drawn in the order of the amounts.
    """

    def __init__(self, sizes: tuple[int, int], rng: Random) -> None:
        self._names: dict[str, str] = {}
        for (mark, (letter, most)), size in zip(_POOLS.items(), sizes, strict=True):
            drawn = rng.sample(range(most), size)
            drawn = drawn if mark == "@" else sorted(drawn)
            self._names |= {f"{mark}{place}": f"{letter}{name}" for place, name in enumerate(drawn)}
        self._places = {name: token for token, name in self._names.items()}

    def rename(self, tokens: Iterable[str]) -> list[str]:
        """Tokens with names for places."""
        return [self._names.get(token, token) for token in tokens]

    def restore(self, tokens: Iterable[str]) -> list[str]:
        """Tokens with places for names; a name that stands for nothing stays."""
        return [self._places.get(token, token) for token in tokens]


def sizes_of(case: Case) -> tuple[int, int]:
    """How many ids and totals a case has."""
    return len(case.places), len(case.totals)


class Vocabulary:
    """Tokens as numbers: those of the dialect, the pools, and words that were seen in rows to train on."""

    def __init__(self, words: Sequence[str]) -> None:
        fixed = ["<padding>", "<unknown>", GO, DONE, *VERBS[:-1], OK, ERROR, ORIGINAL, *REASONS, *CHOICES]
        pools = [f"{letter}{name}" for letter, most in _POOLS.values() for name in range(most)]
        self.tokens = list(dict.fromkeys([*fixed, *pools, *words]))
        self._numbers = {token: number for number, token in enumerate(self.tokens)}

    @property
    def scale(self) -> list[int]:
        """The numbers of the tokens for totals, from the least on."""
        return self.encode(f"T{name}" for name in range(MOST_TOTALS))

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Numbers of tokens; a word that no row had is the unknown one."""
        return [self._numbers.get(token, _UNKNOWN) for token in tokens]


def words_of(rows: Iterable[Sequence[str]]) -> list[str]:
    """All words of rows in the alphabet's order, places left out."""
    return sorted({token for row in rows for token in row if token[0] not in _POOLS})
