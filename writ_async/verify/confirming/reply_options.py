"""Options that an agent wants to be answered by their names ("Reply 1 to cancel it, 2 to keep it"), and the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from writ_async.language.said_values import NUMBERS_IN_WORDS
from writ_async.verify.confirming.clauses import plain, sentences
from writ_async.verify.confirming.wording import has_any

NUMBER_NAMES: Final = {word: str(number) for number, word in enumerate(NUMBERS_IN_WORDS[:6], start=1)}
_VERBS: Final = ("reply", "respond", "answer", "type", "enter", "text", "press", "hit", "choose", "select", "pick")
_OPENS: Final = re.compile(
    rf"\b(?i:{'|'.join(_VERBS)})(?: (?:me|us|back|just|simply)){{0,2}}(?: (?:with|by))?"
    r"(?: (?:option|number|the number))?:? "
)
_VERB: Final = re.compile("|".join(_VERBS))
_NAME: Final = r"\d{1,2}|[A-Ha-h]|[A-Z]{2,12}"
_OPTION: Final = re.compile(
    rf"(?:[\"'“‘(\[*]{{1,3}}(?P<quoted>{_NAME}|[a-z]{{2,12}})[\"'”’)\]*]{{1,3}}|(?<![\w$#.-])(?P<bare>{_NAME})):?"
    r" (?P<joint>to|for|if) (?=\w)"
)
_JOINED: Final = re.compile(
    rf"(?:[,;.\n]|\b(?:or|and)) ?(?:(?i:or|and|{'|'.join(_VERBS)}|with|option|number) ){{0,3}}$"
)
_ENDS: Final = re.compile(r"[.;!?\n](?!\w)")
_TRAILING: Final = re.compile(r"[\s,;()]*(?:\b(?:or|and|and/or)\b)?[\s,;:()]*$")
_ABORTS: Final = re.compile(
    r"(?:cancel|abort|stop|exit|quit|go back|decline|reject|refuse|dismiss|leave|keep|skip|disagree)"
    r"(?: (?:it|this|that|the|my|all|these|those|everything))?(?: (?:request|changes?|process|operation|action))?$"
)
_AFFIRMS: Final = re.compile(
    r"(?:confirm|proceed|go ahead|go on|continue|approve|accept|agree|authori[sz]e|yes|submit)\b"
)
_SPEAK_FOR_THEMSELVES: Final = frozenset(
    {
        "yes",
        "no",
        "y",
        "n",
        "ok",
        "okay",
        "confirm",
        "confirmed",
        "agree",
        "agreed",
        "proceed",
        "continue",
        "cancel",
        "stop",
    }
)
"""Answers that are read as what they say, whatever an agent says of them."""
_BARE: Final = _SPEAK_FOR_THEMSELVES | {"please", "thanks"}
_MOST_BARE: Final = 40
_MOST: Final = 8
_NEAR: Final = 40


def reply_options(text: str) -> dict[str, str]:
    """The names by which an agent wants to be answered, with what a customer says who does; empty where there are none.

    The options stand in one row behind a verb of answering. A bare "cancel" beside one that confirms takes it all back.
    """
    lower = text.casefold()
    if not has_any(lower, _VERBS):
        return {}
    first = next((one for opened in _openings(text, lower) if (one := _OPTION.match(text, opened.end()))), None)
    if first is None:
        return {}
    later = islice(_OPTION.finditer(text, first.end()), _MOST)
    found = [first, *(one for one in later if _JOINED.search(text, max(first.end(), one.start() - _NEAR), one.start()))]
    told: dict[str, tuple[str, str]] = {}
    for place, option in enumerate(found):
        end = found[place + 1].start() if place + 1 < len(found) else len(text)
        stop = _ENDS.search(text, option.end(), end)
        said = _TRAILING.sub("", text[option.end() : stop.start() if stop else end])
        name = (option["quoted"] or option["bare"]).casefold()
        if name not in _SPEAK_FOR_THEMSELVES:
            told.setdefault(name, (option["joint"], " ".join(plain(said).split())))
    affirmed = any(_AFFIRMS.match(said) for _, said in told.values())
    return {name: _spoken(joint, said, affirmed) for name, (joint, said) in told.items()}


def _openings(text: str, lower: str) -> Iterator[re.Match[str]]:
    """Where a text says how it is to be answered; verbs are looked for first, where they stand as in lower case."""
    if len(lower) != len(text):
        yield from _OPENS.finditer(text)
        return
    for verb in _VERB.finditer(lower):
        opened = _OPENS.match(text, verb.start())
        if opened is not None:
            yield opened


def _spoken(joint: str, said: str, affirmed: bool) -> str:
    """What a customer says who takes an option."""
    if affirmed and _ABORTS.match(said):
        return "no"
    if joint == "to":
        return f"please {said}"
    return re.sub(r"^you\b", "i", said) if joint == "if" else said


def is_bare(answer: str) -> bool:
    """Whether an answer has no words but such as speak for themselves, so that it takes no option of any kind."""
    return len(answer) <= _MOST_BARE and _BARE.issuperset(answer.lower().replace(",", " ").rstrip(".! ").split())


def answered_by(answer: str, options: Mapping[str, str]) -> str:
    """An answer with the options that it takes said in words where their names stood."""
    said: list[str] = []
    taken = False
    for sentence in sentences(answer):
        clauses = [_taken(clause, options) or clause for clause in sentence.clauses]
        taken = taken or tuple(clauses) != sentence.clauses
        said.append(f"{', '.join(clauses)}{'?' if sentence.asks else '.'}")
    return "\n".join(said) if taken else answer


def _taken(clause: str, options: Mapping[str, str]) -> str:
    words = clause.replace("\u20e3", "").strip(" ()[]\"'#.").split()
    while words and words[0] in ("option", "number", "please", "ok", "okay"):
        words.pop(0)
    if words and words[-1] in ("please", "thanks"):
        words.pop()
    name = NUMBER_NAMES.get(words[0], words[0]) if len(words) == 1 else ""
    return options.get(name, "")
