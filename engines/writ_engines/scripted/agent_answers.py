"""How the scripted agent tells what the user asked to hear: each value with what it is, and money with its sign.

What a value is stands in the user's own question, turned to the second person:

>>> questions_in("I also want to know how much money I get back.")
['how much money you get back']
>>> questions_in("My request is to check what my gift card holds and find out its number.")
['what your gift card holds', 'its number']
>>> in_words("12.5", "what your gift card holds"), in_words("12", "how many versions there are")
('$12.50', '12')
"""

from __future__ import annotations

import re
from random import Random
from typing import Final

from writ_async.behaviour.pieces import pieces_of
from writ_async.core.task import Task
from writ_engines.scripted import agent_lines as lines

_ASKS: Final = re.compile(
    r"\b(?:know|hear|be told|find out|look up|check|tell me|have|get|see)\b (?=\w)(?!to (?!which\b))"
)
_BESIDE: Final = re.compile(r",? (?:please|too|as well|in dollars)(?=$|[,.!?])|, I mean\b[^,.!?]*")
_FIRST_PERSON: Final = re.compile(
    r"(?<![\w.@-])(?:I'm|I am|am I|I was|I've|I'd|I'll|I|me|my|mine|we|our)(?![\w@-]|\.\w)"
)
_SECOND: Final = {
    "I'm": "you're",
    "I am": "you are",
    "am I": "are you",
    "I was": "you were",
    "I've": "you've",
    "I'd": "you'd",
    "I'll": "you'll",
    "I": "you",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "we": "you",
    "our": "your",
}
_AMOUNT: Final = re.compile(r"-?\d+(?:\.\d{1,2})?")
_OF_MONEY: Final = re.compile(
    r"\b(?:how much|pays?|paid|costs?|prices?|fares?|total|sum|amount|refunds?|refunded|charges?|worth|balance|holds?"
    r"|back)\b"
)
_COUNTS: Final = re.compile(r"\bhow many\b|\btracking\b|^(?:the|your|its) (?:\w+ )?(?:numbers?|count|id|code)\b")


def questions_in(sentence: str) -> list[str]:
    """What a user's sentence asks for, in the second person, each as it can follow "you wanted to know"."""
    start = _ASKS.search(sentence)
    if start is None:
        return []
    asked = re.split(r" and (?:know|hear|see|find out|look up|check) ", sentence[start.end() :].rstrip(".!?"))
    return [_FIRST_PERSON.sub(lambda found: _SECOND[found[0]], _BESIDE.sub("", f"{one}.")[:-1]) for one in asked]


def in_words(value: str, question: str) -> str:
    """A value as it is told: a sum of money with its sign, and anything else as it is.

    Only a question for money asks for a sum: a set of 24 pieces has a number for an answer, too.
    """
    if _AMOUNT.fullmatch(value) is None or _COUNTS.search(question) or not _OF_MONEY.search(question):
        return value
    return f"${float(value):.2f}" if "." in value else f"${value}"


def answers(task: Task, rng: Random) -> list[str]:
    """A sentence for each value that the user asked to hear; one for all where it is not plain which is which."""
    values = task.communicate
    if not values:
        return []
    wanted = "goal" if task.kind == "information" else "question"
    pieces = pieces_of(task)
    asked = [one for piece in pieces if piece.part == wanted for one in questions_in(piece.text)]
    if not asked and task.kind == "information":  # A story before it may have been taken for the goal.
        asked = [one for piece in pieces for one in questions_in(piece.text)]
    if task.kind == "information" and len(values) == 1:
        values *= len(asked)  # Equal answers are listed once.
    if len(asked) != len(values):
        return [lines.FOR_YOUR_INFORMATION.draw(rng).format("; ".join(values))]
    return [
        lines.YOUR_ANSWER.draw(rng).format(question, in_words(value, question))
        for question, value in zip(asked, values, strict=True)
    ]
