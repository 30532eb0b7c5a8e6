"""Who chose what a part becomes: the latest turns that tell an option of it decide, or its id, or its price.

What differs from the part before and nobody told was chosen by the agent alone, unless the tool takes nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from writ_async.verify.confirming.arguments import Argument
from writ_async.verify.confirming.case import Case
from writ_async.verify.confirming.choices import Choice, who_chose
from writ_async.verify.confirming.naming import Record
from writ_async.verify.confirming.patterns import occurs, pattern
from writ_async.verify.confirming.turns import Turn
from writ_async.verify.confirming.wording import has_number, has_phrase, has_value, phrase_of

_ALL_ALIKE = pattern("ALIKE")
_CHEAPEST = pattern("CHEAPEST")
_DEAREST = pattern("DEAREST")
_CHEAP = 12
"""Prices below are numbers that may stand for anything."""


def choose_variant(case: Case, argument: Argument, part: str, turns: Sequence[Turn] | None = None) -> Choice:
    """Who chose what a part becomes, in some of the turns or in all; `part` is the id of the part."""
    wanted = str(argument.value)
    if wanted == part:
        return Choice("as the same again")
    new, old = _variant(case, wanted), _variant(case, part)
    pool = list(case.pool()) if turns is None else turns
    if new is None:
        for turn in pool:
            if has_phrase(case.words(turn), wanted):
                return Choice("by its id", turn.message)
        return Choice(wanting=f"the agent had not listed {wanted}", alone=True)
    siblings = [item for item in new.siblings if item is not new.fields]
    variants = [*siblings, new.fields]
    options = _options(new.fields)
    before = _options(old.fields) if old is not None else {}
    had = [before, *(_options(item) for item in siblings if _is_owned(case, item))]
    ids = {name for item in siblings for name in _ids(item)} - _ids(new.fields) - {part}
    open_options: dict[str, set[str]] = {}
    alike = False
    for turn in pool:
        words = case.words(turn)
        # What was told since outweighs the place that one has in a list of several.
        fits = all(options.get(option) in values for option, values in open_options.items())
        if has_phrase(words, wanted) and (fits or turn.by_user):
            return Choice("by its id", turn.message)
        named = {name for name in ids if has_phrase(words, name)}
        told = _told(words, options, siblings, had)
        if len(named) == 1 and not (turn.by_user and told):
            return Choice(wanting=f"{who_chose(turn)} {', '.join(named)}, the call has {wanted}")
        price = new.fields.get("price")
        if isinstance(price, int | float) and fits and has_number(words, price) and price > _CHEAP:
            return Choice("by its price", turn.message)
        for option, values in told.items():
            open_options.setdefault(option, values)
        fitting = [item for item in variants if _fits(_options(item), open_options, {})]
        alike = alike or occurs(_ALL_ALIKE, words)
        only = sum(bool(item.get("available", True)) for item in fitting) == 1
        if new.fields in fitting and only and (len(open_options) > 1 or not alike):
            return Choice("by what it is like", turn.message)
        if _superlative(words, new, siblings):
            return Choice("as the cheapest or dearest", turn.message)
    for option, values in open_options.items():
        if options.get(option) not in values:
            return Choice(
                wanting=f"{option} {' or '.join(sorted(values))} was agreed, the call has {options.get(option)}"
            )
    candidates = [
        item for item in siblings if _fits(_options(item), open_options, before) and item.get("available", True)
    ]
    changed = {option for option, value in options.items() if before.get(option) != value}
    untold = sorted(changed - open_options.keys())
    if untold and any(occurs(_ALL_ALIKE, case.words(turn)) for turn in pool[:2]):
        return Choice(
            wanting=f"the same was agreed, the call has {', '.join(f'{option} {options[option]}' for option in untold)}"
        )
    if not untold or (open_options and not candidates):
        return Choice("by what it is like", case.answer.message)
    if not changed:
        return Choice("as the same again")
    others = [item for item in siblings if item.get("available", True) and not (_ids(item) & {part})]
    if not others:
        return Choice("as the only one there is")
    return Choice(
        wanting=f"nobody had chosen {', '.join(f'{option} {options[option]}' for option in untold)}", alone=True
    )


def _superlative(words: str, new: Record, siblings: Sequence[Mapping[str, Any]]) -> bool:
    prices = [
        item["price"] for item in siblings if item.get("available", True) and isinstance(item.get("price"), int | float)
    ]
    price = new.fields.get("price")
    if not prices or not isinstance(price, int | float):
        return False
    return bool(
        (price <= min(prices) and occurs(_CHEAPEST, words)) or (price >= max(prices) and occurs(_DEAREST, words))
    )


def _variant(case: Case, name: str) -> Record | None:
    """What was shown of a variant, best among its siblings."""
    best: Record | None = None
    for record in case.shown.named(name, case.until):
        if record.key == name and record.siblings:
            return record
        best = best or record
    return best


def _options(fields: Mapping[str, Any]) -> dict[str, str]:
    """What sets a variant apart: the plain values of its nested objects, else its own words."""
    nested = {
        f"{key}": str(item)
        for name, value in fields.items()
        if isinstance(value, dict)
        for key, item in value.items()
        if not isinstance(item, dict | list)
    }
    if nested:
        return nested
    return {name: value for name, value in fields.items() if isinstance(value, str) and not name.endswith("id")}


def _is_owned(case: Case, variant: Mapping[str, Any]) -> bool:
    """Whether a variant was shown elsewhere than among its siblings: in something that the customer has."""
    return any(record.key != name for name in _ids(variant) for record in case.shown.named(name, case.until))


def _ids(fields: Mapping[str, Any]) -> set[str]:
    return {value for name, value in fields.items() if isinstance(value, str) and name.endswith("id")}


def _told(
    words: str, options: Mapping[str, str], siblings: Iterable[Mapping[str, Any]], had: Iterable[Mapping[str, str]]
) -> dict[str, set[str]]:
    """For each option, which of its values words name; those of what the customer has tell what is given up."""
    found: dict[str, set[str]] = {}
    values: dict[str, set[str]] = {option: {value} for option, value in options.items()}
    for item in siblings:
        for option, value in _options(item).items():
            values.setdefault(option, set()).add(value)
    for option, known in values.items():
        measured = _measured(_without_other_options(words, option, values), known)
        named = measured or {
            value for value in known if value.casefold() not in ("yes", "no") and has_value(words, value)
        }
        named = {
            value
            for value in named
            if not any(
                value != other
                and phrase_of(value) in phrase_of(other)
                and phrase_of(value) not in words.replace(phrase_of(other), " ")
                for other in named
            )
        }
        named -= {old.get(option, "") for old in had} - {options.get(option, "")}
        if named:
            found[option] = named
    return found


def _without_other_options(words: str, option: str, values: Mapping[str, set[str]]) -> str:
    """Words without what they name of other options: "256GB SSD" says nothing of a memory told in GB."""
    own = {phrase_of(value) for value in values[option]}
    others = {phrase_of(value) for other, known in values.items() if other != option for value in known} - own
    measures = {f" {' '.join(phrase.split()[:2])} " for phrase in others} - own
    for phrase in (*others, *measures):
        if phrase.count(" ") > 2 and phrase.strip()[:1].isdigit():
            words = words.replace(phrase, " ")
    return words


def _measured(words: str, known: set[str]) -> set[str]:
    """What words say of an option that is a number with a unit, whether or not there is such a value."""
    parts = [phrase_of(value).split() for value in known]
    units = {part[-1] for part in parts if len(part) == 2 and part[0].replace(".", "").isdigit()}
    if len(units) != 1 or any(len(part) != 2 for part in parts):
        return set()
    unit = units.pop()
    values = {phrase_of(value).strip(): value for value in known}
    found = {f"{number} {unit}" for number in re.findall(rf" (\d+(?:\.\d+)?) (?={re.escape(unit)} )", words)}
    return {values.get(text, text) for text in found}


def _fits(options: Mapping[str, str], told: Mapping[str, set[str]], before: Mapping[str, str]) -> bool:
    """Whether a variant has what was told, and for the rest what there was before."""
    return all(value in told.get(option, {before.get(option, value)}) for option, value in options.items())
