"""The tools that change or cancel a reservation."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec

from writ_async.core.state import State
from writ_async.core.tool import ToolError, write
from writ_domains.airline import lookups
from writ_domains.airline.policy import BAG_PRICE
from writ_domains.airline.schema import (
    CabinName,
    GiftCard,
    Passenger,
    PaymentRecord,
    Reservation,
    ReservationFlight,
    TravelCertificate,
    User,
)
from writ_domains.airline.tools.arguments import integer, records
from writ_domains.airline.tools.booking import FlightInfo


def _settle(state: State, user: User, payment_id: str, total: Any) -> tuple[PaymentRecord, ...]:
    """Take or give back a difference in price, and give its record for the history, or nothing when it is zero.

    The balance changes before the amount is known to be whole, as in τ²-bench.
    """
    method = user.payment_methods.get(payment_id)
    if method is None:
        raise ToolError(f"the user's profile has no payment method {payment_id}")
    if isinstance(method, TravelCertificate):
        raise ToolError("a certificate cannot pay for a change of a reservation")
    if isinstance(method, GiftCard):
        if method.amount < total:
            raise ToolError(f"{payment_id} holds {method.amount}, less than {total}")
        changed = msgspec.structs.replace(method, amount=method.amount - total)
        methods = {**user.payment_methods, method.id: changed}
        state.put("users", user.user_id, msgspec.structs.replace(user, payment_methods=methods))
    return (PaymentRecord(payment_id, integer(total)),) if total != 0 else ()


def _changed(state: State, before: Reservation, **changes: Any) -> Reservation:
    after = msgspec.structs.replace(before, **changes)
    state.put("reservations", before.reservation_id, after)
    return after


@write
def cancel_reservation(state: State, reservation_id: str) -> Reservation:
    """Cancel all flights of a reservation and note the refund of everything that was paid.

    Args:
        reservation_id: Id of the reservation, six letters and digits such as 'K7QX2B'.
    """
    before = lookups.reservation(state, reservation_id)
    refunds = tuple(PaymentRecord(paid.payment_id, -paid.amount) for paid in before.payment_history)
    return _changed(state, before, payment_history=before.payment_history + refunds, status="cancelled")


@write
def update_reservation_baggages(
    state: State, reservation_id: str, total_baggages: int, nonfree_baggages: int, payment_id: str
) -> Reservation:
    """Change how many bags a reservation has checked in; every further bag that is not free costs 50 dollars.

    Args:
        reservation_id: Id of the reservation, six letters and digits such as 'K7QX2B'.
        total_baggages: How many bags are checked in all after the change.
        nonfree_baggages: How many of them are beyond the free allowance after the change.
        payment_id: Id of the gift card or credit card in the user's profile that pays, such as 'gift_card_4482013'.
    """
    before = lookups.reservation(state, reservation_id)
    user = lookups.user(state, before.user_id)
    price = BAG_PRICE * max(0, nonfree_baggages - before.nonfree_baggages)
    history = before.payment_history + _settle(state, user, payment_id, price)
    return _changed(
        state,
        before,
        payment_history=history,
        total_baggages=deepcopy(total_baggages),
        nonfree_baggages=nonfree_baggages,
    )


def _leg(state: State, before: Reservation, info: FlightInfo, cabin: str) -> ReservationFlight:
    """A flight of the changed trip: at the old price when it is kept in its cabin, else at today's."""
    if cabin == before.cabin:
        for old in before.flights:
            if old.flight_number == info.flight_number and old.date == info.date:
                return old
    entry = lookups.seats_open(state, info.flight_number, info.date, cabin, len(before.passengers))
    flight = lookups.flight(state, info.flight_number)
    return ReservationFlight(info.flight_number, flight.origin, flight.destination, info.date, entry.prices.of(cabin))


@write
def update_reservation_flights(
    state: State, reservation_id: str, cabin: CabinName, flights: list[FlightInfo], payment_id: str
) -> Reservation:
    """Change the flights or the cabin of a reservation, and charge or refund the difference.

    Flights that stay as they are, in the same cabin, keep their price.

    Args:
        reservation_id: Id of the reservation, six letters and digits such as 'K7QX2B'.
        cabin: The cabin of all flights after the change.
        flights: All flights of the trip after the change in order, also those that stay as they are.
        payment_id: Id of the gift card or credit card in the user's profile that pays or gets the refund.
    """
    wanted = records(FlightInfo, flights)
    before = lookups.reservation(state, reservation_id)
    user = lookups.user(state, before.user_id)
    if wanted is None:
        raise ToolError("every one of the flights must be an object")
    legs = tuple(_leg(state, before, info, cabin) for info in wanted)
    people = len(before.passengers)
    total = sum(leg.price for leg in legs) * people - sum(leg.price for leg in before.flights) * people
    history = before.payment_history + _settle(state, user, payment_id, total)
    return _changed(state, before, flights=legs, cabin=deepcopy(cabin), payment_history=history)


@write
def update_reservation_passengers(state: State, reservation_id: str, passengers: list[Passenger]) -> Reservation:
    """Replace the passengers of a reservation by as many others, or correct their data.

    Args:
        reservation_id: Id of the reservation, six letters and digits such as 'K7QX2B'.
        passengers: All passengers after the change, also those that stay the same.
    """
    people = records(Passenger, passengers)
    before = lookups.reservation(state, reservation_id)
    # What is no list of objects is stored as it came, as in τ²-bench, where nothing validates it.
    after: Any = deepcopy(passengers) if people is None else tuple(people)
    if len(after) != len(before.passengers):
        raise ToolError(f"the reservation has {len(before.passengers)} passengers, and that number cannot change")
    return _changed(state, before, passengers=after)
