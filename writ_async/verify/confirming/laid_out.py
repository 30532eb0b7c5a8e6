"""Was every argument that matters told: in words, by its id, by a description, by reference, or is there no other?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import inf
from typing import Any

from writ_async.verify.confirming.address import address_now, tell_address
from writ_async.verify.confirming.arguments import Argument
from writ_async.verify.confirming.case import Case, described
from writ_async.verify.confirming.choices import Choice
from writ_async.verify.confirming.layout import Layout
from writ_async.verify.confirming.naming import Part
from writ_async.verify.confirming.patterns import either, occurs, pattern
from writ_async.verify.confirming.payment import choose_payment, uses_up
from writ_async.verify.confirming.reply import names_nothing
from writ_async.verify.confirming.shown import flat_values
from writ_async.verify.confirming.turns import Turn
from writ_async.verify.confirming.variant import choose_variant
from writ_async.verify.confirming.wording import has_number, has_phrase, has_value, phrase_of

_SPANS = pattern("SPANS_OF_TIME")
_ABOUT_PAYING = frozenset({"record", "payment", "follows"})
_ALL = pattern("ALL")
_ALL_BUT = pattern("ALL_BUT")


def lay_out(case: Case, agents_only: bool, latest: Case) -> Layout:
    """How each argument of a write was told.

    With `agents_only` the user has not said yes but asked for the write, or given what was missing: then addresses and
    texts count only where the agent had told them, and who pays has to have been said even where there is no choice.
    Who pays and why may have been told up to the `latest` answer.
    """
    layout = Layout()
    for argument in case.arguments.all:
        match argument.kind:
            case "follows":
                continue
            case "record":
                _tell_record(case, argument, layout)
            case "part":
                _tell_part(case, argument, layout)
            case "variant":
                parts = case.arguments.of_kind("part")
                pair = next((part for part in parts if part.place == argument.place), None)
                _take(argument, _variant(case, argument, str(pair.value) if pair else ""), layout)
            case "payment":
                # Where nothing but this is changed, a method that is new in the answer is a wish of its own.
                is_all = all(other.kind in _ABOUT_PAYING for other in case.arguments.all)
                choice = choose_payment(latest, argument, case.answer.message if is_all else inf)
                if agents_only and choice.message < 0 and not choice.wanting:
                    layout.wanting.append(f"the agent had not told {argument.path} {argument.value}")
                else:
                    _take(argument, choice, layout)
            case "reason":
                _tell_reason(latest, argument, layout)
            case "count":
                _tell_count(case, argument, layout)
            case _:
                pass
    tell_address(case, case.arguments.of_kind("address"), agents_only, layout)
    _tell_rest(case, case.arguments.of_kind("told"), agents_only, layout)
    return layout


def _variant(case: Case, argument: Argument, part: str) -> Choice:
    """How a variant was chosen; one that comes up in the answer itself is a wish that nobody laid out."""
    choice, answered = choose_variant(case, argument, part), case.answer.message
    if choice.message == answered:
        before = (turn for turn in case.pool() if turn.message < answered)
        if choose_variant(case, argument, part, before).alone:
            return Choice(wanting=f"the agent had not listed {argument.value}")
    return choice


def _take(argument: Argument, choice: Choice, layout: Layout) -> None:
    if choice.wanting:
        layout.wanting.append(choice.wanting)
        layout.differs = layout.differs or not choice.alone
        if choice.alone:
            layout.alone.append(str(argument))
    else:
        layout.add(argument, choice.how, choice.message)


def _tell_record(case: Case, argument: Argument, layout: Layout) -> None:
    wanted = str(argument.value)
    phrase = phrase_of(wanted)
    for turn in case.recent if len(phrase) > 2 else ():
        if phrase in turn.words:
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
    for turn in case.pool():
        words = case.words(turn)
        if has_phrase(words, wanted):
            return layout.add(argument, "by its id", turn.message)
        if turn.by_user and names_nothing(words) and not occurs(_ALL, words):
            continue
        if how := _how_named(case, words, wanted):
            return layout.add(argument, how, turn.message)
    part = case.part_of(wanted)
    if len(case.parts) == 1:
        return layout.add(argument, "as the only one there is")
    if part is not None and _shares_name(case, part):
        return layout.add(argument, "by its name", case.answer.message)
    name = f"{part.name} " if part is not None and part.name else ""
    layout.wanting.append(f"the agent had not listed {name}{wanted}")
    return None


def _how_named(case: Case, words: str, wanted: str) -> str:
    """How words name a part of the record otherwise than by its id; empty where they do not."""
    part = case.part_of(wanted)
    if part is not None and part.is_in(words):
        return "by its name"
    left = case.left_out
    if case.parts and not left and occurs(_ALL, words):
        return "as one of all there are"
    if left and occurs(_ALL_BUT, words) and all(item.is_in(words) for item in left):
        return "as all there are but what was named"
    return ""


def _shares_name(case: Case, part: Part) -> bool:
    """Whether words that fit several parts alike were said of them."""
    names = (part.name, f"{part.name}s") if part.name else ()
    return any(has_phrase(turn.words, name) for turn in case.pool() for name in names)


def _tell_reason(case: Case, argument: Argument, layout: Layout) -> None:
    """A reason that nobody gave is an argument that nobody said; here it is wrong only where another one was given."""
    value = str(argument.value)
    meanings = case.domain.telling.meanings
    forms = meanings.get(value)
    meaning = None if forms is None else _meaning(forms)
    other = ""
    recent = len(case.recent)
    for place, turn in enumerate(case.turns()):
        words = case.words(turn)
        if has_phrase(words, value) or (meaning is not None and meaning.search(words)):
            return layout.add(argument, "in words", turn.message)
        if turn.by_user and place < recent and not other:
            other = _reason_in(words, meanings)
    if other:
        layout.wanting.append(f"the user gave {argument.path} {other}, the call has {value}")
    return None


def _reason_in(words: str, meanings: Mapping[str, tuple[str, ...]]) -> str:
    """The first reason that words give; empty where they give none."""
    for name, forms in meanings.items():
        if has_phrase(words, name) or _meaning(forms).search(words):
            return name
    return ""


@lru_cache(maxsize=64)
def _meaning(forms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(forms))


def _tell_count(case: Case, argument: Argument, layout: Layout) -> None:
    record = case.main
    before = record.fields.get(argument.name) if record is not None else None
    if before == argument.value or argument.value == 0:
        return layout.add(argument, "as it was")
    more = argument.value - before if isinstance(before, int) else argument.value
    noun = argument.name.split("_")[-1][:3]
    for turn in case.pool():
        words = case.words(turn)
        for name in case.records:
            words = words.replace(phrase_of(name), " ")
        words = _SPANS.sub(" ", words)
        if has_number(words, argument.value) or has_number(words, more):
            return layout.add(argument, "as a number", turn.message)
        if more == 1 and _one_more(noun).search(words):
            return layout.add(argument, "as one more", turn.message)
    layout.wanting.append(f"nobody had told {argument.path} {argument.value}")
    return None


@lru_cache(maxsize=64)
def _one_more(noun: str) -> re.Pattern[str]:
    return re.compile(f"{either('ONE_MORE')}{noun}")


def _tell_rest(case: Case, arguments: Sequence[Argument], agents_only: bool, layout: Layout) -> None:
    loose: list[Argument] = []
    for argument in arguments:
        if _stays(case, argument):
            layout.add(argument, "as it was")
            continue
        told = case.turn_telling(argument.value, agents_only)
        if told is not None:
            layout.add(argument, "in words", told.message)
        elif argument.value in (0, "no", "none", "No", "None"):
            layout.add(argument, "as nothing more")
        else:
            loose.append(argument)
    turns = case.turns(agents_only) if loose else ()
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


def tells_variant(case: Case) -> bool:
    """Whether the agent told what some part becomes."""
    parts = {part.place: str(part.value) for part in case.arguments.of_kind("part")}
    return any(
        choose_variant(case, one, parts.get(one.place, ""), (turn for turn in case.pool() if not turn.by_user)).message
        >= 0
        for one in case.arguments.of_kind("variant")
    )


def tells_part(case: Case) -> bool:
    """Whether the agent named a part that a write is about, or spoke of all of them."""
    return not case.parts or any(
        occurs(_ALL, words) or any(part.is_in(words) for part in case.parts if case.chosen & part.texts)
        for words in (case.words(turn) for turn in case.pool() if not turn.by_user)
    )


def tells_something_new(case: Case, words: str) -> bool:
    """Whether words tell a value of a write that its record does not have already; who pays is told in other words."""
    now = address_now(case, case.arguments.of_kind("address"))
    return any(
        argument.kind == "payment"
        or (
            argument.kind in ("address", "told", "count")
            and now.get(argument.name) != argument.value
            and not _stays(case, argument)
            and has_value(words, argument.value)
        )
        for argument in case.arguments.all
    )


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
    if uses_up(case, argument):
        return "as all that is on it"
    told = [
        other
        for other in alike
        if other is not argument
        and (any(has_number(case.words(turn), other.value) for turn in turns) or uses_up(case, other))
    ]
    if len(alike) > 1 and len(told) == len(alike) - 1:
        return "as the rest"
    for share in range(2, 10):
        if any(has_number(case.words(turn), argument.value / share) for turn in turns[:6]):
            return "as a sum"
    return ""
