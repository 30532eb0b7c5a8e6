"""Drawing a world: people, timetable and reservations, everything from one seed.

What is drawn is consistent: payments equal what a reservation costs, bags beyond the free allowance are charged,
connections can be caught, statuses fit the clock, and everything that a record names is there.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Final

from writ_async.core.state import World
from writ_domains.airline.airports import draw_airports, too_near
from writ_domains.airline.lookups import Pair, Routes
from writ_domains.airline.policy import FREE_BAGS, nonfree_bags, price_of_booking
from writ_domains.airline.schedule import DAYS, FIRST_OPEN, Timetable, draw_timetable
from writ_domains.airline.schema import (
    CABINS,
    NOW,
    CreditCard,
    Flight,
    FlightType,
    GiftCard,
    Insurance,
    Membership,
    Passenger,
    PaymentMethod,
    PaymentRecord,
    Reservation,
    ReservationFlight,
    TravelCertificate,
    User,
    flight_date_key,
    make_world,
)
from writ_domains.kit.people import Person, draw_digits, draw_names, draw_people

FLIGHTS: Final = 300
"""Flights of a full schedule; a world of fewer than 100 users has three per user, and at least 60."""

_BRANDS: Final = ("visa", "mastercard", "amex")
_MEMBERSHIPS: Final[tuple[Membership, ...]] = ("regular", "silver", "gold")
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_TRIPS: Final = (0, 1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 6, 6, 7, 8, 9)
_REGULARS: Final = 0.1  # of the users: they have booked
_TRIPS_OF_REGULAR: Final = (10, 16)  # so many trips
_PARTY: Final = (1,) * 9 + (2,) * 6 + (3,) * 3 + (4, 5)
_MAX_LAYOVER: Final = 10 * 60
_MIN_LAYOVER: Final = 35
_NOW: Final = datetime.fromisoformat(NOW)


class _Draw:
    """The generator at work: its randomness, the timetable, and the ids that are taken."""

    def __init__(self, rng: Random, timetable: Timetable) -> None:
        self.rng = rng
        self.timetable = timetable
        self.index = Routes(make_world(timetable.flights, {}, {}, {}))
        self.ids: set[str] = set()
        self.digits: set[str] = {"3221322", "3221323", "3221324"}  # kept for certificates handed out later
        self.paths: dict[tuple[str, str], list[tuple[Flight, ...]]] = {}

    def reservation_id(self) -> str:
        while True:
            drawn = "".join(_LETTERS[int(self.rng.random() * 36)] for _ in range(6))
            if drawn not in self.ids and not drawn.startswith("HATHA"):
                self.ids.add(drawn)
                return drawn

    def routings(self, origin: str, destination: str) -> list[tuple[Flight, ...]]:
        """Nonstop flights, and connections with a layover that a traveller would take."""
        found = self.paths.get((origin, destination))
        if found is None:
            found = [(flight,) for flight in self.index.direct(origin, destination)]
            found += [pair for pair in self.index.connections(origin, destination) if _catchable(pair)]
            self.paths[(origin, destination)] = found
        return found


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:5])


def _catchable(pair: Pair) -> bool:
    first, second = pair
    layover = _minutes(second.scheduled_departure_time_est) - _minutes(first.scheduled_arrival_time_est)
    return _MIN_LAYOVER <= layover <= _MAX_LAYOVER and first.origin != second.destination


def _overnight(flight: Flight) -> int:
    return 1 if flight.scheduled_arrival_time_est.endswith("+1") else 0


def _birthday(rng: Random) -> str:
    return f"{1950 + int(rng.random() * 53)}-{1 + int(rng.random() * 12):02d}-{1 + int(rng.random() * 28):02d}"


def _payment_methods(draw: _Draw) -> dict[str, PaymentMethod]:
    """One to five methods, among them a credit card or a gift card, in a random order."""
    rng = draw.rng
    kinds = ["credit_card" if rng.random() < 0.85 else "gift_card"]
    for kind, chance in (
        ("credit_card", 0.35),
        ("gift_card", 0.5),
        ("gift_card", 0.3),
        ("certificate", 0.45),
        ("certificate", 0.2),
    ):
        if rng.random() < chance:
            kinds.append(kind)
    rng.shuffle(kinds)
    methods: dict[str, PaymentMethod] = {}
    endings: set[str] = set()
    for kind in kinds[:5]:
        method_id = f"{kind}_{draw_digits(rng, 7, draw.digits)}"
        if kind == "credit_card":
            methods[method_id] = CreditCard(method_id, _BRANDS[int(rng.random() * 3)], draw_digits(rng, 4, endings))
        elif kind == "gift_card":
            methods[method_id] = GiftCard(method_id, float(20 + int(rng.random() * 780)))
        else:
            methods[method_id] = TravelCertificate(method_id, float(50 * (1 + int(rng.random() * 12))))
    if not any(isinstance(method, CreditCard | GiftCard) for method in methods.values()):
        method_id = f"credit_card_{draw_digits(rng, 7, draw.digits)}"
        methods[method_id] = CreditCard(method_id, _BRANDS[int(rng.random() * 3)], draw_digits(rng, 4, endings))
    return methods


def _legs(path: tuple[Flight, ...], day: int) -> tuple[list[tuple[Flight, int]], int]:
    """The flights of a routing with their days, and the day on which the last one arrives."""
    legs: list[tuple[Flight, int]] = []
    for flight in path:
        legs.append((flight, day))
        day += _overnight(flight)
    return legs, day


def _itinerary(draw: _Draw) -> tuple[str, str, FlightType, list[tuple[Flight, int]]]:
    """Origin, destination, trip type, and flights with their days as places in `DAYS`."""
    rng = draw.rng
    airports = draw.timetable.airports
    while True:
        origin, destination = (airports[int(rng.random() * len(airports))] for _ in range(2))
        if origin == destination or too_near(origin, destination):
            continue
        outbound = draw.routings(origin, destination)
        inbound = draw.routings(destination, origin)
        # Most trips start after today, so that there is something to change, and some today, when flights are late.
        when = rng.random()
        start = FIRST_OPEN + int(rng.random() * 12) if when < 0.66 else FIRST_OPEN - 1 - int(rng.random() * 9)
        if when > 0.92:
            start = FIRST_OPEN - 1
        round_trip = rng.random() < 0.55
        if not outbound or (round_trip and not inbound):
            continue
        legs, arrival = _legs(outbound[int(rng.random() * len(outbound))], start)
        if round_trip:
            back, arrival = _legs(inbound[int(rng.random() * len(inbound))], arrival + 1 + int(rng.random() * 6))
            legs += back
        if arrival < len(DAYS):
            return origin, destination, "round_trip" if round_trip else "one_way", legs


def _created(rng: Random, first: Flight, day: int) -> str:
    """A moment before the first departure and before now, often within the last 24 hours for trips to come."""
    departure = datetime.fromisoformat(f"{DAYS[day]}T{first.scheduled_departure_time_est}")
    if day >= FIRST_OPEN and rng.random() < 0.2:
        return (_NOW - timedelta(seconds=60 + int(rng.random() * 85_000))).isoformat()
    latest = min(_NOW - timedelta(hours=25), departure - timedelta(hours=6))
    return (latest - timedelta(seconds=int(rng.random() * 14 * 86_400))).isoformat()


def _payments(rng: Random, methods: dict[str, PaymentMethod], total: int) -> tuple[PaymentRecord, ...]:
    """One payment, now and then two."""
    usable = [method.id for method in methods.values() if not isinstance(method, TravelCertificate)]
    if len(usable) > 1 and total > 200 and rng.random() < 0.12:
        first, second = rng.sample(usable, 2)
        part = 20 + int(rng.random() * (total - 40))
        return (PaymentRecord(first, part), PaymentRecord(second, total - part))
    return (PaymentRecord(usable[int(rng.random() * len(usable))], total),)


def _reservation(
    draw: _Draw, user_id: str, party: tuple[Passenger, ...], membership: Membership, methods: dict[str, PaymentMethod]
) -> Reservation:
    rng = draw.rng
    origin, destination, flight_type, path = _itinerary(draw)
    cabin = CABINS[int(rng.random() * 3)]
    legs = tuple(
        ReservationFlight(
            flight.flight_number,
            flight.origin,
            flight.destination,
            DAYS[day],
            draw.timetable.fares[flight_date_key(flight.flight_number, DAYS[day])].of(cabin),
        )
        for flight, day in path
    )
    free = FREE_BAGS[membership][cabin] * len(party)
    bags = int(rng.random() * (min(free, 2 * len(party)) + 1)) if rng.random() < 0.8 else free + int(rng.random() * 3)
    nonfree = nonfree_bags(membership, cabin, len(party), bags)
    insurance: Insurance = "yes" if rng.random() < 0.35 else "no"
    total = price_of_booking(sum(leg.price for leg in legs), len(party), insurance, nonfree)
    return Reservation(
        reservation_id=draw.reservation_id(),
        user_id=user_id,
        origin=origin,
        destination=destination,
        flight_type=flight_type,
        cabin=cabin,
        flights=legs,
        passengers=party,
        payment_history=_payments(rng, methods, total),
        created_at=_created(rng, *path[0]),
        total_baggages=bags,
        nonfree_baggages=nonfree,
        insurance=insurance,
    )


def _user(draw: _Draw, person: Person, company: list[Passenger], reservations: dict[str, Reservation]) -> User:
    """A user and the reservations that go with it, which are added to `reservations`."""
    rng = draw.rng
    birthday = _birthday(rng)
    traveller = Passenger(person.name.first_name, person.name.last_name, birthday)
    friends = [friend for friend in company if friend.first_name != traveller.first_name]
    methods = _payment_methods(draw)
    membership = _MEMBERSHIPS[int(rng.random() * 3)]
    booked: list[str] = []
    usual, regular = _TRIPS[int(rng.random() * len(_TRIPS))], rng.randint(*_TRIPS_OF_REGULAR)
    for _ in range(regular if rng.random() < _REGULARS else usual):
        others = rng.sample(friends, min(len(friends), _PARTY[int(rng.random() * len(_PARTY))] - 1))
        reservation = _reservation(draw, person.user_id, (traveller, *others), membership, methods)
        reservations[reservation.reservation_id] = reservation
        booked.append(reservation.reservation_id)
    return User(
        user_id=person.user_id,
        name=person.name,
        address=person.address,
        email=person.email,
        dob=birthday,
        payment_methods=methods,
        saved_passengers=tuple(friends[: 1 + int(rng.random() * 2)]),
        membership=membership,
        reservations=tuple(booked),
    )


def generate(seed: int, size: int) -> World:
    """A world of `size` users and about five reservations each. The same seed and size give the same world."""
    rng = Random(f"airline/{seed}/{size}")
    draw = _Draw(rng, draw_timetable(rng, draw_airports(rng), FLIGHTS if size >= 100 else max(60, 3 * size)))
    names = draw_names(rng)
    people = draw_people(rng, size, names)
    # Companions are drawn like users, so that their names are as many; few of them know each other's users.
    company = [
        Passenger(one.name.first_name, one.name.last_name, _birthday(rng)) for one in draw_people(rng, 3 * size, names)
    ]
    users: dict[str, User] = {}
    reservations: dict[str, Reservation] = {}
    for place, person in enumerate(people):
        circle = rng.sample(company, min(len(company), 8)) if place % 2 else rng.sample(company, min(len(company), 5))
        distinct = {friend.first_name: friend for friend in circle}
        users[person.user_id] = _user(draw, person, list(distinct.values()), reservations)
    order = sorted(reservations)
    return make_world(draw.timetable.flights, draw.timetable.dates, users, {key: reservations[key] for key in order})
