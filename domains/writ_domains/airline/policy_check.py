"""Does the airline's policy allow a write in a state? The tools check little of it.

What only the conversation can tell is granted: the reason of a cancellation is taken to be the one that allows most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from writ_async.core.state import State
from writ_domains.airline import policy_rules as rules
from writ_domains.airline.schema import Flight, Reservation, User


def policy_check(state: State, name: str, arguments: dict[str, Any]) -> str:
    """Why the policy forbids a write in this state, or an empty text.

    Arguments that the tool itself refuses are passed over, whatever a model wrote in them.
    """
    check = _CHECKS.get(name)
    try:
        return check(state, arguments) if check is not None else ""
    except (TypeError, KeyError, AttributeError, ValueError):
        return ""


def _cancel(state: State, arguments: Mapping[str, Any]) -> str:
    reservation: Reservation | None = state.get("reservations", arguments["reservation_id"])
    if reservation is None or rules.may_cancel(state, reservation, "health"):
        return ""
    return f"reservation {reservation.reservation_id} may not be cancelled for any reason"


def _flights(state: State, arguments: Mapping[str, Any]) -> str:
    before: Reservation | None = state.get("reservations", arguments["reservation_id"])
    if before is None:
        return ""
    wanted = [(leg["flight_number"], leg["date"]) for leg in arguments["flights"]]
    same = wanted == [(leg.flight_number, leg.date) for leg in before.flights]
    if (same or arguments["cabin"] != before.cabin) and not rules.may_change_cabin(state, before):
        return f"the cabin of reservation {before.reservation_id} may not be changed"
    if same:
        return ""
    if not rules.may_change_flights(state, before):
        return f"the flights of reservation {before.reservation_id} may not be changed"
    legs: list[Flight] = [leg for number, _ in wanted if (leg := state.get("flights", number)) is not None]
    if not legs or len(legs) < len(wanted):
        return ""
    if legs[0].origin != before.origin or legs[-1].destination != before.flights[-1].destination:
        return "the trip must go from and to where it went before"
    if before.destination not in {leg.destination for leg in legs}:
        return f"the trip must go to {before.destination} as before"
    return ""


def _bags(state: State, arguments: Mapping[str, Any]) -> str:
    before: Reservation | None = state.get("reservations", arguments["reservation_id"])
    if before is None:
        return ""
    total = arguments["total_baggages"]
    if not rules.is_active(before):
        return f"reservation {before.reservation_id} is cancelled"
    if total < before.total_baggages:
        return "bags may be added but not taken away"
    user: User | None = state.get("users", before.user_id)
    if user is None:
        return ""
    due = rules.nonfree_bags(user.membership, before.cabin, len(before.passengers), total)
    return "" if arguments["nonfree_baggages"] == due else f"{due} of {total} bags must be paid for"


def _passengers(state: State, arguments: Mapping[str, Any]) -> str:
    before: Reservation | None = state.get("reservations", arguments["reservation_id"])
    if before is None or rules.is_active(before):
        return ""
    return f"reservation {before.reservation_id} is cancelled"


def _book(state: State, arguments: Mapping[str, Any]) -> str:
    people = len(arguments["passengers"])
    if people > rules.MAX_PASSENGERS:
        return f"a reservation has {rules.MAX_PASSENGERS} passengers at most"
    user: User | None = state.get("users", arguments["user_id"])
    if user is None:
        return ""
    if not rules.may_pay_booking([user.payment_methods[part["payment_id"]] for part in arguments["payment_methods"]]):
        return "one certificate, one credit card and three gift cards are the most that may pay"
    total = arguments["total_baggages"]
    due = rules.nonfree_bags(user.membership, arguments["cabin"], people, total)
    return "" if arguments["nonfree_baggages"] == due else f"{due} of {total} bags must be paid for"


def _certificate(state: State, arguments: Mapping[str, Any]) -> str:
    user: User | None = state.get("users", arguments["user_id"])
    if user is None:
        return ""
    for key in user.reservations:
        now: Reservation | None = state.get("reservations", key)
        if now is None or not rules.may_compensate(user, now):
            continue
        # A delay is made good after the reservation was changed, when its flights may be others.
        then: Reservation = state.world.tables["reservations"].get(key, now)
        earned: list[int] = []
        if any(rules.has_cancelled_flight(state, form) for form in (now, then)):
            earned.append(rules.CANCELLED_GESTURE * len(now.passengers))
        if now != then and rules.has_delayed_flight(state, then):
            earned.append(rules.DELAYED_GESTURE * len(now.passengers))
        if arguments["amount"] in earned:
            return ""
    return f"no trip of {user.user_id} earns a certificate of {arguments['amount']} dollars"


_CHECKS: Final[dict[str, Callable[[State, Mapping[str, Any]], str]]] = {
    "cancel_reservation": _cancel,
    "update_reservation_flights": _flights,
    "update_reservation_baggages": _bags,
    "update_reservation_passengers": _passengers,
    "book_reservation": _book,
    "send_certificate": _certificate,
}
