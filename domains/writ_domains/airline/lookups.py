"""Finding records by what a model wrote, and an index of the schedule by route.

The schedule is never written, so routes and the pairs of flights that connect are worked out once per world. Only
status, seats and prices are looked up per call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from writ_async.core.state import State, World
from writ_async.core.tool import ToolError
from writ_domains.airline.airports import AIRPORTS, metropolis_of
from writ_domains.airline.schema import (
    Available,
    DirectFlight,
    Flight,
    FlightDate,
    Reservation,
    User,
    flight_date_key,
)

Pair = tuple[Flight, Flight]


def user(state: State, user_id: str) -> User:
    """The user of an id. Raises `ToolError` when there is none."""
    found: User | None = state.get("users", user_id)
    if found is None:
        raise ToolError(f"no user has the id {user_id}")
    return found


def reservation(state: State, reservation_id: str) -> Reservation:
    """The reservation of an id. Raises `ToolError` when there is none."""
    found: Reservation | None = state.get("reservations", reservation_id)
    if found is None:
        raise ToolError(f"no reservation has the id {reservation_id}")
    return found


def flight(state: State, number: str) -> Flight:
    """The flight of a number. Raises `ToolError` when there is none."""
    found: Flight | None = state.get("flights", number)
    if found is None:
        raise ToolError(f"no flight has the number {number}")
    return found


def flight_date(state: State, number: str, date: str) -> FlightDate:
    """A flight on a day. Raises `ToolError` when the flight does not exist or has no such day."""
    flight(state, number)
    found: FlightDate | None = (
        state.get("flight_dates", flight_date_key(number, date)) if isinstance(date, str) else None
    )
    if found is None:
        raise ToolError(f"flight {number} has no entry for the day {date}")
    return found


def seats_open(state: State, number: str, date: str, cabin: Any, passengers: int) -> Available:
    """A flight on a day with enough seats for all.

    Raises `ToolError` when it is closed or too full, or has no such cabin.
    """
    entry = flight_date(state, number, date)
    if not isinstance(entry, Available):
        raise ToolError(f"flight {number} cannot be booked on {date}: it is {entry.status}")
    try:
        seats = entry.available_seats.of(cabin)
    except KeyError:
        raise ToolError(f"there is no cabin {cabin!r}") from None
    if seats < passengers:
        raise ToolError(f"flight {number} on {date} has {seats} seats left in {cabin}, and {passengers} are needed")
    return entry


class Routes:
    """The schedule of one world by route. Connections and texts are filled in as they are asked for.

    `airports` has the codes of those that it flies to, `metropolis` those of them that are near one another.
    """

    __slots__ = ("_by_origin", "_by_route", "_connections", "_flights", "airports", "metropolis", "texts")

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
        served = {code for route in by_route for code in route}
        self.airports: tuple[str, ...] = tuple(code for code in AIRPORTS if code in served)
        self.metropolis: tuple[str, ...] = metropolis_of(served)
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
