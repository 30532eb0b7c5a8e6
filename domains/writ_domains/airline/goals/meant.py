"""Which of several trips is meant, where the customer says so only when asked.

Under `which` stands one of these, or what `kit.choosing` says of all domains: `{"on": date}`, the day of the first
flight; `{"start": "first" | "last"}`; `{"from": origin}`; `{"cabin"}`; `{"paid": "most" | "least"}`, by the whole trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from writ_async.core.goal import WHICH, Reader
from writ_async.core.task import Candidate
from writ_domains.airline.schema import Reservation
from writ_domains.kit.choosing import marks_apart, meant
from writ_domains.kit.goals import Params

TRIP_MARGIN: Final = 10.0
_NOUNS: Final = ("trip", "reservation", "booking", "flight")


def meant_trip(reader: Reader, trips: Sequence[Reservation], wanted: Params) -> Reservation:
    """The trip that is meant of some. Raises `NothingFits` and `Ambiguous`."""

    def pick(fit: Sequence[Reservation], which: Params) -> Sequence[Reservation]:
        if "start" in which:
            return [reader.best(fit, _first_day, 1.0, most=which["start"] == "last")]
        if "paid" in which:
            return [reader.best(fit, paid, TRIP_MARGIN, most=which["paid"] == "most")]
        if "on" in which:
            return [trip for trip in fit if trip.flights[0].date == which["on"]]
        if "from" in which:
            return [trip for trip in fit if trip.origin == which["from"]]
        return [trip for trip in fit if trip.cabin == which["cabin"]]

    return meant(trips, wanted[WHICH], pick, _trips_apart, _NOUNS)


def _first_day(trip: Reservation) -> float:
    return float(trip.flights[0].date[-2:])


def paid(trip: Reservation) -> float:
    """What was paid for a trip so far."""
    return float(sum(payment.amount for payment in trip.payment_history))


def _trips_apart(trips: Sequence[Reservation]) -> list[Candidate]:
    values = [(trip.reservation_id, trip.flights[0].date, trip.origin, trip.cabin, f"{paid(trip):g}") for trip in trips]
    return [
        Candidate(
            f"{trip.reservation_id} ({trip.origin} to {trip.destination}, first flight on {trip.flights[0].date})",
            marks,
        )
        for trip, marks in zip(trips, marks_apart(values), strict=True)
    ]
