"""The tools that only look. A flight's JSON text is kept as long as its entity stays the same."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from writ_async.core.state import State
from writ_async.core.tool import ToolError, read
from writ_domains.airline import lookups
from writ_domains.airline.airports import AIRPORTS
from writ_domains.airline.lookups import Routes, routes, second_date, shown
from writ_domains.airline.schema import (
    AirportCode,
    Available,
    Flight,
    FlightDate,
    Reservation,
    User,
    flight_date_key,
)


@read
def get_reservation_details(state: State, reservation_id: str) -> Reservation:
    """Show everything about one reservation: flights, passengers, payments, bags and insurance.

    Args:
        reservation_id: Id of the reservation, six letters and digits such as 'K7QX2B'.
    """
    return lookups.reservation(state, reservation_id)


@read
def get_user_details(state: State, user_id: str) -> User:
    """Show a user's profile with payment methods, membership, saved passengers and the ids of all reservations.

    Args:
        user_id: Id of the user, such as 'ines_okafor_2741'.
    """
    return lookups.user(state, user_id)


@read
def list_all_airports(state: State) -> list[AirportCode]:
    """List the airports that the airline flies to, each with its code and city."""
    return [AirportCode(code, AIRPORTS[code]) for code in routes(state).airports]


@read
def get_flight_status(state: State, flight_number: str, date: str) -> str:
    """Tell how a flight stands on a given day, for instance 'available', 'delayed' or 'landed'.

    Args:
        flight_number: Number of the flight, such as 'HAT042'.
        date: Day of departure as YYYY-MM-DD, for instance '2024-05-21'.
    """
    return lookups.flight_date(state, flight_number, date).status


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
