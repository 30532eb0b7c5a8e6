"""Questions of an airline's customers that change nothing, and what the true answer is."""

from __future__ import annotations

import re
from typing import Any

from tools.rereading.words import Rest, Unsound

Record = dict[str, Any]
_T = r"(?:<T\d+>)"
_QUESTIONS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("free bags", rf"(?:the )?number of checked bags that are free on {_T} for everybody in it together"
                      rf"|how many free checked bags we may take on {_T}, all passengers together"
                      rf"|how many checked bags are free on {_T}, counting all passengers"
                      rf"|(?:the )?allowance of free checked bags on {_T}, all passengers together"),
        ("cabin", rf"(?:the )?cabin of {_T}|which cabin {_T} is booked in|cabin in which {_T} is booked"),
        ("paid", rf"how much was paid in total for {_T}|what I paid for {_T} altogether"
                 rf"|(?:the )?(?:total that was|sum I) paid for {_T}(?: in all)?"),
        ("status", rf"(?:the )?status of the flight of {_T} up to today"
                   rf"|how the flight on {_T} that was due by today stands, I mean its status"
                   rf"|what status the flight of {_T} has that was due by today"
                   rf"|(?:the )?flight status of {_T}, for the flight up to today"),
        ("both balances", r"what my gift cards and travel certificates (?:hold|are worth) together"
                          r"|(?:the )?total of all my gift cards and certificates"
                          r"|how much I have on gift cards and travel certificates together"),
        ("gift cards", r"how much I have on my gift cards (?:altogether|together|in all)"
                       r"|(?:the )?(?:sum|total) of the balances of my gift cards"
                       r"|what (?:all )?my gift cards (?:hold|are worth) together"),
        ("certificates", r"(?:the )?total (?:amount|value|worth) of my travel certificates"
                         r"|what (?:all )?my travel certificates are worth together"
                         r"|how much my travel certificates (?:come to|are worth) (?:together|in all|altogether)"),
        ("fare", r"(?:the )?lowest fare for one passenger in <C\d+> <R\d+> on (?:<D\d+>(?:, | or )?)+"
                 r"|what the cheapest option in <C\d+> <R\d+> on (?:<D\d+>(?:, | or )?)+ costs for one person"
                 r"|what one person pays at least in <C\d+> <R\d+> on (?:<D\d+>(?:, | or )?)+"
                 r"|(?:the cheapest fare there is|how low the fare) for one person (?:gets )?<R\d+>"
                 r" on (?:<D\d+>(?:, | or )?)+ ?in <C\d+>"),
    )
)  # fmt: skip


def questions_in(rest: Rest) -> list[tuple[str, str]]:
    """The questions of a sentence in order, each with the words that it was put in; the phrases are named already.

    None where something is left beside them.
    """
    if not re.match(r"(?:find out|know|hear|see|check|have|get|tell)\b(?! in\b)", rest.text):
        return []
    found = sorted(
        ((match.start(), kind, match[0]) for kind, pattern in _QUESTIONS for match in pattern.finditer(rest.text))
    )
    left = rest.text
    for _, _, words in found:
        left = left.replace(words, "")
    if found and not re.fullmatch(r"(?:find out|know|hear|see|check|have|get|the|and| )*", left):
        return []
    return [(kind, words) for _, kind, words in found]


def balances(kind: str, ways: list[Record]) -> float:
    """What the customer's cards and certificates of a kind hold together."""
    sources = {"gift cards": ("gift_card",), "certificates": ("certificate",)}.get(kind, ("gift_card", "certificate"))
    amounts = [way["amount"] for way in ways if way["source"] in sources]
    if not amounts:
        raise Unsound(f"no {kind}")
    return float(sum(amounts))
