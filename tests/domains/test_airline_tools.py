"""The airline's tools beyond the recorded vectors: odd values, searches after bookings, isolation of the world."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from writ_domains.airline import DOMAIN, TOOLS
from writ_domains.airline.lookups import direct_flights, onestop_flights, routes
from writ_domains.airline.schedule import DAYS, FIRST_OPEN
from writ_domains.airline.tools.arguments import decimal, integer

from writ_async.core.result_text import encode_result
from writ_async.core.state import State, World
from writ_async.core.tool import ToolError, call_tool

WORLD = DOMAIN.generate(3, 100)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["economy", "yes", "one_way", "2024-05-20", "SEA"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def _bookable(world: World, seats: int) -> tuple[str, str, str, str, int]:
    """Number, date, origin, destination and economy fare of a flight with seats."""
    for key, entry in world.tables["flight_dates"].items():
        number, _, date = key.partition("/")
        if entry.status == "available" and entry.available_seats.economy >= seats:
            flight = world.tables["flights"][number]
            return number, date, flight.origin, flight.destination, entry.prices.economy
    raise AssertionError("no flight can be booked")


def _booking(state: State, passengers: int = 1) -> dict[str, Any]:
    number, date, origin, destination, fare = _bookable(state.world, passengers)
    user, card = next(
        (user, method.id)
        for user in state.world.tables["users"].values()
        for method in user.payment_methods.values()
        if method.source == "credit_card"
    )
    return {
        "user_id": user.user_id,
        "origin": origin,
        "destination": destination,
        "flight_type": "one_way",
        "cabin": "economy",
        "flights": [{"flight_number": number, "date": date}],
        "passengers": [{"first_name": "Ada", "last_name": "Nowak", "dob": "1990-01-01"}] * passengers,
        "payment_methods": [{"payment_id": card, "amount": fare * passengers}],
        "total_baggages": 0,
        "nonfree_baggages": 0,
        "insurance": "no",
    }


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_a_model_writes_gives_a_message_and_a_digest(data: st.DataObject) -> None:
    state = State(WORLD)
    name = data.draw(st.sampled_from(sorted(TOOLS)))
    trip = next(iter(WORLD.tables["reservations"].values()))
    known = {"reservation_id": trip.reservation_id, "user_id": trip.user_id}
    arguments = {
        key: known[key] if key in known and data.draw(st.booleans()) else data.draw(values)
        for key in sorted(TOOLS[name].accepted)
    }
    result = call_tool(TOOLS, state, name, arguments)
    assert isinstance(result.content, str)
    assert result.error == result.content.startswith("Error: ")
    assert len(state.digest()) == 32
    DOMAIN.dump(state)


def test_passengers_that_are_no_objects_are_stored_as_they_came() -> None:
    state = State(WORLD)
    trip = next(trip for trip in WORLD.tables["reservations"].values() if len(trip.passengers) == 1)
    given = ["Ada Nowak"]
    arguments = {"reservation_id": trip.reservation_id, "passengers": given}
    result = call_tool(TOOLS, state, "update_reservation_passengers", arguments)
    assert json.loads(result.content)["passengers"] == ["Ada Nowak"]
    given.append("Somebody")
    assert DOMAIN.dump(state)["reservations"][trip.reservation_id]["passengers"] == ["Ada Nowak"]


def test_a_charge_that_is_not_whole_fails_after_the_gift_card_paid() -> None:
    state = State(WORLD)
    user, trip, card = next(
        (user, WORLD.tables["reservations"][user.reservations[0]], method)
        for user in WORLD.tables["users"].values()
        for method in user.payment_methods.values()
        if user.reservations and method.source == "gift_card" and method.amount > 60
    )
    arguments = {
        "reservation_id": trip.reservation_id,
        "total_baggages": 9,
        "nonfree_baggages": trip.nonfree_baggages + 0.25,
        "payment_id": card.id,
    }
    assert call_tool(TOOLS, state, "update_reservation_baggages", arguments).error
    assert DOMAIN.dump(state)["users"][user.user_id]["payment_methods"][card.id]["amount"] == card.amount - 12.5
    assert state.get("reservations", trip.reservation_id) is trip


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, 1), (2.0, 2), ("2", 2), (" 2 ", 2), ("2.0", 2), ("+2", 2), ("1_000", 1000), ("007", 7), (10**30, 10**30)],
)
def test_what_is_plainly_an_integer_counts_as_one(value: Any, expected: int) -> None:
    assert integer(value) == expected
    assert type(integer(value)) is int


@pytest.mark.parametrize(
    "value",
    [None, 1.5, float("nan"), float("inf"), 1e30, "", "1.", "1.5", "1e3", "1__0", "_1", "0x10", "١", "+-1", [], {}],
)
def test_what_is_no_integer_is_refused(value: Any) -> None:
    with pytest.raises(ToolError):
        integer(value)


@pytest.mark.parametrize(
    ("value", "expected"), [(True, 1.0), (3, 3.0), ("1e3", 1000.0), (" 1. ", 1.0), (".5", 0.5), ("1_0", 10.0)]
)
def test_what_reads_as_a_number_counts_as_one(value: Any, expected: float) -> None:
    assert decimal(value) == expected
    assert type(decimal(value)) is float


@pytest.mark.parametrize("value", [None, "", "ten", "1__0", "١", [], {}, 10**400])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ToolError):
        decimal(value)


def test_three_bookings_have_their_ids_and_a_fourth_is_refused() -> None:
    state = State(WORLD)
    ids = []
    for _ in range(3):
        result = call_tool(TOOLS, state, "book_reservation", _booking(State(WORLD)))
        ids.append(json.loads(result.content)["reservation_id"])
    assert ids == ["HATHAT", "HATHAU", "HATHAV"]
    assert call_tool(TOOLS, state, "book_reservation", _booking(State(WORLD))).error


def test_a_booking_is_seen_by_the_next_search_and_by_no_other_conversation() -> None:
    booked, other = State(WORLD), State(WORLD)
    arguments = _booking(booked, passengers=2)
    number, date = arguments["flights"][0]["flight_number"], arguments["flights"][0]["date"]
    query = {"origin": arguments["origin"], "destination": arguments["destination"], "date": date}

    def seats(state: State) -> int:
        found = json.loads(call_tool(TOOLS, state, "search_direct_flight", query).content)
        return next(int(row["available_seats"]["economy"]) for row in found if row["flight_number"] == number)

    before = seats(booked)
    assert not call_tool(TOOLS, booked, "book_reservation", arguments).error
    assert seats(booked) == before - 2
    assert seats(other) == before
    assert other.digest() == State(WORLD).digest()


def test_search_texts_are_what_encoding_the_records_gives() -> None:
    rng = Random(1)
    state = State(WORLD)
    call_tool(TOOLS, state, "book_reservation", _booking(state))
    airports = routes(state).airports
    for _ in range(150):
        origin, destination = rng.sample(airports, 2)
        date = rng.choice(DAYS[FIRST_OPEN - 2 :])
        query = {"origin": origin, "destination": destination, "date": date}
        direct = call_tool(TOOLS, state, "search_direct_flight", query).content
        assert direct == encode_result(list(direct_flights(state, origin, destination, date)))
        onestop = call_tool(TOOLS, state, "search_onestop_flight", query).content
        assert onestop == encode_result([list(pair) for pair in onestop_flights(state, origin, destination, date)])


def test_null_searches_from_anywhere_and_other_types_find_nothing() -> None:
    state = State(WORLD)
    number, date, origin, destination, _ = _bookable(WORLD, 1)
    anywhere = call_tool(
        TOOLS, state, "search_direct_flight", {"origin": None, "destination": destination, "date": date}
    )
    assert number in anywhere.content
    odd_ones: tuple[Any, ...] = (3.5, True, {}, [])
    for odd in odd_ones:
        query = {"origin": odd, "destination": destination, "date": date}
        assert call_tool(TOOLS, state, "search_onestop_flight", query).content == "[]"
    query = {"origin": origin, "destination": destination, "date": 5}
    assert call_tool(TOOLS, state, "search_direct_flight", query).content == "[]"


def test_a_flight_date_is_found_by_its_number_and_day_alone() -> None:
    state = State(WORLD)
    number, date, *_ = _bookable(WORLD, 1)
    good = call_tool(TOOLS, state, "get_flight_status", {"flight_number": number, "date": date})
    assert good.content == "available"
    for other in ({"flight_number": f"{number}/{date}", "date": ""}, {"flight_number": number, "date": "2024-06-01"}):
        assert call_tool(TOOLS, state, "get_flight_status", other).error
