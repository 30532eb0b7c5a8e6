"""A variant among its siblings: which options set them apart, and which of their values words tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from writ_async.verify.confirming.patterns import EVERYDAY, occurs, pattern
from writ_async.verify.confirming.wording import has_value, phrase_of, words_to_find

_CHEAPEST = pattern("CHEAPEST")
_DEAREST = pattern("DEAREST")

Options = Mapping[str, str]
"""Values by option."""
Told = Mapping[str, set[str]]
"""For options, which of their values were told."""


class Family:
    """A variant with its siblings, made out once and asked for every turn.

    before: the options of what it takes the place of. owned: gives those of the siblings that the customer has, and is
    asked when a value was told. ids: those by which the siblings go.
    """

    def __init__(
        self,
        new: Mapping[str, Any],
        siblings: Sequence[Mapping[str, Any]],
        before: Options,
        owned: Callable[[], Sequence[Options]],
        ids: set[str],
    ) -> None:
        self.siblings, self.before, self.ids = siblings, before, ids
        self.options = options_of(new)
        price = new.get("price")
        self.price: float | None = price if isinstance(price, int | float) else None
        self._sibling_options = [options_of(one) for one in siblings]
        self._available = [bool(one.get("available", True)) for one in siblings]
        self._is_available = bool(new.get("available", True))
        self._prices = [
            one["price"] for one in siblings if one.get("available", True) and isinstance(one.get("price"), int | float)
        ]
        values: dict[str, set[str]] = {option: {value} for option, value in self.options.items()}
        for options in self._sibling_options:
            for option, value in options.items():
                values.setdefault(option, set()).add(value)
        self._values = values
        # What no value has a word of tells none.
        self._words = {word for known in values.values() for value in known for word in words_to_find(value)}
        self._owned = owned
        self._options: list[_Option] | None = None
        self._given_up: dict[str, set[str]] | None = None
        self._told: dict[str, Told] = {}

    def told(self, words: str) -> Told:
        """For each option, which of its values words name; those of what the customer has tell what is given up."""
        if words not in self._told:
            self._told[words] = {} if self._words.isdisjoint(words.split()) else self._told_by(words)
        return self._told[words]

    def _told_by(self, words: str) -> Told:
        if self._options is None:
            self._options = [_Option(option, self._values) for option in self._values]
        found: dict[str, set[str]] = {}
        for option in self._options:
            named = option.told(words)
            if named and (left := named - self._values_given_up(option.name)):
                found[option.name] = left
        return found

    def _values_given_up(self, option: str) -> set[str]:
        """What the customer has of an option and does not get again."""
        if self._given_up is None:
            had = [self.before, *self._owned()]
            self._given_up = {
                name: {old.get(name, "") for old in had} - {self.options.get(name, "")} for name in self._values
            }
        return self._given_up[option]

    def fits_alone(self, told: Told) -> bool:
        """Whether the variant has what was told, and no other that is to be had does."""
        if not _fits(self.options, told, {}):
            return False
        others = zip(self._sibling_options, self._available, strict=True)
        return self._is_available + sum(free and _fits(options, told, {}) for options, free in others) == 1

    def has_another(self, told: Told) -> bool:
        """Whether a sibling that is to be had has what was told, and for the rest what there was before."""
        others = zip(self._sibling_options, self._available, strict=True)
        return any(free and _fits(options, told, self.before) for options, free in others)

    def is_extreme(self, words: str) -> bool:
        """Whether words want the cheapest or the dearest, and it is that."""
        price, prices = self.price, self._prices
        if price is None or not prices:
            return False
        return (price <= min(prices) and occurs(_CHEAPEST, words)) or (price >= max(prices) and occurs(_DEAREST, words))


class _Option:
    """One option of a family: its values, and what helps to find them in words."""

    def __init__(self, name: str, values: Mapping[str, set[str]]) -> None:
        self.name = name
        known = values[name]
        self._known = [value for value in known if value.casefold() not in (*EVERYDAY, "yes", "no")]
        # "That is right" names no side: such a value is named beside its option alone, as in "the right hand".
        self._beside = [value for value in known if value.casefold() in EVERYDAY]
        parts = [phrase_of(value).split() for value in known]
        units = {part[-1] for part in parts if len(part) == 2 and part[0].replace(".", "").isdigit()}
        is_measured = len(units) == 1 and all(len(part) == 2 for part in parts)
        self._measure = re.compile(rf" (\d+(?:\.\d+)?) (?={re.escape(*units)} )") if is_measured else None
        self._unit = next(iter(units), "")
        self._by_phrase = {phrase_of(value).strip(): value for value in known}
        self._of_others = _phrases_of_others(name, values) if is_measured else ()

    def told(self, words: str) -> set[str]:
        """Its values that words name."""
        named = self._measured(words) or {value for value in self._known if has_value(words, value)}
        for value in self._beside:
            if has_value(words, f"{self.name} {value}") or has_value(words, f"{value} {self.name}"):
                named = named | {value}
        if len(named) > 1:
            named = {value for value in named if not any(_is_within(value, other, words) for other in named)}
        return named

    def _measured(self, words: str) -> set[str]:
        """What words say of a number with a unit, whether or not there is such a value."""
        if self._measure is None:
            return set()
        for phrase in self._of_others:
            words = words.replace(phrase, " ")
        found = {f"{number} {self._unit}" for number in self._measure.findall(words)}
        return {self._by_phrase.get(text, text) for text in found}


def _is_within(value: str, other: str, words: str) -> bool:
    """Whether words name a value only as a part of another one."""
    inner, outer = phrase_of(value), phrase_of(other)
    return value != other and inner in outer and inner not in words.replace(outer, " ")


def _phrases_of_others(option: str, values: Mapping[str, set[str]]) -> tuple[str, ...]:
    """What words may name of other options: "256GB SSD" says nothing of a memory told in GB."""
    own = {phrase_of(value) for value in values[option]}
    others = {phrase_of(value) for other, known in values.items() if other != option for value in known} - own
    measures = {f" {' '.join(phrase.split()[:2])} " for phrase in others} - own
    return tuple(phrase for phrase in (*others, *measures) if phrase.count(" ") > 2 and phrase.strip()[:1].isdigit())


def options_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """What sets a variant apart: the plain values of its nested objects, else its own words."""
    nested = {
        f"{key}": str(item)
        for value in fields.values()
        if isinstance(value, dict)
        for key, item in value.items()
        if not isinstance(item, dict | list)
    }
    if nested:
        return nested
    return {name: value for name, value in fields.items() if isinstance(value, str) and not name.endswith("id")}


def _fits(options: Options, told: Told, before: Options) -> bool:
    """Whether a variant has what was told, and for the rest what there was before."""
    return all(value in told.get(option, {before.get(option, value)}) for option, value in options.items())
