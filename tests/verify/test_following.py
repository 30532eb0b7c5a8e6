"""What follows from what was said and shown counts as known; what somebody made up does not, however near it is."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.conversation.calls import executed_calls
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.formats.foreign.conversation import Foreign
from writ_async.formats.foreign.tools import domain_for
from writ_async.language.spoken_forms import days_away, days_in
from writ_async.verify.following import unknown_arguments
from writ_async.verify.knowledge import Knowledge

Turn = Any
"""A text of the user, ("agent", text), or a call with its result."""


def talk(*turns: Any) -> list[Message]:
    """Texts of the user, ("agent", text), and calls with their results."""
    messages: list[Message] = []
    for number, turn in enumerate(turns):
        if isinstance(turn, str):
            messages.append(UserMessage(turn))
        elif len(turn) == 2:
            messages.append(AssistantMessage(turn[1]))
        else:
            name, arguments, result = turn
            content = result if isinstance(result, str) else msgspec.json.encode(result).decode()
            messages += [
                AssistantMessage(None, (make_call(f"c{number}", name, arguments),)),
                ToolMessage(f"c{number}", content),
            ]
    return messages


def unknown(domain: Domain, name: str, arguments: dict[str, Any], *turns: Any) -> list[str]:
    messages = talk(*turns)
    know = Knowledge(messages, domain, executed_calls(messages, domain.tools))
    know.until(len(messages))
    return [one.partition("=")[0] for one in unknown_arguments(name, arguments, know, domain)]


def flights(*legs: tuple[str, str]) -> dict[str, Any]:
    return {
        "reservation_id": "AB12CD",
        "cabin": "economy",
        "flights": [{"flight_number": number, "date": date} for number, date in legs],
        "payment_id": "credit_card_5",
    }


SEEN = ("get_reservation_details", {"reservation_id": "AB12CD"}, {"reservation_id": "AB12CD", "flights": [
    {"flight_number": "XY100", "date": "2024-05-18"}], "payment": "credit_card_5"})  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        "Move AB12CD to the next day please.",
        "One day later, please.",
        "Push it back by a day.",
        "It should be the 19th.",
        "Sunday would suit me.",
        "05-19, please",
        "am 19. Mai bitte",
        "anything between May 17 and May 20",
        "on 19/5/2024",
    ],
)
def test_a_day_told_beside_another_one_is_known(airline: Domain, said: str) -> None:
    assert unknown(airline, "update_reservation_flights", flights(("XY100", "2024-05-19")), said, SEEN) == []


@pytest.mark.parametrize(
    "said", ["Move AB12CD please.", "The day before, please.", "two days later", "on the 20th", "Friday", "19 bags"]
)
def test_a_day_that_nobody_meant_is_not_known(airline: Domain, said: str) -> None:
    found = unknown(airline, "update_reservation_flights", flights(("XY100", "2024-05-19")), said, SEEN)
    assert found == ["flights[0].date"]


def booking(*amounts: float, insurance: str = "no", people: int = 1, bags: int = 0) -> dict[str, Any]:
    methods = ("gift_card_1", "gift_card_2", "credit_card_5")
    return {
        "user_id": "ada_quill_1",
        "origin": "JFK",
        "destination": "SEA",
        "flight_type": "one_way",
        "cabin": "economy",
        "flights": [{"flight_number": number, "date": "2024-05-20"} for number in ("XY100", "XY200")],
        "passengers": [{"first_name": "Ada", "last_name": "Quill", "dob": "1980-01-02"}] * people,
        "payment_methods": [{"payment_id": methods[i], "amount": amount} for i, amount in enumerate(amounts)],
        "total_baggages": bags,
        "nonfree_baggages": bags,
        "insurance": insurance,
    }


def offered(number: str, origin: str, economy: int, business: int) -> dict[str, Any]:
    prices = {"economy": economy, "business": business}
    return {"flight_number": number, "origin": origin, "destination": "SEA", "available_seats": {"economy": 17},
            "prices": prices}  # fmt: skip


WISH = "I am Ada Quill and want to fly on May 20"
METHODS = {
    "gift_card_1": {"id": "gift_card_1", "amount": 100},
    "gift_card_2": {"id": "gift_card_2", "amount": 71},
    "credit_card_5": {"id": "credit_card_5"},
}
PROFILE = (
    "get_user_details",
    {"user_id": "ada_quill_1"},
    {"user_id": "ada_quill_1", "name": "Ada Quill", "payment_methods": METHODS, "dob": "1980-01-02"},
)
OFFERS = ("search_onestop_flight", {"origin": "JFK", "destination": "SEA", "date": "2024-05-20"},
          [[offered("XY100", "JFK", 123, 410), offered("XY200", "DEN", 167, 520)]])  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (booking(290), "the sum of the flights"),
        (booking(580, people=2), "for two"),
        (booking(640, people=2, insurance="yes"), "and their insurance"),
        (booking(390, bags=2), "and two bags"),
        (booking(100, 71, 119), "what is left when both gift cards are used up"),
        (booking(145, 145), "shared out"),
    ],
)
def test_amounts_that_are_reckoned_from_the_chosen_flights_are_known(
    airline: Domain, arguments: dict[str, Any], why: str
) -> None:
    assert unknown(airline, "book_reservation", arguments, WISH, PROFILE, OFFERS) == [], why


@pytest.mark.parametrize(
    "arguments",
    [booking(291), booking(500), booking(320), booking(289, people=2), booking(100, 190.5), booking(930 + 1)],
)
def test_amounts_that_follow_from_nothing_are_unknown(airline: Domain, arguments: dict[str, Any]) -> None:
    found = unknown(airline, "book_reservation", arguments, WISH, PROFILE, OFFERS)
    assert found == [f"payment_methods[{len(arguments['payment_methods']) - 1}].amount"]


def test_what_the_agent_told_is_known_once_the_user_agrees_but_no_id_is(airline: Domain) -> None:
    told = ("agent", "It will be $1,234 for XY777 on May 20, paid with credit_card_9. Do you agree?")
    arguments = {**booking(1234), "flights": [{"flight_number": "XY777", "date": "2024-05-20"}]}
    agreed = unknown(airline, "book_reservation", arguments, PROFILE, told, "Yes, please.", OFFERS)
    assert agreed == ["flights[0].flight_number"]
    refused = unknown(airline, "book_reservation", arguments, PROFILE, told, "No, that is too much.", OFFERS)
    assert set(refused) == {"flights[0].flight_number", "flights[0].date", "payment_methods[0].amount"}


def test_a_calculator_makes_no_amount_known_that_was_fed_with_guesses(airline: Domain) -> None:
    honest = ("calculate", {"expression": "123 + 167 + 30"}, "320.0")
    guess = ("calculate", {"expression": "300 + 20"}, "320.0")
    assert unknown(airline, "book_reservation", booking(320), WISH, PROFILE, OFFERS, honest) == []
    assert unknown(airline, "book_reservation", booking(320), WISH, PROFILE, OFFERS, guess) != []


def test_the_policys_own_amounts_are_known_when_they_are_due(airline: Domain) -> None:
    trip = ("get_reservation_details", {"reservation_id": "AB12CD"}, {"reservation_id": "AB12CD", "passengers": [1, 2],
            "price": 100})  # fmt: skip
    late = ("get_flight_status", {"flight_number": "XY100", "date": "2024-05-15"}, "delayed")

    def certificate(amount: int, *turns: Any) -> list[str]:
        arguments = {"user_id": "ada_quill_1", "amount": amount}
        return unknown(airline, "send_certificate", arguments, "I am ada_quill_1", *turns)

    assert certificate(100, trip, late) == []
    assert certificate(200, trip, late) == ["amount"]
    assert certificate(100, trip) == ["amount"], "that some price is 100 makes no certificate of 100"
    assert certificate(100, ("agent", "I can offer a certificate of $100. Shall I?"), "Yes please") == []


ADDRESS = {"order_id": "#W1000001", "address1": "12 Fern Road", "address2": "Apartment 4", "city": "Albany",
           "state": "NY", "country": "USA", "zip": "12201"}  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        ["Send #W1000001 to 12 Fern Rd, Apt 4, Albany, NY 12201"],
        ["#W1000001 goes to Fern Road 12, Albany, New York, 12201", "It is apartment 4"],
        ["To 14 Fern Road in Albany, NY 12201, #W1000001", "Sorry, not 14 but number 12. And the apartment is 4."],
    ],
)
def test_an_address_is_put_together_from_what_was_said(retail: Domain, said: list[str]) -> None:
    assert unknown(retail, "modify_pending_order_address", ADDRESS, *said) == []


def test_an_address_that_was_not_said_is_unknown(retail: Domain) -> None:
    found = unknown(retail, "modify_pending_order_address", ADDRESS, "Send #W1000001 to Oak Road, Albany, NY 12201")
    assert found == ["address1", "address2"]
    abroad = {**ADDRESS, "country": "Canada"}
    found = unknown(
        retail, "modify_pending_order_address", abroad, "#W1000001 to 12 Fern Road, Apartment 4, Albany NY 12201"
    )
    assert found == ["country"]


@pytest.mark.parametrize(
    ("reason", "said", "known"),
    [
        ("no longer needed", "I changed my mind about #W1000001.", True),
        ("no longer needed", "I don't need #W1000001 any more", True),
        ("ordered by mistake", "I bought #W1000001 by accident", True),
        ("ordered by mistake", "I changed my mind about #W1000001.", False),
        ("no longer needed", "Please cancel #W1000001 now.", False),
    ],
)
def test_a_reason_is_the_users_in_whatever_words(retail: Domain, reason: str, said: str, known: bool) -> None:
    arguments = {"order_id": "#W1000001", "reason": reason}
    assert unknown(retail, "cancel_pending_order", arguments, said) == ([] if known else ["reason"])


def test_a_reason_that_a_tool_showed_or_that_was_one_of_several_is_not_the_users(retail: Domain) -> None:
    arguments = {"order_id": "#W1000001", "reason": "no longer needed"}
    other = ("get_order_details", {"order_id": "#W2"}, {"order_id": "#W2", "cancel_reason": "no longer needed"})
    ask = "Is it no longer needed, or was it ordered by mistake? Shall I cancel it?"
    asked = unknown(
        retail, "cancel_pending_order", arguments, "Cancel #W1000001", other, ("agent", ask), "Yes, cancel it."
    )
    assert asked == ["reason"]
    told = ("agent", "I will cancel it as no longer needed. Do you agree?")
    assert unknown(retail, "cancel_pending_order", arguments, "Cancel #W1000001", told, "Yes.") == []


def test_what_the_users_own_tools_show_is_not_known_to_the_agent(retail: Domain) -> None:
    messages: list[Message] = [
        UserMessage(None, (make_call("u", "look_at_label", {}),)),
        ToolMessage("u", "order #W1000001, no longer needed", requestor="user"),
        UserMessage("I see it, no longer needed."),
    ]
    know = Knowledge(messages, retail)
    know.until(3)
    found = unknown_arguments(
        "cancel_pending_order", {"order_id": "#W1000001", "reason": "no longer needed"}, know, retail
    )
    assert found == ["order_id='#W1000001'"]


@given(st.text(alphabet="0123456789 -/.,maytoand", max_size=60))
def test_days_are_read_from_any_text(text: str) -> None:
    assert all(1 <= month <= 12 and 1 <= day <= 31 for _, month, day in days_in(text))


@pytest.mark.parametrize(
    "text", ["1/" * 20_000, "may 1, 2, 3, " * 4_000, "1 " * 20_000, "." * 20_000, "12 to " * 5_000]
)
def test_hostile_texts_are_read_in_linear_time(text: str) -> None:
    start = time.process_time()
    days_in(text)
    days_away(text)
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("value", "said", "known"),
    [
        ("17:00", "Come at 5 pm", True),
        ("17:00", "um 17 Uhr bitte", True),
        ("12:00:00", "at noon", True),
        ("17:00", "Come at 5 am", False),
        ("2024-05-20T17:00:00", "May 20, 5:00 p.m.", True),
        ("2024-05-20T17:00:00", "May 21, 5:00 p.m.", False),
        ("$1,200.00", "It cost 1200 dollars", True),
        ("$1,200.00", "It cost 120 dollars", False),
        ("ada.quill@example.com", "ada dot quill at example dot com", True),
        ("ada.quill@example.com", "ada dot quilt at example dot com", False),
        ("5551234567", "My number is (555) 123-4567", True),
        ("urgent", "please hurry", True),
        ("critical", "please hurry", False),
        ("The customer waits for parcel 4711 since May 3 and is angry about it", "parcel 4711", True),
        ("The customer waits for parcel 4712 since May 3 and is angry about it", "parcel 4711", False),
    ],
)
def test_values_of_any_tool_are_known_by_the_forms_that_people_use(value: str, said: str, known: bool) -> None:
    told = {"type": "string", "description": "How much it matters: 'urgent' or 'later', or a text."}
    schema = {"name": "note", "parameters": {"type": "object", "properties": {"value": told}}}
    row = Foreign(id="x", format="chat", messages=(), tools=({"type": "function", "function": schema},))
    domain, _ = domain_for(row, None, ["note"])
    assert (unknown(domain, "note", {"value": value}, said) == []) is known
