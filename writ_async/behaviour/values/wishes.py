"""What is asked for before the real request, or in its stead: vague things, and things that cannot be had."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from writ_async.behaviour.talk import Talk, mentions
from writ_async.behaviour.value import Value
from writ_async.core.domain import Domain

_LETTERS: Final = re.compile(r"[a-z]+")


def unavailable_wishes(domain: Domain) -> tuple[str, ...]:
    """The phrases of the wishes that none of a domain's tools knows a word of."""
    known = set(_LETTERS.findall(msgspec.json.encode(domain.schemas).decode().casefold()))
    return tuple(wish.phrase for wish in domain.unavailable_wishes if wish.word not in known)


def _wishes_for_it_first(talk: Talk) -> bool:
    first = bool(talk.turns) and mentions(talk.turns[0].text, talk.detail("infeasible"))
    return first and not set(talk.goals) & set(talk.opening)


def _names_a_fallback(talk: Talk) -> bool:
    condition = re.compile(r"\b(?:if|in case|otherwise|unless|should that)\b")
    return any(
        mentions(turn.text, talk.detail("fallback")) and condition.search(turn.text.casefold()) for turn in talk.turns
    )


def _opens_vaguely(pattern: str) -> Callable[[Talk], bool]:
    found = re.compile(pattern)

    def sign(talk: Talk) -> bool:
        if len(talk.turns) < 2 or not found.search(talk.turns[0].text.casefold()):
            return False
        return not any(piece.part == "goal" for piece in talk.opening)

    return sign


def _insists_on_it(more_than: int) -> Callable[[Talk], bool]:
    def sign(talk: Talk) -> bool:
        wish = talk.detail("infeasible")
        return bool(wish) and sum(mentions(turn.text, wish) for turn in talk.turns) > more_than

    return sign


def _claims_it_was_promised(talk: Talk) -> bool:
    return _insists_on_it(1)(talk) and bool(re.search(r"told|promised|assured|said (?:it|that)", talk.text))


VALUES: Final = (
    Value(
        "fallback=conditional",
        (
            "First ask to {detail}; say in the same breath that if that can't be, you want your "
            "actual request instead.",
            "Present your request as the fallback: you would rather {detail}, and only if that "
            "can't be, the real thing.",
        ),
        _names_a_fallback,
        trigger="opening",
        opens=True,
        details=lambda material: unavailable_wishes(material.domain),
    ),
    Value(
        "ambiguity=vague_object",
        (
            "Open vaguely, as if it were about some thing you have with them, and become precise when asked.",
            "Your first message does not say what it is about; only a question brings that out.",
        ),
        _opens_vaguely(r"\b(?:thing|things|something|stuff|matter|issue)\b"),
        trigger="opening",
        turns=1,
        opens=True,
        against=r"\bstraight to the point\b",
    ),
    Value(
        "ambiguity=vague_time",
        (
            "Open with something that happened a while ago, without saying what; be precise only when asked.",
            "Begin vaguely with the other day or some time back, then state your request when the agent asks.",
        ),
        _opens_vaguely(r"\b(?:while|back|other day|ago|recent|recently|at some point|one of these days)\b"),
        trigger="opening",
        turns=1,
        opens=True,
        against=r"\bstraight to the point\b",
    ),
    Value(
        "infeasible=unavailable_first",
        (
            "Begin by asking to {detail}. When the agent says that this cannot be done, move on to "
            "your actual request.",
            "Your first message only asks to {detail}; once refused, tell what you really came for.",
        ),
        _wishes_for_it_first,
        trigger="opening",
        turns=1,
        opens=True,
        details=lambda material: unavailable_wishes(material.domain),
    ),
    Value(
        "persistence=repeats_denied",
        (
            "When the agent refuses that first wish, ask for it twice more before you give in.",
            "Do not take the first no: insist on it two more times, then let it go.",
        ),
        _insists_on_it(2),
        trigger="refusal",
        turns=2,
        rests_on="infeasible=unavailable_first",
    ),
    Value(
        "persistence=false_claim",
        (
            "When it is refused, claim that a colleague told you it was possible, and ask once more "
            "before you give in.",
            "After the refusal, say you were promised it, insist once, then accept.",
        ),
        _claims_it_was_promised,
        trigger="refusal",
        turns=1,
        rests_on="infeasible=unavailable_first",
    ),
)
