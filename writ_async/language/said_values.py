"""Whether a text says a value: a number, a date, a time, an id or words, in the forms in which people write it.

>>> says("1024.5", "It comes to $1,024.50."), says("1024.5", "It is order 11024.5.")
(True, False)
>>> says("2", "There are two of them."), says("2", "There are 12 of them, since 2 May.")
(True, False)
>>> says("2024-05-20", "You leave on May 20th."), says("light_rain", "There is Light Rain.")
(True, True)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from writ_async.language.sentences import plain_text
from writ_async.language.spoken_forms import WORDS, dates_out_of, days_in, read_day, read_time, times_in

_FIGURE: Final = re.compile(r"-?\d+(?:\.\d+)?")
_LONG: Final = 8
"""Digits from which on a number without decimals is an id, and no amount."""
_LIST_MARK: Final = re.compile(r"^\s{0,12}\(?\d{1,2}[.)]\s+", re.MULTILINE)
_NUMBER: Final = re.compile(
    r"(?<![\w.,#/:@])(?<!\w[-–])(\d{1,3}(?:,\d{3})+|\d+)(?:[.,](\d{1,2}))?"
    r"(?![\d/:@#%]|[.,]\d|[-–]\w| ?[ap]\.?m\b|(?!(?:usd|eur|gbp)\b)[^\W\d])"
)
_CENTS: Final = re.compile(r"(?<![\w.,])(\d[\d,]*) (?:dollars?|euros?|pounds?),?(?: and)? (\d{1,2}) (?:cents?|pence)\b")
_UNITS_IN_WORDS: Final = WORDS.numbers[1:10]
_TEENS_IN_WORDS: Final = WORDS.numbers[10:20]
_TENS_IN_WORDS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_COUNTED: Final = {word: number for number, word in enumerate(WORDS.numbers[:20])} | {
    word: 10 * number for number, word in enumerate(_TENS_IN_WORDS, start=2)
}
_SCALES: Final = {"hundred": 100, "thousand": 1000}
NUMBERS_IN_WORDS: Final = (*WORDS.numbers[1:20], *_TENS_IN_WORDS, *_SCALES)
"""The words that numbers above nought are put together from."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_UNIT: Final = f"(?:{'|'.join(_UNITS_IN_WORDS)})"
_BELOW_HUNDRED: Final = f"(?:(?:{'|'.join(_TENS_IN_WORDS)})(?:[- ]{_UNIT})?|(?:{'|'.join(_TEENS_IN_WORDS)})|{_UNIT})"
_BELOW_THOUSAND: Final = f"(?:(?:{_BELOW_HUNDRED}|an?) hundred(?:[ -](?:and )?{_BELOW_HUNDRED})?|{_BELOW_HUNDRED})"
_IN_WORDS: Final = re.compile(
    rf"(?<![\w-])(?:(?:{_BELOW_THOUSAND}|an?) thousand(?:,? (?:and )?{_BELOW_THOUSAND})?|{_BELOW_THOUSAND})(?![\w-])"
)
_NOT_ONE: Final = re.compile(
    r"\b(?:this|that|which|the|other|another|each|every|no|any|some|last|first|next|right|new|old|same)\s$"
)
_ONE_OF: Final = re.compile(r"\s(?:of|moment|second|sec|minute|more|last|that|which|who|by|thing|another)\b|'s\b")
_NONE: Final = re.compile(
    r"\b(?:none|nil|zero)\b"
    r"|\bno (?!one\b|body\b|problem|longer|worries|doubt|need|idea|matter|other|further|more|way|trouble|change)\w"
)
_NEGATED: Final = re.compile(
    r"(?:\bnot|n't|\bno longer|\bnever|\bneither|\bnor)\s(?:(?!(?:but|and|it|is|its)\b)\w+\s){0,2}$"
)
_JOINTS: Final = re.compile(r"[\s_‐-―-]+")
_RANGE: Final = re.compile(r"(?<=\d) (?:to|until|through) (?=\d)")
_TIMES: Final = re.compile(r"(?<=\d) ?[x×] ?(?=\d)")
_SPELLINGS: Final = (("canceled", "cancelled"), ("gray", "grey"), ("colour", "color"))
_MEASURE: Final = re.compile(r"(\d+(?:\.\d+)?) ?([a-z\"'°]+[23]?)")
_UNITS: Final = {form: unit for unit, forms in WORDS.units.items() for form in (unit, *forms)}


def says(value: str, text: str) -> bool:
    """Whether a text says a value. A number of its own counts, and not the digits of another one; words count whole,
    and not where they are denied.
    """
    # An object is read with its numbers, of which a plain text of it has none.
    said = text.casefold().replace(":", ": ") if text.lstrip().startswith("{") else plain_text(text)
    wanted = value.strip()
    if _FIGURE.fullmatch(wanted) and (len(wanted) < _LONG or "." in wanted):
        return _says_number(abs(float(wanted)), said)
    if wanted.isdigit():
        return _says_id(wanted, said)
    if (day := read_day(wanted)) is not None:
        return not days_in(said).isdisjoint({(day.year, day.month, day.day), (0, day.month, day.day)})
    if (time := read_time(wanted)) is not None:
        return time in times_in(said)
    return _says_words(plain_text(wanted), said)


def _says_number(wanted: float, said: str) -> bool:
    # What has cents is told in figures, for words tell whole numbers, and most texts have none that could be its.
    if not wanted.is_integer() and round(wanted, 2) == wanted:
        return str(int(wanted)) in said.replace(",", "") and _is_among(_amounts_in(said), wanted)
    return _is_among(numbers_said_in(said), wanted)


def _is_among(numbers: Iterable[float], wanted: float) -> bool:
    return any(abs(number - wanted) < 0.005 for number in numbers)


def numbers_said_in(said: str) -> frozenset[float]:
    """All numbers of a text, in figures and in words, but for those of dates, times, ids and list marks."""
    return _amounts_in(said) | _counts_said_in(said)


@lru_cache(maxsize=256)
def _amounts_in(said: str) -> frozenset[float]:
    """The numbers of a text in figures."""
    return frozenset(_figures_in(_LIST_MARK.sub(" ", dates_out_of(said))))


@lru_cache(maxsize=256)
def _counts_said_in(said: str) -> frozenset[float]:
    """The numbers of a text in words."""
    return frozenset(_counts_in(said))


def _figures_in(said: str) -> Iterator[float]:
    for whole, cents in _CENTS.findall(said):
        yield float(whole.replace(",", "")) + int(cents) / 100
    for whole, decimals in _NUMBER.findall(said):
        yield float(f"{whole.replace(',', '')}.{decimals or 0}")


def _counts_in(said: str) -> Iterator[float]:
    if _NONE.search(said):
        yield 0
    for found in _IN_WORDS.finditer(said):
        words = _WORD.findall(found[0])
        if words == ["one"] and (_NOT_ONE.search(said[: found.start()]) or _ONE_OF.match(said, found.end())):
            continue
        yield float(_value_of(words))


def _value_of(words: list[str]) -> int:
    """The number that some words come to."""
    total = current = 0
    for word in words:
        if word in _SCALES:
            current = max(current, 1) * _SCALES[word]
            if word == "thousand":
                total, current = total + current, 0
        else:
            current += _COUNTED.get(word, 0)
    return total + current


def _says_id(wanted: str, said: str) -> bool:
    """Whether an id of digits alone stands in a text, in one or in groups."""
    spaced = r"[\s-]?".join(wanted)
    return re.search(rf"(?<![\w.-]){spaced}(?![\w]|[.,]\d)", said) is not None


def _says_words(wanted: str, said: str) -> bool:
    told = _in_one_form(said)
    sought = _in_one_form(wanted)
    pattern = re.compile(rf"(?<!\w){re.escape(sought)}(?!\w)")
    return any(not _NEGATED.search(told[: found.start()]) for found in pattern.finditer(told))


def _in_one_form(text: str) -> str:
    """A text with measures, ranges, hyphens and spellings in one form each."""
    text = _TIMES.sub("x", _RANGE.sub("-", text))
    for form, other in _SPELLINGS:
        text = text.replace(form, other)
    text = _JOINTS.sub(" ", text)
    return _MEASURE.sub(lambda found: f"{found[1]} {_UNITS.get(found[2], found[2])}", text)
