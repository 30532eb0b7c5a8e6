"""Generated airline worlds are consistent, and depend on nothing but the seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from itertools import combinations
from math import acos, cos, radians, sin

import airportsdata
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from writ_domains.airline import DOMAIN, TOOLS
from writ_domains.airline.airports import AIRPORTS, METROPOLES, SERVED, metropolis_of, miles
from writ_domains.airline.policy import nonfree_bags, price_of_booking
from writ_domains.airline.schedule import DAYS, FIRST_OPEN
from writ_domains.airline.schema import (
    NOW,
    Available,
    Cancelled,
    Delayed,
    Flight,
    FlightDate,
    Flying,
    Landed,
    OnTime,
    Reservation,
    TravelCertificate,
    User,
    flight_date_key,
)

from writ_async.core.state import State, World
from writ_async.core.tool import call_tool

seeds = st.integers(0, 2**32)
sizes = st.integers(1, 25)


def _at(date: str, clock: str) -> datetime:
    """A scheduled time on a day; "+1" is the day after."""
    return datetime.fromisoformat(f"{date}T{clock[:8]}") + timedelta(days=clock.endswith("+1"))


def _check_schedule(flight: Flight, date: str, entry: FlightDate) -> None:
    assert _at(date, flight.scheduled_departure_time_est) < _at(date, flight.scheduled_arrival_time_est)
    now = datetime.fromisoformat(NOW)
    if date > NOW[:10]:
        assert isinstance(entry, Available)
        for cabins in (entry.available_seats, entry.prices):
            assert min(cabins.basic_economy, cabins.economy, cabins.business) >= 0
        assert 0 < entry.prices.basic_economy < entry.prices.economy < entry.prices.business
    elif isinstance(entry, Landed):
        landed = datetime.fromisoformat(entry.actual_arrival_time_est)
        assert datetime.fromisoformat(entry.actual_departure_time_est) < landed <= now
    elif isinstance(entry, Flying):
        left = datetime.fromisoformat(entry.actual_departure_time_est)
        assert left <= now < datetime.fromisoformat(entry.estimated_arrival_time_est)
    elif isinstance(entry, OnTime | Delayed):
        leaves = datetime.fromisoformat(entry.estimated_departure_time_est)
        assert now < leaves < datetime.fromisoformat(entry.estimated_arrival_time_est)
    else:
        assert isinstance(entry, Cancelled)


def _check_route(world: World, trip: Reservation) -> None:
    flights, dates = world.tables["flights"], world.tables["flight_dates"]
    before = None
    for leg in trip.flights:
        flight: Flight = flights[leg.flight_number]
        assert (flight.origin, flight.destination) == (leg.origin, leg.destination)
        entry = dates[flight_date_key(leg.flight_number, leg.date)]
        if isinstance(entry, Available):
            assert leg.price == entry.prices.of(trip.cabin)
        departure = _at(leg.date, flight.scheduled_departure_time_est)
        if before is None:
            assert leg.origin == trip.origin
            assert datetime.fromisoformat(trip.created_at) < departure
        else:
            assert before[0] == leg.origin
            assert before[1] < departure
        before = (leg.destination, _at(leg.date, flight.scheduled_arrival_time_est))
    assert before is not None
    assert trip.origin != trip.destination
    assert before[0] == (trip.destination if trip.flight_type == "one_way" else trip.origin)
    assert trip.destination in {leg.destination for leg in trip.flights}
    assert datetime.fromisoformat(trip.created_at) <= datetime.fromisoformat(NOW)


def _check_money(user: User, trip: Reservation) -> None:
    people = len(trip.passengers)
    assert trip.nonfree_baggages == nonfree_bags(user.membership, trip.cabin, people, trip.total_baggages)
    fares = sum(leg.price for leg in trip.flights)
    total = price_of_booking(fares, people, trip.insurance, trip.nonfree_baggages)
    assert sum(payment.amount for payment in trip.payment_history) == total
    for payment in trip.payment_history:
        assert payment.amount > 0
        assert not isinstance(user.payment_methods[payment.payment_id], TravelCertificate)


@settings(max_examples=15, deadline=None)
@given(seed=seeds, size=sizes)
def test_a_generated_world_is_consistent(seed: int, size: int) -> None:
    world = DOMAIN.generate(seed, size)
    users, reservations = world.tables["users"], world.tables["reservations"]
    assert len(users) == size
    for key, entry in world.tables["flight_dates"].items():
        number, _, date = key.partition("/")
        _check_schedule(world.tables["flights"][number], date, entry)
    assert set(world.tables["flight_dates"]) == {f"{n}/{d}" for n in world.tables["flights"] for d in DAYS}
    listed = [key for user in users.values() for key in user.reservations]
    assert sorted(listed) == sorted(reservations)
    for key, user in users.items():
        assert key == user.user_id
        assert all(name == method.id for name, method in user.payment_methods.items())
        assert not all(isinstance(method, TravelCertificate) for method in user.payment_methods.values())
    for key, trip in reservations.items():
        user = users[trip.user_id]
        assert key == trip.reservation_id
        assert key in user.reservations
        assert 1 <= len(trip.passengers) <= 5
        assert (user.name.first_name, user.name.last_name, user.dob) == msgspec.structs.astuple(trip.passengers[0])
        assert len({person.first_name for person in trip.passengers}) == len(trip.passengers)
        _check_route(world, trip)
        _check_money(user, trip)


@settings(max_examples=10, deadline=None)
@given(seed=seeds, size=sizes)
def test_every_airport_reaches_every_other(seed: int, size: int) -> None:
    world = DOMAIN.generate(seed, size)
    flights = world.tables["flights"].values()
    start = next(iter(flights)).origin
    reached, frontier = {start}, [start]
    while frontier:
        here = frontier.pop()
        for flight in flights:
            if flight.origin == here and flight.destination not in reached:
                reached.add(flight.destination)
                frontier.append(flight.destination)
    listed = json.loads(call_tool(TOOLS, State(world), "list_all_airports", {}).content)
    assert reached == {one["iata"] for one in listed} == {flight.origin for flight in flights}
    assert len(reached) == SERVED
    assert reached.issuperset(near := metropolis_of(reached))
    assert near in METROPOLES
    assert all(one["city"] == AIRPORTS[one["iata"]] for one in listed)


def test_no_two_flights_of_a_route_leave_at_the_same_time() -> None:
    for seed in range(40):
        flights = DOMAIN.generate(seed, 100).tables["flights"].values()
        told = [(one.origin, one.destination, one.scheduled_departure_time_est) for one in flights]
        assert len(set(told)) == len(told)


def test_airports_are_where_others_say_that_they_are() -> None:
    known = airportsdata.load("IATA")
    assert len(set(AIRPORTS.values())) == len(AIRPORTS)
    for code, city in AIRPORTS.items():
        there = known[code]
        assert there["country"] == "US"
        assert there["tz"].startswith("America/")
        assert abs(miles("ORD", code) - _miles(known["ORD"], there)) < 12
        # An airport is named by the city that it serves, where it does not stand in that city.
        if code not in {"BDL", "CVG", "GSP", "LGA"}:
            assert city.removeprefix("Saint ").casefold() in there["city"].casefold()


def _miles(here: airportsdata.Airport, there: airportsdata.Airport) -> float:
    """Distance by the spherical law of cosines."""
    lat1, lon1, lat2, lon2 = map(radians, (here["lat"], here["lon"], there["lat"], there["lon"]))
    cosine = sin(lat1) * sin(lat2) + cos(lat1) * cos(lat2) * cos(lon2 - lon1)
    return 3959 * acos(min(1.0, cosine))


def test_two_worlds_have_most_of_their_airports_each_for_itself() -> None:
    served = [{one.origin for one in DOMAIN.generate(seed, 20).tables["flights"].values()} for seed in range(8)]
    pairs = list(combinations(served, 2))
    assert sum(len(one & other) for one, other in pairs) < len(pairs) * SERVED / 3


@settings(max_examples=10, deadline=None)
@given(seed=seeds, size=sizes)
def test_a_dump_loads_as_the_same_world(seed: int, size: int) -> None:
    world = DOMAIN.generate(seed, size)
    plain = DOMAIN.dump(State(world))
    assert DOMAIN.load(json.dumps(plain).encode()).digest() == world.digest()


def test_a_world_of_full_size_has_the_full_schedule() -> None:
    world = DOMAIN.generate(5, 120)
    assert len(world.tables["flights"]) == 300
    assert len(world.tables["flight_dates"]) == 9000
    assert 2.5 * 120 < len(world.tables["reservations"]) < 5.5 * 120
    statuses = {entry.status for entry in world.tables["flight_dates"].values()}
    assert statuses == {"available", "on time", "delayed", "flying", "landed", "cancelled"}
    assert DAYS[FIRST_OPEN] == "2024-05-16"


def test_other_seeds_and_sizes_give_other_worlds() -> None:
    digests = {DOMAIN.generate(seed, size).digest() for seed in range(3) for size in (3, 4)}
    assert len(digests) == 6


def test_an_empty_world_can_be_drawn() -> None:
    world = DOMAIN.generate(0, 0)
    assert not world.tables["users"]
    assert not world.tables["reservations"]


def test_a_bad_database_is_refused_with_the_place() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.users"):
        DOMAIN.load(b'{"flights": {}, "users": {"a": {}}, "reservations": {}}')


def test_the_policy_states_the_clock_and_the_rules_that_the_predicates_encode() -> None:
    for phrase in ("2024-05-15 15:00:00 EST", "| gold | 2 | 3 | 4 |", "50 dollars", "30 dollars", "100 dollars"):
        assert phrase in DOMAIN.policy


_PROBE = """
import hashlib, msgspec
from random import Random
from writ_domains.airline import DOMAIN, TOOLS
world = DOMAIN.generate(11, 30)
drafts = [recipe.make(world, Random(f"{recipe.name}/{n}")) for recipe in DOMAIN.recipes for n in range(4)]
print(world.digest(), hashlib.sha256(msgspec.json.encode(drafts)).hexdigest())
"""


def test_worlds_and_drafts_do_not_depend_on_the_hash_seed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", _PROBE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(outputs) == 1
