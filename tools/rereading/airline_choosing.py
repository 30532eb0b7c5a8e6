"""What an airline's customer answers who is asked which one of several trips they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tools.rereading.airline_phrases import Phrases
from tools.rereading.words import NotUnderstood, Rest, Unsound, best, one, sentences

Record = dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """All of them; the one of a day, from an airport, in a cabin; the "first" or "last"; by price "most" or "least"."""

    every: bool = False
    day: str = ""
    origin: str = ""
    cabin: str = ""
    rank: str = ""
    pick: str = ""


_EVERY = re.compile(r"\bboth\b|\bthe two of them\b|\ball of them\b", re.IGNORECASE)
_FIRST = re.compile(r"\b(?:earlier|first|earliest)\b", re.IGNORECASE)
_LAST = re.compile(r"\b(?:later|second|last|latest)\b", re.IGNORECASE)
_MORE = re.compile(r"\bmore expensive\b|\bpricier\b|\bpaid more for\b", re.IGNORECASE)
_LESS = re.compile(r"\bless expensive\b|\bcheaper\b|\bpaid less for\b", re.IGNORECASE)
_FROM = re.compile(r"\bfrom <A\d+>|\b(?:starts|begins) in <A\d+>", re.IGNORECASE)


def read_answer(text: str, phrases: Phrases) -> Answer | None:
    """What an answer picks, or None where nothing is said. Raises `NotUnderstood`."""
    said = sentences(text)
    if not said:
        return None
    rest = Rest(said[0])
    phrases.name(rest)
    plain = rest.text
    found = [Answer(every=True)] if _EVERY.search(plain) else []
    found += [Answer(rank="first")] if _FIRST.search(plain) else []
    found += [Answer(rank="last")] if _LAST.search(plain) else []
    found += [Answer(pick="most")] if _MORE.search(plain) else []
    found += [Answer(pick="least")] if _LESS.search(plain) else []
    found += [Answer(day=day) for day in rest.named("D")]
    found += [Answer(cabin=cabin) for cabin in rest.named("C")]
    found += [Answer(origin=code) for code in rest.named("A") if _FROM.search(plain)]
    if len(said) != 1 or len(found) != 1:
        raise NotUnderstood(f"which one is meant by {text!r}")
    return found[0]


def chosen(
    trips: Sequence[Record], answer: Answer | None, starts: Callable[[Record], str], paid: Callable[[Record], float]
) -> list[Record]:
    """Which of some trips an answer picks; the only one without. Raises `Unsound` where several are left, or none."""
    if len(trips) < 2 or answer is None:
        return [one(trips, "there")]
    if answer.every:
        return list(trips)
    if answer.rank:
        days = sorted(trips, key=starts, reverse=answer.rank == "last")
        if starts(days[0]) == starts(days[1]):
            raise Unsound("two trips start on that day")
        return days[:1]
    if answer.pick:
        return [best(trips, paid, most=answer.pick == "most", what="extreme by what was paid")]
    fits = [
        trip
        for trip in trips
        if answer.day in ("", starts(trip))
        and answer.origin in ("", trip["origin"])
        and answer.cabin in ("", trip["cabin"])
    ]
    return [one(fits, f"as in {answer}")]
