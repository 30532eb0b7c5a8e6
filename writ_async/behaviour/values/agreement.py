"""How the user agrees to a write: plainly, indirectly, after a recap, or wish by wish."""

from __future__ import annotations

import re
from typing import Final

from writ_async.behaviour.talk import Talk
from writ_async.behaviour.value import PLAIN, Value


def _replies(talk: Talk) -> list[str]:
    """The answers to questions for a yes."""
    return [turn.text.casefold() for turn in talk.turns if turn.is_asked_for_yes and turn.calls]


def _says_yes(talk: Talk) -> bool:
    return any(re.search(r"\b(?:yes|yeah|yep|i confirm|correct)\b", reply) for reply in _replies(talk))


def _agrees_without_yes(talk: Talk) -> bool:
    return any(not re.search(r"\b(?:yes|yeah|yep|i confirm)\b", reply) for reply in _replies(talk))


def _asks_for_recap(talk: Talk) -> bool:
    asked = r"\b(?:recap|sum\b|summar|once more|one more time|again|repeat|go over|go through)"
    return any(re.search(asked, reply) for reply in _replies(talk))


def _tells_wishes_one_by_one(talk: Talk) -> bool:
    late = [turn for turn in talk.turns[1:] if any(piece.wish for piece in turn.told)]
    return bool(late) and all(turn.calls for turn in late)


VALUES: Final = (
    Value(
        "confirmation=explicit",
        ("Confirm with a clear yes.", "Say yes in so many words when you agree."),
        _says_yes,
        weight=PLAIN,
        trigger="confirmation",
        needs=lambda material: material.writes,
    ),
    Value(
        "confirmation=implicit",
        (
            "Agree without the word yes: go ahead, sounds good.",
            "When you agree, say it indirectly, such as please do or that works.",
        ),
        _agrees_without_yes,
        trigger="confirmation",
        needs=lambda material: material.writes,
        against=r"\bsay yes\b",
    ),
    Value(
        "confirmation=recap_first",
        (
            "The first time you are asked to confirm, ask for a recap before you agree.",
            "Let the agent sum up everything once more before your first yes.",
        ),
        _asks_for_recap,
        trigger="confirmation",
        turns=1,
        needs=lambda material: material.writes,
        against=r"\bas soon as\b",
    ),
    Value(
        "confirmation=one_at_a_time",
        (
            "Bring your wishes one at a time, the next only when the one before is done.",
            "Do not mention a later wish before the earlier one has been carried out.",
        ),
        _tells_wishes_one_by_one,
        trigger="after_write",
        turns=4,
        needs=lambda material: material.several_wishes and material.says_only_once("goal"),
        against=r"\bin one go\b",
    ),
)
