"""Times of day and street addresses that an agent names: shown, said, or in the policy.

A time right beside a record that shows times has to be one of that record's. Nothing is said of times where no tool
showed any.
"""

from __future__ import annotations

import re
from typing import Final

from writ_async.verify.claims.clock import TIME, may_have_time, minutes_meant
from writ_async.verify.claims.fact_words import FactWords, pattern
from writ_async.verify.claims.ground import Ground
from writ_async.verify.claims.said import Claim, Said

_ROUGH: Final = pattern("times", "rough")
_OTHER_ZONE: Final = pattern("times", "other_zone")
_SPAN: Final = pattern("times", "span")
_BESIDE: Final = pattern("times", "beside")
_LOOK_BACK: Final = 120
_STREET: Final = re.compile(
    r"(?P<number>\d(?<=\b\d)\d{0,4}) (?P<name>[A-Z][a-z]+(?: [A-Z][a-z]+){0,2})"
    r" (?:Street|St|Avenue|Ave|Road|Rd|Drive|Dr|Lane|Ln|Boulevard|Blvd|Court|Ct|Place"
    r"|Way|Terrace|Parkway|Highway|Square)\b"
)
_STREETS: Final = frozenset(
    {
        *(
            "street",
            "st",
            "avenue",
            "ave",
            "road",
            "rd",
            "drive",
            "dr",
            "lane",
            "ln",
            "boulevard",
            "blvd",
            "court",
            "ct",
        ),
        *("place", "way", "terrace", "parkway", "highway", "square"),
    }
)


def unfounded_times(said: Said, ground: Ground, facts: FactWords) -> list[Claim]:
    """The times of day in a message that nothing shows, the first of them."""
    if not facts.timed or not may_have_time(said.plain) or TIME.search(said.plain) is None:
        return []
    known = ground.minutes()
    if not known:
        return []
    for match in TIME.finditer(said.plain):
        meant = set(minutes_meant(match))
        if not meant or _SPAN.match(said.plain, match.end()):
            continue
        beside = _of_record(match, said, ground)
        if not meant.isdisjoint(beside or known):
            continue
        sentence = said.sentence(match.start())
        left = said.plain[max(sentence.start, match.start() - 24) : match.start()]
        if sentence.is_question() or sentence.is_example() or sentence.is_told() or _ROUGH.search(left):
            continue
        if _OTHER_ZONE.search(sentence.plain) or not meant.isdisjoint(ground.minutes_said()):
            continue
        return [Claim(match.start(), f"the time {match[0].strip()!r} was neither shown nor said", "turn")]
    return []


def _of_record(match: re.Match[str], said: Said, ground: Ground) -> set[int]:
    """The times of the record right beside a time; none where it stands by itself."""
    sentence = said.sentence(match.start())
    entities = ground.entities()
    ids = ground.ids_in(said, max(sentence.start, match.start() - _LOOK_BACK), match.start())
    if not ids or not _BESIDE.match(said.plain[ids[-1].end : match.start()]):
        return set()
    return {minutes for found in ids for minutes in entities.minutes_of(found.name)}


def unfounded_streets(said: Said, ground: Ground) -> list[Claim]:
    """The first street address in a message that nobody gave and nothing shows."""
    if _STREETS.isdisjoint(said.words):
        return []
    for match in _STREET.finditer(said.text):
        known = f"{match['number']} {match['name'].split()[0].lower()}"
        if ground.has_text(known):
            continue
        sentence = said.sentence(match.start())
        if not (sentence.is_example() or sentence.is_told() or sentence.is_question()):
            return [Claim(match.start(), f"the address {match[0]!r} was neither shown nor said", "turn")]
    return []
