"""Who chose the payment method of a write: the latest turn that names one of the customer's methods decides.

A method that nobody named was chosen by the agent alone, unless the customer has no other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import inf

from writ_async.verify.confirming.arguments import Argument
from writ_async.verify.confirming.case import Case
from writ_async.verify.confirming.choices import Choice, who_chose
from writ_async.verify.confirming.clauses import plain, sentences
from writ_async.verify.confirming.conditions import money_in
from writ_async.verify.confirming.naming import Record
from writ_async.verify.confirming.patterns import either, occurs, pattern
from writ_async.verify.confirming.reply import names_nothing
from writ_async.verify.confirming.tool_words import tool_words
from writ_async.verify.confirming.turns import Turn
from writ_async.verify.confirming.wording import has_number, has_phrase, phrase_of, plain_words

_ORIGINAL = pattern("USED_BEFORE")
_NOT_IT = re.compile(either("NOT_IT") + r" (?:\w+ ){0,4}$")
_KINDS = pattern("PAID_BY")
_IS_DUE = pattern("IS_DUE")
_LEFT_OPEN = pattern("LEFT_OPEN")
_FREE = pattern("FREE")
_SETTLES = pattern("IS_SETTLED")
_OR = " or "
_LEFT_ON = ("balance", "amount")
"""The fields of a method that hold what is on it."""


def choose_payment(case: Case, argument: Argument, until: float = inf) -> Choice:
    """Who chose the payment method of a write, before a message; nobody has to where the agent said that it is free."""
    choice = _choose(case, argument, until)
    return Choice("as nothing is to be paid") if choice.wanting and _is_free(case) else choice


def _is_free(case: Case) -> bool:
    """Whether the agent's last words about a write say that it costs nothing, and no money goes back either."""
    asked = next((turn for turn in case.recent if not turn.by_user), None)
    if asked is None or any(money_in(plain(asked.laid_out))) or occurs(_SETTLES, case.words(asked)):
        return False
    tool = tool_words(case.write.call.function.name, case.domain)
    return any(
        (occurs(_FREE, words) or money_in(sentence.text))
        and (occurs(tool.topic, words) or not occurs(tool.others, words))
        for sentence in sentences(asked.laid_out)
        for words in [plain_words(sentence.text)]
    )


def _choose(case: Case, argument: Argument, until: float) -> Choice:
    wanted = str(argument.value)
    methods: dict[str, Record] | None = None
    used: set[str] = set()
    for turn in case.pool():
        if turn.message >= until:
            continue
        words = case.words(turn)
        if has_phrase(words, wanted):
            return Choice("by its id", turn.message)
        if turn.by_user and names_nothing(words):
            continue
        if methods is None:
            methods, used = _methods(case, wanted), _used(case)
        original = _ORIGINAL.search(words)
        if original is not None and not _NOT_IT.search(words[: original.start() + 1]):
            if wanted in used or not used:
                return Choice("as the method that was used before", turn.message)
            named = _named_methods(case, words, methods, several=turn.by_user) or used
        else:
            named = _named_methods(case, words, methods, several=turn.by_user)
        if not named:
            if other := _promised(case, turn, methods.get(wanted)):
                return Choice(wanting=f"the agent had told {other}, the call has {wanted}")
            continue
        if wanted in named:
            if len(named) > 1 and not turn.by_user and _is_open(case, turn, methods, named):
                continue
            return Choice("in words", turn.message)
        if named & {str(other.value) for other in case.arguments.of_kind("payment")}:
            continue
        if turn.by_user or case.is_about(turn) or turn in case.recent[:2]:
            other = ", ".join(sorted(named))
            return Choice(wanting=f"{who_chose(turn)} {other}, the call has {wanted}")
    if len(_methods(case, wanted) if methods is None else methods) <= 1:
        return Choice("as the only one there is")
    return Choice(wanting=f"nobody had chosen {argument.path} {wanted}", alone=True)


def uses_up(case: Case, argument: Argument) -> bool:
    """Whether an amount of a write is all that was shown to be on the method that it is taken from."""
    methods = [str(other.value) for other in case.arguments.of_kind("payment") if other.owner is argument.owner]
    return any(
        record.key == name and argument.value in [record.fields.get(field) for field in _LEFT_ON]
        for name in methods
        for record in case.shown.named(name, case.until)
    )


def _promised(case: Case, turn: Turn, wanted: Record | None) -> str:
    """Another kind of method that an agent said would get or pay what is due, where it left no choice."""
    if wanted is None or turn.by_user or turn not in case.recent[:3]:
        return ""
    own = "".join(phrase_of(value) for value in (wanted.key, *wanted.fields.values()) if isinstance(value, str))
    said = (plain_words(sentence.text) for sentence in sentences(turn.laid_out))
    due = (words for words in said if occurs(_IS_DUE, words) and not occurs(_LEFT_OPEN, words))
    kinds = (found[0].strip() for words in due for found in _KINDS.finditer(words))
    return next((kind for kind in kinds if kind.rstrip("s") not in own), "")


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
                    found[name] = Record(name, sibling)
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


def _named_methods(case: Case, words: str, methods: Mapping[str, Record], *, several: bool = False) -> set[str]:
    """The methods that words name: by id, by the digits of a card, by its brand, or by what kind of method it is.

    Those of a kind may be named by it in the plural, where words that speak of `several` choose them.
    """
    exact: set[str] = set()
    loose: set[str] = set()
    for name, record in methods.items():
        if has_phrase(words, name):
            exact.add(name)
            continue
        for field, value in record.fields.items():
            if field not in case.domain.describing_fields or not isinstance(value, str | int):
                continue
            place = _find(words, str(value), several=several)
            if place < 0 or _NOT_IT.search(words[:place]):
                continue
            if str(value).isdigit():
                exact.add(name)
            else:
                loose.add(name)
        if any(
            isinstance(v, int | float) and not isinstance(v, bool) and v > 0 and k in _LEFT_ON and has_number(words, v)
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


def _find(words: str, value: str, *, several: bool = False) -> int:
    phrase = phrase_of(value)
    if len(phrase) < 3:
        return -1
    return max(words.rfind(phrase), words.rfind(f"{phrase[:-1]}s ") if several else -1)
