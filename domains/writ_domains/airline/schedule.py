"""Drawing a schedule: flights between some airports, and how each stands on each day of May 2024."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from writ_domains.airline.airports import miles, too_near
from writ_domains.airline.schema import (
    NOW,
    Available,
    Cabins,
    Cancelled,
    Delayed,
    Flight,
    FlightDate,
    Flying,
    Landed,
    OnTime,
    flight_date_key,
)

DAYS: Final = tuple(f"2024-05-{day:02d}" for day in range(1, 31))
FIRST_OPEN: Final = 15
"""Place in `DAYS` of the first day that can be booked, 16 May."""

_NOW: Final = datetime.fromisoformat(NOW)
_MIDNIGHTS: Final = tuple(datetime.fromisoformat(day) for day in DAYS)


class Timetable(NamedTuple):
    """A drawn schedule. `fares` has the prices of every flight on every day, also of days gone by."""

    airports: list[str]
    flights: dict[str, Flight]
    dates: dict[str, FlightDate]
    fares: dict[str, Cabins]


def _clock(minutes: int) -> str:
    day, rest = divmod(minutes, 24 * 60)
    return f"{rest // 60:02d}:{rest % 60:02d}:00{'+1' if day else ''}"


def _routes(rng: Random, airports: Sequence[str], count: int) -> list[tuple[str, str]]:
    """Routes of which the first lead around all airports and back, so that every airport reaches every other."""
    airports = rng.sample(airports, len(airports))
    ring = list(zip(airports, airports[1:] + airports[:1], strict=True))
    routes = ring + [(there, here) for here, there in ring]
    while len(routes) < count:
        here, there = rng.sample(airports, 2)
        if not too_near(here, there):
            routes.append((here, there))
    return routes


def _fares(rng: Random, base: float) -> Cabins:
    economy = base * (0.6 + 0.9 * rng.random())
    return Cabins(
        int(economy * (0.5 + 0.2 * rng.random())),
        int(economy),
        int(economy * (2.0 + 1.4 * rng.random())),
    )


def _entry(rng: Random, day: int, departure: int, duration: int, fares: Cabins) -> FlightDate:
    """How a flight stands on a day, given its times of the day in minutes."""
    draw = rng.random()
    if day >= FIRST_OPEN:
        return Available(Cabins(int(rng.random() * 21), int(rng.random() * 21), int(rng.random() * 21)), fares)
    if draw < 0.07:
        return Cancelled()
    punctual = 0.65 if day == FIRST_OPEN - 1 else 0.85
    late = int(rng.random() * 40) - 15 if draw < punctual else 30 + int(rng.random() * 240)
    leaves = _MIDNIGHTS[day] + timedelta(minutes=departure + late)
    lands = leaves + timedelta(minutes=duration - 8 + int(rng.random() * 17))
    start, end = leaves.isoformat(), lands.isoformat()
    if lands <= _NOW:
        return Landed(start, end)
    if leaves <= _NOW:
        return Flying(start, end)
    return Delayed(start, end) if late >= 30 else OnTime(start, end)


def draw_timetable(rng: Random, airports: list[str], count: int) -> Timetable:
    """A timetable of `count` flights between airports, at least two for each of them, on every day in `DAYS`."""
    drawn: list[tuple[Flight, int, int, float]] = []
    numbers = sorted(rng.sample(range(1000, 10000), max(count, 2 * len(airports))))
    lines = _routes(rng, airports, len(numbers))
    taken: set[tuple[str, str, int]] = set()
    rng.shuffle(lines)
    for number, (origin, destination) in zip(numbers, lines, strict=True):
        distance = miles(origin, destination)
        departure = 5 * int(rng.random() * 24 * 12)
        while (origin, destination, departure) in taken:  # A flight is told by its route and the time when it leaves.
            departure = 5 * int(rng.random() * 24 * 12)
        taken.add((origin, destination, departure))
        duration = 5 * int((45 + distance / 8 + rng.random() * 20) / 5)
        flight = Flight(f"HAT{number}", origin, destination, _clock(departure), _clock(departure + duration))
        drawn.append((flight, departure, duration, 50 + distance * (0.03 + 0.04 * rng.random())))
    flights: dict[str, Flight] = {}
    dates: dict[str, FlightDate] = {}
    fares: dict[str, Cabins] = {}
    for flight, departure, duration, base in drawn:
        flights[flight.flight_number] = flight
        for day, date in enumerate(DAYS):
            key = flight_date_key(flight.flight_number, date)
            fares[key] = _fares(rng, base)
            dates[key] = _entry(rng, day, departure, duration, fares[key])
    return Timetable(airports, flights, dates, fares)
