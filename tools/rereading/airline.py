"""What a passenger asks for comes to, read from the words and looked up in the world."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from tools.rereading.airline_answer import answer
from tools.rereading.airline_choosing import read_answer
from tools.rereading.airline_phrases import Phrases
from tools.rereading.airline_reader import Reader
from tools.rereading.airline_wishes import Request
from tools.rereading.outcome import Outcome, Take
from tools.rereading.words import one

_FILE = Path(__file__).resolve().parents[2] / "domains" / "writ_domains" / "airline" / "airports.toml"
AIRPORTS: dict[str, str] = {code: row[0] for code, row in tomllib.loads(_FILE.read_text(encoding="utf-8")).items()}
"""Codes and cities as the tool that lists airports shows them; that is part of the data, as flights are."""


def derive(request: str, facts: Sequence[str], db: dict[str, Any], take: Take, choice: str = "") -> Outcome:
    """The outcome of a request and of what the customer says when asked, in a world given as plain data.

    `choice` is the answer to the question which one of several is meant.

    Raises `NotUnderstood` and `Unsound`.
    """
    said = " ".join((request, *facts))
    user_id = one({one for one in re.findall(r"\b[a-z]+_[a-z]+_\d+\b", said) if one in db["users"]}, "user ids")
    return answer(read(request, facts, db), db, user_id, take, read_answer(choice, Phrases(AIRPORTS)))


def read(request: str, facts: Sequence[str], db: dict[str, Any]) -> Request:
    """What is wished for, before anything is looked up. Raises `NotUnderstood`."""
    return _reader().read(request, facts)


@lru_cache(maxsize=1)
def _reader() -> Reader:
    return Reader(Phrases(AIRPORTS))
