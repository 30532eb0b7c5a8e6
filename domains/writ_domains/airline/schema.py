"""The airline's entities, and its database read from and written to the shape of τ²-bench's `db.json`.

Field order is the order in tool messages. A world has four tables: `users`, `reservations`, `flights` (the schedule,
never written) and `flight_dates` (one small entity per flight and day, under `"{number}/{date}"`), so that a booking
rewrites one small entity per leg.

The tools validate little. At run time `Reservation.cabin`, `passengers`, `total_baggages` and `nonfree_baggages` hold
whatever JSON value a model passed; only what is loaded is sure to have the annotated type.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from writ_async.core.state import State, World
from writ_domains.kit.people import Address, Name

NAME: Final = "airline"

CabinName: TypeAlias = Literal["basic_economy", "economy", "business"]
FlightType: TypeAlias = Literal["round_trip", "one_way"]
Insurance: TypeAlias = Literal["yes", "no"]
Membership: TypeAlias = Literal["regular", "silver", "gold"]

CABINS: Final[tuple[CabinName, ...]] = ("basic_economy", "economy", "business")
FLIGHT_TYPES: Final[tuple[FlightType, ...]] = ("round_trip", "one_way")
INSURANCE: Final[tuple[Insurance, ...]] = ("yes", "no")
NOW: Final = "2024-05-15T15:00:00"
"""The moment at which every conversation takes place, Eastern time."""
TODAY: Final = NOW[:10]


class Entity(msgspec.Struct, frozen=True, gc=False):
    """Base of all records: frozen, and outside the cyclic garbage collector."""


class Passenger(Entity, frozen=True, gc=False):
    """Somebody who flies."""

    first_name: Annotated[str, Meta(description="Given name of the passenger.")]
    last_name: Annotated[str, Meta(description="Family name of the passenger.")]
    dob: Annotated[str, Meta(description="Birthday of the passenger as YYYY-MM-DD.")]


class CreditCard(Entity, frozen=True, gc=False, tag_field="source", tag="credit_card"):
    """A card; it has no balance."""

    source: ClassVar[str] = "credit_card"
    id: str
    brand: str
    last_four: str


class GiftCard(Entity, frozen=True, gc=False, tag_field="source", tag="gift_card"):
    """A balance in dollars that is used up bit by bit."""

    source: ClassVar[str] = "gift_card"
    id: str
    amount: float


class TravelCertificate(Entity, frozen=True, gc=False, tag_field="source", tag="certificate"):
    """A voucher in dollars that is gone after one use."""

    source: ClassVar[str] = "certificate"
    id: str
    amount: float


PaymentMethod: TypeAlias = CreditCard | GiftCard | TravelCertificate


class User(Entity, frozen=True, gc=False):
    """A customer. `payment_methods` is by id, and is replaced, never changed in place."""

    user_id: str
    name: Name
    address: Address
    email: str
    dob: str
    payment_methods: dict[str, PaymentMethod]
    saved_passengers: tuple[Passenger, ...]
    membership: Membership
    reservations: tuple[str, ...]


class ReservationFlight(Entity, frozen=True, gc=False):
    """One segment of a reservation, at the price that one passenger paid."""

    flight_number: str
    origin: str
    destination: str
    date: str
    price: int


class PaymentRecord(Entity, frozen=True, gc=False):
    """Money that went from a payment method to the airline; negative the other way."""

    payment_id: str
    amount: int


class Reservation(Entity, frozen=True, gc=False):
    """A booking. `created_at` is `YYYY-MM-DDTHH:MM:SS`."""

    reservation_id: str
    user_id: str
    origin: str
    destination: str
    flight_type: FlightType
    cabin: CabinName
    flights: tuple[ReservationFlight, ...]
    passengers: tuple[Passenger, ...]
    payment_history: tuple[PaymentRecord, ...]
    created_at: str
    total_baggages: int
    nonfree_baggages: int
    insurance: Insurance
    status: Literal["cancelled"] | None = None


class Flight(Entity, frozen=True, gc=False):
    """A line of the schedule. Times are HH:MM:SS; an arrival on the next day ends in "+1"."""

    flight_number: str
    origin: str
    destination: str
    scheduled_departure_time_est: str
    scheduled_arrival_time_est: str


class Cabins(Entity, frozen=True, gc=False):
    """A number per cabin: seats, or dollars."""

    basic_economy: int
    economy: int
    business: int

    def of(self, cabin: str) -> int:
        """The number of one cabin. Raises `KeyError` when there is no such cabin."""
        if cabin not in CABINS:
            raise KeyError(cabin)
        return int(getattr(self, cabin))


class Available(Entity, frozen=True, gc=False, tag_field="status", tag="available"):
    """A flight on a day to come, open for booking."""

    status: ClassVar[str] = "available"
    available_seats: Cabins
    prices: Cabins


class OnTime(Entity, frozen=True, gc=False, tag_field="status", tag="on time"):
    """A flight of today that has not left and is expected as planned."""

    status: ClassVar[str] = "on time"
    estimated_departure_time_est: str
    estimated_arrival_time_est: str


class Delayed(Entity, frozen=True, gc=False, tag_field="status", tag="delayed"):
    """A flight of today that has not left and is expected late."""

    status: ClassVar[str] = "delayed"
    estimated_departure_time_est: str
    estimated_arrival_time_est: str


class Flying(Entity, frozen=True, gc=False, tag_field="status", tag="flying"):
    """A flight in the air."""

    status: ClassVar[str] = "flying"
    actual_departure_time_est: str
    estimated_arrival_time_est: str


class Landed(Entity, frozen=True, gc=False, tag_field="status", tag="landed"):
    """A flight that is over."""

    status: ClassVar[str] = "landed"
    actual_departure_time_est: str
    actual_arrival_time_est: str


class Cancelled(Entity, frozen=True, gc=False, tag_field="status", tag="cancelled"):
    """A flight that the airline called off."""

    status: ClassVar[str] = "cancelled"


FlightDate: TypeAlias = Available | OnTime | Delayed | Flying | Landed | Cancelled


class DirectFlight(Entity, frozen=True, gc=False):
    """A flight as a search shows it; `date` is set in connections only."""

    flight_number: str
    origin: str
    destination: str
    status: str
    scheduled_departure_time_est: str
    scheduled_arrival_time_est: str
    date: str | None
    available_seats: Cabins
    prices: Cabins


class AirportCode(Entity, frozen=True, gc=False):
    """An airport of the network and its city."""

    iata: str
    city: str


class _FlightRow(msgspec.Struct, gc=False):
    flight_number: str
    origin: str
    destination: str
    scheduled_departure_time_est: str
    scheduled_arrival_time_est: str
    dates: dict[str, FlightDate]


class _Database(msgspec.Struct, gc=False):
    flights: dict[str, _FlightRow]
    users: dict[str, User]
    reservations: dict[str, Reservation]


_decoder = msgspec.json.Decoder(_Database)


def flight_date_key(number: str, date: str) -> str:
    """The id of a flight on a day in the table `flight_dates`."""
    return f"{number}/{date}"


def make_world(
    flights: dict[str, Flight],
    flight_dates: dict[str, FlightDate],
    users: dict[str, User],
    reservations: dict[str, Reservation],
) -> World:
    """A world of the four tables."""
    tables: dict[str, dict[str, Any]] = {
        "flights": dict(flights),
        "flight_dates": dict(flight_dates),
        "users": dict(users),
        "reservations": dict(reservations),
    }
    return World(NAME, tables)


def load(data: bytes) -> World:
    """Read a database in the shape of τ²-bench's `db.json`.

    Raises `msgspec.ValidationError` where a record does not fit, `msgspec.DecodeError` where the text is no JSON.
    """
    database = _decoder.decode(data)
    flights: dict[str, Flight] = {}
    dates: dict[str, FlightDate] = {}
    for number, row in database.flights.items():
        flights[number] = Flight(
            row.flight_number,
            row.origin,
            row.destination,
            row.scheduled_departure_time_est,
            row.scheduled_arrival_time_est,
        )
        for date, entry in row.dates.items():
            dates[flight_date_key(number, date)] = entry
    return make_world(flights, dates, database.users, database.reservations)


def _plain_world(world: World) -> dict[str, dict[str, Any]]:
    plain = msgspec.to_builtins
    flights = {key: {**plain(flight), "dates": {}} for key, flight in world.tables["flights"].items()}
    for key, entry in world.tables["flight_dates"].items():
        number, _, date = key.rpartition("/")
        flights[number]["dates"][date] = plain(entry)
    return {
        "flights": flights,
        "users": {key: plain(user) for key, user in world.tables["users"].items()},
        "reservations": {key: plain(entry) for key, entry in world.tables["reservations"].items()},
    }


def dump(state: State) -> dict[str, Any]:
    """The state as plain data in the shape of τ²-bench's `db.json`, unset fields as null.

    Records that the state did not write are shared with the next dump of the same world: do not change them.
    """
    base = state.world.index("airline.plain", _plain_world)
    plain = {table: dict(rows) for table, rows in base.items()}
    for table, key, entity in state.touched():
        rows, name = plain[table if table != "flight_dates" else "flights"], key
        if table == "flight_dates":
            number, _, name = key.rpartition("/")
            flight = rows[number]
            if flight is base["flights"][number]:
                flight = rows[number] = {**flight, "dates": dict(flight["dates"])}
            rows = flight["dates"]
        if entity is None:
            rows.pop(name, None)
        else:
            rows[name] = msgspec.to_builtins(entity)
    return plain
