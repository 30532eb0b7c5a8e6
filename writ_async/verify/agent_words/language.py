"""Another language than the customer's: by the letters of a script, and by small words where letters are Latin."""

from __future__ import annotations

import re
from typing import Final

from writ_async.verify.agent_words.lexicon import WORDS, shown

_SCRIPTS: Final = {
    "Chinese or Japanese": "぀-ヿ㐀-䶿一-鿿",
    "Korean": "가-힯ᄀ-ᇿ",
    "Cyrillic": "Ѐ-ӿ",
    "Arabic": "؀-ۿ",
    "Hebrew": "֐-׿",
    "Devanagari": "ऀ-ॿ",
    "Bengali": "ঀ-৿",
    "Thai": "฀-๿",
    "Greek": "Ͱ-Ͽ",
    "Tamil": "஀-௿",
}
_LETTERS: Final = "".join(_SCRIPTS.values())
_RUN: Final = re.compile(f"[{_LETTERS}][{_LETTERS}\\s]{{0,30}}[{_LETTERS}]")
_IN_SCRIPT: Final = {name: re.compile(f"[{letters}]") for name, letters in _SCRIPTS.items()}
_SMALL: Final = {name: frozenset(words) for name, words in WORDS.tables["LANGUAGE"].items()}
_MOST_WORDS = 80
"""Of a text, by which its language is told."""
_GLANCE = 24
"""Words that are looked at first: they tell the language that is known already in most texts."""
_FEWEST = 8
"""Different words in a text by which its language may be told."""
_FEWEST_SMALL = 4
_CLEAR = 0.15
"""Share of small words among the different words of a text; lists of things and names have fewer."""
_LONG = 60  # different words; of longer texts the small ones are a smaller share


def language_of(text: str, known: str = "") -> str:
    """The language of a text in lower case by its first words, empty where it is not clear; `known` is tried first."""
    if known and len(_SMALL[known].intersection(text.split(None, _GLANCE))) >= _FEWEST_SMALL:
        return known  # More words have no fewer small ones.
    words = set(text.split(None, _MOST_WORDS))
    if len(words) < _FEWEST or (known and len(_SMALL[known] & words) >= _FEWEST_SMALL):
        return known
    counts = sorted(((len(small & words), name) for name, small in _SMALL.items()), reverse=True)
    (most, name), (second, _) = counts[:2]
    least = max(_FEWEST_SMALL, _CLEAR * min(len(words), _LONG))
    return name if most >= least and most >= 1.5 * second else ""


class Languages:
    """The languages and scripts that have been used by others than the agent so far."""

    __slots__ = ("_heard", "_scripts", "_texts", "spoken")

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self._heard = False
        self._scripts: set[str] = set()
        self._texts: list[str] = []

    def hear(self, text: str) -> None:
        """Take what the customer said."""
        self._heard = True
        self.show(text)
        found = language_of(text.lower(), self.spoken[0] if self.spoken else "")
        if found and found not in self.spoken:
            self.spoken.append(found)

    def show(self, text: str) -> None:
        """Take what a tool gave: its letters are nothing that the agent made up."""
        if not text.isascii():
            self._texts.append(text)

    def other(self, text: str, lower: str) -> str:
        """Where an agent's text is in a language that nobody uses; empty where it is not, or nobody has spoken yet.

        `lower` is the text in lower case.
        """
        if not self._heard:
            return ""
        if not text.isascii() and (run := _RUN.search(text)) is not None:
            script = next(name for name, letters in _IN_SCRIPT.items() if letters.match(run.group()) is not None)
            if script not in self._scripts_used():
                return f"{script}: {shown(text, run.start())}"
        if not self.spoken:
            return ""
        found = language_of(lower, self.spoken[0])
        return f"{found}: {shown(text)}" if found and found not in self.spoken else ""

    def _scripts_used(self) -> set[str]:
        """The scripts of what others said and what tools gave; each text is looked at once."""
        for text in self._texts:
            if not text.isascii():
                self._scripts |= {name for name, letters in _IN_SCRIPT.items() if letters.search(text) is not None}
        self._texts.clear()
        return self._scripts
