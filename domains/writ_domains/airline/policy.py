"""The airline's policy as predicates on a state. The tools check none of it, so whoever makes a task must.

They mirror `policy.md`; money is in dollars.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from writ_async.core.state import State
from writ_domains.airline.schema import (
    NOW,
    TODAY,
    CabinName,
    Cancelled,
    CreditCard,
    Delayed,
    Flight,
    FlightDate,
    Flying,
    GiftCard,
    Insurance,
    Landed,
    Membership,
    PaymentMethod,
    Reservation,
    TravelCertificate,
    User,
    flight_date_key,
)

Reason: TypeAlias = Literal["change of plan", "airline cancelled", "health", "weather", "other"]

FREE_BAGS: Final[dict[Membership, dict[CabinName, int]]] = {
    "regular": {"basic_economy": 0, "economy": 1, "business": 2},
    "silver": {"basic_economy": 1, "economy": 2, "business": 3},
    "gold": {"basic_economy": 2, "economy": 3, "business": 4},
}
"""Free checked bags of one passenger, by the booking user's membership and the cabin."""

INSURANCE_PRICE: Final = 30
"""For one passenger."""
BAG_PRICE: Final = 50
"""For one checked bag that is not free."""
DAY_AGO: Final = "2024-05-14T15:00:00"
"""24 hours before `NOW`."""
MAX_PASSENGERS: Final = 5
CANCELLED_GESTURE: Final = 100
DELAYED_GESTURE: Final = 50


def nonfree_bags(membership: Membership, cabin: CabinName, passengers: int, bags: int) -> int:
    """How many of the checked bags must be paid for."""
    return max(0, bags - FREE_BAGS[membership][cabin] * passengers)


def price_of_booking(fares: int, passengers: int, insurance: Insurance, nonfree: int) -> int:
    """The total of a booking from the fares of one passenger."""
    return fares * passengers + (INSURANCE_PRICE * passengers if insurance == "yes" else 0) + BAG_PRICE * nonfree


def entries(state: State, reservation: Reservation) -> list[FlightDate | None]:
    """How each flight of a reservation stands."""
    keys = [flight_date_key(leg.flight_number, leg.date) for leg in reservation.flights]
    return [state.get("flight_dates", key) for key in keys]


def is_active(reservation: Reservation) -> bool:
    """Whether a reservation has flights and is not cancelled."""
    return reservation.status is None and bool(reservation.flights)


def is_later(reservation: Reservation) -> bool:
    """Whether a reservation is active and its first flight leaves after today."""
    return is_active(reservation) and reservation.flights[0].date > TODAY


def has_flown(state: State, reservation: Reservation) -> bool:
    """Whether any flight of a reservation has left the ground."""
    return any(isinstance(entry, Flying | Landed) for entry in entries(state, reservation))


def has_cancelled_flight(state: State, reservation: Reservation) -> bool:
    """Whether the airline called off a flight of a reservation."""
    return any(isinstance(entry, Cancelled) for entry in entries(state, reservation))


def has_delayed_flight(state: State, reservation: Reservation) -> bool:
    """Whether a flight of a reservation is delayed."""
    return any(isinstance(entry, Delayed) for entry in entries(state, reservation))


def is_recent(reservation: Reservation) -> bool:
    """Whether a reservation was made within the last 24 hours."""
    return DAY_AGO <= reservation.created_at <= NOW


def may_cancel(state: State, reservation: Reservation, reason: Reason) -> bool:
    """Whether the policy lets a reservation be cancelled for that reason."""
    if not is_active(reservation) or has_flown(state, reservation):
        return False
    insured = reservation.insurance == "yes" and reason in ("health", "weather")
    return (
        is_recent(reservation) or reservation.cabin == "business" or insured or has_cancelled_flight(state, reservation)
    )


def may_change_cabin(state: State, reservation: Reservation) -> bool:
    """Whether the policy lets the cabin of a reservation change."""
    return is_active(reservation) and not has_flown(state, reservation)


def may_change_flights(state: State, reservation: Reservation) -> bool:
    """Whether the policy lets the flights of a reservation change."""
    return may_change_cabin(state, reservation) and reservation.cabin != "basic_economy"


def may_pay_update(method: PaymentMethod | None, total: int) -> bool:
    """Whether a payment method of the profile may settle a change: no certificate, and enough on a gift card."""
    if isinstance(method, GiftCard):
        return method.amount >= total
    return isinstance(method, CreditCard)


def may_pay_booking(methods: Sequence[PaymentMethod]) -> bool:
    """Whether payment methods may be combined: one certificate, one credit card and three gift cards at most."""
    return (
        len({method.id for method in methods}) == len(methods)
        and sum(isinstance(method, TravelCertificate) for method in methods) <= 1
        and sum(isinstance(method, CreditCard) for method in methods) <= 1
        and sum(isinstance(method, GiftCard) for method in methods) <= 3
    )


def may_compensate(user: User, reservation: Reservation) -> bool:
    """Whether a complaint about a reservation may earn a certificate at all."""
    return user.membership in ("silver", "gold") or reservation.insurance == "yes" or reservation.cabin == "business"


def policy_check(state: State, name: str, arguments: dict[str, Any]) -> str:
    """Why the policy forbids a write in this state, or an empty text.

    Arguments that the tool itself refuses are passed over, whatever a model wrote in them.
    """
    check = _CHECKS.get(name)
    try:
        return check(state, arguments) if check is not None else ""
    except (TypeError, KeyError, AttributeError, ValueError):
        return ""


def _check_cancel(state: State, arguments: Mapping[str, Any]) -> str:
    reservation: Reservation | None = state.get("reservations", arguments["reservation_id"])
    if reservation is None or may_cancel(state, reservation, "health"):
        return ""
    return f"reservation {reservation.reservation_id} may not be cancelled for any reason"


def _check_flights(state: State, arguments: Mapping[str, Any]) -> str:
    before: Reservation | None = state.get("reservations", arguments["reservation_id"])
    if before is None:
        return ""
    wanted = [(leg["flight_number"], leg["date"]) for leg in arguments["flights"]]
    same = wanted == [(leg.flight_number, leg.date) for leg in before.flights]
    if (same or arguments["cabin"] != before.cabin) and not may_change_cabin(state, before):
        return f"the cabin of reservation {before.reservation_id} may not be changed"
    if same:
        return ""
    if not may_change_flights(state, before):
        return f"the flights of reservation {before.reservation_id} may not be changed"
    legs: list[Flight] = [leg for number, _ in wanted if (leg := state.get("flights", number)) is not None]
    if not legs or len(legs) < len(wanted):
        return ""
    if legs[0].origin != before.origin or legs[-1].destination != before.flights[-1].destination:
        return "the trip must go from and to where it went before"
    if before.destination not in {leg.destination for leg in legs}:
        return f"the trip must go to {before.destination} as before"
    return ""


def _check_bags(state: State, arguments: Mapping[str, Any]) -> str:
    before: Reservation | None = state.get("reservations", arguments["reservation_id"])
    if before is None:
        return ""
    total = arguments["total_baggages"]
    if not is_active(before):
        return f"reservation {before.reservation_id} is cancelled"
    if total < before.total_baggages:
        return "bags may be added but not taken away"
    user: User | None = state.get("users", before.user_id)
    if user is None:
        return ""
    due = nonfree_bags(user.membership, before.cabin, len(before.passengers), total)
    return "" if arguments["nonfree_baggages"] == due else f"{due} of {total} bags must be paid for"


def _check_passengers(state: State, arguments: Mapping[str, Any]) -> str:
    before: Reservation | None = state.get("reservations", arguments["reservation_id"])
    if before is None or is_active(before):
        return ""
    return f"reservation {before.reservation_id} is cancelled"


def _check_book(state: State, arguments: Mapping[str, Any]) -> str:
    people = len(arguments["passengers"])
    if people > MAX_PASSENGERS:
        return f"a reservation has {MAX_PASSENGERS} passengers at most"
    user: User | None = state.get("users", arguments["user_id"])
    if user is None:
        return ""
    if not may_pay_booking([user.payment_methods[part["payment_id"]] for part in arguments["payment_methods"]]):
        return "one certificate, one credit card and three gift cards are the most that may pay"
    total = arguments["total_baggages"]
    due = nonfree_bags(user.membership, arguments["cabin"], people, total)
    return "" if arguments["nonfree_baggages"] == due else f"{due} of {total} bags must be paid for"


def _check_certificate(state: State, arguments: Mapping[str, Any]) -> str:
    user: User | None = state.get("users", arguments["user_id"])
    if user is None:
        return ""
    for key in user.reservations:
        now: Reservation | None = state.get("reservations", key)
        if now is None or not may_compensate(user, now):
            continue
        # A delay is made good after the reservation was changed, when its flights may be others.
        then: Reservation = state.world.tables["reservations"].get(key, now)
        earned: list[int] = []
        if any(has_cancelled_flight(state, form) for form in (now, then)):
            earned.append(CANCELLED_GESTURE * len(now.passengers))
        if now != then and has_delayed_flight(state, then):
            earned.append(DELAYED_GESTURE * len(now.passengers))
        if arguments["amount"] in earned:
            return ""
    return f"no trip of {user.user_id} earns a certificate of {arguments['amount']} dollars"


_CHECKS: Final[dict[str, Callable[[State, Mapping[str, Any]], str]]] = {
    "cancel_reservation": _check_cancel,
    "update_reservation_flights": _check_flights,
    "update_reservation_baggages": _check_bags,
    "update_reservation_passengers": _check_passengers,
    "book_reservation": _check_book,
    "send_certificate": _check_certificate,
}
