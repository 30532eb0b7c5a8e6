"""Choosing among the flights that searches show.

A search is plain JSON, as it stands in `Goal.params`: `{"from": [airports], "to": airport, "dates": [days]}`, with
`"nonstop": true`, `"after"`, `"before"` (first departure), `"by"` (arrival on the day of departure), `"at"` (exact
departure), and `"rank"`, by which the best option is chosen: one of `RANKS`, the cheapest where none is named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from heapq import nsmallest
from typing import Any, Final, NamedTuple

from writ_async.core.goal import Key, NothingFits, Reader
from writ_domains.airline.goals.fetch import Option, Options
from writ_domains.kit.goals import Params

_FARE_MARGIN: Final = 5.0
_MINUTES_MARGIN: Final = 10.0
_LIMITS: Final = ("after", "before", "by", "at")
_NO_LIMITS: Final = (None,) * len(_LIMITS)
_Criteria = tuple[tuple[Any, ...], str | None, str, int]
"""Limits by name, the rank that was asked for, the cabin, and how many seats."""
_MOST_NOTES: Final = 64  # of one search: in a long run a search is made for many limits, cabins and parties


class Rank(NamedTuple):
    """How options are compared: the smallest score is best, those `better` are passed over; apart by `margin`."""

    score: Callable[[Option, str], float]
    margin: float
    better: int = 0


def minute_of(date: str, clock: str) -> int:
    """A time of a day of the schedule's month in minutes, all of one zone; a clock on the next day ends in `+1`."""
    return int(date[-2:]) * 1440 + _minute_of_day(clock)


@lru_cache(maxsize=2048)  # of a schedule's times, which are compared over and over
def _minute_of_day(clock: str) -> int:
    later = 1440 if clock.endswith("+1") else 0
    return int(clock[:2]) * 60 + int(clock[3:5]) + later


def minutes_of(option: Option) -> int:
    """How long an option takes from the first departure to the last arrival, in minutes, with the wait between."""
    return _lands(option) - _leaves(option)


def _leaves(option: Option) -> int:
    return minute_of(option.hops[0].date, option.hops[0].departs)


def _lands(option: Option) -> int:
    return minute_of(option.hops[-1].date, option.hops[-1].arrives)


def _fare(option: Option, cabin: str) -> float:
    return float(getattr(option.fares, cabin))


RANKS: Final[dict[str, Rank]] = {
    "cheapest": Rank(_fare, _FARE_MARGIN),
    "second cheapest": Rank(_fare, _FARE_MARGIN, 1),
    "fastest": Rank(lambda option, cabin: minutes_of(option), _MINUTES_MARGIN),
    "earliest departure": Rank(lambda option, cabin: _leaves(option), _MINUTES_MARGIN),
    "latest departure": Rank(lambda option, cabin: -_leaves(option), _MINUTES_MARGIN),
    "earliest arrival": Rank(lambda option, cabin: _lands(option), _MINUTES_MARGIN),
    "latest arrival": Rank(lambda option, cabin: -_lands(option), _MINUTES_MARGIN),
}
"""By what an option may be the best. Times are over all days of a search."""


def search_keys(wanted: Params) -> list[Key]:
    """All searches that a choice among airports and days rests on."""
    modes = ("search_direct_flight",) if wanted.get("nonstop") else ("search_direct_flight", "search_onestop_flight")
    return [
        (mode, origin, wanted["to"], date) for origin in wanted["from"] for date in wanted["dates"] for mode in modes
    ]


def best_option(reader: Reader, wanted: Params, cabin: str, seats: int, by: Key | None = None) -> Option:
    """The option that a search asks for, with seats for all in a cabin. Raises `NothingFits` and `Ambiguous`."""
    rank = RANKS[wanted.get("rank", "cheapest")]
    criteria = (tuple([wanted.get(name) for name in _LIMITS]), wanted.get("rank"), cabin, seats)
    options: list[Option] = []
    for found in reader.each(search_keys(wanted), by):
        leading: Sequence[Option] | None = found.notes.get(criteria)
        options += _leading(found, criteria, rank) if leading is None else leading

    def score(option: Option) -> float:
        return rank.score(option, cabin)

    for _ in range(rank.better):
        if len(options) < 2:
            raise NothingFits("there is no second one")
        options.remove(reader.best(options, score, rank.margin))
    chosen: Option = reader.best(options, score, rank.margin)
    return chosen


def _leading(found: Options, criteria: _Criteria, rank: Rank) -> Sequence[Option]:
    """The options of one search that fit and may be the best of all, or come first or last, in their order.

    The others are worse than those whatever the other searches show.
    """
    limits, _, cabin, seats = criteria
    fit = [
        option
        for option in found
        if getattr(option.seats, cabin) >= seats and (limits == _NO_LIMITS or _keeps_to(option, limits))
    ]
    leading = _first_last_and_best(fit, rank, cabin)
    if len(found.notes) >= _MOST_NOTES:
        found.notes.clear()
    found.notes[criteria] = leading
    return leading


def _first_last_and_best(fit: list[Option], rank: Rank, cabin: str) -> Sequence[Option]:
    ends = rank.better + 1
    if len(fit) <= 2 * ends + 1:
        return fit
    scores = [rank.score(option, cabin) for option in fit]
    best = nsmallest(ends + 1, range(len(fit)), key=scores.__getitem__)
    places = {*best, *range(ends), *range(len(fit) - ends, len(fit))}
    return [fit[place] for place in sorted(places)]


def _keeps_to(option: Option, limits: tuple[str | None, ...]) -> bool:
    after, before, arrive, at = limits
    departs, last = option.hops[0].departs, option.hops[-1]
    return (
        (after is None or departs >= after)
        and (before is None or departs < before)
        and (at is None or departs == at)
        and (arrive is None or (last.date == option.hops[0].date and arrives_by(last.arrives, arrive)))
    )


def arrives_by(arrives: str, limit: str) -> bool:
    """Whether a flight lands on the day on which it leaves, at a time of the day or before it.

    Times are `HH:MM:SS`; an arrival on the next day ends in `+1`, and is later than any time of the day before.
    """
    return not arrives.endswith("+1") and arrives <= limit
