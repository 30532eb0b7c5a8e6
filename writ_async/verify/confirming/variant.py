"""Who chose what a part becomes: the latest turns that tell an option of it decide, or its id, or its price.

What differs from the part before and nobody told was chosen by the agent alone, unless the tool takes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from writ_async.verify.confirming.arguments import Argument
from writ_async.verify.confirming.case import Case
from writ_async.verify.confirming.choices import Choice, who_chose
from writ_async.verify.confirming.family import Family, Options, Told, options_of
from writ_async.verify.confirming.naming import Record
from writ_async.verify.confirming.patterns import occurs, pattern
from writ_async.verify.confirming.reply import names_nothing
from writ_async.verify.confirming.turns import Turn
from writ_async.verify.confirming.wording import has_number, has_phrase

_ALL_ALIKE = pattern("ALIKE")
_CHEAP = 12
"""Prices below are numbers that may stand for anything."""


def choose_variant(case: Case, argument: Argument, part: str, turns: Iterable[Turn] | None = None) -> Choice:
    """Who chose what a part becomes, in some of the turns or in all; `part` is the id of the part."""
    wanted = str(argument.value)
    if wanted == part:
        return Choice("as the same again")
    open_options: dict[str, set[str]] = {}
    alike = False
    latest: list[Turn] = []
    for turn in case.pool() if turns is None else turns:
        latest.append(turn)
        words = case.words(turn)
        named_it = has_phrase(words, wanted)
        if named_it and (turn.by_user or not open_options):
            return Choice("by its id", turn.message)
        if turn.by_user and names_nothing(words):
            continue
        family = _family_of(case, wanted, part)
        if family is None:
            continue
        # What was told since outweighs the place that one has in a list of several.
        fits = all(family.options.get(option) in values for option, values in open_options.items())
        if named_it and fits:
            return Choice("by its id", turn.message)
        named = {name for name in family.ids if has_phrase(words, name)}
        told = family.told(words)
        if len(named) == 1 and not (turn.by_user and told):
            return Choice(wanting=f"{who_chose(turn)} {', '.join(named)}, the call has {wanted}")
        price = family.price
        if price is not None and fits and has_number(words, price) and price > _CHEAP:
            return Choice("by its price", turn.message)
        for option, values in told.items():
            open_options.setdefault(option, values)
        alike = alike or occurs(_ALL_ALIKE, words)
        if family.fits_alone(open_options) and (len(open_options) > 1 or not alike):
            return Choice("by what it is like", turn.message)
        if family.is_extreme(words):
            return Choice("as the cheapest or dearest", turn.message)
    family = _family_of(case, wanted, part)
    if family is None:
        return Choice(wanting=f"the agent had not listed {wanted}", alone=True)
    return _by_likeness(case, argument, part, family, open_options, latest)


def _by_likeness(
    case: Case, argument: Argument, part: str, family: Family, open_options: Told, latest: Sequence[Turn]
) -> Choice:
    """Who chose a variant of which no turn by itself told which it is; `latest` are the turns that were asked."""
    options, before = family.options, family.before
    for option, values in open_options.items():
        if options.get(option) not in values:
            return Choice(
                wanting=f"{option} {' or '.join(sorted(values))} was agreed, the call has {options.get(option)}"
            )
    changed = {option for option, value in options.items() if before.get(option) != value}
    untold = sorted(changed - open_options.keys())
    if untold and any(occurs(_ALL_ALIKE, case.words(turn)) for turn in latest[:2]):
        return Choice(
            wanting=f"the same was agreed, the call has {', '.join(f'{option} {options[option]}' for option in untold)}"
        )
    if not untold or (open_options and not family.has_another(open_options)):
        return Choice("by what it is like", case.answer.message)
    if not changed:
        return Choice("as the same again")
    if not any(one.get("available", True) and not (_ids(one) & {part}) for one in family.siblings):
        return Choice("as the only one there is")
    return Choice(
        wanting=f"nobody had chosen {', '.join(f'{option} {options[option]}' for option in untold)}", alone=True
    )


def _family_of(case: Case, wanted: str, part: str) -> Family | None:
    """A variant among its siblings, made out once for a write; None where nothing was shown of it."""
    key = (wanted, part)
    if key not in case.families:
        new, old = _variant(case, wanted), _variant(case, part)
        case.families[key] = None if new is None else _make_family(case, new, old, part)
    return case.families[key]


def _make_family(case: Case, new: Record, old: Record | None, part: str) -> Family:
    siblings = [one for one in new.siblings if one is not new.fields]
    before = options_of(old.fields) if old is not None else {}

    def owned() -> list[Options]:
        return [options_of(one) for one in siblings if _is_owned(case, one)]

    ids = {name for one in siblings for name in _ids(one)} - _ids(new.fields) - {part}
    return Family(new.fields, siblings, before, owned, ids)


def _variant(case: Case, name: str) -> Record | None:
    """What was shown of a variant, best among its siblings."""
    best: Record | None = None
    for record in case.shown.named(name, case.until):
        if record.key == name and record.siblings:
            return record
        best = best or record
    return best


def _is_owned(case: Case, variant: Mapping[str, Any]) -> bool:
    """Whether a variant was shown elsewhere than among its siblings: in something that the customer has."""
    return any(record.key != name for name in _ids(variant) for record in case.shown.named(name, case.until))


def _ids(fields: Mapping[str, Any]) -> set[str]:
    return {value for name, value in fields.items() if isinstance(value, str) and name.endswith("id")}
