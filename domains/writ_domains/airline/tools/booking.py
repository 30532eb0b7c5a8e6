"""The tool that books a reservation."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from writ_async.core.state import State
from writ_async.core.tool import ToolError, write
from writ_domains.airline import lookups
from writ_domains.airline.policy import BAG_PRICE, INSURANCE_PRICE
from writ_domains.airline.schema import (
    CABINS,
    FLIGHT_TYPES,
    INSURANCE,
    NOW,
    Available,
    CabinName,
    CreditCard,
    FlightType,
    GiftCard,
    Insurance,
    Passenger,
    PaymentMethod,
    PaymentRecord,
    Reservation,
    ReservationFlight,
    TravelCertificate,
    User,
    flight_date_key,
)
from writ_domains.airline.tools.arguments import integer, one_of, records, text

NEW_IDS: Final = ("HATHAT", "HATHAU", "HATHAV")
"""The ids that a conversation can book under, in this order."""


class FlightInfo(msgspec.Struct, frozen=True):
    """One flight of a trip."""

    flight_number: Annotated[str, Meta(description="Number of the flight, such as 'HAT042'.")]
    date: Annotated[str, Meta(description="Day of departure as YYYY-MM-DD, for instance '2024-05-21'.")]


class Payment(msgspec.Struct, frozen=True):
    """A share of the price."""

    payment_id: Annotated[str, Meta(description="Id of a payment method in the user's profile.")]
    amount: Annotated[int, Meta(description="Dollars taken from this payment method.")]


class _PaymentAsGiven(msgspec.Struct, frozen=True):
    payment_id: str
    amount: Any


def _required(items: list[Any] | None, what: str) -> list[Any]:
    if items is None:
        raise ToolError(f"every one of the {what} must be an object")
    return items


def _payments(value: Any) -> list[PaymentRecord]:
    given = _required(records(_PaymentAsGiven, value), "payment methods")
    return [PaymentRecord(payment.payment_id, integer(payment.amount)) for payment in given]


def _new_id(state: State) -> str:
    for reservation_id in NEW_IDS:
        if state.get("reservations", reservation_id) is None:
            return reservation_id
    raise ToolError("no further reservation can be booked in this conversation")


def _check_balances(user: User, payments: list[PaymentRecord], total: float) -> None:
    """Refuse payments that the user's methods do not cover, each looked at alone, or that miss the total."""
    for payment in payments:
        method = user.payment_methods.get(payment.payment_id)
        if method is None:
            raise ToolError(f"the user's profile has no payment method {payment.payment_id}")
        if not isinstance(method, CreditCard) and method.amount < payment.amount:
            raise ToolError(f"{payment.payment_id} holds {method.amount}, less than {payment.amount}")
    paid = sum(payment.amount for payment in payments)
    if paid != total:
        raise ToolError(f"the payments add up to {paid}, but the reservation costs {total}")


def _charge(state: State, user: User, payments: list[PaymentRecord]) -> User:
    """The user after paying. A gift card loses the amount, a certificate goes whole.

    A certificate named twice is refused at its second turn, and what was taken until then stays taken, as in τ²-bench.
    """
    methods: dict[str, PaymentMethod] = dict(user.payment_methods)
    for payment in payments:
        method = methods.get(payment.payment_id)
        if method is None:
            state.put("users", user.user_id, msgspec.structs.replace(user, payment_methods=methods))
            raise ToolError(f"the certificate {payment.payment_id} was named twice")
        if isinstance(method, GiftCard):
            methods[method.id] = msgspec.structs.replace(method, amount=method.amount - payment.amount)
        elif isinstance(method, TravelCertificate):
            del methods[payment.payment_id]
    return msgspec.structs.replace(user, payment_methods=methods)


def _take_seats(state: State, flights: list[ReservationFlight], cabin: CabinName, count: int) -> None:
    for leg in flights:
        key = flight_date_key(leg.flight_number, leg.date)
        entry: Available | None = state.get("flight_dates", key)
        if entry is not None:
            seats = msgspec.structs.replace(entry.available_seats, **{cabin: entry.available_seats.of(cabin) - count})
            state.put("flight_dates", key, msgspec.structs.replace(entry, available_seats=seats))


@write
def book_reservation(
    state: State,
    user_id: str,
    origin: str,
    destination: str,
    flight_type: FlightType,
    cabin: CabinName,
    flights: list[FlightInfo],
    passengers: list[Passenger],
    payment_methods: list[Payment],
    total_baggages: int,
    nonfree_baggages: int,
    insurance: Insurance,
) -> Reservation:
    """Book a new trip for a user and charge it.

    The payments must add up to the fares of all passengers, 30 dollars per passenger for insurance if it is taken, and
    50 dollars for every checked bag that is not free.

    Args:
        user_id: Id of the user who books, such as 'ines_okafor_2741'.
        origin: Three-letter code of the airport where the trip begins.
        destination: Three-letter code of the airport that the trip goes to.
        flight_type: Whether the trip is 'one_way' or a 'round_trip'.
        cabin: The cabin, the same for all flights and passengers.
        flights: All flights of the trip in the order in which they are flown.
        passengers: Everybody who flies.
        payment_methods: What is paid from which payment method of the user.
        total_baggages: How many bags are checked in all.
        nonfree_baggages: How many of the checked bags are beyond the free allowance.
        insurance: Whether travel insurance is taken for all passengers.
    """
    wanted = _required(records(FlightInfo, flights), "flights")
    people = tuple(_required(records(Passenger, passengers), "passengers"))
    payments = _payments(payment_methods)
    user = lookups.user(state, user_id)
    # Replaced below as the legs become known; checks the other arguments in passing.
    draft = Reservation(
        reservation_id=_new_id(state),
        user_id=user_id,
        origin=text(origin),
        destination=text(destination),
        flight_type=one_of(flight_type, FLIGHT_TYPES),
        cabin=one_of(cabin, CABINS),
        flights=(),
        passengers=people,
        payment_history=tuple(payments),
        created_at=NOW,
        total_baggages=integer(total_baggages),
        nonfree_baggages=integer(nonfree_baggages),
        insurance=one_of(insurance, INSURANCE),
    )
    legs: list[ReservationFlight] = []
    total: float = 0
    for info in wanted:
        entry = lookups.seats_open(state, info.flight_number, info.date, cabin, len(people))
        flight = lookups.flight(state, info.flight_number)
        price = entry.prices.of(cabin)
        legs.append(ReservationFlight(info.flight_number, flight.origin, flight.destination, info.date, price))
        total += price * len(people)
    if insurance == "yes":
        total += INSURANCE_PRICE * len(people)
    if isinstance(nonfree_baggages, str):
        raise ToolError("the number of bags to pay for must be a number, not text")
    total += BAG_PRICE * nonfree_baggages
    _check_balances(user, payments, total)
    paying = _charge(state, user, payments)
    _take_seats(state, legs, draft.cabin, len(people))
    booked = msgspec.structs.replace(draft, flights=tuple(legs))
    state.put("reservations", booked.reservation_id, booked)
    state.put(
        "users", user_id, msgspec.structs.replace(paying, reservations=(*paying.reservations, booked.reservation_id))
    )
    return booked
