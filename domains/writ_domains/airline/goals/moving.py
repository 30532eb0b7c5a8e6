"""Objectives that move a trip to other flights or to another cabin, and what they share with those of a booking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from writ_async.core.goal import Decision, Key, NothingFits, Reader
from writ_async.core.task import Action
from writ_domains.airline.goals.choose import Traveller, upgrade_cost
from writ_domains.airline.goals.fetch import Option
from writ_domains.airline.goals.flights import best_option
from writ_domains.airline.policy import may_pay_update, why_cabin_fixed, why_flights_fixed, why_not_theirs
from writ_domains.airline.schema import PaymentMethod, Reservation, ReservationFlight
from writ_domains.kit.goals import Params, decide_write

_TOOL = "update_reservation_flights"
Legs = Sequence[ReservationFlight]


def why_not_owner(traveller: Traveller, trip: Reservation) -> str:
    """Why a trip is not the customer's to change, or an empty text."""
    return why_not_theirs(trip, traveller.user.user_id)


def why_not_paid_with(method: PaymentMethod, total: float) -> str:
    """Why a method may not pay for a change, or an empty text; `total` in dollars."""
    return "" if may_pay_update(method, int(total)) else "that payment method cannot pay for a change"


def keep_to_budget(params: Params, cost: float) -> None:
    """Raises `NothingFits` where something costs more than the `most` that the customer is ready to pay."""
    if "most" in params and cost > params["most"]:
        raise NothingFits("it costs more than the customer wants to pay")


def legs_of(option: Option) -> list[dict[str, str]]:
    """The flights of an option as arguments."""
    return [{"flight_number": hop.number, "date": hop.date} for hop in option.hops]


def _kept(flights: Legs) -> list[dict[str, str]]:
    return [{"flight_number": leg.flight_number, "date": leg.date} for leg in flights]


def _difference(new: Sequence[int], old: Sequence[int], people: int) -> str:
    return f"{people} * (({' + '.join(map(str, new))}) - ({' + '.join(map(str, old))}))"


def _fares(flights: Legs) -> list[int]:
    return [leg.price for leg in flights]


def _directions(trip: Reservation) -> tuple[Legs, Legs]:
    """The flights out and those back. Raises `NothingFits` where a trip is no round trip."""
    if trip.flight_type != "round_trip":
        raise NothingFits("not a round trip")
    turn = [leg.origin for leg in trip.flights].index(trip.destination)
    return trip.flights[:turn], trip.flights[turn:]


def rebook(reader: Reader, params: Params) -> Decision:
    """Move a trip to the best flights of a search (without airports), in the same cabin or in `cabin`.

    With `leg`, `"out"` or `"back"`, that direction of a round trip is moved, and the other keeps its flights and fares;
    without it the trip is one way. `most` is how many dollars may be paid in addition, where that matters.
    """
    traveller = Traveller(reader, params["who"])
    trip = traveller.trip(params["trip"])
    method = traveller.method(params["pay"])
    by: Key = ("get_reservation_details", trip.reservation_id)
    refused = why_not_owner(traveller, trip) or why_flights_fixed(traveller, trip)
    if refused:
        arguments: dict[str, Any] = {"reservation_id": trip.reservation_id, "cabin": trip.cabin}
        return decide_write(reader, _TOOL, arguments, refused)
    leg, ends = params.get("leg"), (trip.origin, trip.destination)
    given: Legs = trip.flights
    before: Legs = ()
    after: Legs = ()
    if leg == "out":
        given, after = _directions(trip)
    elif leg == "back":
        before, given = _directions(trip)
        ends = (trip.destination, trip.origin)
    elif trip.flight_type != "one_way":
        raise NothingFits("not a one way trip")
    people, cabin = len(trip.passengers), params.get("cabin", trip.cabin)
    option = best_option(reader, {**params["search"], "from": [ends[0]], "to": ends[1]}, cabin, people, by)
    if any((old.flight_number, old.date) == (hop.number, hop.date) for old in given for hop in option.hops):
        raise NothingFits("a flight would be kept")
    fares = [price.of(cabin) for price in option.prices]
    extra = (sum(fares) - sum(_fares(given))) * people
    keep_to_budget(params, extra)
    arguments = {
        "reservation_id": trip.reservation_id,
        "cabin": cabin,
        "flights": [*_kept(before), *legs_of(option), *_kept(after)],
        "payment_id": method.id,
    }
    sums = (_difference(fares, _fares(given), people),)
    return decide_write(reader, _TOOL, arguments, why_not_paid_with(method, extra), sums, {"extra": float(extra)})


def recabin(reader: Reader, params: Params) -> Decision:
    """Move a trip to another cabin, its flights unchanged, for at most `most` dollars extra where that matters."""
    traveller = Traveller(reader, params["who"])
    trip = traveller.trip(params["trip"])
    cabin = params["cabin"]
    method = traveller.method(params["pay"])
    arguments = _cabin_arguments(trip, cabin, method)
    refused = why_not_owner(traveller, trip) or why_cabin_fixed(traveller, trip)
    if refused:
        return decide_write(reader, _TOOL, arguments, refused)
    if trip.cabin == cabin:
        raise NothingFits("the trip is in that cabin already")
    fares = _fares_in(traveller, trip, cabin)
    extra = upgrade_cost(trip, fares)
    keep_to_budget(params, extra)
    sums = (_difference(fares, _fares(trip.flights), len(trip.passengers)),)
    return decide_write(reader, _TOOL, arguments, why_not_paid_with(method, extra), sums, {"extra": extra})


def recabin_all(reader: Reader, params: Params) -> Decision:
    """Move every trip that starts after today and is in one cabin (`from_cabin`) to another, flights unchanged."""
    traveller = Traveller(reader, params["who"])
    method, cabin = traveller.method(params["pay"]), params["cabin"]
    writes: list[Action] = []
    for trip in traveller.later():
        if trip.cabin != params["from_cabin"] or why_cabin_fixed(traveller, trip):
            continue
        if why_not_paid_with(method, upgrade_cost(trip, _fares_in(traveller, trip, cabin))):
            raise NothingFits("the payment method does not suit")
        writes.append(Action(_TOOL, _cabin_arguments(trip, cabin, method)))
    if not writes:
        raise NothingFits("no trip is in that cabin")
    return Decision(writes=tuple(writes), several=True)


def _cabin_arguments(trip: Reservation, cabin: str, method: PaymentMethod) -> dict[str, Any]:
    return {
        "reservation_id": trip.reservation_id,
        "cabin": cabin,
        "flights": _kept(trip.flights),
        "payment_id": method.id,
    }


def _fares_in(traveller: Traveller, trip: Reservation, cabin: str) -> list[int]:
    """Today's fares of a trip's flights in a cabin. Raises `NothingFits` where too few seats are left."""
    fares = traveller.fares(trip, cabin)
    if fares is None:
        raise NothingFits("no seats in that cabin")
    return fares
