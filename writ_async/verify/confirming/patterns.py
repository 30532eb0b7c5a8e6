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


_AT_EDGE: Final = re.compile(r"\\b(?:\(\?:([^()\\?]+)\)|(?=\w))")


def forms(name: str) -> tuple[str, ...]:
    """The entries of a list as they stand in the file."""
    return tuple(_FORMS[name])


def either(name: str) -> str:
    """A regular expression for any entry of a list."""
    return "(?:" + "|".join(form.replace(")*", "){0,4}") for form in _FORMS[name]) + ")"


def pattern(name: str) -> re.Pattern[str]:
    """A list as a pattern to search by."""
    return re.compile(either(name))


def letters_first(name: str) -> re.Pattern[str]:
    """A list as a pattern to search by, in which what begins at the edge of a word begins with its letter.

    Of the forms that begin with a letter few places of a text have to be looked at; an edge may be anywhere.
    """
    return re.compile("|".join(way for form in _FORMS[name] for way in _ways(form)))


def _ways(form: str) -> Iterator[str]:
    """A form once for each of the words that it may begin with, whose edge is asked for behind their first sign."""
    begins = _AT_EDGE.match(form)
    if begins is None:
        yield form
        return
    rest = form[begins.end() :]
    for word in (begins[1] or "").split("|"):
        first, behind = (word or rest)[0], word[1:] if word else ""
        edge = f"(?<!\\w{first})" if first.isalnum() else f"(?<=\\w{first})"
        yield f"{first}{edge}{behind}{rest if word else rest[1:]}"


@lru_cache(maxsize=512)
def occurs(pattern: re.Pattern[str], words: str) -> bool:
    """Whether a pattern is found in words; the same turns are asked again for every write of a conversation."""
    return pattern.search(words) is not None


def deed_pattern(stems: frozenset[str]) -> str:
    """A regular expression for the verbs of a deed, by their stems."""
    return r"(?:re-?)?(?:" + "|".join(map(re.escape, sorted(stems))) + ")" + _ENDINGS
