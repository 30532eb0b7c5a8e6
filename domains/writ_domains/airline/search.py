"""Finding flights: an index of the schedule by route, and the two search tools.

The schedule is never written, so routes and the pairs of flights that connect are worked out once per world. Only
status, seats and prices are looked up per call. A flight's JSON text is kept as long as its entity stays the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from writ_async.core.domain import ToolError, read
from writ_async.core.state import State, World
from writ_domains.airline.schema import Available, DirectFlight, Flight, FlightDate, flight_date_key

Pair = tuple[Flight, Flight]


class Routes:
    """The schedule of one world by route. Connections and texts are filled in as they are asked for."""

    __slots__ = ("_by_origin", "_by_route", "_connections", "_flights", "texts")

    def __init__(self, world: World) -> None:
        self._flights: tuple[Flight, ...] = tuple(world.tables["flights"].values())
        by_origin: dict[str, list[Flight]] = {}
        by_route: dict[tuple[str, str], list[Flight]] = {}
        for flight in self._flights:
            by_origin.setdefault(flight.origin, []).append(flight)
            by_route.setdefault((flight.origin, flight.destination), []).append(flight)
        self._by_origin = {origin: tuple(flights) for origin, flights in by_origin.items()}
        self._by_route = {route: tuple(flights) for route, flights in by_route.items()}
        self._connections: dict[tuple[str | None, str | None], tuple[Pair, ...]] = {}
        self.texts: dict[tuple[str, bool], tuple[Available, str]] = {}

    def direct(self, origin: str | None, destination: str | None) -> tuple[Flight, ...]:
        """Flights of a route in the order of the database; None means anywhere."""
        if origin is not None and destination is not None:
            return self._by_route.get((origin, destination), ())
        flights = self._flights if origin is None else self._by_origin.get(origin, ())
        return tuple(f for f in flights if destination is None or f.destination == destination)

    def connections(self, origin: str | None, destination: str | None) -> tuple[Pair, ...]:
        """Pairs of flights that connect, whatever the day, in the order of the database.

        Times are compared as text, as τ²-bench does: "23:10:00" follows an arrival at "22:40:00+1".
        """
        found = self._connections.get((origin, destination))
        if found is None:
            found = tuple(
                (first, second)
                for first in self.direct(origin, None)
                for second in self.direct(first.destination, destination)
                if second.scheduled_departure_time_est >= first.scheduled_arrival_time_est
            )
            if found:  # a model may ask for any name, and what it made up shall not fill the memory
                self._connections[(origin, destination)] = found
        return found


def routes(state: State) -> Routes:
    """The index of the state's world."""
    return state.world.index("airline.routes", Routes)


def open_entry(state: State, number: str, date: str) -> Available | None:
    """Seats and prices of a flight on a day, or None where it cannot be booked."""
    entry: FlightDate | None = state.get("flight_dates", flight_date_key(number, date))
    return entry if isinstance(entry, Available) else None


def second_date(first: Flight, date: str) -> str:
    """The day of the second flight of a connection.

    Like τ²-bench it takes the month to be May 2024 and pads no zero. Raises `ValueError` where `date` does not end in
    a number.
    """
    return f"2024-05-{int(date[-2:]) + 1}" if "+1" in first.scheduled_arrival_time_est else date


def shown(flight: Flight, entry: Available, date: str | None) -> DirectFlight:
    """A flight as a search shows it."""
    return DirectFlight(
        flight.flight_number,
        flight.origin,
        flight.destination,
        entry.status,
        flight.scheduled_departure_time_est,
        flight.scheduled_arrival_time_est,
        date,
        entry.available_seats,
        entry.prices,
    )


def direct_flights(state: State, origin: str | None, destination: str | None, date: str) -> Iterator[DirectFlight]:
    """Bookable flights of a route on a day."""
    for flight in routes(state).direct(origin, destination):
        entry = open_entry(state, flight.flight_number, date)
        if entry is not None:
            yield shown(flight, entry, None)


def onestop_flights(
    state: State, origin: str | None, destination: str | None, date: str
) -> Iterator[tuple[DirectFlight, DirectFlight]]:
    """Bookable connections of a route whose first flight leaves on a day; both flights carry their dates."""
    for first, second in routes(state).connections(origin, destination):
        entry = open_entry(state, first.flight_number, date)
        if entry is None:
            continue
        later = second_date(first, date)
        onward = open_entry(state, second.flight_number, later)
        if onward is not None:
            yield shown(first, entry, date), shown(second, onward, later)


def _text(state: State, index: Routes, flight: Flight, date: str, dated: bool) -> str | None:
    key = flight_date_key(flight.flight_number, date)
    entry: FlightDate | None = state.get("flight_dates", key)
    if not isinstance(entry, Available):
        return None
    kept = index.texts.get((key, dated))
    if kept is not None and kept[0] is entry:
        return kept[1]
    fresh = (entry, json.dumps(msgspec.to_builtins(shown(flight, entry, date if dated else None))))
    if entry is state.world.tables["flight_dates"].get(key):
        index.texts[(key, dated)] = fresh
    return fresh[1]


def _can_match(index: Routes, origin: Any, destination: Any, date: Any, onestop: bool) -> bool:
    """Whether a search can find anything. Null means anywhere, as in τ²-bench; values of a wrong type match nothing.

    Raises `ToolError` for a list or an object as the day of a route that exists, where τ²-bench fails too.
    """
    if not all(value is None or isinstance(value, str) for value in (origin, destination)):
        return False
    if isinstance(date, list | dict) and index.direct(origin, None if onestop else destination):
        raise ToolError("the date of a search is text such as 2024-05-21")
    return isinstance(date, str)


@read
def search_direct_flight(state: State, origin: str, destination: str, date: str) -> str:
    """Look for nonstop flights that can be booked from one airport to another on a given day.

    Args:
        origin: Three-letter code of the airport of departure, such as 'SEA'.
        destination: Three-letter code of the airport of arrival, such as 'MIA'.
        date: Day of departure as YYYY-MM-DD, for instance '2024-05-21'.
    """
    index = routes(state)
    if not _can_match(index, origin, destination, date, onestop=False):
        return "[]"
    texts = (_text(state, index, flight, date, False) for flight in index.direct(origin, destination))
    return f"[{', '.join(filter(None, texts))}]"


@read
def search_onestop_flight(state: State, origin: str, destination: str, date: str) -> str:
    """Look for connections with exactly one stop that can be booked; each result is a list of two flights in order.

    Args:
        origin: Three-letter code of the airport where the trip begins, such as 'SEA'.
        destination: Three-letter code of the airport where the trip ends, such as 'MIA'.
        date: Day on which the first flight leaves, as YYYY-MM-DD, for instance '2024-05-21'.
    """
    index = routes(state)
    if not _can_match(index, origin, destination, date, onestop=True):
        return "[]"
    found: list[str] = []
    for first, second in index.connections(origin, destination):
        text = _text(state, index, first, date, True)
        if text is None:
            continue
        onward = _text(state, index, second, second_date(first, date), True)
        if onward is not None:
            found.append(f"[{text}, {onward}]")
    return f"[{', '.join(found)}]"
