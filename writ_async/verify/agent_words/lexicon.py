"""The words that marred texts are known by (`words.toml`), and how patterns are made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from writ_async.files import load_phrases

WORDS: Final = load_phrases(__package__ or "", "words.toml")
"""Forms by name; see the comments in the file."""

_SENTENCE_END: Final = re.compile(r"\s(?:(?<=[.!?…][\s\S])\s*|(?<=\n)\n*)")
SHOWN = 80


def any_of(*names: str) -> str:
    """The forms of these names as one pattern: longest first, between no group of its own, blanks of any length."""
    forms = sorted({form for name in names for form in WORDS.forms[name]}, key=lambda form: (-len(form), form))
    return alternatives(forms)


def alternatives(forms: Iterable[str]) -> str:
    """Texts as one pattern, each as it stands."""
    return "(?:" + "|".join(re.escape(form) for form in forms) + ")"


def contains_any(text: str, forms: Iterable[str]) -> bool:
    """Whether any of the forms stands in a text; a loop, for a generator costs as much as the search."""
    for form in forms:  # noqa: SIM110
        if form in text:
            return True
    return False


def those_in(text: str, forms: Iterable[str]) -> tuple[str, ...]:
    """The forms that stand in a text: those that are worth looking for in its parts."""
    return tuple([form for form in forms if form in text])


def patterns(name: str) -> re.Pattern[str]:
    """The patterns of a name as one."""
    return re.compile("|".join(WORDS.forms[name]))


def sentences_of(text: str) -> list[str]:
    """The sentences and lines of a text, without what is blank."""
    return [part for part in (piece.strip() for piece in _SENTENCE_END.split(text)) if part]


def shown(text: str, start: int = 0) -> str:
    """A piece of a text that begins at a place, short enough for one line."""
    piece = " ".join(text[start : start + 4 * SHOWN].split())
    return piece if len(piece) <= SHOWN else f"{piece[: SHOWN - 1]}…"
