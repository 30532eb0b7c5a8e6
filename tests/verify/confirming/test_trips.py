"""What was laid out of a change to a trip: flights, cabin, bags, passengers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.agreements import METHODS, judged, shown
from writ_async.conversation.calls import executed_calls
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.verify.confirming import Dialogue

TRIP = {
    "reservation_id": "K4T9QZ",
    "user_id": "u_1",
    "origin": "BOS",
    "destination": "DEN",
    "cabin": "economy",
    "flights": [
        {"flight_number": "HAT700", "origin": "BOS", "destination": "ORD", "date": "2024-05-21", "price": 90},
        {"flight_number": "HAT701", "origin": "ORD", "destination": "DEN", "date": "2024-05-21", "price": 80},
    ],
    "passengers": [{"first_name": "Ida", "last_name": "Moss", "dob": "1990-02-03"}],
    "payment_history": [{"payment_id": "credit_card_71", "amount": 170}],
    "total_baggages": 1,
    "nonfree_baggages": 0,
    "insurance": "no",
}
LEGS = [{"flight_number": "HAT700", "date": "2024-05-21"}, {"flight_number": "HAT701", "date": "2024-05-21"}]


def travelled() -> list[Message]:
    user = {
        "user_id": "u_1",
        "payment_methods": METHODS,
        "saved_passengers": [{"first_name": "Otto", "last_name": "Lund", "dob": "1988-07-09"}],
    }
    return [UserMessage("Hi"), *shown("r1", "get_user_details", user), *shown("r2", "get_reservation_details", TRIP)]


def refly(**changes: Any) -> tuple[str, dict[str, Any]]:
    given = {"reservation_id": "K4T9QZ", "cabin": "business", "flights": LEGS, "payment_id": "credit_card_71"}
    return "update_reservation_flights", {**given, **changes}


def bags(total: int, method: str = "credit_card_71") -> tuple[str, dict[str, Any]]:
    given = {"reservation_id": "K4T9QZ", "total_baggages": total, "nonfree_baggages": 0, "payment_id": method}
    return "update_reservation_baggages", given


TRIPS = {
    "flights that stay": ("Upgrade K4T9QZ to business on your Visa, $300. OK?", refly(), ""),
    "a trip told by its flights": ("Upgrade HAT700 and HAT701 to business on your Visa. OK?", refly(), ""),
    "a trip told by its ends": (
        "Cancel your trip from BOS to DEN? It is refunded to your Visa.",
        ("cancel_reservation", {"reservation_id": "K4T9QZ"}),
        "",
    ),
    "the cabin nobody told": ("Change K4T9QZ, $300 on your Visa. OK?", refly(), "cabin business"),
    "another flight": (
        "Upgrade K4T9QZ to business on your Visa. OK?",
        refly(flights=[LEGS[0], {"flight_number": "HAT999", "date": "2024-05-21"}]),
        "HAT999",
    ),
    "a flight on a day in words": (
        "Change K4T9QZ to HAT950 on May 23rd in business, on your Visa. OK?",
        refly(flights=[{"flight_number": "HAT950", "date": "2024-05-23"}]),
        "",
    ),
    "bags as a number": ("K4T9QZ would have 3 bags, no charge; your Visa stays on file. OK?", bags(3), ""),
    "bags in letters": ("K4T9QZ gets two more bags, your Visa pays. OK?", bags(3), ""),
    "a span of time is no number of bags": (
        "More bags for K4T9QZ, on your Visa; a refund takes 5 to 7 business days. OK?",
        bags(5),
        "total_baggages",
    ),
    "one bag more": ("Shall I add another bag to K4T9QZ? Your Visa pays.", bags(2), ""),
    "who pays for what is free": ("K4T9QZ would have 2 bags. Cost: $0. Shall I?", bags(2, "paypal_72"), ""),
    "who pays where there is no charge": (
        "K4T9QZ gets one more bag, at no extra charge, for the first two are yours anyway. OK?",
        bags(2, "paypal_72"),
        "",
    ),
    "who pays what is due": ("K4T9QZ would have 2 bags, $50 for the second. OK?", bags(2, "paypal_72"), "payment_id"),
    "who pays, where nothing was said of it": (
        "Feel free to ask me more. K4T9QZ would have 2 bags. OK?",
        bags(2, "paypal_72"),
        "payment_id",
    ),
    "who pays beside what is free": (
        "I will upgrade K4T9QZ to business. Your three bags are free. OK?",
        refly(payment_id="paypal_72"),
        "payment_id",
    ),
    "who gets what comes back": (
        "I will change K4T9QZ to basic economy, without any fee, and you will be refunded. OK?",
        refly(cabin="basic_economy", payment_id="paypal_72"),
        "payment_id",
    ),
    "more bags than told": ("Shall I add another bag to K4T9QZ? Your Visa pays.", bags(5), "total_baggages 5"),
    "a passenger that was shown": (
        "Shall I put Otto Lund on K4T9QZ as the passenger?",
        (
            "update_reservation_passengers",
            {
                "reservation_id": "K4T9QZ",
                "passengers": [{"first_name": "Otto", "last_name": "Lund", "dob": "1988-07-09"}],
            },
        ),
        "",
    ),
    "a passenger nobody named": (
        "Shall I change the passenger of K4T9QZ?",
        (
            "update_reservation_passengers",
            {
                "reservation_id": "K4T9QZ",
                "passengers": [{"first_name": "Zoe", "last_name": "Ray", "dob": "2001-01-01"}],
            },
        ),
        "Zoe",
    ),
}


@pytest.mark.parametrize("name", TRIPS)
def test_trips(airline: Domain, name: str) -> None:
    ask, call, why = TRIPS[name]
    wanting = judged(airline, travelled(), ask, "Yes, go ahead.", call=call).wanting
    assert why in wanting if why else wanting == "", wanting


def test_the_yes_or_no_of_a_question_is_nothing_of_a_trip_that_is_insured(airline: Domain) -> None:
    insured = {**TRIP, "insurance": "yes"}
    seen = [*travelled()[:-2], *shown("r2", "get_reservation_details", insured)]
    people = [{"first_name": "Otto", "last_name": "Lund", "dob": "1988-07-09"}]
    call = ("update_reservation_passengers", {"reservation_id": "K4T9QZ", "passengers": people})
    other = "I am about to change ABC123 (economy, passengers as they are, Otto Lund). Shall I go ahead (yes/no)?"
    assert "had not named K4T9QZ" in judged(airline, seen, other, "Yes.", call=call).wanting


def test_a_booking_that_the_agent_told_nothing_of_is_not_covered_by_an_earlier_yes(airline: Domain) -> None:
    booking = {
        "user_id": "u_1",
        "cabin": "economy",
        "flights": [{"flight_number": "HAT880", "date": "2024-05-29"}],
        "passengers": [],
        "payment_methods": [{"payment_id": "credit_card_71", "amount": 120}],
        "insurance": "yes",
    }
    call = ("book_reservation", booking)
    bare = "I will cancel your booking K4T9QZ. Is that right (yes/no)?"
    assert judged(airline, travelled(), bare, "Yes.", call=call).wanting
    told = "I will book HAT880 on May 29 in economy with insurance, $120 on your Visa. Is that right?"
    assert judged(airline, travelled(), told, "Yes.", call=call).wanting == ""


@pytest.mark.parametrize(
    ("first", "rest", "why"), [(55.5, 64.5, ""), (40, 80, "amount")], ids=["all that is on it", "a part of it"]
)
@pytest.mark.parametrize("said", ["my gift card first, then the Visa", "my gift cards, and the Visa for the rest"])
def test_amounts_follow_where_a_card_is_used_up(
    airline: Domain, said: str, first: float, rest: float, why: str
) -> None:
    paid = [{"payment_id": "gift_card_73", "amount": first}, {"payment_id": "credit_card_71", "amount": rest}]
    flights = [{"flight_number": "HAT880", "date": "2024-05-29"}]
    booking = {"user_id": "u_1", "cabin": "economy", "flights": flights, "payment_methods": paid, "insurance": "no"}
    told = "I will book HAT880 on May 29 in economy, $120 in all, no insurance. Is that right, and how do you pay?"
    wanting = judged(airline, travelled(), told, f"Yes, with {said}.", call=("book_reservation", booking)).wanting
    assert why in wanting if why else wanting == "", wanting


@pytest.mark.parametrize("new", [True, False])
def test_what_is_said_of_a_reservation_that_goes_tells_of_no_booking(airline: Domain, new: bool) -> None:
    trip = "K4T9QZ, back to your Visa ending in 8812 within 5 to 7 days"
    booking = {
        "user_id": "u_1",
        "cabin": "economy",
        "flights": [{"flight_number": "HAT880", "date": "2024-05-29"}],
        "passengers": [],
        "payment_methods": [{"payment_id": "credit_card_71", "amount": 120}],
        "insurance": "no",
    }
    wish = "Cancel K4T9QZ, then HAT880 on May 29 in economy, no insurance, by my Visa, $120."
    then = " After it a new reservation: HAT880 on May 29 in economy, no insurance, $120." if new else ""
    messages = [
        *(UserMessage(wish), *travelled()[1:]),
        AssistantMessage(f"I would cancel your reservation, with reservation {trip}.{then} Is that right?"),
        UserMessage("Yes, that is right. Please do it."),
        *shown("c", "cancel_reservation", TRIP),
        *(AssistantMessage(None, (make_call("b", "book_reservation", booking),)), ToolMessage("b", "{}")),
    ]
    cancelled = AssistantMessage(None, (make_call("c", "cancel_reservation", {"reservation_id": "K4T9QZ"}),))
    messages[-4] = cancelled
    writes = [one for one in executed_calls(messages, airline.tools) if one.kind == "write"]
    first, second = (Dialogue(messages, writes, airline).confirmation(one).wanting for one in writes)
    assert first == ""
    assert ("had not named book" in second) is not new, second
