"""A message cut into the sentences and list items in which something is said, in plain lower case."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import msgspec

_LINE: Final = re.compile(r"[^\r\n]+")
_BULLET: Final = re.compile(r"^\s{0,12}(?:[-*•·–>#]{1,6}|\(?(?:\d{1,2}|[a-z])[.)])\s+")
_END: Final = re.compile(r"(?<=[.!?…])[\"')\]]{0,3}\s+")
_CLAUSE: Final = re.compile(r"\s*(?:;|—|\s[–-]{1,2}\s)\s*")
_CLAUSE_MARKS: Final = (";", "—", " -", " –")
_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|approx|dr|mr|mrs|ms|st|mt|ft|apt|ave|blvd|no|u\.s)|^\d{1,2})\.$"
)
_NO: Final = re.compile(r"\bno\.$")
_NUMBER: Final = re.compile(r"[#\d]")
_ASKS: Final = re.compile(r"\?[^\w]{0,12}$")
_MARKUP: Final = ("*", "`")
_PLAIN: Final = {"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "‑": "-"}
_UNDONE: Final = {"can not": "cannot", "e-mail": "email", "okey": "okay", "o.k.": "okay"}


class Sentence(msgspec.Struct, frozen=True):
    """One sentence, clause or list item in lower case. `question`: it ends in a question mark."""

    text: str
    question: bool = False
    item: bool = False


def plain_text(text: str) -> str:
    """A text in lower case, with straight quotes and without markup; a JSON object becomes its texts, line by line."""
    if text.lstrip()[:1] == "{":
        text = _texts_of_object(text)
    lowered = text.casefold()
    for mark in _MARKUP:
        lowered = lowered.replace(mark, "")
    for sign, plain in () if lowered.isascii() else _PLAIN.items():
        lowered = lowered.replace(sign, plain)
    for form, instead in _UNDONE.items():
        lowered = lowered.replace(form, instead)
    return lowered


@lru_cache(maxsize=4096)
def sentences_in(text: str) -> tuple[Sentence, ...]:
    """The sentences of a message, in order; O(length)."""
    found: list[Sentence] = []
    for line in _LINE.findall(plain_text(text)):
        bullet = _BULLET.match(line)
        rest = line[bullet.end() :] if bullet else line
        for sentence in _joined(_END.split(rest.strip())):
            question = "?" in sentence and _ASKS.search(sentence[-16:]) is not None
            # Blanks first: a pattern that begins with any number of them is tried at each.
            said = " ".join(sentence.split())
            for clause in _CLAUSE.split(said) if any(mark in said for mark in _CLAUSE_MARKS) else (said,):
                words = clause.strip(" .!?:,\"'")
                if words:
                    found.append(Sentence(words, question, bullet is not None))
    return tuple(found)


def _joined(parts: list[str]) -> list[str]:
    """Sentences whose end was that of an abbreviation, put together again; "no." is one before a number."""
    joined: list[str] = []
    for part in parts:
        end = joined[-1][-8:] if joined else ""
        if _ABBREVIATION.search(end) and (_NUMBER.match(part) or not _NO.search(end)):
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
