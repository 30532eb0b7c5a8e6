"""What is said of a record in words, of its price, its times and its place, is held against what the record shows."""

from __future__ import annotations

from functools import cache

import msgspec
import pytest

from bench.planted_claims import Conversation, measure, scripted
from tests.verify.test_claims import talk
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.core.record_facts import RecordFacts
from writ_async.verify.claims import claim_findings

USER = (
    '{"user_id": "ann_lee_1234", "membership": "silver", "payment_methods": {"gift_card_7654321": {"source":'
    ' "gift_card", "id": "gift_card_7654321", "amount": 120.0}}, "reservations": ["ABCDEF", "4XGCCM"]}'
)
RESERVATION = (
    '{"reservation_id": "ABCDEF", "user_id": "ann_lee_1234", "cabin": "economy", "flights": [{"flight_number":'
    ' "HAT101", "date": "2024-05-20", "price": 130}, {"flight_number": "HAT102", "date": "2024-05-22", "price": 95}],'
    ' "passengers": [{"first_name": "Ann", "last_name": "Lee", "dob": "1980-01-02"},'
    ' {"first_name": "Bo", "last_name": "Lee", "dob": "1982-01-02"}],'
    ' "payment_history": [{"payment_id": "gift_card_7654321", "amount": 450}], "total_baggages": 3,'
    ' "insurance": "no", "status": null}'
)
FLIGHTS = (
    '[{"flight_number": "HAT201", "origin": "JFK", "destination": "SEA", "status": "available",'
    ' "scheduled_departure_time_est": "06:00:00", "scheduled_arrival_time_est": "12:00:00", "available_seats":'
    ' {"basic_economy": 16, "economy": 8, "business": 5}, "prices": {"basic_economy": 61, "economy": 143, "business":'
    ' 377}}, {"flight_number": "HAT202", "origin": "JFK", "destination": "SEA", "status": "available",'
    ' "scheduled_departure_time_est": "20:00:00", "scheduled_arrival_time_est": "23:30:00", "available_seats":'
    ' {"basic_economy": 6, "economy": 18, "business": 3}, "prices": {"basic_economy": 77, "economy": 159, "business":'
    " 301}}]"
)


def fly(text: str, told: str = "Hi, I am ann_lee_1234.", *, looked: bool = True) -> tuple[Message, ...]:
    """A conversation about one reservation and two flights on offer, in which the agent then says a text."""
    calls = (
        make_call("c1", "get_user_details", {"user_id": "ann_lee_1234"}),
        make_call("c2", "get_reservation_details", {"reservation_id": "ABCDEF"}),
        make_call("c3", "search_direct_flight", {"origin": "JFK", "destination": "SEA", "date": "2024-05-23"}),
        make_call("c4", "get_flight_status", {"flight_number": "HAT101", "date": "2024-05-20"}),
    )
    results = (USER, RESERVATION, FLIGHTS, "delayed")
    shown: list[Message] = []
    for call, result in zip(calls, results, strict=True):
        shown += [AssistantMessage(None, (call,)), ToolMessage(call.id, result)]
    return (UserMessage(told), *(shown if looked else ()), AssistantMessage(text))


def fly_after(text: str, name: str, result: str) -> tuple[Message, ...]:
    """The same, with a call of a tool right before the text."""
    call = make_call("w", name, {"reservation_id": "ABCDEF"})
    *shown, said = fly(text)
    return (*shown, AssistantMessage(None, (call,)), ToolMessage("w", result), said)


@pytest.mark.parametrize(
    "text",
    [
        "Reservation ABCDEF is already cancelled.",
        "Reservation ABCDEF is in business class.",
        "- ABCDEF: basic economy",
        "Your reservation ABCDEF has travel insurance.",
        "Your booking ABCDEF is insured.",
        "You are a gold member.",
        "As a regular member, you have no free bags.",
        "Flight HAT101 is on time.",
        "Flight HAT101 was cancelled.",
        "Flight HAT201 leaves at 7:00 AM.",
        "HAT201 arrives at 23:30.",
        "The best of them departs at 9:15 am.",
        "You have 3 reservations on file.",
        "Reservation ABCDEF is for three passengers.",
        "There are 2 checked bags on reservation ABCDEF.",
        "Flight HAT201 costs $159 in economy.",
        "HAT202: $143",
        "The total of reservation ABCDEF is $452.",
        "You paid $225.50 for reservation ABCDEF.",
        "Your gift card has a balance of $130.",
        "There is $95 left on your gift card.",
        "A change fee of $75 applies.",
        "The baggage fee is $65.",
        "You will be refunded $437 for it.",
        "It goes to 12 Birchwood Road.",
        "| Flight | Price |\n| HAT201 | $286 |",
        "The prices:\n- ABCDEF: $143",
        "$143 ÷ 2 = $76.50 for each of you.",
        "What I see:\n- Flight HAT101 was cancelled",
    ],
)
def test_what_the_record_does_not_show_is_found(text: str, airline: Domain) -> None:
    found = claim_findings(fly(text), airline)
    assert found, text
    assert text.splitlines()[-1].rstrip(".") in found[0].detail


@pytest.mark.parametrize(
    "text",
    [
        "Reservation ABCDEF is in economy class and has no insurance.",
        "Your reservation ABCDEF does not have travel insurance.",
        "You are a silver member.",
        "As a silver member, you have one free bag.",
        "Gold members have more of them.",
        "If you were a gold member, it would be free.",
        "Are you a gold member?",
        "I can upgrade reservation ABCDEF to business class.",
        "Once reservation ABCDEF is cancelled, the money comes back.",
        "Flight HAT101 is delayed.",
        "Flight HAT201 leaves at 6:00 AM and arrives at noon, 12:00 PM.",
        "HAT202 departs at 8 pm.",
        "Please be there two hours before, so by 4:00.",
        "You have 2 reservations on file.",
        "Reservation ABCDEF has 2 passengers and 3 bags.",
        "You may add 2 bags to reservation ABCDEF.",
        "Reservation ABCDEF includes 1 passenger who is a child.",
        "Flight HAT201 costs $143 in economy, or $286 for both passengers.",
        "HAT201 is $61 in basic economy.",
        "The total of reservation ABCDEF is $450.",
        "After the change to HAT202, ABCDEF comes to $318 in total.",
        "What the cheapest alternative to reservation ABCDEF costs: $143.",
        "Your gift card has a balance of $120.",
        "The baggage fee is $100 for two bags.",
        "There is no $75 change fee.",
        "You will be refunded $450 for it.",
        "| Flight | Price for 2 passengers |\n| HAT201 | $286 |",
        "How it is paid:\n- ABCDEF ($143): Visa ($143)",
        "The additional charges:\n- ABCDEF: $143",
        "$143 ÷ 2 = $71.50 for each of you.",
        "| HAT201 ($143) 6am-12pm | HAT202 ($159) 8pm-11:30pm |",
        "I can only do that if:\n- your flight was cancelled, or\n- your trip was booked today",
        "It needs one of the following conditions:\n* it is business and the flight has been cancelled, or\n* more",
    ],
)
def test_what_it_shows_may_be_said(text: str, airline: Domain) -> None:
    assert claim_findings(fly(text), airline) == []


@pytest.mark.parametrize(
    "text", ["Your reservation is now all set!", "Reservation ABCDEF is now set with two bags more."]
)
def test_what_is_all_set_rests_on_any_write(text: str, airline: Domain) -> None:
    assert claim_findings(fly_after(text, "update_reservation_baggages", RESERVATION), airline) == []
    assert claim_findings(fly(text), airline)


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("I've added HAT101 to the list of what you give back. Is that all?", True),
        ("I have updated the exchange request to hold one thing alone:\n- HAT101\nPlease confirm.", True),
        ("I have added a gift of $40 to your profile. Is that all?", False),
        ("I have updated the exchange request, and all is done.", False),
    ],
)
def test_what_is_put_down_to_be_agreed_to_is_no_deed(text: str, true: bool, airline: Domain) -> None:
    assert (claim_findings(fly(text), airline) == []) is true


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("The refund of $450 has been added to your gift card.", True),
        ("The status of it is no longer 'booked'; it has been updated to 'cancelled'.", True),
        ("A lounge pass has been added to your profile.", False),
    ],
)
def test_what_came_of_a_write_may_be_told(text: str, true: bool, airline: Domain) -> None:
    done = fly_after(text, "cancel_reservation", RESERVATION.replace("null", '"cancelled"'))
    assert (claim_findings(done, airline) == []) is true
    assert claim_findings(fly(text), airline)


@pytest.mark.parametrize(
    "text",
    [
        "I have transferred you to a human agent and included all the details of your trip.",
        "A human agent has been notified, and will be with you shortly.",
    ],
)
def test_who_takes_over_was_told_by_the_call_that_hands_over(text: str, airline: Domain) -> None:
    assert claim_findings(fly_after(text, airline.hand_over_tool, "Transfer successful"), airline) == []
    assert claim_findings(fly(text), airline)


def test_a_word_of_the_sentence_before_makes_no_amount_a_rough_one(airline: Domain) -> None:
    assert claim_findings(fly("Is there more that you want from me? A change fee of $75 applies."), airline)
    assert claim_findings(fly("There are change fees from $75 on."), airline) == []


def test_the_end_of_an_id_is_no_time_of_day(airline: Domain) -> None:
    assert not any("time" in found.detail for found in claim_findings(fly("I am to look at FVX7PM."), airline))
    assert any("time" in found.detail for found in claim_findings(fly("I see that it leaves at 7PM."), airline))


def test_who_has_looked_nothing_up_knows_no_membership(airline: Domain) -> None:
    text = "As a gold member, you have three free bags."
    assert "nothing shows" in claim_findings(fly(text, looked=False), airline)[0].detail
    assert claim_findings(fly(text, "I am a gold member.", looked=False), airline) == []


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("Order #W1111111 is delivered.", False),
        ("Your order #W1111111 has been processed.", False),
        ("I see your delivered order #W1111111.", False),
        ("Order #W1111111 is pending.", True),
        ("You have one pending order, #W1111111.", True),
        ("The request for order #W1111111 has not been processed.", True),
        ("Delivered orders can be returned.", True),
        ("Order #W1111111 contains 3 items.", False),
        ("Order #W1111111 contains 2 items.", True),
        ("Order #W1111111 has 1 item that can be changed.", True),
        ("Order #W1111111 comes to $200.75 in total.", False),
        ("The total of order #W1111111 is $199.75.", True),
        ("A restocking fee of $15 applies.", False),
    ],
)
def test_orders_are_held_to_what_was_shown_of_them(text: str, true: bool, retail: Domain) -> None:
    assert (claim_findings(talk(text), retail) == []) is true


@pytest.mark.parametrize(
    "text", ["You are a gold member.", "Flight HAT101 is on time.", "A change fee of $75 applies."]
)
def test_nothing_is_held_against_who_declares_nothing(text: str, airline: Domain) -> None:
    assert claim_findings(fly(text), msgspec.structs.replace(airline, facts=RecordFacts())) == []


@cache
def rows() -> list[Conversation]:
    return scripted(24, 3)


def test_what_is_so_is_not_named() -> None:
    scores, wrongly = measure(rows(), 12, 3, "both", so=True)
    assert sum(item.judged for item in scores) > 150
    assert wrongly == []


def test_wrong_claims_of_all_kinds_are_named() -> None:
    scores, missed = measure(rows(), 6, 3, "both")
    judged = sum(item.judged for item in scores)
    assert min(item.judged for item in scores) > 0
    assert judged > 200
    assert sum(item.named for item in scores) >= 0.95 * judged, missed
