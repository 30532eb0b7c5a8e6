"""Who chose a value of which there were several: a payment method, a variant.

The latest turn that names one of the candidates decides. What nobody named was chosen by the agent alone, unless the
tool would have taken nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from writ_async.verify.confirming.arguments import Argument
from writ_async.verify.confirming.case import Case
from writ_async.verify.confirming.naming import Record
from writ_async.verify.confirming.patterns import either, pattern
from writ_async.verify.confirming.turns import Turn
from writ_async.verify.confirming.wording import has_number, has_phrase, has_value, phrase_of

_ORIGINAL = pattern("USED_BEFORE")
_ALL_ALIKE = pattern("ALIKE")
_CHEAPEST = pattern("CHEAPEST")
_DEAREST = pattern("DEAREST")
_NOT_IT = re.compile(either("NOT_IT") + r" (?:\w+ ){0,3}$")
_OR = " or "


class Choice(msgspec.Struct, frozen=True):
    """How a value was chosen: `how` and the message that did it; or `wanting` says why it was not, in words.

    `alone` is true where nobody but the agent had a hand in it.
    """

    how: str = ""
    message: int = -1
    wanting: str = ""
    alone: bool = False


def choose_payment(case: Case, argument: Argument) -> Choice:
    """Who chose the payment method of a write."""
    wanted = str(argument.value)
    methods = _methods(case, wanted)
    used = _used(case)
    for turn in case.pool():
        if has_phrase(case.words(turn), wanted):
            return Choice("by its id", turn.message)
        words = case.words(turn)
        if (wanted in used or not used) and _ORIGINAL.search(words):
            return Choice("as the method that was used before", turn.message)
        named = _named_methods(case, words, methods)
        if not named and _ORIGINAL.search(words):
            named = used
        if not named:
            continue
        if wanted in named:
            if len(named) > 1 and not turn.by_user and _is_open(case, turn, methods, named):
                continue
            return Choice("in words", turn.message)
        if turn.by_user or case.is_about(turn) or turn in case.recent[:2]:
            other = ", ".join(sorted(named))
            return Choice(wanting=f"{_who(turn)} {other}, the call has {wanted}")
    if len(methods) <= 1:
        return Choice("as the only one there is")
    return Choice(wanting=f"nobody had chosen {argument.path} {wanted}", alone=True)


def _who(turn: Turn) -> str:
    return "the user chose" if turn.by_user else "the agent had told"


def _is_open(case: Case, turn: Turn, methods: Mapping[str, Record], named: set[str]) -> bool:
    """Whether a turn puts several methods to the user as a choice that the user has not made."""
    return any(_OR in line and len(_named_methods(case, line, methods)) > 1 for line, _ in turn.lines) and turn.asks


def _methods(case: Case, wanted: str) -> dict[str, Record]:
    """The payment methods beside the wanted one, by their ids."""
    for record in case.shown.named(wanted, case.until):
        if record.key == wanted and record.siblings:
            found: dict[str, Record] = {}
            for sibling in record.siblings:
                name = next((str(v) for k, v in sibling.items() if k == "id" or k.endswith("_id")), "")
                if name:
                    found[name] = Record(name, sibling, record.whole)
            if wanted not in found:
                found[wanted] = record
            return found
    return {}


def _used(case: Case) -> set[str]:
    """The methods that paid for what is written to, as its record shows them."""
    record = case.main
    if record is None:
        return set()
    found: set[str] = set()
    for value in record.fields.values():
        if isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    found |= {str(v) for k, v in item.items() if "payment" in k and k.endswith("id")}
    return found


def _named_methods(case: Case, words: str, methods: Mapping[str, Record]) -> set[str]:
    """The methods that words name: by id, by the digits of a card, by its brand, or by what kind of method it is."""
    exact: set[str] = set()
    loose: set[str] = set()
    for name, record in methods.items():
        if has_phrase(words, name):
            exact.add(name)
            continue
        for field, value in record.fields.items():
            if field not in case.domain.describing_fields or not isinstance(value, str | int):
                continue
            place = _find(words, str(value))
            if place < 0 or _NOT_IT.search(words[:place]):
                continue
            if str(value).isdigit():
                exact.add(name)
            else:
                loose.add(name)
        if any(
            isinstance(v, int | float)
            and not isinstance(v, bool)
            and v > 0
            and k in ("balance", "amount")
            and has_number(words, v)
            for k, v in record.fields.items()
        ):
            loose.add(name)
    if exact:
        kinds = {str(methods[name].fields.get("source", "")) for name in exact}
        return exact | {name for name in loose if str(methods[name].fields.get("source", "")) not in kinds}
    if " card " in words and not loose:
        loose = {
            name
            for name, record in methods.items()
            if "card" in str(record.fields.get("source", "")) and "gift" not in str(record.fields.get("source", ""))
        }
    brands = {name for name in loose if _find(words, str(methods[name].fields.get("brand", "\0"))) >= 0}
    return (
        {
            name
            for name in loose
            if name in brands
            or methods[name].fields.get("source") not in {methods[b].fields.get("source") for b in brands}
        }
        if brands
        else loose
    )


def _find(words: str, value: str) -> int:
    phrase = phrase_of(value)
    return words.rfind(phrase) if len(phrase) > 2 else -1


def choose_variant(case: Case, argument: Argument, part: str) -> Choice:
    """Who chose what a part becomes; `part` is the id of the part."""
    wanted = str(argument.value)
    if wanted == part:
        return Choice("as the same again")
    new, old = _variant(case, wanted), _variant(case, part)
    if new is None:
        for turn in case.pool():
            if has_phrase(case.words(turn), wanted):
                return Choice("by its id", turn.message)
        return Choice(wanting=f"the agent had not listed {wanted}", alone=True)
    siblings = [item for item in new.siblings if item is not new.fields]
    options = _options(new.fields)
    before = _options(old.fields) if old is not None else {}
    ids = {name for item in siblings for name in _ids(item)} - _ids(new.fields) - {part}
    open_options: dict[str, set[str]] = {}
    for turn in case.pool():
        words = case.words(turn)
        if has_phrase(words, wanted):
            return Choice("by its id", turn.message)
        named = {name for name in ids if has_phrase(words, name)}
        told = _told(words, options, siblings, before)
        if len(named) == 1 and not (turn.by_user and told):
            return Choice(wanting=f"{_who(turn)} {', '.join(named)}, the call has {wanted}")
        price = new.fields.get("price")
        if isinstance(price, int | float) and has_number(words, price) and price > 12:
            return Choice("by its price", turn.message)
        for option, values in told.items():
            open_options.setdefault(option, values)
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
    if untold and any(_ALL_ALIKE.search(case.words(turn)) for turn in case.recent[:2]):
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
    return bool((price <= min(prices) and _CHEAPEST.search(words)) or (price >= max(prices) and _DEAREST.search(words)))


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


def _ids(fields: Mapping[str, Any]) -> set[str]:
    return {value for name, value in fields.items() if isinstance(value, str) and name.endswith("id")}


def _told(
    words: str, options: Mapping[str, str], siblings: Iterable[Mapping[str, Any]], before: Mapping[str, str]
) -> dict[str, set[str]]:
    """For each option, which of its values words name; the old one aside where there is another."""
    found: dict[str, set[str]] = {}
    values: dict[str, set[str]] = {option: {value} for option, value in options.items()}
    for item in siblings:
        for option, value in _options(item).items():
            values.setdefault(option, set()).add(value)
    for option, known in values.items():
        named = {value for value in known if value.casefold() not in ("yes", "no") and has_value(words, value)}
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
        if len(named) > 1:
            named -= {before.get(option, "")}
        if named:
            found[option] = named
    return found


def _fits(options: Mapping[str, str], told: Mapping[str, set[str]], before: Mapping[str, str]) -> bool:
    """Whether a variant has what was told, and for the rest what there was before."""
    return all(value in told.get(option, {before.get(option, value)}) for option, value in options.items())
