"""How many tokens an answer may have, read from a server's refusal of more.

Servers refuse a request whose prompt fits when `max_tokens` goes beyond the context, or beyond what the model ever
writes. They say it in many ways, and with the numbers: of these the context, the prompt and the answer that was asked
for are told apart by how they add up.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?<![\w.,-])(?:\d{1,3}(?:,\d{3}){1,3}|\d{1,9})(?![\w-]|[.,]\d)")
_CODE = re.compile(r"\b(?:HTTP|(?:error |status )?code:?|status:?) ?\d{3}\b", re.IGNORECASE)
_MOST_NUMBERS = 12
_INT = r"(\d[\d,]{0,11})"
_MOST_OF_ANSWERS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"at most {_INT} (?:completion|output|new)",
        rf"{_INT}\)?,? which is the maximum (?:allowed )?number of (?:output|completion|new)",
        r"max_(?:\w{1,10}_)?tokens\W{1,3}(?:must|should|has to|can) be (?:less than or equal to|<=|at most|up to)"
        rf" \W?{_INT}",
        rf"(?:range|value)s? (?:of|for) \W?max_(?:\w{{1,10}}_)?tokens\W? is \W{{0,2}}\d{{1,6}},\s?{_INT}",
    )
]
_TOO_MUCH = re.compile(
    r"exceed|too (?:large|long|high|big|many)|(?:larger|longer|greater|more) than|maximum|at most|[<>]", re.IGNORECASE
)
_ABOUT_ANSWERS = re.compile(r"max[_ ](?:completion|new|output)?[_ ]?tokens|completion|output tokens", re.IGNORECASE)
_ABOUT_LENGTHS = re.compile(r"token|context|length", re.IGNORECASE)


def most_of_answers(text: str, asked: int) -> int | None:
    """The most tokens that the model ever writes in an answer, where a refusal of `asked` says it; else None."""
    for pattern in _MOST_OF_ANSWERS:
        if match := pattern.search(text):
            most = _int(match[1])
            return most if 0 < most < asked else None
    return None


def room_told(text: str, asked: int) -> int | None:
    """The tokens that are left for an answer beside this prompt, where a server has refused `asked`; less than these.

    None where the prompt itself does not fit, or where nothing is said of it. A refusal without numbers that is about
    the answer's length gives half of what was asked.
    """
    if not (_TOO_MUCH.search(text) and _ABOUT_LENGTHS.search(text)):
        return None
    told = [_int(match[0]) for match in _NUMBER.finditer(_CODE.sub("", text))]
    numbers = set(told)
    if len(numbers) > _MOST_NUMBERS:
        return None
    others = sorted(numbers - {asked}, reverse=True)
    # The prompt, the answer and their sum are told: the context is between prompt and sum.
    for total in others:
        prompt = total - asked
        if prompt in others or (prompt == asked and told.count(asked) > 1):
            context = next((number for number in others if prompt < number < total), None)
            return None if context is None else context - prompt
    # The context and the prompt are told: the largest numbers there are.
    if asked in numbers and len(others) > 1:
        room = others[0] - others[1]
        return room if room < asked else None
    return asked // 2 or None if len(others) < 2 and _ABOUT_ANSWERS.search(text) else None


def _int(text: str) -> int:
    return int(text.replace(",", ""))
