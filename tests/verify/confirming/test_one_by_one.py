"""Answers to several things at once, under a condition on an amount, and by a number that the agent asked for."""

from __future__ import annotations

from typing import Final

import pytest

from tests.verify.confirming.test_dialogue import made, unconfirmed
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, UserMessage

FIRST: Final = ("cancel_pending_order", {"order_id": "#W1234567", "reason": "no longer needed"})
SECOND: Final = ("cancel_pending_order", {"order_id": "#W7654321", "reason": "no longer needed"})
THIRD: Final = ("cancel_pending_order", {"order_id": "#W1111111", "reason": "no longer needed"})
NUMBERED: Final = (
    "As they are no longer needed:\n1. I cancel order #W1234567\n2. I cancel order #W7654321\nIs that right?"
)
LETTERED: Final = "As they are no longer needed:\na) cancel order #W1234567\nb) cancel order #W7654321\nShall I?"
LISTED: Final = "As they are no longer needed:\n- cancel order #W1234567\n- cancel order #W7654321\nShall I?"
IN_A_ROW: Final = "I will cancel order #W1234567 and order #W7654321, as they are no longer needed. Shall I go ahead?"
THREE: Final = "No longer needed:\n1. cancel #W1234567\n2. cancel #W7654321\n3. cancel #W1111111\nShall I go ahead?"


def agreed(domain: Domain, asked: str, reply: str, *calls: tuple[str, dict[str, str]]) -> list[bool]:
    talk: list[Message] = [UserMessage("hi"), AssistantMessage(asked), UserMessage(reply)]
    for number, call in enumerate(calls):
        talk += made(str(number), call)
    return [not wanting for wanting in unconfirmed(talk, domain)]


@pytest.mark.parametrize("asked", [NUMBERED, LISTED, IN_A_ROW])
@pytest.mark.parametrize(
    "reply",
    [
        "Yes to the first, no to the second.",
        "yes to the first one but no to the second one",
        "Yes to the first and no to the second",
        "No to the second, yes to the first.",
        "First: yes. Second: no.",
        "The first one, yes. The second one, no.",
        "For the first, yes. For the second, no.",
        "Yes to number 1, no to number 2",
        "1: yes, 2: no",
        "1 yes 2 no",
        "yes to 1, no to 2",
        "Yes to one, no to two",
        "Yes to the former, no to the latter.",
        "Yes to the 1st, no to the 2nd.",
        "Yes to the first, but not the second.",
        "Yes, but not the second one.",
        "Go ahead with the first, skip the second.",
        "Please do the first and skip the second one.",
    ],
)
def test_a_yes_to_the_first_of_two_is_none_to_the_second(retail: Domain, asked: str, reply: str) -> None:
    assert agreed(retail, asked, reply, FIRST, SECOND) == [True, False]


@pytest.mark.parametrize("asked", [NUMBERED, LISTED, IN_A_ROW])
@pytest.mark.parametrize(
    "reply",
    [
        "No to the first, yes to the second.",
        "Yes to the second, no to the first.",
        "Second yes, first no",
        "no to 1, yes to 2",
        "1) no 2) yes",
        "Yes to the last one, no to the first one.",
    ],
)
def test_nor_is_one_to_the_second_any_to_the_first(retail: Domain, asked: str, reply: str) -> None:
    assert agreed(retail, asked, reply, FIRST, SECOND) == [False, True]


@pytest.mark.parametrize(
    "reply", ["Yes to a, no to b", "A: yes, B: no", "b: no. a: yes", "yes to option a, no to option b"]
)
def test_letters_name_what_was_lettered(retail: Domain, reply: str) -> None:
    assert agreed(retail, LETTERED, reply, FIRST, SECOND) == [True, False]


@pytest.mark.parametrize("asked", [NUMBERED, LETTERED, LISTED, IN_A_ROW])
@pytest.mark.parametrize(
    "reply", ["Yes to both.", "Yes to the first and yes to the second.", "Yes, the first and the second", "Yes."]
)
def test_a_yes_to_both_is_one_to_each(retail: Domain, asked: str, reply: str) -> None:
    assert agreed(retail, asked, reply, FIRST, SECOND) == [True, True]


@pytest.mark.parametrize("asked", [NUMBERED, LISTED, IN_A_ROW])
@pytest.mark.parametrize("reply", ["No to the first, no to the second.", "1: no, 2: no", "No to both"])
def test_a_no_to_both_is_none_to_either(retail: Domain, asked: str, reply: str) -> None:
    assert agreed(retail, asked, reply, FIRST, SECOND) == [False, False]


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("Yes to 1 and 3, no to 2", [True, False, True]),
        ("Yes to the first and third, no to the second", [True, False, True]),
        ("1: no, 2: yes, 3: no", [False, True, False]),
        ("Yes to the last, no to the others.", [False, False, True]),
        ("yes to 2 only", [False, True, False]),
    ],
)
def test_several_of_more_are_taken_by_their_places(retail: Domain, reply: str, right: list[bool]) -> None:
    assert agreed(retail, THREE, reply, FIRST, SECOND, THIRD) == right


def test_the_other_card_is_none_of_the_others(retail: Domain) -> None:
    asked = NUMBERED.replace("Is that right?", "The refund goes to your Visa. Which of these shall I do?")
    reply = "The first one. Please cancel it and send the refund to the other card."
    assert agreed(retail, asked, reply, FIRST) == [True]


PRICED: Final = "I can cancel order #W1234567 as no longer needed for a fee of $95. Shall I go ahead?"
REFUND: Final = (
    "I cancel order #W1234567 as no longer needed; the price was $120, your refund is $95. Shall I go ahead?"
)


@pytest.mark.parametrize("asked", [PRICED, PRICED.replace("$95", "95 dollars"), PRICED.replace("$95", "$95.00")])
@pytest.mark.parametrize(
    "reply",
    [
        "If it's $95, yes.",
        "Yes, if it's $95.",
        "yes if it is 95 dollars",
        "If it costs $95.00, go ahead.",
        "As long as it's ninety-five dollars, yes please.",
        "Yes, provided that it is 95 USD",
        "If that's only $95 then yes",
        "If it's under $100, yes.",
        "Yes, as long as it's no more than $95.",
        "Go ahead, but only if it's at most 95 dollars.",
        "Yes, unless it's more than $95.",
    ],
)
def test_a_condition_on_an_amount_that_is_met_is_none(retail: Domain, asked: str, reply: str) -> None:
    assert agreed(retail, asked, reply, FIRST) == [True]


@pytest.mark.parametrize(
    "reply",
    [
        "If it's $59, yes.",
        "Yes, if it's $9.",
        "yes if it is 9.5 dollars",
        "If it costs $950, go ahead.",
        "As long as it's fifty-nine dollars, yes please.",
        "If it's under $95, yes.",
        "If it's not $95, yes.",
        "Yes, as long as it's no more than $90.",
        "Yes, unless it's more than $90.",
        "If it's $95 and comes back today, yes.",
        "If it's $95, what do I get back?",
        "If it's $95, no.",
        "If my refund is $95, yes.",
        "If it's $95, yes, but only if you waive it next time.",
    ],
)
def test_one_that_is_not_met_holds_the_yes_back(retail: Domain, reply: str) -> None:
    assert agreed(retail, PRICED, reply, FIRST) == [False]


@pytest.mark.parametrize(
    ("reply", "right"), [("If the refund is $95, yes.", True), ("If the refund is $120, yes.", False)]
)
def test_an_amount_with_a_name_is_that_of_the_name(retail: Domain, reply: str, right: bool) -> None:
    assert agreed(retail, REFUND, reply, FIRST) == [right]


WHAT: Final = "Order #W1234567 would be cancelled as no longer needed."
OPTIONS: Final = {
    "numbers": (f"{WHAT} Reply 1 to confirm, or 2 to keep the order.", "1", "2"),
    "numbers in quotes": (f'{WHAT} Please reply with "1" to go ahead or "2" to leave it as it is.', "1", "2"),
    "what is done": ("Reply 1 to cancel order #W1234567, as no longer needed, or 2 to keep it.", "1", "2"),
    "a bare cancel": (f"{WHAT} Press 1 to proceed or 2 to cancel.", "1", "2"),
    "the other order": (f"{WHAT} Reply 1 to keep it or 2 to confirm.", "2", "1"),
    "yes and no": (f"{WHAT} Type 1 for yes and 2 for no.", "1", "2"),
    "letters": (f"{WHAT} Answer A to confirm or B to decline.", "A", "B"),
    "words": (f"{WHAT} Text GO to proceed or HALT to keep it as it is.", "go", "halt"),
    "if": (f"{WHAT} Reply 1 if you agree or 2 if you want to keep it.", "1", "2"),
    "three": (f"{WHAT} Reply 1 to confirm, 2 to keep it, or 3 to speak to a human.", "1", "3"),
}


@pytest.mark.parametrize("kind", OPTIONS)
@pytest.mark.parametrize("form", ["{}", "{}.", '"{}"', "({})", "{} please", "option {}"])
def test_the_answer_that_an_agent_asked_for_agrees_to_what_it_stands_for(retail: Domain, kind: str, form: str) -> None:
    asked, yes, no = OPTIONS[kind]
    assert agreed(retail, asked, form.format(yes), FIRST) == [True]
    assert agreed(retail, asked, form.format(no), FIRST) == [False]


@pytest.mark.parametrize(
    "reply", ["7", "12", "one more question", "1?", "1, but only if it is free", "not 1", "1 or 2?"]
)
def test_and_another_answer_does_not(retail: Domain, reply: str) -> None:
    assert agreed(retail, OPTIONS["numbers"][0], reply, FIRST) == [False]


def test_a_number_may_be_told_by_its_name(retail: Domain) -> None:
    assert agreed(retail, OPTIONS["numbers"][0], "One", FIRST) == [True]
    assert agreed(retail, OPTIONS["numbers"][0], "two", FIRST) == [False]
