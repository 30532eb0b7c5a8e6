"""An answer that takes what an agent put one after the other one by one: "Yes to the first, no to the second"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from writ_async.verify.confirming.clauses import plain
from writ_async.verify.confirming.patterns import either
from writ_async.verify.confirming.reply_options import NUMBER_NAMES
from writ_async.verify.confirming.wording import has_any

_PLACES: Final = {
    **{name: place for place, name in enumerate(("first", "second", "third", "fourth", "fifth", "sixth"))},
    **{name: place for place, name in enumerate(("1st", "2nd", "3rd", "4th", "5th", "6th"))},
    "former": 0,
    "latter": -1,
    "last": -1,
}
_ORDINAL: Final = f"(?:{'|'.join(_PLACES)})"
_NUMBER: Final = rf"(?:\d{{1,2}}|{'|'.join(NUMBER_NAMES)})"
_NOUN: Final = either("CHOICE")
_CALLS: Final = ("option", "number", "item", "point", "choice", "change", "request", "#")
_CALLED: Final = rf"(?:{'|'.join(_CALLS)}) ?#?(?:{_NUMBER}|[a-h])"
_ONE: Final = rf"(?:(?:the |my |your )?{_ORDINAL}(?: {_NOUN})?|{_CALLED}|\(?\d{{1,2}}\)?|{'|'.join(NUMBER_NAMES)})"
_YES: Final = "yes|yep|yeah|yup|y|ok|okay|sure|fine|good|correct|right|agreed|approved|confirmed|go ahead"
_NO: Final = "no|nope|nah|n|skip|declined|denied|rejected"
_BEHIND_SAID: Final = r"(?=$|[.,;!\n)]| and | but | (?:the |option |number |\d))"
_SAID: Final = re.compile(rf"[ :=,>-](?:{_YES}|{_NO}){_BEHIND_SAID}")
"""A yes or no of a pair, which every pair has."""
_ONE_WORDS: Final = (*[word for word in _PLACES if word.isalpha()], *_CALLS, *NUMBER_NAMES)
_ONE_SIGN: Final = re.compile(r"\d|[a-h]\)? ?[:=]")
"""What the other side of a pair has: one of these words, a figure or a letter before a sign. Few answers do."""
_PAIR: Final = re.compile(
    r"(?:^|(?<=[.,;!?\n] )|(?<=[.,;!?\n])|(?<= and )|(?<= but )|(?<=yes )|(?<=no )|(?<=ok ))"
    rf"(?:for |on |as for |to )?(?P<one>{_ONE}|[a-h](?=\)? ?[:=]))\)?"
    rf"(?: ?[:=,-]>? ?| is (?:an? )?| )(?P<said>{_YES}|{_NO}){_BEHIND_SAID}"
)
_LEADS: Final = ("to", "for", "on", "with", "do", "only", "just", "not", "and", "&", "skip")
_BEFORE: Final = f"(?:^|{'|'.join(f'(?<={word} )' for word in _LEADS)})"
_BEHIND: Final = r"(?=$|[.,;!)]| and | & | but | or | please| thanks| only| too| as well)"
_NAMED: Final = re.compile(
    rf"(?:the|my|your) (?P<ordinal>{_ORDINAL})(?: {_NOUN})?{_BEHIND}|(?<!\w)(?P<bare>{_ORDINAL}) {_NOUN}(?!\w)"
    rf"|(?<!\w){_CALLED.replace('(?:' + _NUMBER + '|[a-h])', '(?P<called>' + _NUMBER + '|[a-h])')}(?!\w)"
    rf"|(?<= and )(?P<next>{_ORDINAL}){_BEHIND}"
    rf"|{_BEFORE}\(?(?P<number>{_NUMBER}|[a-h])\)?{_BEHIND}"
)
_AND: Final = re.compile(
    rf" and (?=(?:{_YES}|{_NO}|not) (?:to|for|on) |(?:skip|leave|drop|not) (?:the {_ORDINAL}|number|option|\d))"
)
_REST: Final = re.compile(rf"\b(?:the|any) (?:others|other (?:one|option|request)s?|rest|remaining ones?){_BEHIND}")


def told_apart(answer: str) -> str:
    """An answer in which each yes or no stands before what it is said to: "first: yes" is "yes to first".

    An answer without such pairs stays as it is.
    """
    text = plain(answer)
    may_name_one = has_any(text, _ONE_WORDS) or _ONE_SIGN.search(text) is not None
    paired = _PAIR.sub(_in_order, text) if may_name_one and _SAID.search(text) is not None else text
    if " and " in paired:
        paired = _AND.sub(", ", paired)
    return answer if paired == text else paired


def _in_order(pair: re.Match[str]) -> str:
    said = "no" if re.fullmatch(_NO, pair["said"]) else "yes"
    one = pair["one"].strip("()")
    before = "option " if re.fullmatch("[a-h]", one) else "the " if one.partition(" ")[0] in _PLACES else ""
    return f", {said} to {before}{one},"


@lru_cache(maxsize=1024)
def names_a_place(text: str) -> bool:
    """Whether a clause names anything by its number, letter or place."""
    return _REST.search(text) is not None or _NAMED.search(text) is not None


def named_by_place(clause: str, names: Sequence[str], answer: str = "") -> list[str]:
    """Which of several things a clause names by their number, letter or place; `names` are theirs, in order.

    "The others" are those that nothing else in the answer names.
    """
    found: list[str] = []
    if _REST.search(clause):
        named = [name for other in re.split(r"[,;.!\n]", answer) for name in named_by_place(other.strip(), names)]
        found += [name for name in names if name not in named] if named else []
    for match in _NAMED.finditer(clause):
        ordinal = match["ordinal"] or match["bare"] or match["next"]
        if ordinal is not None:
            found += names[_PLACES[ordinal] :][:1] if _PLACES[ordinal] < len(names) else []
            continue
        called = match["called"] or match["number"]
        name = NUMBER_NAMES.get(called, called)
        if name in names:
            found.append(name)
        elif name.isdecimal() and 0 < int(name) <= len(names) and not names[0].isdecimal():
            found.append(names[int(name) - 1])
    return list(dict.fromkeys(found))
