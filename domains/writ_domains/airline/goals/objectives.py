"""The objectives of the airline. Their params are described in `choose.py`; `who` is in all of them.

`sums` of a decision are the expressions by which an agent works out the amounts in the arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from writ_async.core.goal import Decision, NothingFits, Objective, Reader
from writ_async.core.task import Action
from writ_domains.airline.goals.answers import tell
from writ_domains.airline.goals.choose import Traveller, lost_flight, names
from writ_domains.airline.goals.flights import best_option
from writ_domains.airline.goals.moving import (
    keep_to_budget,
    legs_of,
    rebook,
    recabin,
    recabin_all,
    why_not_owner,
    why_not_paid_with,
)
from writ_domains.airline.policy import (
    BAG_PRICE,
    CANCELLED_GESTURE,
    DELAYED_GESTURE,
    FREE_BAGS,
    INSURANCE_PRICE,
    NEVER_ALLOWED,
    has_flown,
    is_active,
    may_cancel,
    may_compensate,
    nonfree_bags,
    price_of_booking,
    why_bags_fixed,
    why_cancelling_forbidden,
    why_not_combined,
    why_passengers_fixed,
    why_too_many,
)
from writ_domains.airline.schema import CreditCard, Passenger, Reservation
from writ_domains.kit.choosing import of_each
from writ_domains.kit.goals import Params, decide_write, first_possible


def _refund(trip: Reservation) -> tuple[tuple[str, ...], dict[str, float]]:
    amounts = [payment.amount for payment in trip.payment_history]
    sums = (" + ".join(map(str, amounts)),) if len(amounts) > 1 else ()
    return sums, {"refund": float(sum(amounts))}


def cancel(reader: Reader, params: Params) -> Decision:
    """Cancel the trip for a reason."""
    traveller = Traveller(reader, params["who"])
    trip = traveller.trip(params["trip"])
    forbidden = why_cancelling_forbidden(traveller, trip, params["reason"])
    refused = why_not_owner(traveller, trip) or forbidden
    arguments = {"reservation_id": trip.reservation_id}
    if is_active(trip) and not why_not_owner(traveller, trip) and has_flown(traveller, trip):
        refused = "a trip of which a part has been flown is cancelled only by a person"
        return Decision(writes=(Action("cancel_reservation", arguments),), refused=refused, handed_over=True)
    sums, figures = _refund(trip)
    return decide_write(reader, "cancel_reservation", arguments, refused, sums, figures)


def cancel_all(reader: Reader, params: Params) -> Decision:
    """Cancel every trip that starts after today and that the policy lets be cancelled for a reason."""
    traveller = Traveller(reader, params["who"])
    fit = [trip for trip in traveller.later() if may_cancel(traveller, trip, params["reason"])]
    if not fit:
        raise NothingFits("no trip can be cancelled")
    return Decision(
        writes=tuple(Action("cancel_reservation", {"reservation_id": trip.reservation_id}) for trip in fit),
        several=True,
    )


def bags(reader: Reader, params: Params) -> Decision:
    """Add bags to a trip."""
    traveller = Traveller(reader, params["who"])
    trip = traveller.trip(params["trip"])
    user, people, more = traveller.user, len(trip.passengers), params["more"]
    total = trip.total_baggages + more
    nonfree = nonfree_bags(user.membership, trip.cabin, people, total)
    extra = nonfree - trip.nonfree_baggages
    charge = BAG_PRICE * max(0, extra)
    method = traveller.method(params["pay"])
    refused = why_bags_fixed(trip, total) or why_not_owner(traveller, trip) or why_not_paid_with(method, charge)
    if extra < 0 and not refused:
        raise NothingFits("bags that were paid for would become free, which the policy does not speak of")
    arguments = {
        "reservation_id": trip.reservation_id,
        "total_baggages": total,
        "nonfree_baggages": nonfree,
        "payment_id": method.id,
    }
    sums = [f"{trip.total_baggages} + {more}"]
    if nonfree:
        sums.append(f"{total} - {FREE_BAGS[user.membership][trip.cabin]} * {people}")
    if extra > 0:
        sums.append(f"{BAG_PRICE} * {extra}")
    return decide_write(reader, "update_reservation_baggages", arguments, refused, sums, {"charge": float(charge)})


def passengers(reader: Reader, params: Params) -> Decision:
    """Change one passenger of a trip: `old` is a full name, `new` holds what changes."""
    traveller = Traveller(reader, params["who"])
    trip = traveller.trip(params["trip"])
    if params["old"] not in names(trip):
        raise NothingFits("no such passenger")
    after = [
        {**msgspec.to_builtins(one), **params["new"]} if name == params["old"] else msgspec.to_builtins(one)
        for one, name in zip(trip.passengers, names(trip), strict=True)
    ]
    refused = why_not_owner(traveller, trip) or why_passengers_fixed(trip, len(after))
    arguments = {"reservation_id": trip.reservation_id, "passengers": after}
    return decide_write(reader, "update_reservation_passengers", arguments, refused)


def head_count(reader: Reader, params: Params) -> Decision:
    """Take a passenger off a trip, which nobody may do."""
    traveller = Traveller(reader, params["who"])
    trip = traveller.trip(params["trip"])
    if params["old"] not in names(trip) or len(trip.passengers) < 2:
        raise NothingFits("no such passenger")
    left = [msgspec.to_builtins(one) for one in trip.passengers if f"{one.first_name} {one.last_name}" != params["old"]]
    arguments = {"reservation_id": trip.reservation_id, "passengers": left}
    refused = why_passengers_fixed(trip, len(left))
    return decide_write(reader, "update_reservation_passengers", arguments, refused)


def unsupported(reader: Reader, params: Params) -> Decision:
    """Something that the policy forbids whatever the records say, named by `what`."""
    traveller = Traveller(reader, params["who"])
    if why_not_owner(traveller, traveller.trip(params["trip"])):
        raise NothingFits("the reservation is another customer's")
    return Decision(writes=(), refused=NEVER_ALLOWED[params["what"]])


def compensate(reader: Reader, params: Params) -> Decision:
    """A certificate for one trip with a flight that was `event`: cancelled, or delayed and the trip given up."""
    traveller = Traveller(reader, params["who"])
    trip = traveller.trip(params["trip"])
    event = params["event"]
    refused = why_not_owner(traveller, trip)
    if not refused and event not in traveller.statuses(trip):
        refused = f"no flight of the reservation was {event}"
    if not refused and not may_compensate(traveller.user, trip):
        refused = "a regular member without insurance gets no compensation below business"
    each = CANCELLED_GESTURE if event == "cancelled" else DELAYED_GESTURE
    people = len(trip.passengers)
    arguments = {"user_id": traveller.user.user_id, "amount": each * people}
    return decide_write(reader, "send_certificate", arguments, refused, (f"{each} * {people}",))


def compensate_all(reader: Reader, params: Params) -> Decision:
    """A certificate for every trip of which the airline cancelled a flight, as far as the policy allows."""
    traveller = Traveller(reader, params["who"])
    trips = list(reader.each(traveller.trip_keys(), traveller.key))
    fit = [trip for trip in trips if lost_flight(traveller, trip) and may_compensate(traveller.user, trip)]
    if not fit:
        raise NothingFits("no trip earns a certificate")
    amounts = [CANCELLED_GESTURE * len(trip.passengers) for trip in fit]
    if len(set(amounts)) < len(amounts) or len(fit) > 3:
        raise NothingFits("two certificates alike, or too many")
    user_id = traveller.user.user_id
    return Decision(
        writes=tuple(Action("send_certificate", {"user_id": user_id, "amount": amount}) for amount in amounts),
        several=True,
        sums=tuple(f"{CANCELLED_GESTURE} * {len(trip.passengers)}" for trip in fit),
    )


def _party(traveller: Traveller, wanted: Sequence[Params]) -> list[Passenger]:
    user = traveller.user
    found: list[Passenger] = []
    for one in wanted:
        if one.get("me"):
            found.append(Passenger(user.name.first_name, user.name.last_name, user.dob))
        elif "saved" in one:
            fit = [p for p in user.saved_passengers if f"{p.first_name} {p.last_name}" == one["saved"]]
            if not fit:
                raise NothingFits("no such saved passenger")
            found.append(fit[0])
        else:
            found.append(Passenger(one["first_name"], one["last_name"], one["dob"]))
    return found


def _payments(traveller: Traveller, wanted: Sequence[Params], total: int) -> tuple[list[dict[str, Any]], str]:
    """What is taken from which method in turn, the last one pays the rest; and why that may not be."""
    methods = [traveller.method(one) for one in wanted]
    parts: list[dict[str, Any]] = []
    left = total
    refused = why_not_combined(methods)
    for method in methods:
        amount = left if isinstance(method, CreditCard) else min(left, int(method.amount))
        parts.append({"payment_id": method.id, "amount": amount})
        left -= amount
    if left and not refused:
        refused = "the payment methods do not cover the price"
    if any(part["amount"] == 0 for part in parts) and not refused:
        raise NothingFits("a payment method is not needed")
    return parts, refused


def book(reader: Reader, params: Params) -> Decision:
    """Book the best flights that each of `searches` shows: one, or one there and back; for `most` dollars at most."""
    traveller = Traveller(reader, params["who"])
    cabin, insurance = params["cabin"], params["insurance"]
    people = _party(traveller, params["passengers"])
    count = len(people)
    options = [best_option(reader, search, cabin, count) for search in params["searches"]]
    if len(options) == 2 and options[0].hops[0].origin != params["searches"][1]["to"]:
        raise NothingFits("the return does not lead to where the trip begins")
    fares = [price.of(cabin) for option in options for price in option.prices]
    allowance = FREE_BAGS[traveller.user.membership][cabin]
    nonfree = nonfree_bags(traveller.user.membership, cabin, count, params["bags"])
    total = price_of_booking(sum(fares), count, insurance, nonfree)
    keep_to_budget(params, total)
    payments, refused = _payments(traveller, params["pay"], total)
    refused = why_too_many(count) or refused
    arguments = {
        "user_id": traveller.user.user_id,
        "origin": options[0].hops[0].origin,
        "destination": params["searches"][0]["to"],
        "flight_type": "one_way" if len(options) == 1 else "round_trip",
        "cabin": cabin,
        "flights": [leg for option in options for leg in legs_of(option)],
        "passengers": [msgspec.to_builtins(person) for person in people],
        "payment_methods": payments,
        "total_baggages": params["bags"],
        "nonfree_baggages": nonfree,
        "insurance": insurance,
    }
    sums = [f"{params['bags']} - {allowance} * {count}"] if nonfree else []
    price = f"{count} * ({' + '.join(map(str, fares))})"
    price += f" + {INSURANCE_PRICE} * {count}" if insurance == "yes" else ""
    price += f" + {BAG_PRICE} * {nonfree}" if nonfree else ""
    sums.append(price)
    if len(payments) > 1:
        sums.append(f"{total} - {' - '.join(str(part['amount']) for part in payments[:-1])}")
    return decide_write(reader, "book_reservation", arguments, refused, sums, {"total": float(total)})


_OBJECTIVES: Final[dict[str, Objective]] = {
    "book": book,
    "cancel": of_each(cancel),
    "cancel_all": cancel_all,
    "bags": of_each(bags),
    "passengers": passengers,
    "head_count": head_count,
    "rebook": rebook,
    "recabin": of_each(recabin),
    "recabin_all": recabin_all,
    "unsupported": unsupported,
    "compensate": compensate,
    "compensate_all": compensate_all,
    "tell": tell,
}
OBJECTIVES: Final[dict[str, Objective]] = {**_OBJECTIVES, "first_possible": first_possible(_OBJECTIVES)}
"""By name, as in `Goal.objective`."""
