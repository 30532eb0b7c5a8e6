"""A column of long texts in which parts are looked for: once over all of them, not text by text in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import polars as pl


class SearchedTexts(Sequence[str]):
    """Texts by number, to which more are appended. Searching costs about a second per 10 GB."""

    def __init__(self) -> None:
        self._series = pl.Series([], dtype=pl.String)
        self._new: list[str] = []

    def append(self, text: str) -> None:
        """Add a text behind the others."""
        self._new.append(text)

    def holding(self, part: str, rows: Sequence[int]) -> list[int]:
        """The texts among some that hold a part, in the order of `rows`."""
        series = self.settle()
        if len(rows) == len(series) and isinstance(rows, range):
            return series.str.contains(part, literal=True).arg_true().to_list()
        chosen = pl.Series(rows, dtype=pl.UInt32)
        return chosen.filter(series.gather(chosen).str.contains(part, literal=True)).to_list()

    def settle(self) -> pl.Series:
        """All texts, the new ones put to the others, so that the next search need not wait for that."""
        if self._new:
            self._series = pl.concat([self._series, pl.Series(self._new, dtype=pl.String)])
            self._new = []
        return self._series

    def __len__(self) -> int:
        return len(self._series) + len(self._new)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        series = self.settle()
        return str(series[row]) if isinstance(row, int) else series[row].to_list()
