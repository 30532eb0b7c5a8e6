"""What a write comes to for the customer of the airline, by the reservations and fares that were shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from writ_async.core.settlement import Settlement, ShownResult, records_shown
from writ_domains.airline.policy import BAG_PRICE, CANCELLED_GESTURE, DELAYED_GESTURE
from writ_domains.kit.settling import method_in_words, methods_in_words

_REFUNDED: Final = "within 5 to 7 business days"


def settle(shown: Sequence[ShownResult], name: str, arguments: Mapping[str, Any]) -> Settlement | None:
    """The price of a booking or of bags, the refund of a cancellation, or the difference of other flights or cabins."""
    if name == "book_reservation":
        parts = arguments["payment_methods"]
        method = methods_in_words(shown, [part["payment_id"] for part in parts])
        return Settlement(
            kind="charge", amount=sum(part["amount"] for part in parts), what="the whole booking", method=method
        )
    if name == "send_certificate":
        return _earned(shown, arguments)
    trip = next(records_shown(shown, "reservation_id", arguments.get("reservation_id", ""), "payment_history"), None)
    if trip is None:
        return None
    if name == "cancel_reservation":
        paid = trip["payment_history"]
        method = methods_in_words(shown, [part["payment_id"] for part in paid])
        total = sum(part["amount"] for part in paid)
        return Settlement(kind="back", amount=total, what="the reservation", method=method, when=_REFUNDED)
    if name == "update_reservation_baggages":
        more = max(0, arguments["nonfree_baggages"] - trip["nonfree_baggages"])
        method = method_in_words(shown, arguments["payment_id"])
        return Settlement(kind="charge", amount=BAG_PRICE * more, what="the added baggage", method=method)
    return _moved(shown, trip, arguments) if name == "update_reservation_flights" else None


def _earned(shown: Sequence[ShownResult], arguments: Mapping[str, Any]) -> Settlement | None:
    """A certificate as what each passenger of a reservation that was shown gets, where there is one way to see it."""
    trips = records_shown(shown, "user_id", arguments["user_id"], "passengers")
    parties = {len(trip["passengers"]) for trip in trips}
    fit = [
        gesture for gesture in (CANCELLED_GESTURE, DELAYED_GESTURE) if arguments["amount"] in _times(gesture, parties)
    ]
    if len(fit) != 1:
        return None
    people = arguments["amount"] // fit[0]
    each = f"for each of {people} passengers" if people > 1 else "for one passenger"
    return Settlement(kind="gesture", amount=arguments["amount"], what="the certificate", new=(fit[0],), each=each)


def _times(amount: int, counts: Iterable[int]) -> set[int]:
    return {amount * count for count in counts}


def _moved(shown: Sequence[ShownResult], trip: Mapping[str, Any], arguments: Mapping[str, Any]) -> Settlement | None:
    kept = {(leg["flight_number"], leg["date"]): leg["price"] for leg in trip["flights"]}
    wanted = [(leg["flight_number"], leg["date"]) for leg in arguments["flights"]]
    same_cabin = arguments["cabin"] == trip["cabin"]
    fares = [
        kept[leg] if same_cabin and leg in kept else _fare_shown(shown, *leg, arguments["cabin"]) for leg in wanted
    ]
    known = [fare for fare in fares if fare is not None]
    if len(known) < len(fares):
        return None
    old, people = [leg["price"] for leg in trip["flights"]], len(trip["passengers"])
    what = "the new cabin" if list(kept) == wanted else "the new flights"
    method = method_in_words(shown, arguments["payment_id"])
    return Settlement(
        kind="difference",
        amount=(sum(known) - sum(old)) * people,
        what=what,
        method=method,
        new=tuple(known),
        old=tuple(old),
        each=f"for each of {people} passengers" if people > 1 else "",
    )


def _fare_shown(shown: Sequence[ShownResult], number: str, date: str, cabin: str) -> int | None:
    """The fare of a flight on a day as a search showed it; flights without a date are of the day that was asked for."""
    for result in reversed(shown):
        for flight in records_shown([result], "flight_number", number, "prices"):
            if (flight.get("date") or result.arguments.get("date")) == date:
                fare: int | None = flight["prices"].get(cabin)
                return fare
    return None
