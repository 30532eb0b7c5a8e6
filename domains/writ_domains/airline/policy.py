"""The airline's policy as rules, each of which stands once. They mirror `policy.md`; money is in dollars.

The tools check little of it. A rule looks up how flights stand through a `View`, which the customer of a goal is, who
records every read, and which `StateView` makes of a state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias

from writ_async.core.state import State
from writ_domains.airline.schema import (
    NOW,
    TODAY,
    CabinName,
    CreditCard,
    Flight,
    FlightDate,
    GiftCard,
    Insurance,
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
NEVER_ALLOWED: Final[dict[str, str]] = {
    "insurance": "insurance cannot be added after the booking",
    "destination": "the destination of a reservation cannot change",
    "delay": "a delay is made good only after the reservation was changed or cancelled",
}
"""What no reservation may get, whatever the records say, by a name; and why."""
CANCELLED_GESTURE: Final = 100
DELAYED_GESTURE: Final = 50


class View(Protocol):
    """What can be looked up of flights."""

    def statuses(self, trip: Reservation) -> Sequence[str]:
        """How the flights of a trip stand, such as 'landed'; those that are still open for booking may be left out."""


class StateView(NamedTuple):
    """Flights as a state shows them."""

    state: State

    def statuses(self, trip: Reservation) -> list[str]:
        """How the flights of a trip stand."""
        keys = [flight_date_key(leg.flight_number, leg.date) for leg in trip.flights]
        found: list[FlightDate | None] = [self.state.get("flight_dates", key) for key in keys]
        return [entry.status for entry in found if entry is not None]


def nonfree_bags(membership: Membership, cabin: CabinName, passengers: int, bags: int) -> int:
    """How many of the checked bags must be paid for."""
    return max(0, bags - FREE_BAGS[membership][cabin] * passengers)


def price_of_booking(fares: int, passengers: int, insurance: Insurance, nonfree: int) -> int:
    """The total of a booking from the fares of one passenger."""
    return fares * passengers + (INSURANCE_PRICE * passengers if insurance == "yes" else 0) + BAG_PRICE * nonfree


def is_active(reservation: Reservation) -> bool:
    """Whether a reservation has flights and is not cancelled."""
    return reservation.status is None and bool(reservation.flights)


def is_later(reservation: Reservation) -> bool:
    """Whether a reservation is active and its first flight leaves after today."""
    flights = reservation.flights
    return reservation.status is None and bool(flights) and flights[0].date > TODAY


def has_flown(view: View, trip: Reservation) -> bool:
    """Whether any flight of a trip has left the ground."""
    statuses = view.statuses(trip)
    return "flying" in statuses or "landed" in statuses


def has_cancelled_flight(view: View, trip: Reservation) -> bool:
    """Whether the airline called off a flight of a trip."""
    return "cancelled" in view.statuses(trip)


def has_delayed_flight(view: View, trip: Reservation) -> bool:
    """Whether a flight of a trip is delayed."""
    return "delayed" in view.statuses(trip)


def is_recent(reservation: Reservation) -> bool:
    """Whether a reservation was made within the last 24 hours."""
    return DAY_AGO <= reservation.created_at <= NOW


def may_cancel(view: View, trip: Reservation, reason: str) -> bool:
    """Whether a reservation may be cancelled for that `Reason`."""
    if not is_active(trip) or has_flown(view, trip):
        return False
    insured = trip.insurance == "yes" and reason in ("health", "weather")
    return is_recent(trip) or trip.cabin == "business" or insured or has_cancelled_flight(view, trip)


def may_change_cabin(view: View, trip: Reservation) -> bool:
    """Whether the cabin of a reservation may change."""
    return is_active(trip) and not has_flown(view, trip)


def may_change_flights(view: View, trip: Reservation) -> bool:
    """Whether the flights of a reservation may change."""
    return may_change_cabin(view, trip) and trip.cabin != "basic_economy"


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


def why_not_theirs(trip: Reservation | None, user_id: str) -> str:
    """Why a reservation is not the user's to change, or an empty text."""
    return "" if trip is not None and trip.user_id == user_id else "the reservation is another customer's"


def why_cancelling_forbidden(view: View, trip: Reservation, reason: str | None) -> str:
    """Why a reservation may not be cancelled; without a reason, for the one that allows most."""
    if may_cancel(view, trip, "health" if reason is None else reason):
        return ""
    return f"reservation {trip.reservation_id} may not be cancelled for {'any' if reason is None else 'that'} reason"


def why_cabin_fixed(view: View, trip: Reservation) -> str:
    """Why the cabin of a reservation may not change, or an empty text."""
    fixed = f"the cabin of reservation {trip.reservation_id} may not be changed"
    return "" if may_change_cabin(view, trip) else fixed


def why_flights_fixed(view: View, trip: Reservation) -> str:
    """Why the flights of a reservation may not change, or an empty text."""
    fixed = f"the flights of reservation {trip.reservation_id} may not be changed"
    return "" if may_change_flights(view, trip) else fixed


def why_bags_fixed(trip: Reservation, total: float) -> str:
    """Why a reservation may not have that many bags after a change, or an empty text."""
    if not is_active(trip):
        return f"reservation {trip.reservation_id} is cancelled"
    # The tool stores whatever number it is given, and a model may have given a text.
    fewer = isinstance(trip.total_baggages, int | float) and total < trip.total_baggages
    return "bags may be added but not taken away" if fewer else ""


def why_passengers_fixed(trip: Reservation, count: int) -> str:
    """Why the passengers of a reservation may not be replaced by so many, or an empty text."""
    if not is_active(trip):
        return f"reservation {trip.reservation_id} is cancelled"
    return "" if count == len(trip.passengers) else "the number of passengers cannot change"


def why_not_combined(methods: Sequence[PaymentMethod]) -> str:
    """Why payment methods may not pay for a booking together, or an empty text."""
    most = "one certificate, one credit card and three gift cards are the most that may pay"
    return "" if may_pay_booking(methods) else most


def why_too_many(passengers: int) -> str:
    """Why so many may not fly on one reservation, or an empty text."""
    return "" if passengers <= MAX_PASSENGERS else f"a reservation has {MAX_PASSENGERS} passengers at most"


def why_forbidden(state: State, name: str, arguments: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """Why the policy forbids a write in this state, or an empty text.

    `said` may tell who the customer is and the reason of a cancellation; without it the one that allows most is taken.
    """
    trip: Reservation | None = state.get("reservations", arguments.get("reservation_id", ""))
    user_id = trip.user_id if trip is not None else arguments.get("user_id", "")
    user: User | None = state.get("users", user_id)
    who = said.get("who", {}).get("user_id")
    if who is not None and user_id != who:
        return "the reservation is another customer's"
    if user is None:
        return ""
    if name == "book_reservation":
        return _why_not_booked(user, arguments)
    if name == "send_certificate":
        return _why_unearned(state, user, arguments["amount"])
    if trip is None:
        return ""
    if name == "cancel_reservation":
        return why_cancelling_forbidden(StateView(state), trip, said.get("reason"))
    if name == "update_reservation_flights":
        return _why_not_rebooked(state, trip, arguments)
    if name == "update_reservation_baggages":
        total = arguments["total_baggages"]
        due = nonfree_bags(user.membership, trip.cabin, len(trip.passengers), total) if is_active(trip) else 0
        return why_bags_fixed(trip, total) or _why_wrong_charge(due, arguments)
    if name == "update_reservation_passengers":
        return why_passengers_fixed(trip, len(arguments["passengers"]))
    return ""


def _why_wrong_charge(due: int, arguments: Mapping[str, Any]) -> str:
    total = arguments["total_baggages"]
    return "" if arguments["nonfree_baggages"] == due else f"{due} of {total} bags must be paid for"


def _why_not_rebooked(state: State, before: Reservation, arguments: Mapping[str, Any]) -> str:
    wanted = [(leg["flight_number"], leg["date"]) for leg in arguments["flights"]]
    same = wanted == [(leg.flight_number, leg.date) for leg in before.flights]
    view = StateView(state)
    if (same or arguments["cabin"] != before.cabin) and (why := why_cabin_fixed(view, before)):
        return why
    if same:
        return ""
    if why := why_flights_fixed(view, before):
        return why
    legs: list[Flight] = [leg for number, _ in wanted if (leg := state.get("flights", number)) is not None]
    if not legs or len(legs) < len(wanted):
        return ""
    if legs[0].origin != before.origin or legs[-1].destination != before.flights[-1].destination:
        return "the trip must go from and to where it went before"
    if before.destination not in {leg.destination for leg in legs}:
        return f"the trip must go to {before.destination} as before"
    return ""


def _why_not_booked(user: User, arguments: Mapping[str, Any]) -> str:
    people = len(arguments["passengers"])
    methods = [user.payment_methods.get(part["payment_id"]) for part in arguments["payment_methods"]]
    known = [method for method in methods if method is not None]
    if len(known) < len(methods):
        return why_too_many(people)
    due = nonfree_bags(user.membership, arguments["cabin"], people, arguments["total_baggages"])
    return why_too_many(people) or why_not_combined(known) or _why_wrong_charge(due, arguments)


def _why_unearned(state: State, user: User, amount: float) -> str:
    """Why no trip of a user earns a certificate, or an empty text."""
    view = StateView(state)
    for key in user.reservations:
        now: Reservation | None = state.get("reservations", key)
        if now is None or not may_compensate(user, now):
            continue
        # A delay is made good after the reservation was changed, when its flights may be others.
        then: Reservation = state.world.tables["reservations"].get(key, now)
        earned: list[int] = []
        if any(has_cancelled_flight(view, form) for form in (now, then)):
            earned.append(CANCELLED_GESTURE * len(now.passengers))
        if now != then and has_delayed_flight(view, then):
            earned.append(DELAYED_GESTURE * len(now.passengers))
        if amount in earned:
            return ""
    return f"no trip of {user.user_id} earns a certificate of {amount} dollars"
