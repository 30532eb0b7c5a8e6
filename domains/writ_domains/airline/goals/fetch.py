"""What searches show, as values to compare: options of one or two flights with their fares and free seats.

The options of a search are kept per world. A state that wrote to flights gets them anew where that may matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Self

import msgspec

from writ_async.core.state import State, World
from writ_domains.airline.lookups import open_entry, routes, second_date
from writ_domains.airline.schema import Available, Cabins, Flight, flight_date_key


class Hop(msgspec.Struct, frozen=True, gc=False):
    """One flight on a day."""

    number: str
    date: str
    origin: str
    departs: str
    arrives: str


class Option(msgspec.Struct, frozen=True, gc=False):
    """One or two flights: the fare of one passenger and the free seats, both per cabin."""

    hops: tuple[Hop, ...]
    fares: Cabins
    prices: tuple[Cabins, ...]
    seats: Cabins


class Options(tuple[Option, ...]):
    """The options of a search in the order in which it shows them; compared as the tuple that it is.

    `notes` is for what is worked out from them more than once, by what it is.
    """

    notes: dict[Any, Any]

    def __new__(cls, options: Iterable[Option] = ()) -> Self:
        """The options, without notes."""
        made = super().__new__(cls, options)
        made.notes = {}
        return made

    def by_numbers(self) -> dict[tuple[str, ...], Option]:
        """The options by their flights' numbers."""
        found: dict[tuple[str, ...], Option] | None = self.notes.get(_BY_NUMBERS)
        if found is None:
            found = self.notes[_BY_NUMBERS] = {tuple(hop.number for hop in option.hops): option for option in self}
        return found


_BY_NUMBERS: Final = "by numbers"
_Search = tuple[str, str, str, bool]


def _option(flights: tuple[Flight, ...], dates: tuple[str, ...], entries: tuple[Available, ...]) -> Option:
    prices = tuple(entry.prices for entry in entries)
    seats = [entry.available_seats for entry in entries]
    return Option(
        tuple(
            Hop(
                flight.flight_number,
                date,
                flight.origin,
                flight.scheduled_departure_time_est,
                flight.scheduled_arrival_time_est,
            )
            for flight, date in zip(flights, dates, strict=True)
        ),
        Cabins(
            sum(price.basic_economy for price in prices),
            sum(price.economy for price in prices),
            sum(price.business for price in prices),
        ),
        prices,
        Cabins(
            min(seat.basic_economy for seat in seats),
            min(seat.economy for seat in seats),
            min(seat.business for seat in seats),
        ),
    )


def _added(state: State) -> list[Flight]:
    """Flights that the schedule of the world does not have; only counter-worlds hold any."""
    schedule = state.world.tables["flights"]
    found = [entity for table, key, entity in state.touched() if table == "flights" and key not in schedule]
    return [flight for flight in found if flight is not None]


def _pairs(state: State, origin: str, destination: str) -> Iterator[tuple[Flight, Flight]]:
    index = routes(state)
    yield from index.connections(origin, destination)
    added = _added(state)
    firsts = [flight for flight in added if flight.origin == origin]
    for first in firsts:
        for second in (*index.direct(first.destination, destination), *added):
            if (second.origin, second.destination) == (first.destination, destination):
                yield first, second
    for second in added:
        if second.destination == destination:
            for first in index.direct(origin, second.origin):
                yield first, second


def _found(state: State, search: _Search, before: Options | None = None) -> Options:
    """What a search shows in a state; `before` is what it shows in the world, of which what was not touched is kept."""
    origin, destination, date, onestop = search
    known = before.by_numbers() if before is not None else {}
    touched = _touched_flights(state) if before is not None else None
    if onestop:
        trips: Iterable[tuple[Flight, ...]] = _pairs(state, origin, destination)
    else:
        more = [flight for flight in _added(state) if (flight.origin, flight.destination) == (origin, destination)]
        trips = ((flight,) for flight in (*routes(state).direct(origin, destination), *more))
    found: list[Option] = []
    for flights in trips:
        numbers = tuple([flight.flight_number for flight in flights])
        option = (
            known.get(numbers)
            if touched is not None and touched.isdisjoint(numbers)
            else _shown_option(state, flights, date)
        )
        if option is not None:
            found.append(option)
    return Options(found)


def _shown_option(state: State, flights: tuple[Flight, ...], date: str) -> Option | None:
    """The option of some flights from a day on, or None where one of them is not open or cannot be caught."""
    first, last = flights[0], flights[-1]
    entry = open_entry(state, first.flight_number, date)
    if entry is None:
        return None
    if first is last:
        return _option((first,), (date,), (entry,))
    if last.scheduled_departure_time_est < first.scheduled_arrival_time_est:
        return None
    later = second_date(first, date)
    onward = open_entry(state, last.flight_number, later)
    return None if onward is None else _option((first, last), (date, later), (entry, onward))


def _touched_flights(state: State) -> frozenset[str]:
    """The numbers of the flights that a state wrote to."""
    keys = [(table, key) for table, key, _ in state.touched()]
    return frozenset(
        key.rpartition("/")[0] if table == "flight_dates" else key
        for table, key in keys
        if table in ("flight_dates", "flights")
    )


def _kept(world: World) -> dict[_Search, Options]:
    return {}


def _touches(state: State, search: _Search) -> bool:
    """Whether a flight that the state wrote to may be among the results of a search."""
    origin, destination, _, onestop = search
    for table, key, entity in state.touched():
        if table == "flight_dates":
            entity = state.get("flights", key.rpartition("/")[0])
        elif table != "flights":
            continue
        if entity is None:
            continue
        if onestop:
            if entity.origin == origin or entity.destination == destination:
                return True
        elif entity.origin == origin and entity.destination == destination:
            return True
    return False


def _searching(onestop: bool) -> Callable[[State, str, str, str], Options]:
    def options(state: State, origin: str, destination: str, date: str) -> Options:
        search = (origin, destination, date, onestop)
        kept: dict[_Search, Options] = state.world.index("airline.goals.options", _kept)
        found = kept.get(search)
        if found is None:
            found = kept[search] = _found(State(state.world), search)
        if _touches(state, search):
            return _found(state, search, found)
        return found

    return options


def _status(state: State, number: str, date: str) -> str | None:
    entry = state.get("flight_dates", flight_date_key(number, date))
    return None if entry is None else str(entry.status)


FETCH: Final[dict[str, Callable[..., Any]]] = {
    "get_user_details": lambda state, key: state.get("users", key),
    "get_reservation_details": lambda state, key: state.get("reservations", key),
    "get_flight_status": _status,
    "search_direct_flight": _searching(False),
    "search_onestop_flight": _searching(True),
}
"""What a read tool's result comes from, for each tool that an objective may read with."""
