"""Values as people write them: dates in words, days beside others, places by name, addresses shortened.

All are found in one pass over a text, so that many values can be looked for in the same texts. `spoken_forms.toml`
holds the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files

import msgspec


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lists of `spoken_forms.toml`."""

    months: list[list[str]]
    weekdays: list[str]
    numbers: list[str]
    relative: dict[str, list[str]]
    short: dict[str, str]
    places: dict[str, list[str]]
    states_of: dict[str, list[str]]
    nicknames: dict[str, str]
    units: dict[str, list[str]]


WORDS = msgspec.toml.decode(files(__package__).joinpath("spoken_forms.toml").read_bytes(), type=_Words)

Day = tuple[int, int, int]
"""Year, month and day; the year is 0 where none was told."""

_MONTH = {name: number for number, names in enumerate(WORDS.months, 1) for name in names}
_SHORT_NAMES = tuple(name for name in _MONTH if not any(other in name for other in _MONTH if other != name))
"""The names of months of which one stands in every other."""
_MONTH_NAMES = "|".join(sorted(_MONTH, key=len, reverse=True))
_DAY = r"(\d{1,2})(?:st|nd|rd|th|er|º|\.)?"
_YEAR = r"(?:,? ?(?:of )?((?:19|20)\d\d))?"
_JOINT = r"(?:-|–|—|to|and|or|until|till|through|&|bis|,)"
_MORE = rf"((?: ?{_JOINT} ?(?:the )?\d{{1,2}}(?:st|nd|rd|th|\.)?(?![\d:%$]| ?[ap]m)){{0,8}})"
_MONTH_FIRST = re.compile(rf"(?<![^\W\d_])({_MONTH_NAMES})\.? (?:the )?{_DAY}(?!\d){_YEAR}{_MORE}")
_SECOND_DAY = rf"{_JOINT}? ?(?:(\d{{1,2}})(?:st|nd|rd|th|\.)? )?"
_ONE_DAY = re.compile(rf"(?<![^\W\d_])({_MONTH_NAMES})\.? (?:the )?{_DAY}(?!\d){_YEAR}")
# "It is $105. May I help?" tells no date.
_DAY_FIRST = re.compile(
    rf"(?<![\w.$€£]){_DAY}(?!\d) ?{_SECOND_DAY}(?:of |de )?({_MONTH_NAMES})\b(?!(?<=\. may) i )\.?{_YEAR}"
)
# A pattern that begins with a figure finds at once that a text has none; what must not stand before is asked behind it.
_ISO = re.compile(r"((?:19|20)(?<!\d\d\d)\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_SLASHED = re.compile(r"(?<![\d/.$])(\d{1,2})/(\d{1,2})(?:/((?:19|20)?\d\d))?(?![\d/])")
_DOTTED = re.compile(r"(?<![\d.$])(\d{1,2})\.(\d{1,2})\.((?:19|20)?\d\d)?(?!\d)")
_DASHED = re.compile(r"(?<![\w-])(\d\d)-(\d\d)(?:-((?:19|20)\d\d))?(?![\w-])")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?")
_CLOCK = re.compile(r"(?<![\d.:])(\d{1,2})(?::([0-5]\d))? ?(a\.?m\b|p\.?m\b|o'clock|h\b|uhr)?(?!\d)")
_NUMBER = re.compile(r"\d{1,2}")
_COUNT = "|".join([r"\d{1,3}", "an?", *WORDS.numbers])
_SPAN = re.compile(rf"(?<!\w)({_COUNT}) (?:more |full |extra )?(day|week|night)s?\b")
_RELATIVE = {
    int(offset): re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, words)) + r")(?!\w)")
    for offset, words in WORDS.relative.items()
}
_WEEKDAY = re.compile(r"\b(" + "|".join(WORDS.weekdays) + r")s?\b")
_FIGURE = re.compile(r"\d")
_SPACES = re.compile(r"[\s_*]+")
_TOKEN = re.compile(r"[^\W_]+")
_LONGEST_RANGE = timedelta(days=31)


def days_in(text: str) -> set[Day]:
    """The dates that a text tells, in figures or in words; a range of days gives both ends and what lies between."""
    if _FIGURE.search(text) is None:
        return set()
    text = _SPACES.sub(" ", text.casefold())
    found = iso_days_in(text)
    for pattern in (_SLASHED, _DOTTED, _DASHED):
        for first, second, year in pattern.findall(text):
            found |= _day(year, first, second) | _day(year, second, first)
    for name, day, year, more in _MONTH_FIRST.findall(text):
        found |= _day(year, _MONTH[name], day)
        for other in _NUMBER.findall(more):
            found |= _day(year, _MONTH[name], other)
    for first, second, name, year in _DAY_FIRST.findall(text):
        found |= _day(year, _MONTH[name], first)
        if second:
            found |= _day(year, _MONTH[name], second)
    return found


def dates_out_of(text: str) -> str:
    """A text in lower case without the dates that it tells."""
    text = _ISO.sub(" ", text)
    for name in _SHORT_NAMES:
        if name in text:
            text = _DAY_FIRST.sub(" ", _ONE_DAY.sub(" ", text))
            break
    return _SLASHED.sub(" ", text) if "/" in text else text


def iso_days_in(text: str) -> set[Day]:
    """The dates that a text tells with the year first, as data does."""
    return {day for year, month, number in _ISO.findall(text) for day in _day(year, month, number)}


def _day(year: str, month: str | int, day: str | int) -> set[Day]:
    """A date where there is such a one."""
    number = int(year or 0)
    if 0 < number < 100:
        number += 2000 if number < 50 else 1900
    if 1 <= int(month) <= 12 and 1 <= int(day) <= 31:
        return {(number, int(month), int(day))}
    return set()


def days_away(text: str) -> set[int]:
    """By how many days a text moves from another day: "the next day" is 1, "a week earlier" 7 both ways."""
    text = _SPACES.sub(" ", text.casefold())
    found = {offset for offset, pattern in _RELATIVE.items() if pattern.search(text)}
    for count, unit in _SPAN.findall(text):
        number = int(count) if count.isdecimal() else 1 if count in ("a", "an") else WORDS.numbers.index(count)
        number *= 7 if unit == "week" else 1
        found |= {number, -number}
    return found


def weekdays_in(text: str) -> set[int]:
    """The days of the week that a text names, Monday is 0."""
    return {WORDS.weekdays.index(name) for name in _WEEKDAY.findall(text.casefold())}


def read_day(value: str) -> date | None:
    """An ISO date, None for any other text."""
    try:
        return date.fromisoformat(value) if len(value) == 10 else None
    except ValueError:
        return None


def is_between(wanted: date, told: set[Day]) -> bool:
    """Whether a date lies between two that one text told, a month apart at most."""
    year = wanted.year
    known: list[date] = []
    for there, month, day in told:
        try:
            known.append(date(there or year, month, day))
        except ValueError:
            continue
    return len(known) > 1 and min(known) < wanted < max(known) and max(known) - min(known) <= _LONGEST_RANGE


def times_in(text: str) -> set[tuple[int, int]]:
    """The times of the day that a text tells, as hour and minute: "5 pm", "17:00", "17 Uhr", "noon"."""
    text = text.casefold()
    found: set[tuple[int, int]] = set()
    for hour, minute, half in _CLOCK.findall(text):
        number = int(hour) % 12 + (12 if half.startswith("p") else 0) if half[:1] in ("a", "p") else int(hour)
        if (minute or half) and number < 24:
            found.add((number, int(minute or 0)))
    found.update(time for word, time in (("noon", (12, 0)), ("midnight", (0, 0))) if word in text)
    return found


def read_time(value: str) -> tuple[int, int] | None:
    """Hour and minute of a time such as `17:00`, None for any other text."""
    match = _TIME.fullmatch(value)
    return None if match is None else (int(match[1]), int(match[2]))


def other_names(value: str) -> Iterator[str]:
    """The other names of a place that goes by a code, and the codes of one that goes by its name."""
    wanted = value.casefold()
    yield from WORDS.places.get(wanted, ())
    yield from (short for short, name in WORDS.nicknames.items() if name == wanted)
    for code, names in WORDS.places.items():
        if wanted in names:
            yield code


def implies(state: str, country: str) -> bool:
    """Whether a country is the one that a state, by its code or name, lies in."""
    codes = {state.casefold(), *(name for name in other_names(state) if len(name) == 2)}
    lands = {country.casefold(), *other_names(country)}
    return any(land in lands and not codes.isdisjoint(states) for land, states in WORDS.states_of.items())


def address_words(text: str) -> list[str]:
    """The words of a text in lower case, with the usual short forms of addresses spelled out."""
    return [WORDS.short.get(word, word) for word in _TOKEN.findall(text.casefold())]


_ORDINAL = re.compile(r"\bthe (\d{1,2})(?:st|nd|rd|th)?\b|\b(\d{1,2})(?:st|nd|rd|th)\b")


def bare_days_in(text: str) -> set[int]:
    """The days of a month that a text tells without the month, such as "on the 23rd"."""
    return {int(first or second) for first, second in _ORDINAL.findall(text.casefold())} & _MONTH_DAYS


_MONTH_DAYS = frozenset(range(1, 32))
