"""What a customer of the shop answers who is asked which one of several they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from tools.rereading.words import NotUnderstood, Unsound, best, one, sentences

Record = dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """All of them; the dearest ("most") or cheapest ("least"); the order that holds something; or an item's options."""

    every: bool = False
    pick: str = ""
    holding: str = ""
    options: str = ""


_EVERY = re.compile(r"(?:\b|^)(?:both|all(?: \w+)? of them|the (?:two|three) of them|all (?:two|three))\b")
_MORE = re.compile(
    r"\bmo(?:re|st) expensive\b|\bprici(?:er|est)\b|\bdearer\b|\bcost (?:me )?(?:the )?mo(?:re|st)\b|\bhigher price\b"
)
_LESS = re.compile(
    r"\ble(?:ss|ast) expensive\b|\bcheape(?:r|st)\b|\bcost (?:me )?(?:the )?le(?:ss|ast)\b|\blower price\b"
)
_HOLDS = re.compile(r"\balso (?:has|contains|includes|holds|got|bought) the (?P<a>.+)$|\bwith the (?P<b>.+) in it\b")
_OPTIONS = re.compile(r"\bone with (?P<what>.+?)(?: is what i mean)?$")
_CLOSERS = re.compile(r"(?:, (?:please|too)| as well)*[.!]*$")


def read_answer(text: str, products: Sequence[str]) -> Answer | None:
    """What an answer picks, or None where nothing is said. Raises `NotUnderstood`."""
    said = sentences(text)
    if not said:
        return None
    if len(said) != 1:
        raise NotUnderstood(f"several sentences in {text!r}")
    plain = _CLOSERS.sub("", said[0].lower())
    found = [Answer(every=True)] if _EVERY.search(plain) else []
    found += [Answer(pick="most")] if _MORE.search(plain) else []
    found += [Answer(pick="least")] if _LESS.search(plain) else []
    if not found and (held := _HOLDS.search(plain)):
        name = (held["a"] or held["b"]).strip()
        if name not in [product.lower() for product in products]:
            raise NotUnderstood(f"no product {name!r}")
        found.append(Answer(holding=name))
    if not found and (described := _OPTIONS.search(plain)):
        # Options are written in upper case at times, as sizes are.
        start = said[0].lower().index(described["what"])
        found.append(Answer(options=said[0][start : start + len(described["what"])]))
    if len(found) != 1:
        raise NotUnderstood(f"which one is meant by {text!r}")
    return found[0]


def chosen(things: Sequence[Record], answer: Answer | None, cost: Any, options_of: Any, what: str) -> list[Record]:
    """Which of some things an answer picks; the only one without. `cost` and `options_of` are for those that need it.

    Raises `Unsound` where several are left, or none.
    """
    if len(things) < 2 or answer is None:
        return [one(things, what)]
    if answer.every:
        return list(things)
    if answer.pick:
        return [best(things, cost, most=answer.pick == "most", what=f"extreme {what}")]
    if answer.holding:
        holding = [thing for thing in things if any(item["name"].lower() == answer.holding for item in thing["items"])]
        return [one(holding, f"{what} with {answer.holding}")]
    wanted = options_of(answer.options)
    if not wanted:
        raise Unsound("which one is meant is open")
    return [one([thing for thing in things if wanted.items() <= thing["options"].items()], f"{what} with {wanted}")]
