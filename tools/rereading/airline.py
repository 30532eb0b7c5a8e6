"""What a passenger asks for comes to, read from the words and looked up in the world."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from tools.rereading.airline_answer import answer
from tools.rereading.airline_phrases import Phrases
from tools.rereading.airline_reader import Reader
from tools.rereading.airline_wishes import Request
from tools.rereading.outcome import Outcome, Take
from tools.rereading.words import one

AIRPORTS = {
    "SFO": "San Francisco", "JFK": "New York", "LAX": "Los Angeles", "ORD": "Chicago", "DFW": "Dallas",
    "DEN": "Denver", "SEA": "Seattle", "ATL": "Atlanta", "MIA": "Miami", "BOS": "Boston", "PHX": "Phoenix",
    "IAH": "Houston", "LAS": "Las Vegas", "MCO": "Orlando", "EWR": "Newark", "CLT": "Charlotte",
    "MSP": "Minneapolis", "DTW": "Detroit", "PHL": "Philadelphia", "LGA": "LaGuardia",
}  # fmt: skip
"""Codes and cities as the tool that lists airports shows them."""


def derive(request: str, facts: Sequence[str], db: dict[str, Any], take: Take) -> Outcome:
    """The outcome of a request and of what the customer says when asked, in a world given as plain data.

    Raises `NotUnderstood` and `Unsound`.
    """
    said = " ".join((request, *facts))
    user_id = one({one for one in re.findall(r"\b[a-z]+_[a-z]+_\d+\b", said) if one in db["users"]}, "user ids")
    return answer(read(request, facts, db), db, user_id, take)


def read(request: str, facts: Sequence[str], db: dict[str, Any]) -> Request:
    """What is wished for, before anything is looked up. Raises `NotUnderstood`."""
    return _reader().read(request, facts)


@lru_cache(maxsize=1)
def _reader() -> Reader:
    return Reader(Phrases(AIRPORTS))
