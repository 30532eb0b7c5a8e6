"""Finding the trips, flights and payment methods that a request describes.

Descriptions are plain JSON, as they stand in `Goal.params`:

- who: `{"user_id", "name"}`
- trip: `{"id"}`; `{"route": [origin, destination]}` or `{"passenger": name}` (one active trip only);
  `{"start": "first" | "last"}` of those that start after today; `{"paid": "most" | "least"}` of the business trips that
  start after today; `{"upgrade": cabin}`: where moving to that cabin costs least extra; `{"to": destination, "which"}`
  (`meant.py`) of the trips there that start after today
- method: `{"source"}`, with `"last_four"` or `"amount"` where there may be several; or `{"id"}`
- search: see `flights.py`
"""

from __future__ import annotations

from collections.abc import Mapping

from writ_async.core.goal import WHICH, Key, Reader
from writ_domains.airline.goals.fetch import Option
from writ_domains.airline.goals.meant import TRIP_MARGIN, meant_trip, paid
from writ_domains.airline.policy import has_cancelled_flight, is_active, is_later
from writ_domains.airline.schema import TODAY, PaymentMethod, Reservation, User
from writ_domains.kit.goals import Params
from writ_domains.kit.payment import find_method


class Traveller:
    """The customer of one decision."""

    __slots__ = ("key", "reader", "user")

    def __init__(self, reader: Reader, who: Mapping[str, str]) -> None:
        self.reader = reader
        self.key: Key = ("get_user_details", who["user_id"])
        self.user: User = reader.read(self.key)

    def trip_keys(self) -> list[Key]:
        """The cells of all reservations."""
        return [("get_reservation_details", key) for key in self.user.reservations]

    def later(self) -> list[Reservation]:
        """All active trips that start after today and lead from one place to another."""
        trips = list(self.reader.each(self.trip_keys(), self.key))
        return [trip for trip in trips if is_later(trip) and trip.origin != trip.destination]

    def trip(self, wanted: Params) -> Reservation:
        """The trip that is described. Raises `NothingFits` and `Ambiguous`."""
        reader = self.reader
        found: Reservation
        if "id" in wanted:
            found = reader.read(("get_reservation_details", wanted["id"]), self.key)
            return found
        if "route" in wanted:
            route = tuple(wanted["route"])
            found = reader.only(
                self.trip_keys(), lambda one: is_active(one) and (one.origin, one.destination) == route, self.key
            )
            return found
        if "passenger" in wanted:
            name = wanted["passenger"]
            found = reader.only(self.trip_keys(), lambda one: is_active(one) and name in names(one), self.key)
            return found
        if WHICH in wanted:
            return meant_trip(reader, [trip for trip in self.later() if trip.destination == wanted["to"]], wanted)
        if "start" in wanted:
            return reader.best(
                self.later(), lambda one: float(one.flights[0].date[-2:]), 1.0, most=wanted["start"] == "last"
            )
        if "paid" in wanted:
            fit = [trip for trip in self.later() if trip.cabin == "business"]
            return reader.best(fit, paid, TRIP_MARGIN, most=wanted["paid"] == "most")
        return self._cheapest_upgrade(wanted["upgrade"])

    def _cheapest_upgrade(self, cabin: str) -> Reservation:
        options: list[tuple[float, Reservation]] = []
        for trip in self.later():
            if trip.cabin != cabin:
                fares = self.fares(trip, cabin)
                if fares is not None:
                    options.append((upgrade_cost(trip, fares), trip))
        return self.reader.best(options, lambda one: one[0], TRIP_MARGIN)[1]

    def fares(self, trip: Reservation, cabin: str) -> list[int] | None:
        """Today's fares of a trip's flights in a cabin, or None where a flight has too few seats."""
        found: list[int] = []
        for leg in trip.flights:
            key = ("search_direct_flight", leg.origin, leg.destination, leg.date)
            (options,) = self.reader.each([key], ("get_reservation_details", trip.reservation_id))
            match: Option | None = options.by_numbers().get((leg.flight_number,))
            if match is None or getattr(match.seats, cabin) < len(trip.passengers):
                return None
            found.append(getattr(match.fares, cabin))
        return found

    def statuses(self, trip: Reservation) -> list[str]:
        """How the flights of a trip up to today stand; those of days to come are all still to be flown."""
        by: Key = ("get_reservation_details", trip.reservation_id)
        keys: list[Key] = [
            ("get_flight_status", leg.flight_number, leg.date) for leg in trip.flights if leg.date <= TODAY
        ]
        return [self.reader.read(key, by) for key in keys]

    def method(self, wanted: Params) -> PaymentMethod:
        """The payment method that is described, of those in the profile."""
        return find_method(self.user.payment_methods, wanted)


def names(trip: Reservation) -> list[str]:
    """The full names of a trip's passengers."""
    return [f"{one.first_name} {one.last_name}" for one in trip.passengers]


def upgrade_cost(trip: Reservation, fares: list[int]) -> float:
    """What other fares cost all passengers of a trip in addition."""
    return float((sum(fares) - sum(leg.price for leg in trip.flights)) * len(trip.passengers))


def lost_flight(traveller: Traveller, trip: Reservation) -> bool:
    """Whether the airline cancelled a flight of a trip."""
    return is_active(trip) and has_cancelled_flight(traveller, trip)
