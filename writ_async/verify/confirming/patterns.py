"""The word lists of this package as regular expressions; a repetition in them is bounded, so that reading is linear."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from writ_async.files import load_phrases

_WORDS: Final = load_phrases(__package__ or "", "words.toml")
_LAYING_OUT: Final = load_phrases(__package__ or "", "laying_out.toml")
_FORMS: Final = {**_WORDS.forms, **_LAYING_OUT.forms}
DEEDS: Final = _WORDS.tables["DEEDS"]
"""Stems of the verbs that call the same deed."""
DEED_OF: Final = {word: deed for deed, words in _WORDS.tables["DEED_OF"].items() for word in words}
"""The deed that the first word of a tool's name calls."""
EVERYDAY: Final = frozenset(_FORMS["EVERYDAY"])
"""Words of everybody's that may be the value of an option, too."""
EDGE: Final = r"(?<![\w'])"
END: Final = r"(?![\w'])"
"""Where a word begins, and ends."""
_ENDINGS: Final = (
    r"(?:|e|es|ed|d|s|er|ers|ing|y|ies|ied|ying|al|als|[lptgd]?(?:ed|ing)|(?:at|it|icat|ellat|lat)?ions?|e?ments?|ure)"
)
_WORDS_AT_EDGE: Final = re.compile(r"\\b(?:\(\?:([a-z' |]+)\)|([a-z ]+))")


def forms(name: str) -> tuple[str, ...]:
    """The entries of a list as they stand in the file."""
    return tuple(_FORMS[name])


def either(name: str) -> str:
    """A regular expression for any entry of a list."""
    return "(?:" + "|".join(form.replace(")*", "){0,4}") for form in _FORMS[name]) + ")"


def pattern(name: str) -> re.Pattern[str]:
    """A list as a pattern to search by."""
    return re.compile(either(name))


class Worded:
    """A list of forms that begin with words: a form is tried on a text that has a word that it begins with.

    To ask a text for a word costs a tenth of looking for a form at every edge of a word.
    """

    def __init__(self, name: str) -> None:
        self._ways = [(word, re.compile(way)) for form in _FORMS[name] for word, way in _ways(form)]

    def is_in(self, text: str) -> bool:
        """Whether any of the forms is found in a text."""
        for word, way in self._ways:  # noqa: SIM110
            if word in text and way.search(text) is not None:
                return True
        return False


def _ways(form: str) -> Iterator[tuple[str, str]]:
    """A form once for each of the words that it may begin with; the edge before that is asked for behind it."""
    begins = _WORDS_AT_EDGE.match(form)
    if begins is None:
        raise ValueError(f"{form!r} does not begin with words")
    for word in (begins[1] or begins[2]).split("|"):
        edge = f"(?<!\\w{word})" if word[0].isalnum() else f"(?<=\\w{word})"
        yield word, f"{word}{edge}{form[begins.end() :]}"


@lru_cache(maxsize=512)
def occurs(pattern: re.Pattern[str], words: str) -> bool:
    """Whether a pattern is found in words; the same turns are asked again for every write of a conversation."""
    return pattern.search(words) is not None


def deed_pattern(stems: frozenset[str]) -> str:
    """A regular expression for the verbs of a deed, by their stems."""
    return r"(?:re-?)?(?:" + "|".join(map(re.escape, sorted(stems))) + ")" + _ENDINGS
