"""The values in a text of a user or an agent, each in one form however it is written: dates, times, numbers, ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from writ_async.verify.claims.clock import may_have_time
from writ_async.verify.provenance import SMALL

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# A pattern that begins with a figure or a letter is found at once where a text has it; that no word stands before it is
# asked for behind. What every value, month and clock has is looked for first.
_FIGURE: Final = r"\d(?<!\w\d)"
_ISO: Final = re.compile(rf"({_FIGURE}\d{{3}})-(\d{{2}})-(\d{{2}})\b")
_MONTH: Final = "|".join(_MONTHS)
_DAY_FIRST: Final = re.compile(rf"({_FIGURE}\d?)(?:st|nd|rd|th)?(?: of)? ({_MONTH})[a-z]*\b")
_MONTH_FIRST: Final = re.compile(rf"({_MONTH})(?<!\w\w\w\w)[a-z]*\.? (\d{{1,2}})(?:st|nd|rd|th)?\b")
_LOOK_BACK: Final = len("9th of ")
_FIGURES: Final = re.compile(r"\d")
_IN_WORD: Final = re.compile(r"\w")
_DAY_BEHIND: Final = re.compile(r"[a-z]*\.? \d")
_SLASHED: Final = re.compile(rf"({_FIGURE}\d?)/(\d{{1,2}})(?:/\d{{2,4}})?\b")
_CLOCK: Final = re.compile(rf"({_FIGURE}\d?)(?::(\d{{2}})(?::\d{{2}})?(?: ?([ap])\.?m\b)?| ?([ap])\.?m\b)")
_IN_VALUES: Final = re.compile(r"[0-9@]")
"""What a text of ASCII has that holds values."""
_AN_ISO: Final = re.compile(r"-(?<=\d{4}-)\d\d-")
"""What a text has that holds such a date, looked for by its first hyphen."""
_MARKS: Final = "#@.'+-"
_TOKEN: Final = re.compile(r"[#@\w][#@\w.'+-]*")
_BLANK: Final = re.compile(r"\s")


def values_in(text: str) -> list[str]:
    """The values that a text holds in a normal form: dates as month-day, times by 24 hours, numbers bare, else as said.

    Numbers of at most `SMALL` are counts, and no values.
    """
    found: list[str] = []
    if text.isascii() and _IN_VALUES.search(text) is None:
        return found
    lowered = text.casefold()
    if "-" in lowered and _AN_ISO.search(lowered) is not None:
        lowered = _taken(_ISO, lowered, lambda date: f"date {int(date[2])}-{int(date[3])}", found)
    if _may_have_day(lowered):
        lowered = _taken(_DAY_FIRST, lowered, lambda date: _date(date[2], date[1]), found)
        lowered = _taken(_MONTH_FIRST, lowered, lambda date: _date(date[1], date[2]), found)
    if "/" in lowered:
        lowered = _taken(_SLASHED, lowered, lambda date: f"date {int(date[1])}-{int(date[2])}", found)
    if may_have_time(lowered):
        lowered = _taken(_CLOCK, lowered, _time, found)
    lowered = lowered.replace(",", "").replace("$", "")
    for word in _words_of_values(lowered) if lowered.isascii() else (lowered,):
        for run in _TOKEN.findall(word):
            if run.isalpha():
                continue
            token = run.rstrip(_MARKS)  # here and not in the pattern, which would try each mark of a long run of them
            if any(map(str.isdigit, token)) or ("@" in token and "." in token):
                found += _number_or_id(token.removesuffix("'s").strip("'.-+"))
    return found


def _may_have_day(text: str) -> bool:
    """Whether a month stands at the beginning of a word and right beside a figure, as in all dates with a month."""
    for month in _MONTHS:
        place = text.find(month) if month in text else -1
        while place >= 0:
            before = text[max(0, place - _LOOK_BACK) : place]
            end = place + len(month)
            if not _IN_WORD.match(before[-1:]) and (_FIGURES.search(before) or _DAY_BEHIND.match(text, end)):
                return True
            place = text.find(month, end)
    return False


def _taken(form: re.Pattern[str], text: str, value: Callable[[re.Match[str]], str], found: list[str]) -> str:
    """A text without the values in one form, which are added to those that were found; it is gone through once."""

    def take(match: re.Match[str]) -> str:
        found.append(value(match))
        return " "

    return form.sub(take, text)


def _date(month: str, day: str) -> str:
    return f"date {_MONTHS.index(month) + 1}-{int(day)}"


def _words_of_values(text: str) -> Iterator[str]:
    """What stands between blanks and has a figure or an @ in it: few words of most texts."""
    end = 0
    while (sign := _IN_VALUES.search(text, end)) is not None:
        after = _BLANK.search(text, sign.end())
        start = 1 + max(end - 1, text.rfind(" ", end, sign.start()), text.rfind("\n", end, sign.start()))
        end = len(text) if after is None else after.start()
        yield text[start:end]


def _time(found: re.Match[str]) -> str:
    half = found[3] or found[4]
    hour = int(found[1]) % 12 + 12 * (half == "p") if half else int(found[1])
    return f"time {hour}:{found[2] or '00'}"


def _number_or_id(token: str) -> Iterator[str]:
    try:
        number = float(token)
    except ValueError:
        yield token.lstrip("#")
        return
    if number > SMALL:
        yield token if token.isdigit() else f"{number:g}"
