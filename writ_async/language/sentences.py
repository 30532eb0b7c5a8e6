"""A message cut into the sentences and list items in which something is said, in plain lower case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import msgspec

BULLET: Final = re.compile(r"^\s{0,12}(?:[-*•·–>#]{1,6}|\(?(?:\d{1,2}|[a-z])[.)])\s+")
"""What an item of a list, or a heading, begins with."""
# Patterns that begin with one of a few signs are found much faster than those that look behind first.
_END: Final = re.compile(r"[\s\"')\]](?<=[.!?…][\s\S])(?:(?<=\s)\s*|(?<!\s)[\"')\]]{0,2}\s+)")
_CLAUSE: Final = re.compile(r"[ ;—](?:(?<= )(?:[–-]{1,2} |[;—] ?)|(?<! ) ?)")
_CLAUSE_MARKS: Final = (";", "—", " -", " –")
_SHORT: Final = (
    "e.g",
    "i.e",
    "etc",
    "vs",
    "approx",
    "dr",
    "mr",
    "mrs",
    "ms",
    "st",
    "mt",
    "ft",
    "apt",
    "ave",
    "blvd",
    "no",
    "u.s",
)
_ABBREVIATION: Final = re.compile(rf"(?:\b(?:{'|'.join(map(re.escape, _SHORT))})|^\d{{1,2}})\.$")
_MAY_ABBREVIATE: Final = tuple(f"{end}." for end in _SHORT)
"""How what may be an abbreviation ends."""
_PLAIN_ENDS: Final = (". ", "? ", "! ")
_OTHER_END: Final = re.compile(r"[.!?…][\s\"')\]]")
_NO: Final = re.compile(r"\bno\.$")
_NUMBER: Final = re.compile(r"[#\d]")
_ASKS: Final = re.compile(r"\?[^\w]{0,12}$")
_PLAIN: Final = {"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "‑": "-"}


class Sentence(msgspec.Struct, frozen=True):
    """One sentence, clause or list item in lower case. `question`: it ends in a question mark."""

    text: str
    question: bool = False
    item: bool = False


@lru_cache(maxsize=4096)
def plain_text(text: str) -> str:
    """A text in lower case, with straight quotes and without markup; a JSON object becomes its texts, line by line."""
    if text.lstrip()[:1] == "{":
        text = _texts_of_object(text)
    lowered = text.casefold().replace("*", "").replace("`", "")
    if not lowered.isascii():
        for sign, plain in _PLAIN.items():
            lowered = lowered.replace(sign, plain)
    lowered = lowered.replace("can not", "cannot").replace("e-mail", "email")
    return lowered.replace("okey", "okay").replace("o.k.", "okay")


@lru_cache(maxsize=4096)
def sentences_in(text: str) -> tuple[Sentence, ...]:
    """The sentences of a message, in order; O(length)."""
    return tuple([sentence for line in _lines_of(plain_text(text)) for sentence in _sentences_of(line)])


def sentences_from_end(text: str) -> Iterator[Sentence]:
    """The same, the last one first: no line is cut up before somebody asks for its sentences, nor more of it."""
    for line in reversed(_lines_of(plain_text(text))):
        item, said = _said_in(line)
        end = _last_end(said)
        if end is not None:
            yield from reversed(_clauses_of(said[end.end() :], item))
            said = said[: end.start()]
        for sentence in reversed(_joined(_END.split(said))):
            yield from reversed(_clauses_of(sentence, item))


def _lines_of(text: str) -> list[str]:
    return [line for line in text.replace("\r", "\n").split("\n") if line]


def _sentences_of(line: str) -> list[Sentence]:
    """The sentences of one line of a plain text."""
    item, said = _said_in(line)
    found: list[Sentence] = []
    for sentence in _joined(_END.split(said)):
        found += _clauses_of(sentence, item)
    return found


def _said_in(line: str) -> tuple[bool, str]:
    """Whether a line is an item of a list, and what it says."""
    bullet = BULLET.match(line)
    return bullet is not None, (line[bullet.end() :] if bullet else line).strip()


def _last_end(said: str) -> re.Match[str] | None:
    """The end of the last sentence but one of a line; None where the end of the line alone does not tell it."""
    place = max([said.rfind(end) for end in _PLAIN_ENDS])
    if place <= 0 or _OTHER_END.search(said, place + 2) is not None:
        return None
    if said[place - 1].isdigit() or said.endswith(_MAY_ABBREVIATE, 0, place + 1):
        return None
    return _END.match(said, place + 1)


def _clauses_of(sentence: str, item: bool) -> list[Sentence]:
    """The clauses of a sentence that are set apart by dashes and the like."""
    found: list[Sentence] = []
    question = "?" in sentence and _ASKS.search(sentence[-16:]) is not None
    # Blanks first: a pattern that begins with any number of them is tried at each.
    said = " ".join(sentence.split())
    for clause in _CLAUSE.split(said) if any(map(said.__contains__, _CLAUSE_MARKS)) else (said,):
        words = clause.strip(" .!?:,\"'")
        if words:
            found.append(Sentence(words, question, item))
    return found


def _joined(parts: list[str]) -> list[str]:
    """Sentences whose end was that of an abbreviation, put together again; "no." is one before a number."""
    joined = parts[:1]
    for part in parts[1:]:
        end = joined[-1][-8:]
        if end[-1:] == "." and _ABBREVIATION.search(end) and (_NUMBER.match(part) or not _NO.search(end)):
            joined[-1] = f"{joined[-1]} {part}"
        else:
            joined.append(part)
    return joined


def _texts_of_object(text: str) -> str:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    lines: list[str] = []
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            lines.append(item)
        elif isinstance(item, dict):
            waiting.extend(reversed(item.values()))
        elif isinstance(item, list):
            waiting.extend(reversed(item))
    return "\n".join(lines)
