"""Conditions on an amount that what was laid out meets already: "If it's $95, yes" is a yes where it is $95."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from writ_async.language.said_values import NUMBERS_IN_WORDS, numbers_said_in
from writ_async.verify.confirming.clauses import plain, sentences
from writ_async.verify.confirming.patterns import either
from writ_async.verify.confirming.wording import has_any

_CURRENCY: Final = "(?:dollars?|usd|bucks|euros?|eur|pounds?|gbp)"
_AMOUNT: Final = (
    rf"(?:(?:usd|eur|gbp) ?)?[$€£]? ?\d{{1,9}}(?:,\d{{3}}){{0,3}}(?:\.\d{{1,2}})?(?: ?{_CURRENCY})?"
    rf"|(?:an? )?(?:(?:{'|'.join(NUMBERS_IN_WORDS)})(?:[ -]|,? and |$)){{1,8}}(?:{_CURRENCY})?"
)
_NOUN: Final = either("SUM")
_AT_MOST: Final = "at most|no more than|not more than|not over|not above|up to|within|max(?:imum)?"
_BELOW: Final = "under|below|less than|cheaper than"
_AT_LEAST: Final = "at least|no less than|not less than|not under|not below"
_ABOVE: Final = "over|above|more than"
_IF: Final = re.compile(
    r"(?:but |and |so )?(?:only )?(?P<if>if|as long as|so long as|provided(?: that)?|assuming|unless) "
    rf"(?:(?:the |my |your |that |this )?(?:new |final |full |whole |price |total )?(?P<noun>{_NOUN})"
    r"|it|that|this|everything)(?:'s| is| was|s| are| will be|'ll be| would be| costs?| comes? to"
    r"| (?:stays?|remains?)(?: at)?| (?:adds?|works?) up to"
    r"| (?:doesn't|does not|won't|will not) (?:exceed|cost more than|go over))"
    r"(?: (?:really|still|indeed|exactly|just|only|actually|precisely|about))? ?"
    rf"(?P<than>{_AT_MOST}|{_BELOW}|{_AT_LEAST}|{_ABOVE})? ?(?P<amount>{_AMOUNT})"
    r"(?: (?:in total|total|all in|altogether|overall|then|or less|or more))?$"
)
_BEGINNINGS: Final = ("if ", "as long as ", "so long as ", "provided ", "assuming ", "unless ")
_BEGIN: Final = ("if", "long", "provided", "assuming", "unless")
"""Of which every condition has one, whatever blanks are in it."""
_EXCEEDS: Final = re.compile(r"(?:n't|not) (?:exceed|cost more than|go over)")
_FIGURES: Final = r"\d{1,9}(?:,\d{3}){0,3}(?:\.\d{1,2})?"
_MONEY: Final = re.compile(rf"[$€£] ?({_FIGURES})|(?<![\d.,])({_FIGURES}) {_CURRENCY}\b")


def without_met_conditions(answer: str, asks: Callable[[], str]) -> str:
    """An answer without its conditions on amounts that what was asked meets as it stands; others stay.

    `asks` gives the text of what was asked.
    """
    if not has_any(plain(answer), _BEGIN):
        return answer
    asked = asks()
    said: list[str] = []
    met = False
    for sentence in sentences(answer):
        kept: list[str] = []
        for clause in sentence.clauses:
            left, found = _before_condition(clause, asked)
            met = met or found
            if left:
                kept.append(left)
        if kept:
            said.append(f"{', '.join(kept)}{'?' if sentence.asks else '.'}")
    return "\n".join(said) if met else answer


def money_in(text: str) -> list[float]:
    """The amounts of money that a plain text tells in figures, in order."""
    return [float((signed or named).replace(",", "")) for signed, named in _MONEY.findall(text)]


def _before_condition(clause: str, asked: str) -> tuple[str, bool]:
    """What stands in a clause before a condition that is met, and whether there is one."""
    for begin in _BEGINNINGS:
        start = clause.find(begin)
        while start >= 0:
            first = start - 5 if clause[max(0, start - 5) : start] == "only " else start
            condition = _IF.match(clause, first)
            if condition is not None and _is_met(condition, asked):
                before = clause[:first].strip(" ,")
                return before.removesuffix(" but").removesuffix(" and"), True
            start = clause.find(begin, start + 1)
    return clause, False


def _is_met(condition: re.Match[str], asked: str) -> bool:
    wanted = next(iter(sorted(numbers_said_in(plain(condition["amount"])), reverse=True)), None)
    if wanted is None:
        return False
    text = plain(asked)
    if condition["noun"] is not None and condition["noun"] not in ("amount", "sum"):
        text = _of(condition["noun"], text)
    told = money_in(text)
    than = condition["than"] or ""
    bounded = _EXCEEDS.search(condition[0]) is not None or condition[0].endswith(" or less")
    if condition["if"] == "unless":
        return bool(told) and bool(re.fullmatch(_ABOVE, than)) and all(amount <= wanted for amount in told)
    if bounded or re.fullmatch(_AT_MOST, than):
        return bool(told) and all(amount <= wanted for amount in told)
    return _compared("at least" if condition[0].endswith(" or more") else than, wanted, told, text)


def _of(noun: str, text: str) -> str:
    """The clauses of a text that tell an amount under a name, else its sentences that have that name."""
    sentences_with = [said for said in re.split(r"\n|(?<=[.!?;]) ", text) if noun in said]
    clauses = [clause for said in sentences_with for clause in said.split(", ") if noun in clause]
    return "\n".join([clause for clause in clauses if _MONEY.search(clause)] or sentences_with)


def _compared(than: str, wanted: float, told: Sequence[float], text: str) -> bool:
    if re.fullmatch(_BELOW, than):
        return bool(told) and all(amount < wanted for amount in told)
    if re.fullmatch(_AT_LEAST, than):
        return bool(told) and all(amount >= wanted for amount in told)
    if re.fullmatch(_ABOVE, than):
        return bool(told) and all(amount > wanted for amount in told)
    return any(abs(amount - wanted) < 0.005 for amount in told or numbers_said_in(text))
