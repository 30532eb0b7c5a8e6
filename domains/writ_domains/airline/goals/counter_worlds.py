"""Changes to one cell that the airline could well show instead.

A search may show another flight, fare or number of seats; a reservation another cabin, day, age, insurance, passenger
or payment; a flight another status. Flights of days to come are always open, as in every world.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from writ_async.core.goal import WHICH, Decision, Edit, Key, Reader
from writ_domains.airline.goals.fetch import Option, Options
from writ_domains.airline.goals.flights import arrives_by
from writ_domains.airline.lookups import routes
from writ_domains.airline.schema import (
    CABINS,
    Available,
    Cabins,
    Cancelled,
    CreditCard,
    Delayed,
    Flight,
    FlightDate,
    Landed,
    OnTime,
    Passenger,
    PaymentMethod,
    PaymentRecord,
    Reservation,
    User,
    flight_date_key,
)
from writ_domains.kit.goals import Params, change_records

_TIMES: Final = (
    ("09:05:00", "10:05:00"),
    ("14:35:00", "15:35:00"),
    ("06:15:00", "07:15:00"),
    ("19:25:00", "20:25:00"),
    ("01:05:00", "02:05:00"),
)
_MOST_STOPS: Final = 7
_SEATS: Final = Cabins(20, 20, 20)
_CHEAP: Final = Cabins(1, 1, 1)
_DEAR: Final = Cabins(9000, 9000, 9000)
_SOMEBODY: Final = Passenger("Otto", "Otherwise", "1980-01-01")
_RECENT: Final = "2024-05-15T12:00:00"
_OLD: Final = "2024-04-20T12:00:00"


def changes(reader: Reader, key: Key, params: Params, decision: Decision) -> Iterator[tuple[Edit, ...]]:
    """Changes of a cell, those most likely to matter first."""
    if key[0] == "get_flight_status":
        for entry in _statuses(key[2]):
            yield (("flight_dates", flight_date_key(key[1], key[2]), entry),)
    elif key[0].startswith("search"):
        yield from _searches(reader, key, reader.cells[key], params, decision)
    else:
        yield from _changes_of_records(reader, key, params, decision)


def _trips(reader: Reader, trip: Reservation, params: Params, decision: Decision) -> Iterator[Reservation]:
    if "start" in params.get("trip", {}):
        yield from _on_other_days(trip)
    if WHICH in params.get("trip", {}):
        yield from _there_too(trip, params["trip"]["to"])
    named = any(action.arguments.get("reservation_id") == trip.reservation_id for action in decision.writes)
    if named or trip.status is not None:
        yield replace(trip, status=None if trip.status else "cancelled")
    paid = trip.payment_history
    for amount in (30_000, 1):
        yield replace(trip, payment_history=(PaymentRecord(paid[0].payment_id, amount),), cabin="business")
    for cabin in CABINS:
        if cabin != trip.cabin:
            yield replace(trip, cabin=cabin)
    yield replace(trip, created_at=_RECENT if trip.created_at != _RECENT else _OLD)
    yield replace(trip, created_at=_OLD, cabin="economy", insurance="no")
    yield replace(trip, insurance="no" if trip.insurance == "yes" else "yes")
    yield from _on_other_days(trip)
    for price in (5_000, 1):
        legs = tuple(replace(leg, price=price) for leg in trip.flights)
        yield replace(trip, flights=legs)
        yield replace(trip, flights=legs, cabin="economy")
    yield replace(trip, passengers=(*trip.passengers[:1], *(_SOMEBODY for _ in trip.passengers[1:])))
    yield replace(trip, passengers=(*trip.passengers, _SOMEBODY))
    yield replace(trip, total_baggages=trip.total_baggages + 7, nonfree_baggages=trip.nonfree_baggages + 7)
    yield replace(trip, origin=trip.destination, destination=trip.origin)
    yield replace(trip, user_id="another_customer_1000")


def _there_too(trip: Reservation, destination: str) -> Iterator[Reservation]:
    """A trip that leads there as well, of which the customer says only when asked which one is meant."""
    if trip.destination != destination != trip.origin:
        last = replace(trip.flights[-1], destination=destination)
        there = replace(trip, destination=destination, flights=(*trip.flights[:-1], last), flight_type="one_way")
        for other in _on_other_days(there):
            for amount in (30_000, 1):
                yield replace(other, payment_history=(PaymentRecord(trip.payment_history[0].payment_id, amount),))


def _on_other_days(trip: Reservation) -> Iterator[Reservation]:
    for date in ("2024-05-16", "2024-05-29"):
        yield replace(trip, status=None, flights=tuple(replace(leg, date=date) for leg in trip.flights))


def _users(reader: Reader, user: User, params: Params, decision: Decision) -> Iterator[User]:
    named = {action.arguments.get("reservation_id") for action in decision.writes}
    yield replace(user, reservations=tuple(key for key in user.reservations if key not in named))
    renamed = {f"{key}9": replace(method, id=f"{key}9") for key, method in user.payment_methods.items()}
    yield replace(user, payment_methods=renamed)
    yield replace(user, reservations=())
    for membership in ("regular", "silver", "gold"):
        yield replace(user, membership=membership)
    for amount in (0.0, 90_000.0):
        methods: dict[str, PaymentMethod] = {
            key: method if isinstance(method, CreditCard) else replace(method, amount=amount)
            for key, method in user.payment_methods.items()
        }
        yield replace(user, payment_methods=methods)
    yield replace(user, dob="1911-11-11")
    yield replace(user, saved_passengers=tuple(replace(one, dob="1911-11-11") for one in user.saved_passengers))


_changes_of_records: Final = change_records(
    {Reservation: ("reservations", "reservation_id", _trips), User: ("users", "user_id", _users)}
)


def _statuses(date: str) -> Iterator[FlightDate]:
    start, end = f"{date}T09:00:00", f"{date}T11:00:00"
    yield Cancelled()
    yield Landed(start, end)
    yield Delayed(start, end)
    yield OnTime(start, end)


def _searches(
    reader: Reader, key: Key, options: Options, params: Params, decision: Decision
) -> Iterator[tuple[Edit, ...]]:
    """The chosen flights full, a cheap flight more, and each option of the search with other fares or no seats."""
    name, origin, destination, date = key
    onestop = name == "search_onestop_flight"
    stops = [code for code in routes(reader.state).airports if code not in (origin, destination)][:_MOST_STOPS]
    chosen = {leg["flight_number"] for action in decision.writes for leg in action.arguments.get("flights", ())}
    for option in options:
        if all(hop.number in chosen for hop in option.hops):
            yield from _first_hop(reader, option, date, available_seats=Cabins(0, 0, 0))
    limits = _limits_of(params)
    times = sorted(_TIMES, key=lambda pair: not _within(pair, limits))
    if onestop:
        # The first flight of a connection leaves from here on this day: no other search shows the two together.
        ranked = sorted(
            options,
            key=lambda one: (not _within((one.hops[0].departs, one.hops[1].arrives), limits), one.prices[1].economy),
        )
        for option in ranked[:4]:
            yield from _first_hop(reader, option, date, prices=_CHEAP, available_seats=_SEATS)
    fresh = Available(_SEATS, _CHEAP)
    for departs, arrives in times:
        if not onestop:
            yield _new("HAT0001", origin, destination, departs, arrives, date, fresh)
            continue
        for stop in stops:
            middle = f"{int(departs[:2]) + 1:02d}"
            yield (
                *_new("HAT0001", origin, stop, departs, f"{departs[:2]}:50:00", date, fresh),
                *_new("HAT0002", stop, destination, f"{middle}:30:00", f"{middle}:55:00", date, fresh),
            )
    if not onestop:
        for option in options:
            yield from _first_hop(reader, option, date, prices=_CHEAP, available_seats=_SEATS)
            yield from _first_hop(reader, option, date, available_seats=Cabins(0, 0, 0))
            yield from _first_hop(reader, option, date, prices=_DEAR)

    yield from _quick(origin, destination, date, stops if onestop else ())


def _limits_of(params: Params) -> Mapping[str, Any]:
    """The first search of a goal, or of the first of its options that has one."""
    options = (params, *(option["params"] for option in params.get("options", ())))
    return next((found for one in options for found in (*one.get("searches", ()), *_listed(one, "search"))), {})


def _listed(params: Params, name: str) -> tuple[Any, ...]:
    return (params[name],) if name in params else ()


def _quick(origin: str, destination: str, date: str, stops: Sequence[str]) -> Iterator[tuple[Edit, ...]]:
    """Flights that are faster than any other, leave or land at the very beginning or end of a day, and cost little.

    With stops these are connections there.
    """
    fresh = Available(_SEATS, _CHEAP)
    for hour, minute in ((12, 0), (0, 1), (23, 30), (8, 0), (17, 0), (4, 0), (21, 0)):
        clocks = [f"{hour:02d}:{minute + more:02d}:00" for more in (0, 5, 10, 15)]
        if not stops:
            yield _new("HAT0001", origin, destination, clocks[0], clocks[1], date, fresh)
            continue
        for stop in stops[:2]:
            yield (
                *_new("HAT0001", origin, stop, clocks[0], clocks[1], date, fresh),
                *_new("HAT0002", stop, destination, clocks[2], clocks[3], date, fresh),
            )


def _within(times: tuple[str, str], limits: Mapping[str, Any]) -> bool:
    """Whether a departure and an arrival keep to what the request says of times."""
    departs, arrives = times
    return (
        departs >= limits.get("after", "")
        and departs < limits.get("before", "~")
        and departs == limits.get("at", departs)
        and ("by" not in limits or arrives_by(arrives, limits["by"]))
    )


def _first_hop(reader: Reader, option: Option, date: str, **fields: Any) -> Iterator[tuple[Edit, ...]]:
    key = flight_date_key(option.hops[0].number, date)
    entry = reader.state.get("flight_dates", key)
    if isinstance(entry, Available):
        yield (("flight_dates", key, replace(entry, **fields)),)


def _new(
    number: str, origin: str, destination: str, departs: str, arrives: str, date: str, entry: Available
) -> tuple[Edit, ...]:
    return (
        ("flights", number, Flight(number, origin, destination, departs, arrives)),
        ("flight_dates", flight_date_key(number, date), entry),
    )
