"""Airline objectives against answers worked out from the texts that an agent reads."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

from msgspec.structs import replace
from writ_domains.airline import DOMAIN, TOOLS
from writ_domains.airline.goals import RULES
from writ_domains.airline.lookups import routes
from writ_domains.airline.schema import Available, Cabins, Flight, flight_date_key

from writ_async.core.domain import why_forbidden
from writ_async.core.goal import Ambiguous, NothingFits, Reader
from writ_async.core.state import State
from writ_async.core.tool import call_tool

WORLD = DOMAIN.generate(21, 150)
DAYS = [f"2024-05-{day}" for day in range(16, 30)]


def _searched(state: State, onestop: bool, here: str, there: str, date: str) -> list[Any]:
    name = "search_onestop_flight" if onestop else "search_direct_flight"
    text = call_tool(TOOLS, state, name, {"origin": here, "destination": there, "date": date}).content
    return [found if onestop else [found] for found in json.loads(text)]


def test_the_options_of_a_search_are_those_that_the_tool_shows() -> None:
    rng = Random(1)
    state = State(WORLD)
    for _ in range(300):
        here, there = rng.sample(routes(state).airports, 2)
        date, onestop = rng.choice(DAYS), rng.random() < 0.5
        name = "search_onestop_flight" if onestop else "search_direct_flight"
        options = RULES.fetch[name](state, here, there, date)
        shown = _searched(state, onestop, here, there, date)
        assert [[hop.number for hop in option.hops] for option in options] == [
            [leg["flight_number"] for leg in legs] for legs in shown
        ]
        for option, legs in zip(options, shown, strict=True):
            assert option.fares.economy == sum(leg["prices"]["economy"] for leg in legs)
            assert option.seats.business == min(leg["available_seats"]["business"] for leg in legs)


def test_a_search_after_a_write_shows_what_the_tool_shows_then() -> None:
    state = State(WORLD)
    flight: Flight = next(iter(WORLD.tables["flights"].values()))
    key = flight_date_key(flight.flight_number, DAYS[3])
    state.put("flight_dates", key, Available(Cabins(1, 1, 1), Cabins(7, 7, 7)))
    options = RULES.fetch["search_direct_flight"](state, flight.origin, flight.destination, DAYS[3])
    assert any(option.fares.economy == 7 for option in options)
    other = RULES.fetch["search_direct_flight"](State(WORLD), flight.origin, flight.destination, DAYS[3])
    assert not any(option.fares.economy == 7 for option in other)


def _lands(leg: Any, date: str) -> datetime:
    """When a leg that leaves on a day lands; the search shows a landing on the next day with `+1`."""
    clock, _, later = leg["scheduled_arrival_time_est"].partition("+")
    day = datetime.fromisoformat(f"{leg['date'] or date}T{clock}")
    return day + timedelta(days=int(later or 0))


def test_the_cheapest_trip_is_the_cheapest_of_all_that_the_tools_show() -> None:
    rng = Random(2)
    users = list(WORLD.tables["users"].values())
    answered = 0
    for _ in range(400):
        user = rng.choice(users)
        here, there = rng.sample(routes(State(WORLD)).airports, 2)
        start, length = rng.randrange(9), rng.randrange(1, 4)
        dates, cabin, nonstop = DAYS[start : start + length], rng.choice(("economy", "business")), rng.random() < 0.4
        after = rng.choice((None, "09:00:00"))
        search: dict[str, Any] = {"from": [here], "to": there, "dates": dates, "nonstop": nonstop}
        by = None if after is not None else rng.choice((None, "15:00:00", "21:00:00"))
        search |= ({} if after is None else {"after": after}) | ({} if by is None else {"by": by})
        params = {
            "who": {"user_id": user.user_id},
            "searches": [search],
            "cabin": cabin,
            "passengers": [{"me": True}],
            "bags": 0,
            "insurance": "no",
            "pay": [{"id": next(iter(user.payment_methods))}],
        }
        ranked = sorted(
            (sum(leg["prices"][cabin] for leg in legs), [leg["flight_number"] for leg in legs])
            for date in dates
            for onestop in ((False,) if nonstop else (False, True))
            for legs in _searched(State(WORLD), onestop, here, there, date)
            if min(leg["available_seats"][cabin] for leg in legs) >= 1
            and (after is None or legs[0]["scheduled_departure_time_est"] >= after)
            and (by is None or _lands(legs[-1], date) <= datetime.fromisoformat(f"{date}T{by}"))
        )
        try:
            decision = RULES.objectives["book"](Reader(State(WORLD), RULES.fetch), params)
        except NothingFits:
            assert not ranked
            continue
        except Ambiguous:
            assert ranked[1][0] - ranked[0][0] < 5
            continue
        answered += 1
        (write,) = decision.writes
        assert [leg["flight_number"] for leg in write.arguments["flights"]] == ranked[0][1]
        assert decision.figures["total"] == ranked[0][0]
        assert len(ranked) == 1 or ranked[1][0] - ranked[0][0] >= 5
    assert answered > 100


def test_a_flight_that_a_counter_world_adds_is_found_and_changes_no_other_search() -> None:
    here, there, stop = "SEA", "MIA", "DEN"
    state = State(WORLD)
    before = {date: RULES.fetch["search_onestop_flight"](state, here, there, date) for date in DAYS}
    entry = Available(Cabins(9, 9, 9), Cabins(1, 1, 1))
    for number, origin, destination, leaves, lands in (
        ("HAT0001", here, stop, "06:00:00", "07:00:00"),
        ("HAT0002", stop, there, "08:00:00", "09:00:00"),
    ):
        state.put("flights", number, Flight(number, origin, destination, leaves, lands))
        state.put("flight_dates", flight_date_key(number, DAYS[0]), entry)
    after = {date: RULES.fetch["search_onestop_flight"](state, here, there, date) for date in DAYS}
    new = [option for option in after[DAYS[0]] if [hop.number for hop in option.hops] == ["HAT0001", "HAT0002"]]
    assert [option.fares.economy for option in new] == [2]
    assert all(after[date] == before[date] for date in DAYS[1:])


def test_what_the_policy_forbids_is_refused_with_a_reason() -> None:
    for trip in list(WORLD.tables["reservations"].values())[:300]:
        user = WORLD.tables["users"][trip.user_id]
        who = {"user_id": user.user_id}
        params = {"who": who, "trip": {"id": trip.reservation_id}, "reason": "change of plan"}
        decision = RULES.objectives["cancel"](Reader(State(WORLD), RULES.fetch), params)
        write = decision.writes[0]
        assert bool(decision.refused) == bool(why_forbidden(DOMAIN, State(WORLD), write.name, write.arguments, params))
        other = replace(trip, user_id="somebody_else_1000")
        state = State(WORLD)
        state.put("reservations", trip.reservation_id, other)
        assert RULES.objectives["cancel"](Reader(state, RULES.fetch), params).refused
