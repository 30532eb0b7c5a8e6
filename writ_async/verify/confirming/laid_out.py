"""Was every argument that matters told: in words, by its id, by a description, by reference, or is there no other?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from writ_async.verify.confirming.arguments import Argument
from writ_async.verify.confirming.case import Case, by_kind, described
from writ_async.verify.confirming.chosen import Choice, choose_payment, choose_variant
from writ_async.verify.confirming.naming import Part, Record
from writ_async.verify.confirming.patterns import either, pattern
from writ_async.verify.confirming.shown import flat_values
from writ_async.verify.confirming.turns import Turn
from writ_async.verify.confirming.wording import has_number, has_phrase, has_value

_ALL = pattern("ALL")
_WHOLE = pattern("WHOLE")
_PART_ONLY = pattern("PART_ONLY")
_ALL_BUT = pattern("ALL_BUT")


class Told(msgspec.Struct, frozen=True):
    """How one argument was told: the message that told it (-1: it needed no telling), and by what."""

    argument: str
    how: str
    message: int = -1


class Layout(msgspec.Struct):
    """What was told of a write, what was wanting, in words, and which of that nobody but the agent chose."""

    told: list[Told] = []
    wanting: list[str] = []
    alone: list[str] = []

    def add(self, argument: Argument, how: str, message: int = -1) -> None:
        """Note that an argument was told."""
        self.told.append(Told(str(argument), how, message))


def lay_out(case: Case, agents_only: bool) -> Layout:
    """How each argument of a write was told.

    With `agents_only` the user has not said yes but asked for the write, or given what was missing: then addresses and
    texts count only where the agent had told them, and who pays has to have been said even where there is no choice.
    """
    layout = Layout()
    parts = by_kind(case.arguments, "part")
    for argument in case.arguments:
        match argument.kind:
            case "follows":
                continue
            case "record":
                _tell_record(case, argument, layout)
            case "part":
                _tell_part(case, argument, layout)
            case "variant":
                pair = next((part for part in parts if part.place == argument.place), None)
                choice = choose_variant(case, argument, str(pair.value) if pair else "")
                _take(argument, choice, layout)
            case "payment":
                choice = choose_payment(case, argument)
                if agents_only and choice.message < 0 and not choice.wanting:
                    choice = Choice(wanting=f"the agent had not told {argument.path} {argument.value}")
                _take(argument, choice, layout)
            case "reason":
                _tell_reason(case, argument, layout)
            case "count":
                _tell_count(case, argument, layout)
            case _:
                pass
    _tell_address(case, by_kind(case.arguments, "address"), agents_only, layout)
    _tell_rest(case, by_kind(case.arguments, "told"), agents_only, layout)
    return layout


def _take(argument: Argument, choice: Choice, layout: Layout) -> None:
    if choice.wanting:
        layout.wanting.append(choice.wanting)
        if choice.alone:
            layout.alone.append(str(argument))
    else:
        layout.add(argument, choice.how, choice.message)


def _tell_record(case: Case, argument: Argument, layout: Layout) -> None:
    wanted = str(argument.value)
    for turn in case.recent:
        if has_phrase(turn.words, wanted):
            return layout.add(argument, "by its id", turn.message)
    for turn in case.recent:
        if case.is_about(turn) or case.is_described(turn.words):
            return layout.add(argument, "by what is in it", turn.message)
    if _in_the_plural(case, argument):
        return layout.add(argument, "as one of all of them")
    others = case.others()
    named = next((other for turn in case.recent for other in others if has_phrase(case.words(turn), other)), None)
    if named is not None:
        layout.wanting.append(f"the agent had told {named}, the call has {wanted}")
        return None
    for turn in case.older:
        if has_phrase(case.words(turn), wanted) or case.is_about(turn):
            return layout.add(argument, "before an earlier write", turn.message)
    if not others and (case.main is not None or any(case.calls_it(t.words) for t in case.recent if not t.by_user)):
        return layout.add(argument, "as the only one there is")
    layout.wanting.append(f"the agent had not listed {wanted}")
    return None


def _in_the_plural(case: Case, argument: Argument) -> bool:
    return any(case.speaks_of_all(case.words(turn), argument) for turn in case.recent[:4] if not turn.by_user)


def _tell_part(case: Case, argument: Argument, layout: Layout) -> None:
    wanted = str(argument.value)
    part = case.part_of(wanted)
    left = [item for item in case.parts if not case.chosen & item.texts]
    for turn in case.pool():
        words = case.words(turn)
        if has_phrase(words, wanted):
            return layout.add(argument, "by its id", turn.message)
        if part is not None and part.is_in(words):
            return layout.add(argument, "by its name", turn.message)
        if case.parts and not left and _ALL.search(words):
            return layout.add(argument, "as one of all there are", turn.message)
        if left and _ALL_BUT.search(words) and all(item.is_in(words) for item in left):
            return layout.add(argument, "as all there are but what was named", turn.message)
    if len(case.parts) == 1:
        return layout.add(argument, "as the only one there is")
    if part is not None and _shares_name(case, part):
        return layout.add(argument, "by its name", case.answer.message)
    name = f"{part.name} " if part is not None and part.name else ""
    layout.wanting.append(f"the agent had not listed {name}{wanted}")
    return None


def _shares_name(case: Case, part: Part) -> bool:
    """Whether words that fit several parts alike were said of them."""
    names = (part.name, f"{part.name}s") if part.name else ()
    return any(has_phrase(turn.words, name) for turn in case.pool() for name in names)


def _tell_reason(case: Case, argument: Argument, layout: Layout) -> None:
    value = str(argument.value)
    meant = re.compile("|".join(case.domain.telling.meanings.get(value, ("(?!)",))))
    for turn in [*case.recent, *case.older]:
        if has_phrase(case.words(turn), value) or meant.search(case.words(turn)):
            return layout.add(argument, "in words", turn.message)
    layout.wanting.append(f"nobody had given {argument.path} {value}")
    return None


def _tell_count(case: Case, argument: Argument, layout: Layout) -> None:
    record = case.main
    before = record.fields.get(argument.name) if record is not None else None
    if before == argument.value or argument.value == 0:
        return layout.add(argument, "as it was")
    more = argument.value - before if isinstance(before, int) else argument.value
    noun = argument.name.split("_")[-1][:3]
    for turn in case.pool():
        if has_number(case.words(turn), argument.value) or has_number(case.words(turn), more):
            return layout.add(argument, "as a number", turn.message)
        if more == 1 and re.search(f"{either('ONE_MORE')}{noun}", case.words(turn)):
            return layout.add(argument, "as one more", turn.message)
    layout.wanting.append(f"nobody had told {argument.path} {argument.value}")
    return None


def _tell_address(case: Case, fields: Sequence[Argument], agents_only: bool, layout: Layout) -> None:
    if not fields:
        return
    turns = [turn for turn in [*case.recent, *case.older] if not (agents_only and turn.by_user)]
    now = _address_now(case, fields)
    same = _known_address(case, fields)
    for argument in fields:
        if now.get(argument.name) == argument.value:
            layout.add(argument, "as it was")
            continue
        told = next((turn for turn in turns if _tells_place(case.words(turn), argument)), None)
        if told is not None:
            layout.add(argument, "in words", told.message)
            continue
        pointed = (
            next((turn for turn in turns if case.points_there.search(case.words(turn))), None)
            if same is not None
            else None
        )
        linked = same is not None and any(
            _tells_place(t.words, other)
            for t in turns
            for other in fields
            if other is not argument and len(str(other.value)) > 3
        )
        if pointed is not None or linked or argument.name in ("country", "state", "province", "region"):
            layout.add(argument, "as an address that was shown", pointed.message if pointed else -1)
            continue
        layout.wanting.append(f"the agent had not listed {argument.path} {argument.value}")


def _tells_place(words: str, argument: Argument) -> bool:
    return has_phrase(words, str(argument.value))


def _address_now(case: Case, fields: Sequence[Argument]) -> dict[str, Any]:
    """The address that the record of the write has before it."""
    names = {argument.name for argument in fields}
    records = [record for record in case.records.values() if record is not None]
    if not records:
        user = str((case.write.arguments or {}).get(case.domain.user_argument, ""))
        records = list(case.shown.named(user, case.until))[:1] if user else []
    for record in records:
        for value in [record.fields, *record.fields.values()]:
            if isinstance(value, dict) and len(names & value.keys()) > 1:
                return value
    return {}


def _known_address(case: Case, fields: Sequence[Argument]) -> Record | None:
    """A record that was shown and has the very address of the write."""
    first = max((str(argument.value) for argument in fields), key=len)
    for record in case.shown.records(case.until, first):
        if (
            all(record.fields.get(argument.name, argument.value) == argument.value for argument in fields)
            and first in record.fields.values()
        ):
            return record
    return None


def _tell_rest(case: Case, arguments: Sequence[Argument], agents_only: bool, layout: Layout) -> None:
    turns = [turn for turn in [*case.recent, *case.older] if not (agents_only and turn.by_user)]
    loose: list[Argument] = []
    for argument in arguments:
        if _stays(case, argument):
            layout.add(argument, "as it was")
            continue
        told = next((turn for turn in turns if has_value(case.words(turn), argument.value)), None)
        if told is not None:
            layout.add(argument, "in words", told.message)
        elif argument.value in (0, "no", "none", "No", "None"):
            layout.add(argument, "as nothing more")
        else:
            loose.append(argument)
    for argument in loose:
        if how := _follows(case, argument, arguments, turns):
            layout.add(argument, how)
        else:
            layout.wanting.append(f"the agent had not listed {argument.path} {argument.value}")


def _stays(case: Case, argument: Argument) -> bool:
    """Whether the record has the value already: at the same place, or in one of the objects of the same list."""
    for record in case.records.values():
        if record is None:
            continue
        held = record.fields.get(argument.root)
        if argument.owner is None:
            if held == argument.value:
                return True
        elif isinstance(held, list):
            for item in held:
                if (
                    isinstance(item, dict)
                    and item.get(argument.name) == argument.value
                    and _is_kept(item, argument.owner)
                ):
                    return True
    return False


def _is_kept(item: Mapping[str, Any], owner: Mapping[str, Any]) -> bool:
    shared = [name for name in owner if name in item and isinstance(owner[name], str)]
    return bool(shared) and all(item[name] == owner[name] for name in shared)


def _follows(case: Case, argument: Argument, arguments: Sequence[Argument], turns: Sequence[Turn]) -> str:
    """How a value follows from what was told: it stands in a record with what was, or can be reckoned from it."""
    value = argument.value
    if isinstance(value, int | float):
        return _reckoned(case, argument, arguments, turns)
    beside = [
        str(other.value)
        for other in arguments
        if other.owner is argument.owner and other is not argument and isinstance(other.value, str)
    ]
    told = [text for text in beside if any(has_value(case.words(turn), text) for turn in turns)]
    for record in case.shown.records(case.until, str(value)):
        values = [item for item in flat_values(record.fields) if isinstance(item, str)]
        if value not in values:
            continue
        if any(text in values for text in told):
            return "as shown with what was told"
        own = {item for item in values if item != value and len(item) > 2}
        if any(sum(has_value(case.words(turn), item) for item in own) > 1 for turn in turns[:6]):
            return "by its description"
        if any(
            has_phrase(case.words(turn), text)
            for turn in turns
            for text in described(record, case.domain.describing_fields)
            if text != str(value)
        ):
            return "by its description"
    return ""


def _reckoned(case: Case, argument: Argument, arguments: Sequence[Argument], turns: Sequence[Turn]) -> str:
    alike = [other for other in arguments if other.name == argument.name and other.root == argument.root]
    if argument.owner is not None and len(alike) == 1:
        return "as all there is to pay"
    told = [
        other
        for other in alike
        if other is not argument and any(has_number(case.words(turn), other.value) for turn in turns)
    ]
    if len(alike) > 1 and len(told) == len(alike) - 1:
        return "as the rest"
    for share in range(2, 10):
        if any(has_number(case.words(turn), argument.value / share) for turn in turns[:6]):
            return "as a sum"
    return ""


def only_a_part(case: Case) -> str:
    """What a write takes away beside what was agreed, in words; empty where all of it was meant."""
    record = case.main
    if record is None or case.write.call.function.name not in case.domain.telling.takes_whole:
        return ""
    parts = [part for part in case.parts if part.name]
    if len(parts) < 2:
        return ""
    named = [False] * len(parts)
    asked = next((turn for turn in case.recent if not turn.by_user), case.answer)
    told_whole = has_phrase(asked.words, str(case.ids[0].value)) and not any(
        part.is_in(case.words(asked)) for part in parts
    )
    if told_whole and not _PART_ONLY.search(case.words(case.answer)):
        return ""
    for place, turn in enumerate(case.recent):
        words = case.words(turn)
        now = [part.is_in(words) for part in parts]
        if _WHOLE.search(words) and (any(now) or place < 2 or not any(named)):
            return ""
        if place == 0 and not any(now) and case.calls_it(words) and " just " not in words and " only " not in words:
            return ""
        named = [before or told for before, told in zip(named, now, strict=True)]
        if place > 0 and any(named):
            break
    if all(named) or not any(named):
        return ""
    left = ", ".join(part.name for part, was in zip(parts, named, strict=True) if not was)
    return f"the user agreed to a part, the call takes {left} as well"


__all__ = ["Layout", "Told", "lay_out", "only_a_part"]
