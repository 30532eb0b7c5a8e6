"""Itineraries as searches show them, and the choice of the best one among many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from domains.airline.recipes.base import Unfit
from domains.airline.schema import CabinName, DirectFlight
from domains.airline.search import direct_flights, onestop_flights
from writ_async.state import State


class Itinerary(msgspec.Struct, frozen=True):
    """One or two flights with their days, and the fare of one passenger. `cell` numbers the search that shows it."""

    origin: str
    date: str
    legs: tuple[DirectFlight, ...]
    dates: tuple[str, ...]
    fares: tuple[int, ...]
    cell: int

    @property
    def fare(self) -> int:
        """The fare of all its flights."""
        return sum(self.fares)

    @property
    def departure(self) -> str:
        """When its first flight leaves, HH:MM:SS."""
        return self.legs[0].scheduled_departure_time_est

    @property
    def flights(self) -> list[tuple[str, str, int]]:
        """(number, date, fare) of each flight."""
        numbers = [leg.flight_number for leg in self.legs]
        return list(zip(numbers, self.dates, self.fares, strict=True))


Search = tuple[str, str, str, bool]
"""Origin, destination, date, and whether connections are searched."""


def region(origins: Sequence[str], destination: str, dates: Sequence[str], nonstop: bool = False) -> list[Search]:
    """All searches that a choice among airports and days rests on."""
    modes = (False,) if nonstop else (False, True)
    return [(origin, destination, date, onestop) for origin in origins for date in dates for onestop in modes]


def _found(state: State, search: Search) -> Iterator[tuple[DirectFlight, ...]]:
    origin, destination, date, onestop = search
    if onestop:
        yield from onestop_flights(state, origin, destination, date)
    else:
        for flight in direct_flights(state, origin, destination, date):
            yield (flight,)


def itineraries(state: State, searches: Iterable[Search], cabin: CabinName, seats: int) -> list[Itinerary]:
    """What the searches show that has enough seats in the cabin."""
    found: list[Itinerary] = []
    for cell, search in enumerate(searches):
        for legs in _found(state, search):
            if all(leg.available_seats.of(cabin) >= seats for leg in legs):
                dates = tuple(leg.date or search[2] for leg in legs)
                fares = tuple(leg.prices.of(cabin) for leg in legs)
                found.append(Itinerary(search[0], search[2], legs, dates, fares, cell))
    return found


def cheapest(options: Iterable[Itinerary], margin: int = 3) -> Itinerary:
    """The option with the lowest fare. Raises `Unfit` unless it is lowest by the margin, in dollars, among several."""
    ranked = sorted(options, key=lambda option: option.fare)
    if len(ranked) < 2 or ranked[1].fare - ranked[0].fare < margin:
        raise Unfit("no clear cheapest itinerary")
    return ranked[0]
