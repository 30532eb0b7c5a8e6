"""Texts as people write them, made plain and cut into sentences and clauses. Linear in their length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import msgspec

_BLANK_SIGNS = b"\t\r_"
EMPHASIS = b"*#~"
"""Signs that set words off and say nothing."""
_PLAIN_ASCII = bytes(0x20 if sign in _BLANK_SIGNS else ord(chr(sign).lower()) for sign in range(128)) + bytes(128)
"""What each sign of ASCII is made, those of emphasis aside."""
_PLAIN = {
    **dict.fromkeys("\u2019\u2018\u02bc\u00b4`\uff07\u2032", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u201f\uff02", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2212", "-"),
    **dict.fromkeys("\u2013\u2014\u2015", ";"),
    **dict.fromkeys("\u00a0\u2009\u202f\u200a", " "),
    **dict.fromkeys("\u200b\u200d\ufe0f\ufeff", ""),
    "\u2026": "...",
    "\uff1f": "?",
    "\uff01": "!",
    "\u3002": ". ",
    "\uff0c": ", ",
    "\u3001": ", ",
    "\u00bf": " ",
    "\u00a1": " ",
}
_SKIN = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_PLAIN_SIGNS = str.maketrans(
    {**_PLAIN, **dict.fromkeys(map(chr, _BLANK_SIGNS), " "), **dict.fromkeys([*map(chr, EMPHASIS), *_SKIN], "")}
)
_SPELLED_OUT = {
    "dont": "don't", "cant": "can't", "wont": "won't", "isnt": "isn't", "didnt": "didn't", "doesnt": "doesn't",
    "im": "i'm", "ive": "i've", "id": "i'd", "ill": "i'll", "lets": "let's", "thats": "that's",
    "wouldnt": "wouldn't", "shouldnt": "shouldn't", "arent": "aren't", "wasnt": "wasn't",
}  # fmt: skip
_PIECES = re.compile(r"(?:[^.!?;\n]+|\.(?=\w))+|[.!?;\n]+")
_SYMBOL = re.compile("([\U0001f44d\U0001f44e\U0001f44c\U0001f197\U0001f64f\u2705\u2714\u274c\U0001f6ab\u270b])")
_COMMAS = re.compile(
    r",(?!\d)| - |^- |: (?=\S+ \S+ \S)|\"| but (?=\w)| however | though | and then | then (?=\w)| yet (?=i )"
)


class Sentence(msgspec.Struct, frozen=True):
    """One sentence in plain lower case, its clauses, and whether it ends with a question mark."""

    text: str
    clauses: tuple[str, ...]
    asks: bool


def plain(text: str) -> str:
    """A text with everyday quotes, dashes and marks of emphasis made plain, in lower case; line breaks stay."""
    if "\\n" in text:
        text = text.replace("\\n", "\n")  # a text inside of JSON
    if text.isascii():
        return text.encode().translate(_PLAIN_ASCII, EMPHASIS).decode()
    return unicodedata.normalize("NFC", text).translate(_PLAIN_SIGNS).casefold()


@lru_cache(maxsize=1024)
def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of a text; a line, and a bullet, is one of its own."""
    return tuple([_sentence(said, asks) for said, asks in sentence_texts(plain(text))])


def sentence_texts(text: str) -> Iterator[tuple[str, bool]]:
    """The sentences of a text that is plain already, not cut into clauses, and whether each asks."""
    said = ""
    for found in _PIECES.finditer(text if text.isascii() else _SYMBOL.sub(r"; \1 ;", text)):
        piece = found[0]
        if piece[0] in ".!?;\n":
            if said:
                yield said, "?" in piece
            said = ""
        else:
            said = " ".join(piece.split())
    if said:
        yield said, False


def _sentence(text: str, asks: bool) -> Sentence:
    clauses: list[str] = []
    for part in _COMMAS.split(text):
        clause = " ".join([_SPELLED_OUT.get(word, word) for word in part.split()]).strip(" '\"-,:")
        if clause:
            clauses.append(clause)
    return Sentence(text, tuple(clauses), asks)
