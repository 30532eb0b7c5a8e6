"""Amounts that follow from what was shown: sums, differences, remainders, and what the policy adds for each.

An amount must not be anybody's guess: what is reckoned with are the figures of the records that the call itself names
by their ids (the things chosen, the parts of what it is about), and the counts that it holds (for how many people). The
same field of all named records is added up, not any subset of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from writ_async.core.domain import Domain
from writ_async.verify.knowledge import Knowledge
from writ_async.verify.provenance import SMALL, atoms
from writ_async.verify.shown_records import is_id, texts_of

_CENT = 0.006
_INDEX = re.compile(r"\[\d+\]")
_MOST_FIGURES = 24
"""Of one field in one record, for pairs are added and subtracted."""
_LARGEST = 1e12
_MONEY = ("price", "amount", "cost", "fare", "fee", "total", "balance", "charge", "value", "paid", "due")
"""How fields that hold money are called; where a record has some, its other figures are no money."""

Figures = dict[str, float]


class Reckoning:
    """What can be reckoned for one call. Built once, asked for each amount of it that was not seen."""

    def __init__(self, name: str, arguments: Mapping[str, Any], know: Knowledge, domain: Domain) -> None:
        self._know = know
        self._amounts: dict[str, list[float]] = {}
        self._ids: dict[str, str] = {}
        words: set[str] = set()
        for path, value in atoms(dict(arguments)):
            kind = _INDEX.sub("[]", path)
            if isinstance(value, str):
                words.add(value)
                if is_id(value):
                    self._ids[value] = kind
            elif _is_figure(value):
                self._amounts.setdefault(kind, []).append(float(value))
        self._counts = _counts_in(arguments) | {1}
        self._words = words
        self._own, self._added = _policy_amounts(name, arguments, words, know, domain)
        self._is_reckoned = False
        self._totals: set[float] = set()
        self._singles: set[float] = set()

    def _reckon(self) -> None:
        """Make out, once, what the figures of the records come to."""
        if self._is_reckoned:
            return
        self._is_reckoned = True
        sums, others = self._named_figures(self._words)
        # What the policy adds to prices is no amount by itself.
        self._totals = {total * count + extra for total in sums for count in self._counts for extra in self._added}
        self._singles = self._totals | others | self._own

    def is_due(self, value: float) -> bool:
        """Whether an amount is one of the policy's own that are due, or the customer said it or agreed to it."""
        if not _is_figure(value):
            return False
        return _has(self._own, abs(value)) or any(value in text.numbers for text in self._know.heard)

    def gives(self, path: str, value: float) -> bool:
        """Whether an amount at a path follows from what was shown."""
        if not _is_figure(value):
            return False
        self._reckon()
        value = abs(float(value))
        if _has(self._singles, value):
            return True
        beside = list(self._amounts.get(_INDEX.sub("[]", path), ()))
        if float(value) in beside:
            beside.remove(float(value))
        rest = sum(beside)
        # The rest of a total that can be reckoned or was told.
        is_total = _has(self._totals, value + rest) or self._know.seen.has_number(round(value + rest, 2))
        if beside and is_total and all(map(self._is_known, beside)):
            return True
        # Shared out evenly among those who pay, or said in percent of what was shown.
        parts = len(beside) + 1
        if parts > 1 and _has(self._totals, value * parts):
            return True
        return _has(self._percents(), value)

    def _is_known(self, value: float) -> bool:
        return abs(value) <= SMALL or self._know.seen.has_number(value) or _has(self._singles, value)

    def _percents(self) -> set[float]:
        shares = {share for text in self._know.heard for share in text.shares}
        return {total * factor for total in self._singles for share in shares for factor in (share, 1 - share)}

    def _named_figures(self, words: set[str]) -> tuple[set[float], set[float]]:
        """Sums of one field over all records named in one place of the call, and what else their figures give."""
        by_kind: dict[tuple[str, str], dict[str, float]] = {}
        others: set[float] = set()
        for key, record in self._know.records.naming(self._ids):
            figures = _figures(record, words)
            for one in (key, *texts_of(record)):
                if one in self._ids:
                    for field, value in figures.items():
                        by_kind.setdefault((self._ids[one], field), {})[one] = value
            others |= _figures_of_parts(record, words)
        sums: dict[tuple[str, str], float] = {key: sum(values.values()) for key, values in by_kind.items()}
        singles = {value for values in by_kind.values() for value in values.values()}
        for (kind, field), (other, same) in combinations(sums, 2):
            if field.rpartition(".")[2] == same.rpartition(".")[2] and kind != other:
                difference = abs(sums[kind, field] - sums[other, same])
                others |= {difference * count for count in self._counts}
        given = {
            sum(values)
            for kind, values in self._amounts.items()
            if len(values) > 1 and all(map(self._is_shown, values))
        }
        return {*sums.values(), *singles, *given}, others

    def _is_shown(self, value: float) -> bool:
        return abs(value) <= SMALL or self._know.seen.has_number(value)


def _has(amounts: Iterable[float], value: float) -> bool:
    return any(abs(amount - value) < _CENT for amount in amounts)


def _counts_in(arguments: Mapping[str, Any]) -> set[int]:
    """How many things a call names, and the small counts that it holds."""
    found: set[int] = set()
    for value in arguments.values():
        if isinstance(value, list):
            found.add(len(value))
        elif isinstance(value, int) and not isinstance(value, bool):
            found.add(value)
    return {count for count in found if 1 < count <= SMALL}


def _figures(record: Mapping[str, Any], words: set[str]) -> Figures:
    """The amounts of a record and of the small tables in it, by their paths; its lists are parts of their own.

    Of a table that has one for each choice, those of the choices that the call makes, if it makes one.
    """
    found: Figures = {}
    for name, value in record.items():
        if isinstance(value, dict):
            for inner in (value.keys() & words) or value:
                if _is_figure(value[inner]):
                    found[f"{name}.{inner}"] = float(value[inner])
        elif _is_figure(value):
            found[name] = float(value)
    money = {path: figure for path, figure in found.items() if any(word in path.casefold() for word in _MONEY)}
    return money or found


def _figures_of_parts(record: Mapping[str, Any], words: set[str]) -> set[float]:
    """What the same field gives over the parts of a record: the sum of all, of two, their difference, all but one."""
    found: set[float] = set()
    for value in record.values():
        if not isinstance(value, list):
            continue
        by_field: dict[str, list[float]] = {}
        for item in value:
            if isinstance(item, dict):
                for field, figure in _figures(item, words).items():
                    by_field.setdefault(field, []).append(figure)
        for figures in by_field.values():
            total = sum(figures)
            found |= {total, *figures, *(total - figure for figure in figures)}
            for first, second in combinations(figures[:_MOST_FIGURES], 2):
                found |= {first + second, abs(first - second)}
    return found


def _is_figure(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


def _policy_amounts(
    name: str, arguments: Mapping[str, Any], words: set[str], know: Knowledge, domain: Domain
) -> tuple[set[float], set[float]]:
    """Amounts of the policy that are due by themselves, and what it adds to a total, nothing included."""
    own: set[float] = set()
    added = {0.0}
    for rule in domain.evidence.amounts:
        if rule.tool and rule.tool != name:
            continue
        if rule.when and rule.when not in words and not any(rule.when in call.result.content for call in know.results):
            continue
        counts = _counts_of(rule.per, arguments, know) if rule.per else {1}
        due = {rule.amount * count for count in counts if count}
        if rule.added:
            added |= {before + amount for before in added for amount in due}
        else:
            own |= due
    return own, added


def _counts_of(name: str, arguments: Mapping[str, Any], know: Knowledge) -> set[int]:
    """How many of something there are: in the call, else in any record that was shown."""
    given = arguments.get(name)
    if given is not None:
        return _count(given)
    return {count for value in know.records.values(name) for count in _count(value)}


def _count(value: Any) -> set[int]:
    if isinstance(value, list):
        return {len(value)}
    return {int(value)} if _is_figure(value) and 0 <= value <= SMALL else set()
