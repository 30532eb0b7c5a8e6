"""The schedule of an airline, and the flights in it that fit what a customer said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tools.rereading.airline_wishes import Wish
from tools.rereading.words import Unsound, best, one

Record = dict[str, Any]
Leg = tuple[Record, str]
"""A flight of the schedule and the day on which it leaves."""


def departs(leg: Leg) -> datetime:
    """When a flight leaves."""
    return datetime.fromisoformat(f"{leg[1]}T{leg[0]['scheduled_departure_time_est']}")


def arrives(leg: Leg) -> datetime:
    """When a flight lands: on the next day where the schedule says "+1"."""
    clock, _, days = leg[0]["scheduled_arrival_time_est"].partition("+")
    return datetime.fromisoformat(f"{leg[1]}T{clock}") + timedelta(days=int(days or 0))


class Timetable:
    """Flights by number, with how they stand on each day."""

    def __init__(self, flights: dict[str, Record]) -> None:
        self.flights = flights
        self.leaving: defaultdict[str, list[Record]] = defaultdict(list)
        for flight in flights.values():
            self.leaving[flight["origin"]].append(flight)

    def entry(self, number: str, day: str) -> Record:
        """How a flight stands on a day."""
        found: Record = self.flights[number]["dates"].get(day, {"status": "none"})
        return found

    def chosen(
        self, wish: Wish, origins: Iterable[str], destination: str, days: Iterable[str], cabin: str, people: int
    ) -> list[Leg]:
        """The flights that fit, and that are the cheapest, fastest or whatever was asked for among those."""
        if wish.nonstop is None:
            raise Unsound("whether stops are fine is open")
        fits = [
            legs
            for origin in origins
            for day in days
            for legs in self._ways(origin, destination, day, stops=not wish.nonstop)
            if self._fits(wish, legs) and all(self._open(leg, cabin, people) for leg in legs)
        ]
        if not wish.goal:
            only: list[Leg] = one(fits, "flights that fit")
            return only
        if wish.goal == "second":
            found = best(fits, lambda legs: self.fare(legs, cabin), most=False, what="the cheapest flights")
            fits.remove(found)
        worth = {
            "fastest": lambda legs: (arrives(legs[-1]) - departs(legs[0])).total_seconds(),
            "leave": lambda legs: departs(legs[0]).timestamp(),
            "arrive": lambda legs: arrives(legs[-1]).timestamp(),
        }.get(wish.goal.split()[0], lambda legs: self.fare(legs, cabin))
        found = best(fits, worth, most=wish.goal.endswith("latest"), what=f"the {wish.goal} flights")
        return list(found)

    def _ways(self, origin: str, destination: str, day: str, *, stops: bool) -> list[list[Leg]]:
        """Every nonstop flight, and every pair of flights of which the second leaves on the day the first lands."""
        leaving = self.leaving[origin]
        found = [[(flight, day)] for flight in leaving if flight["destination"] == destination]
        for first in leaving if stops else ():
            landing = arrives((first, day))
            for second in self.leaving[first["destination"]]:
                onward = (second, landing.date().isoformat())
                if second["destination"] != destination:
                    continue
                if departs(onward) > landing or (departs(onward) == landing and onward[1] == day):
                    found.append([(first, day), onward])  # no minute to change planes: not shown over night
        return found

    def _fits(self, wish: Wish, legs: list[Leg]) -> bool:
        leaves, lands = departs(legs[0]), arrives(legs[-1])
        clock = f"{leaves:%H:%M}"
        return (
            (not wish.at or clock == wish.at)
            and (not wish.not_before or clock >= wish.not_before)
            and (not wish.before or clock < wish.before)
            and (not wish.there_by or (lands.date() == leaves.date() and f"{lands:%H:%M}" <= wish.there_by))
        )

    def _open(self, leg: Leg, cabin: str, people: int) -> bool:
        entry = self.entry(leg[0]["flight_number"], leg[1])
        return bool(entry["status"] == "available" and entry["available_seats"][cabin] >= people)

    def fare(self, legs: list[Leg], cabin: str) -> float:
        """What one passenger pays for some flights in a cabin."""
        return float(sum(self.entry(flight["flight_number"], day)["prices"][cabin] for flight, day in legs))
