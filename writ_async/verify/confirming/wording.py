"""Texts and values as words that can be looked for: small letters and figures, each set apart by one blank.

"T-Shirt", "1TB", "$1,822.80" and "account_no_55" become "t shirt", "1 tb", "1822.8" and "account no 55" on both
sides, so that a value is found in a text however it is joined or punctuated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from writ_async.verify.confirming.clauses import plain

_TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")
_POINT = "\0"
"""Stands for the point of a number while all other points are made blanks."""
_LINE_END = "zqxjz"
"""A word of nobody's that stands for the end of a line."""
_BLANKS = bytes(
    sign if chr(sign).isalnum() else ord(".") if chr(sign) == _POINT else ord(" ") for sign in range(128)
) + bytes(128)
"""What makes blanks of the signs of ASCII that stand in no word and in no number."""
_IN_NO_ID = re.compile(r"[.,'\\\x00*#~]")
"""Signs that more may become of than a blank between words."""
_RUN = re.compile("[a-z]+|[0-9]+")
_NUMBER = re.compile(r"[0-9](?:(?<=[A-Za-z].)[0-9]*+(?:\.([0-9]++))?|(?<![0-9].)[0-9]*+(?:\.([0-9]++)|(?=[A-Za-z])))")
"""A number with a letter beside it or a point in it. All others stand by themselves as it is."""
_THOUSANDS = re.compile(r",(?<=\d,)(?=\d{3}\b)")
_ZEROS = re.compile(r"(\.\d*?)0+$")
_ENCLITIC = re.compile(r"'(?<=[^\W\d_]')[sm]\b")
"""What would be a letter of its own, as a size is."""
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_CLOCK = re.compile(r"(\d{2}):(\d{2})(?::\d{2})?(?:\+\d)?")
_MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
NUMBER_WORDS: Final = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def words_of(text: str) -> str:
    """The words of a text, with a blank before, between and after them."""
    return plain_words(plain(text))


def words_of_lines(text: str) -> list[str]:
    """The words of each line of a text that is plain already, taken apart in one go."""
    if "\n" not in text:
        return [plain_words(text)]
    if _LINE_END in text:
        return [plain_words(line) for line in text.split("\n")]
    lines = plain_words(text.replace("\n", f" {_LINE_END} ")).split(_LINE_END)
    # A line without words has a blank on each side of them.
    return [line if line != " " else "  " for line in lines]


def plain_words(text: str) -> str:
    """The words of a text that is plain already."""
    if "'" in text:
        text = _ENCLITIC.sub("", text)
    if "," in text:
        text = _THOUSANDS.sub("", text)
    if text.isascii() and _POINT not in text:
        text = _NUMBER.sub(_set_apart, text)
        return f" {' '.join(text.encode().translate(_BLANKS).decode().split())} "
    tokens = _TOKEN.findall(text)
    if "." in text:
        tokens = [_ZEROS.sub(r"\1", token).rstrip(".") if "." in token else token for token in tokens]
    return f" {' '.join(tokens)} "


def _set_apart(number: re.Match[str]) -> str:
    """A number with a blank on each side, without the zeros at its end."""
    decimals = number[1] or number[2]
    if decimals is None:
        return f" {number[0]} "
    whole, decimals = number[0][: -len(decimals) - 1], decimals.rstrip("0")
    return f" {whole}{_POINT}{decimals} " if decimals else f" {whole} "


@lru_cache(maxsize=8192)
def phrase_of(text: str) -> str:
    """A value as the words by which it is looked for; a blank alone where it has none."""
    if not text.isascii():
        return words_of(text)
    # Most values are an id of figures, a few words, or an id of words and figures that may have a sign before it.
    if text.isdecimal():
        return f" {text} "
    if _IN_NO_ID.search(text.lstrip("#")) is not None:
        return words_of(text)
    return f" {' '.join(_RUN.findall(text.lower()))} "


def has_phrase(words: str, text: str) -> bool:
    """Whether the words of a value stand in those of a text, one after the other."""
    phrase = phrase_of(text)
    return len(phrase) > 2 and phrase in words


def has_value(words: str, value: Any) -> bool:
    """Whether a value is told: as it is, a number in figures or letters, a date or a time as people say it."""
    if isinstance(value, str):
        return has_phrase(words, value) or has_any(words, _spoken(value))
    if isinstance(value, bool) or value is None:
        return True
    return isinstance(value, int | float) and has_number(words, value)


def words_to_find(value: str) -> Iterator[str]:
    """The words of which one stands in any text in which `has_value` finds a value."""
    yield from phrase_of(value).split()
    for form in _spoken(value):
        yield from form.split()


def has_number(words: str, value: float) -> bool:
    """Whether a number is told, in figures or, when it is small and whole, in letters."""
    number = f"{abs(float(value)):.4f}".rstrip("0").rstrip(".")
    if f" {number} " in words:
        return True
    whole = int(value) if float(value).is_integer() else -1
    return 0 <= whole < len(NUMBER_WORDS) and f" {NUMBER_WORDS[whole]} " in words


@lru_cache(maxsize=4096)
def _spoken(value: str) -> tuple[str, ...]:
    return _date_forms(value) or tuple(_clock_forms(value))


def _date_forms(value: str) -> tuple[str, ...]:
    date = _ISO_DATE.fullmatch(value)
    if date is None or not 1 <= int(date[2]) <= 12:
        return ()
    month, day = _MONTHS[int(date[2]) - 1], int(date[3])
    names, numbers = (month, month[:3]), (str(day), f"{day:02}")
    counted = [f"{number}{ending}" for number in numbers for ending in ("", " st", " nd", " rd", " th")]
    return (
        *[f" {name} {number} " for name in names for number in numbers],
        *[f" {number} {name} " for name in names for number in counted],
        *[f" {number} of {name} " for name in names for number in counted if number not in numbers],
        f" {int(date[2])} {day} ",
        f" {date[2]} {date[3]} ",
    )


def _clock_forms(value: str) -> Iterator[str]:
    clock = _CLOCK.fullmatch(value)
    if clock is None:
        return
    hour, minute = int(clock[1]), clock[2]
    yield f" {hour:02} {minute} "
    half = "pm" if hour >= 12 else "am"
    yield f" {hour % 12 or 12} {minute} {half} "
    if minute == "00":
        yield f" {hour % 12 or 12} {half} "


@lru_cache(maxsize=8192)
def name_forms(name: str) -> tuple[str, ...]:
    """The forms in which a word of a name may stand in a text, as phrases: the singular and the plural."""
    return tuple([f" {form} " for form in forms_of_word(name)])


def singular_of(name: str) -> str:
    """A word of a name without the ending of a plural: what all its forms begin with."""
    return name[:-1] if name.endswith("s") and len(name) > 3 else name


@lru_cache(maxsize=8192)
def forms_of_word(name: str) -> tuple[str, ...]:
    """The singular and the plural of a word of a name."""
    stem = singular_of(name)
    return tuple(dict.fromkeys((name, stem, f"{stem}s", f"{stem}es")))


def has_any(words: str, forms: Iterable[str]) -> bool:
    """Whether one of several phrases stands in a text; a loop, for a generator costs more than most searches."""
    for form in forms:  # noqa: SIM110
        if form in words:
            return True
    return False
