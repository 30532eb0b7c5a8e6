"""What passengers say beside their wishes: limits, another wish where the first fails, and mere claims."""

from __future__ import annotations

import re

from tools.rereading.airline_wishes import Wish
from tools.rereading.words import NotUnderstood, Rest

CLAIMS = re.compile(
    r"^it's for \d+ people$|^we are \d+ passengers on it$|^there are \d+ of us on that booking$"
    r"|\binsured\b|\binsurance (?:for it|on that one|with the ticket)|took out the travel insurance"
    r"|booked (?:it )?(?:less than a day|just a few hours) ago"
    r"|made that booking this morning|\b(?:gold|silver) member\b",
    re.IGNORECASE,
)
"""What customers claim about their bookings, which the records bear out or do not."""

_GOALS = (
    ("second", r"second cheapest|second lowest fare|not the lowest fare|lowest fare doesn't suit me"),
    (
        "fastest",
        r"shortest (?:overall )?travel time"
        r"|\bquickest\b|\bfastest\b"
        r"|time from the first departure to the last arrival",
    ),
    ("leave earliest", r"leaves? (?:earliest|first)|very first departure|earliest departure"),
    ("leave latest", r"leaves? (?:latest|last)|very last departure|latest departure"),
    (
        "arrive earliest",
        r"(?:arrives?|gets? in|lands?) (?:earliest|first)"
        r"|very first arrival|earliest arrival|there earliest|there first",
    ),
    ("arrive latest", r"(?:arrives?|gets? in|lands?) (?:latest|last)|very last arrival|latest arrival"),
    ("cheapest", r"\bcheap(?:est|ly)\b|lowest fare|least expensive|costs? least|only the price decides"),
)
_LIMIT = re.compile(r"\$(\d+)")
_NO_OTHER_FLIGHTS = re.compile(
    r"flights (?:of that reservation can't be changed|aren't allowed)|not let me change its flights"
)
_AT_MOST = re.compile(r"budget|cost more than|and no more|or less|at most")


def goal_in(text: str) -> str:
    """Which of several flights is wanted, or an empty text where a sentence does not say."""
    return next((goal for goal, words in _GOALS if re.search(words, text, re.IGNORECASE)), "")


def read_otherwise(rest: Rest, wish: Wish) -> bool:
    """Read a limit, or what is to be done where a wish cannot be met. False where a sentence says neither."""
    text = rest.text
    if (limit := _LIMIT.search(text)) and _AT_MOST.search(text):
        wish.limit = float(limit[1])
        return True
    if not re.match(r"(?:in case|if|should|otherwise)\b", text, re.IGNORECASE):
        return False
    cabins = rest.named("C")
    bags = re.search(r"\b(\d+) (?:more|extra|further|additional) (?:checked )?bags?\b", text)
    dear = re.search(r"^otherwise|isn't enough|more than that|that's more", text, re.IGNORECASE)
    if re.search(r"most expensive|priciest|dearest", text):
        raise NotUnderstood(text)
    if wish.act == "book" and dear and cabins:
        wish.when, wish.other_cabin = "cost", cabins[0]
    elif wish.act == "cabin" and dear and bags:
        wish.when, wish.instead = "cost", Wish("bags", trip=wish.trip, bags=int(bags[1]))
    elif wish.act == "rebook" and _NO_OTHER_FLIGHTS.search(text) and "cancel" in text:
        wish.when, wish.instead = "flights", Wish("cancel", trip=wish.trip)
    elif wish.act == "cancel" and cabins and re.search(r"can't be cancelled|don't allow that|be impossible", text):
        wish.when, wish.instead = "cancel", Wish("cabin", trip=wish.trip, cabin=cabins[0])
    else:
        raise NotUnderstood(text)
    return True
