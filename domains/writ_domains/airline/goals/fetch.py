"""What searches show, as values to compare: options of one or two flights with their fares and free seats.

The options of a search are kept per world. A state that wrote to flights gets them anew where that may matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Self

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
_LINES: Final = "lines"
_Search = tuple[str, str, str, bool]


class _Lines(NamedTuple):
    """All flights, or pairs of them, that a search of the world looks at; what it shows of each; by number which."""

    flights: tuple[tuple[Flight, ...], ...]
    shown: tuple[Option | None, ...]
    of_number: Mapping[str, Sequence[int]]


def _option(flights: tuple[Flight, ...], dates: tuple[str, ...], entries: tuple[Available, ...]) -> Option:
    hops = tuple(
        [
            Hop(
                flight.flight_number,
                date,
                flight.origin,
                flight.scheduled_departure_time_est,
                flight.scheduled_arrival_time_est,
            )
            for flight, date in zip(flights, dates, strict=True)
        ]
    )
    first = entries[0]
    if len(entries) == 1:
        return Option(hops, first.prices, (first.prices,), first.available_seats)
    fares, more = first.prices, entries[1].prices
    seats, left = first.available_seats, entries[1].available_seats
    return Option(
        hops,
        Cabins(fares.basic_economy + more.basic_economy, fares.economy + more.economy, fares.business + more.business),
        (fares, more),
        Cabins(
            min(seats.basic_economy, left.basic_economy),
            min(seats.economy, left.economy),
            min(seats.business, left.business),
        ),
    )


def _added(state: State) -> list[Flight]:
    """Flights that the schedule of the world does not have; only counter-worlds hold any."""
    schedule = state.world.tables["flights"]
    found = [entity for table, key, entity in state.touched() if table == "flights" and key not in schedule]
    return [flight for flight in found if flight is not None]


def _scheduled(state: State, search: _Search) -> Iterable[tuple[Flight, ...]]:
    """The flights of a search, or pairs of them, that the schedule of the world has."""
    origin, destination, _, onestop = search
    if onestop:
        return routes(state).connections(origin, destination)
    return [(flight,) for flight in routes(state).direct(origin, destination)]


def _more(state: State, search: _Search) -> Iterator[tuple[Flight, ...]]:
    """Those with a flight in them that the schedule does not have."""
    origin, destination, _, onestop = search
    added = _added(state)
    if not onestop:
        yield from ((flight,) for flight in added if (flight.origin, flight.destination) == (origin, destination))
        return
    index = routes(state)
    for first in added:
        if first.origin == origin:
            for second in (*index.direct(first.destination, destination), *added):
                if (second.origin, second.destination) == (first.destination, destination):
                    yield first, second
    for second in added:
        if second.destination == destination:
            for first in index.direct(origin, second.origin):
                yield first, second


def _found(state: State, search: _Search) -> Options:
    """What a search shows in a world, whose state this is."""
    date = search[2]
    shown = [_shown_option(state, flights, date) for flights in _scheduled(state, search)]
    return Options([option for option in shown if option is not None])


def _found_anew(state: State, search: _Search, before: Options) -> Options:
    """What a search shows in a state; `before` is what it shows in the world, of which what was not touched is kept."""
    date = search[2]
    lines: _Lines | None = before.notes.get(_LINES)
    if lines is None:
        lines = before.notes[_LINES] = _lines_of(state, search, before)
    touched = [place for number in _touched_flights(state) for place in lines.of_number.get(number, ())]
    shown: Iterable[Option | None] = before
    if touched:
        anew = list(lines.shown)
        for place in touched:
            anew[place] = _shown_option(state, lines.flights[place], date)
        shown = anew
    added = [_shown_option(state, flights, date) for flights in _more(state, search)]
    return Options([option for option in (*shown, *added) if option is not None])


def _lines_of(state: State, search: _Search, options: Options) -> _Lines:
    known = options.by_numbers()
    flights = tuple(_scheduled(state, search))
    numbers = [tuple([flight.flight_number for flight in line]) for line in flights]
    of_number: dict[str, list[int]] = {}
    for place, line in enumerate(numbers):
        for number in line:
            of_number.setdefault(number, []).append(place)
    return _Lines(flights, tuple(map(known.get, numbers)), of_number)


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
        if state.is_touched and _touches(state, search):
            return _found_anew(state, search, found)
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
