"""Dates and ids that an agent names: shown, said, in the policy, or the day next to such a day."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import msgspec

from writ_async.verify.claims.ground import Ground
from writ_async.verify.claims.said import Claim, Said

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = (
    r"(?P<{0}>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY: Final = r"(?P<{0}>[0-3]?\d)(?:st|nd|rd|th)?(?![\d:%/.]\d|\d)"
_DATE: Final = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d\d-\d\d)\b"
    rf"|\b{_MONTH.format('m1')} {_DAY.format('d1')}(?: ?[-–—] ?(?P<until>[0-3]?\d)\b(?!:))?(?:,? (?P<y1>\d{{4}})\b)?"
    rf"|\b{_DAY.format('d2')} (?:of )?{_MONTH.format('m2')}\b(?:,? (?P<y2>\d{{4}})\b)?"
)
_SLASHED: Final = re.compile(r"(?<![\d/])(\d{1,2})[/-](\d{1,2})(?:[/-]\d{2,4})?(?![\d/])")
_ORDINAL: Final = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b")
_MONTH_WORDS: Final = frozenset(
    word
    for name in (
        *("january", "february", "march", "april", "may", "june"),
        *("july", "august", "september", "october", "november", "december"),
    )
    for word in (name, name[:3])
) | {"sept"}
_ISO: Final = 10
_SHORTEST: Final = 6
_OFFERS: Final = re.compile(
    r"\b(?:if|would|may|(?:can|could|should|shall) (?:i|we)|(?:i|we|you|to) (?:can|could|might)(?! expect)|search\w*"
    r"|look(?:ing)? for|try|other dates|date range)\b"
    r"|^\W*(?:expand|widen|extend|search|include|consider|try|check|look|move|shift|change|keep|pick|choose|book|select"
    r"|flex\w*|narrow|allow|cover)\b"
)
_YEARS: Final = range(2019, 2031)
_ID: Final = re.compile(r"(?=(?:[a-z_-]*\d){3})[a-z\d_-]{6,60}")
_ENDING: Final = re.compile(
    r"[el•.](?:(?<=\be)nding(?: in| with)?|(?<=\be)nds (?:in|with)|(?<=\bl)ast (?:four|4)(?: digits)?(?: are| is|:)?"
    r"|(?<=•)(?<!••)•+|(?<=\.)\.\.) ?(\d{4})\b"
)
_FOUR_DIGITS: Final = re.compile(r"\d{4}\b")
_ENDING_WORDS: Final = frozenset({"ending", "ends", "last"})
_CODE: Final = re.compile(r"(?=(?:[a-z]*\d){2})(?=(?:\d*[a-z]){2})[a-z\d]{6,10}")
_IN_NUMBER: Final = re.compile(r"[$€£,./@]")
_SNAKE_ID: Final = re.compile(r"^[a-z]+(?:_[a-z]+)*_\d{4,}$")
_NO_ID: Final = re.compile(
    r"^(?:\d{4}-\d\d-\d\d.*|\d{1,4}[ap]m-\d{1,4}(?:[ap]m)?|\d{1,4}-\d{1,4}[ap]m|\d+(?:ml|gb|tb|mb|mah|hz|ghz|mhz|mp|in|cm|mm|kg|lb|lbs|am|pm|min|mins|hours?|days?|px|wh|w|k|p)|\d+-[a-z-]+|[a-z-]*0+|1?-?8\d\d-.*|\d{3}-\d{3}-\d{4}|\d{3}-\d{4}|\d{1,3}-\d{1,3}|\d{4}-\d{4}|0+|(\d)\1+|[a-z]*x{3,}\d*)$"
)


def unfounded_dates(said: Said, ground: Ground) -> list[Claim]:
    """The first date in a message that nothing shows."""
    if _MONTH_WORDS.isdisjoint(said.words) and (
        "-" not in said.plain
        or all(ground.has(word) for word in said.unlike_words if len(word) >= _ISO and _looks_iso(word))
    ):
        return []
    unknown: set[str] = set()  # Those of this message, each looked for once.
    for match in _DATE.finditer(said.plain):
        if match[0] in ground.dates:
            continue
        if match[0] not in unknown and all(is_known_day(day, ground) for day in _days_of(match)):
            ground.dates.add(match[0])
            continue
        unknown.add(match[0])
        sentence = said.sentence(match.start())
        offered = sentence.is_question() or _OFFERS.search(sentence.plain) is not None
        if not (offered or sentence.is_example() or sentence.is_told()):
            return [Claim(match.start(), f"the date {match[0]!r} was neither shown nor said", "turn")]
    return []


def _looks_iso(word: str) -> bool:
    return word[4] == "-" and word[:4].isdecimal()


def unfounded_ids(said: Said, ground: Ground) -> list[Claim]:
    """The ids in a message that nothing shows."""
    found: list[Claim] = []
    for word in said.unlike_words:
        if len(word) < _SHORTEST:
            continue
        token = word.strip("-_.")
        if (
            not (_ID.fullmatch(token) or _is_code(token, said))
            or ("_" in token and not _SNAKE_ID.match(token))
            or ground.has(word)
            or _NO_ID.match(token)
        ):
            continue
        place = said.plain.find(token)
        if place < 0 or _IN_NUMBER.match(said.plain, max(0, place - 1)) or is_known_id(token, ground):
            continue
        if not said.sentence(place).is_example():
            found.append(Claim(place, f"{token!r} was neither shown nor said", "turn"))
    return sorted(found, key=lambda claim: claim.place)[:1]


def unfounded_endings(said: Said, ground: Ground) -> list[Claim]:
    """The last digits of a card or an account that an agent names and nothing ends in."""
    if _ENDING_WORDS.isdisjoint(said.words) and "•" not in said.plain and "..." not in said.plain:
        return []
    for match in _ENDING.finditer(said.plain) if _FOUR_DIGITS.search(said.plain) is not None else ():
        end = match[1]
        if ground.has(end) or ground.shown.has_ending(end) or any(word.endswith(end) for word in ground.told):
            continue
        if not said.sentence(match.start()).is_example():
            return [Claim(match.start(), f"nothing that was shown or said ends in {end}", "turn")]
    return []


def _is_code(token: str, said: Said) -> bool:
    """Whether a word is a code in capitals and digits, two of each at least."""
    return _CODE.fullmatch(token) is not None and token.upper() in said.text


def _days_of(match: re.Match[str]) -> list[tuple[int, int, int]]:
    """The days that a date names, as year (0 where none is said), month and day; none for what is no date."""
    if match["iso"]:
        year, month, day = (int(part) for part in match["iso"].split("-"))
        return [(year, month, day)] if 1 <= month <= 12 and 1 <= day <= 31 else []
    if match["m2"] == "may" and " of " not in match[0] and not match["y2"]:
        return []
    name, first = match["m1"] or match["m2"], int(match["d1"] or match["d2"])
    month = _MONTHS.index(name[:3]) + 1
    year = int(match["y1"] or match["y2"] or 0)
    days = [first, int(match["until"])] if match["until"] else [first]
    return [(year, month, day) for day in days if 1 <= day <= 31]


def is_known_day(day: tuple[int, int, int], ground: Ground) -> bool:
    """Whether a day, or the one before or after it, was shown or said in some form."""
    year, month, number = day
    for other_year in (year,) if year else _YEARS:
        try:
            middle = date(other_year, month, number)
        except ValueError:
            continue
        for step in (0, -1, 1):
            if _is_named(middle + timedelta(days=step), ground):
                return True
    return _is_said(month, number, ground)


def _is_named(day: date, ground: Ground) -> bool:
    text = day.isoformat()
    return ground.has(text) or f"{text}t" in ground.stamps()


def _is_said(month: int, day: int, ground: Ground) -> bool:
    near = {(month, day - 1), (month, day), (month, day + 1)}
    if not near.isdisjoint(_days_of_policy(ground.domain.policy)):
        return True
    for text in ground.heard:
        spoken = _days_spoken(text)
        if not near.isdisjoint(spoken.named) or frozenset({month, day}) in spoken.slashed or day in spoken.ordinals:
            return True
    return False


class _DaysSpoken(msgspec.Struct, frozen=True):
    """What may be days in a customer's text: months with days, two numbers with a slash, and ordinals alone."""

    named: frozenset[tuple[int, int]]
    slashed: frozenset[frozenset[int]]
    ordinals: frozenset[int]


@lru_cache(maxsize=1024)
def _days_spoken(text: str) -> _DaysSpoken:
    plain = text.casefold()
    return _DaysSpoken(
        _days_named(text),
        frozenset(frozenset({int(match[1]), int(match[2])}) for match in _SLASHED.finditer(plain)),
        frozenset(int(match[1]) for match in _ORDINAL.finditer(plain)),
    )


@lru_cache(maxsize=1024)
def _days_named(text: str) -> frozenset[tuple[int, int]]:
    """The months and days of the dates in a text."""
    return frozenset((month, day) for match in _DATE.finditer(text.casefold()) for _, month, day in _days_of(match))


@lru_cache(maxsize=64)
def _days_of_policy(policy: str) -> frozenset[tuple[int, int]]:
    """Those of a policy, which all conversations of a domain have in common."""
    return _days_named(policy)


def _number_of(token: str) -> str:
    """The number that an id ends in, where that is long enough to be one by itself, else the id."""
    number = token.lstrip("abcdefghijklmnopqrstuvwxyz")
    return number if len(number) >= _SHORTEST - 1 else token


def is_known_id(token: str, ground: Ground) -> bool:
    """Whether an id was shown or said, whole or at the end of another."""
    if ground.has(token):
        return True
    flat = token.replace("-", "").replace("_", "")
    if any(ground.has(part) for part in (flat, _number_of(token), token.replace("_", "-"), token.replace("-", "_"))):
        return True
    return any(token in text.casefold() for text in (*ground.results[-40:], *ground.heard))
