"""Was the write laid out, and did the user say yes?"""

from __future__ import annotations

import json

import pytest

from writ_async.conversation.calls import executed_calls
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.verify.confirming import Dialogue

CANCEL = ("cancel_pending_order", {"order_id": "#W1234567", "reason": "no longer needed"})
OTHER = ("cancel_pending_order", {"order_id": "#W7654321", "reason": "no longer needed"})
PAYMENT = ("modify_pending_order_payment", {"order_id": "#W1234567", "payment_method_id": "credit_card_55"})
ASK = AssistantMessage("I will cancel order #W1234567, because it is no longer needed. Shall I go ahead?")


def made(call_id: str, call: tuple[str, dict[str, str]], result: str = "done", error: bool = False) -> list[Message]:
    return [AssistantMessage(None, (make_call(call_id, *call),)), ToolMessage(call_id, result, error)]


def unconfirmed(messages: list[Message], domain: Domain) -> list[str]:
    calls = [call for call in executed_calls(messages, domain.tools) if call.kind == "write"]
    dialogue = Dialogue(messages, calls, domain)
    return [dialogue.confirmation(call).wanting for call in calls]


@pytest.mark.parametrize(
    "reply",
    [
        *("Yes.", "yes", "Y", "yep!", "Sure, go ahead.", "ok", "Please do.", "That works for me", "Sounds good.", "👍"),
        *(
            "No problem, go ahead.",
            "Perfect, do it.",
            "Let's do it.",
            "I confirm",
            "Oui, merci",
            "Fine by me.",
            "Correct",
        ),
        "Yes, and by the way, how late are you open?",
    ],
)
def test_many_ways_to_say_yes(retail: Domain, reply: str) -> None:
    assert unconfirmed([UserMessage("hi"), ASK, UserMessage(reply), *made("a", CANCEL)], retail) == [""]


@pytest.mark.parametrize(
    "reply", ["No.", "no, don't", "Wait, which order?", "Hold on", "Not yet", "Which card was it?", "Nope", "Don't."]
)
def test_and_to_say_something_else(retail: Domain, reply: str) -> None:
    talk = [UserMessage("hi"), ASK, UserMessage(reply), *made("a", CANCEL)]
    (found,) = unconfirmed(talk, retail)
    assert found.startswith(("the user had said no", "the user had held it back", "the user had only asked"))


def test_a_write_that_nobody_asked_about_is_unconfirmed(retail: Domain) -> None:
    request = UserMessage("Yes hello, please cancel order #W1234567, it is no longer needed")
    assert unconfirmed([request, *made("a", CANCEL)], retail) == ["the agent had not asked"]
    talk: list[Message] = [AssistantMessage("Hi! How can I help you?"), request, *made("a", CANCEL)]
    assert unconfirmed(talk, retail) == ["the agent had not named cancel pending order"]
    assert unconfirmed(made("a", CANCEL), retail) == ["the user had said nothing"]


def test_what_is_listed_must_be_the_write(retail: Domain) -> None:
    ask = AssistantMessage("I will return your lamp. Is that right?")
    (found,) = unconfirmed([UserMessage("hi"), ask, UserMessage("yes"), *made("a", CANCEL)], retail)
    assert found == "the agent had not named cancel pending order"


def test_one_yes_may_confirm_several_writes_that_were_listed(retail: Domain) -> None:
    ask = AssistantMessage("I cancel #W1234567 and #W7654321, as they are no longer needed. OK?")
    talk = [UserMessage("hi"), ask, UserMessage("yes"), *made("a", CANCEL), *made("b", OTHER)]
    assert unconfirmed(talk, retail) == ["", ""]


def test_a_yes_to_one_write_is_none_to_another(retail: Domain) -> None:
    talk = [UserMessage("hi"), ASK, UserMessage("yes"), *made("a", CANCEL), *made("b", OTHER)]
    assert unconfirmed(talk, retail) == ["", "the agent had not named cancel pending order"]
    again = [UserMessage("hi"), ASK, UserMessage("yes"), *made("a", CANCEL), *made("b", CANCEL)]
    assert unconfirmed(again, retail) == ["", "the yes was given to an earlier write"]
    paid = [UserMessage("hi"), ASK, UserMessage("yes"), *made("a", CANCEL), *made("b", PAYMENT)]
    assert unconfirmed(paid, retail) == ["", "the agent had not named modify pending order payment"]


def test_a_plain_description_stands_for_an_id(retail: Domain) -> None:
    profile = json.dumps({"payment_methods": {"credit_card_55": {"source": "credit_card", "last_four": "4321"}}})
    ask = AssistantMessage("Then the order will be paid with the card ending in 4321. Do you agree?")
    read = made("r", ("get_user_details", {"user_id": "u"}), profile)
    talk = [UserMessage("hi"), *read, ask, UserMessage("yes"), *made("a", PAYMENT)]
    assert unconfirmed(talk, retail) == [""]


def test_details_may_be_listed_before_the_question(retail: Domain) -> None:
    talk = [
        UserMessage("hi"),
        AssistantMessage("Order #W1234567 can be cancelled as no longer needed."),
        UserMessage("And the refund?"),
        AssistantMessage("That takes five days. Shall I go ahead?"),
        UserMessage("Yes please"),
        *made("a", CANCEL),
    ]
    assert unconfirmed(talk, retail) == [""]
