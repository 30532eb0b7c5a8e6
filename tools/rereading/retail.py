"""What a customer of the shop asks for comes to, read from the words and looked up in the world."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from tools.rereading.outcome import Outcome, Take
from tools.rereading.retail_answer import answer
from tools.rereading.retail_choosing import read_answer
from tools.rereading.retail_phrases import Phrases
from tools.rereading.retail_reader import Reader, Request
from tools.rereading.retail_records import find_customer
from tools.rereading.words import sentences


def derive(request: str, facts: Sequence[str], db: dict[str, Any], take: Take, choice: str = "") -> Outcome:
    """The outcome of a request and of what the customer says when asked, in a world given as plain data.

    `choice` is the answer to the question which one of several is meant.

    Raises `NotUnderstood` and `Unsound`.
    """
    user = find_customer(db, (request, *facts))
    names = [product["name"] for product in db["products"].values()]
    return answer(read(request, facts, db), db, user, take, read_answer(choice, names))


def read(request: str, facts: Sequence[str], db: dict[str, Any]) -> Request:
    """What is wished for, before anything is looked up but who asks. Raises `NotUnderstood`, `Unsound`."""
    user = find_customer(db, (request, *facts))
    reader = _reader(tuple(sorted(product["name"] for product in db["products"].values())))
    name = f"{user['name']['first_name']} {user['name']['last_name']}"
    more = [one for fact in facts for one in sentences(fact) if not _says_who(one, user, name)]
    return reader.read(request, more)


@lru_cache(maxsize=8)
def _reader(names: tuple[str, ...]) -> Reader:
    return Reader(Phrases(names))


def _says_who(sentence: str, user: dict[str, Any], name: str) -> bool:
    """Whether a sentence only says who the customer is."""
    words = sentence.rstrip(".").split()
    known = any(one in words for one in (user["email"], user["address"]["zip"]))
    return name in sentence or (known and len(words) < 12)
