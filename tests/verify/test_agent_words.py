"""The agent's own words: what is marred is named by its reason, and what is only an agent's way of talking is not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.agent_texts import HARMLESS, MARRED
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.core.trajectory import Finding
from writ_async.verify.agent_words import agent_word_findings
from writ_async.verify.reasons import Reason

ASKED = "Hello there, I would like to send back the lamp that I bought from you, and could you also tell me the price?"
ORDER = {"order_id": "#W7100001"}
CANCEL = make_call("c", "cancel_pending_order", {**ORDER, "reason": "no longer needed"})
LOOK = make_call("r", "get_order_details", ORDER)


def judged(domain: Domain, *messages: Message) -> list[Finding]:
    return agent_word_findings([UserMessage(ASKED), *messages], domain)


def reasons(domain: Domain, *messages: Message) -> set[str]:
    return {finding.reason for finding in judged(domain, *messages)}


@pytest.mark.parametrize(("reason", "text"), MARRED)
def test_a_marred_text_is_named_by_its_reason(retail: Domain, reason: Reason, text: str) -> None:
    found = judged(retail, AssistantMessage(text))
    assert reason in {finding.reason for finding in found}, found
    assert all(finding.message == 1 and finding.severity in ("turn", "error") for finding in found)


@pytest.mark.parametrize("text", HARMLESS)
def test_an_agents_way_of_talking_is_not_named(retail: Domain, text: str) -> None:
    assert judged(retail, AssistantMessage(text)) == []


EARLY = [
    "I have cancelled your order.",
    "I've now cancelled order #W7100001 for you.",
    "Your order has been cancelled. Is there anything else?",
    "The cancellation is complete.",
    "All done!",
    "Your order #W7100001 is now cancelled and the money is on its way.",
    "I cancelled it. You will have your money soon.",
    "I have processed your request.",
]
NOT_EARLY = [
    "I will cancel your order now.",
    "Let me cancel that for you.",
    "Thank you for confirming. Cancelling order #W7100001 now.",
    "I am going to cancel the order; once it has been cancelled you will get an email.",
    "I made a mistake before, let me put it right.",
    "Has the other order been cancelled? I shall look after this one.",
    "I have not cancelled anything yet; I do so now.",
    "You asked to have it cancelled, so here I go.",
    "I have noted your reason. One moment.",
]


@pytest.mark.parametrize("text", EARLY)
def test_work_that_a_call_has_yet_to_do_must_not_be_told_as_done(retail: Domain, text: str) -> None:
    (finding,) = judged(retail, AssistantMessage(text, (CANCEL,)), ToolMessage("c", "{}"))
    assert (finding.reason, finding.message, finding.call) == (Reason.EARLY_CLAIM, 1, 0)


@pytest.mark.parametrize("text", NOT_EARLY)
def test_what_a_call_is_about_to_do_may_be_told(retail: Domain, text: str) -> None:
    assert judged(retail, AssistantMessage(text, (CANCEL,)), ToolMessage("c", "{}")) == []


def test_what_an_earlier_call_has_done_may_be_told_but_not_for_another_order(retail: Domain) -> None:
    other = make_call("d", "cancel_pending_order", {"order_id": "#W7100002", "reason": "no longer needed"})
    before: list[Message] = [AssistantMessage(None, (CANCEL,)), ToolMessage("c", "{}")]
    fine = AssistantMessage("I have cancelled order #W7100001. Now the other one.", (other,))
    early = AssistantMessage("I have cancelled order #W7100002 as well.", (other,))
    assert judged(retail, *before, fine, ToolMessage("d", "{}")) == []
    assert reasons(retail, *before, early, ToolMessage("d", "{}")) == {Reason.EARLY_CLAIM}
    refused: list[Message] = [AssistantMessage(None, (CANCEL,)), ToolMessage("c", "Error: no", True)]
    assert reasons(retail, *refused, fine, ToolMessage("d", "{}")) == {Reason.EARLY_CLAIM}


def test_nothing_is_found_before_the_first_look(retail: Domain) -> None:
    said = AssistantMessage("I have looked up your order.", (LOOK,))
    assert reasons(retail, said, ToolMessage("r", "{}")) == {Reason.EARLY_CLAIM}
    before: list[Message] = [AssistantMessage(None, (LOOK,)), ToolMessage("r", "{}")]
    assert judged(retail, *before, said, ToolMessage("r", "{}")) == []


@pytest.mark.parametrize(
    ("between", "named"),
    [
        ("My zip code is 12345.", True),
        ("Yes, please.", True),
        ("Sorry, could you say that again?", False),
        ("What?", False),
        ("Please repeat the prices.", False),
        (ASKED, False),
    ],
)
def test_the_same_again_needs_a_reason(retail: Domain, between: str, named: bool) -> None:
    said = AssistantMessage("The desk lamp is $12 and the floor lamp is $40. Which one shall I send back?")
    found = judged(retail, said, UserMessage(between), said)
    assert [(item.reason, item.message) for item in found] == ([(Reason.REPEATED_MESSAGE, 3)] if named else [])


def test_a_courtesy_may_be_answered_as_often_as_it_is_said(retail: Domain) -> None:
    bye = AssistantMessage("You're welcome! Have a great day!")
    assert judged(retail, bye, UserMessage("Thanks, you too!"), bye) == []


def test_a_customer_is_answered_in_their_own_language(retail: Domain) -> None:
    spanish = "Hola, quiero devolver el pedido que tengo, por favor, y para una lámpara que está rota, gracias."
    answer = "Claro, puede devolver el pedido por correo y para su lámpara lo más rápido, está en su cuenta, gracias."
    assert agent_word_findings([UserMessage(spanish), AssistantMessage(answer)], retail) == []
    english = AssistantMessage("Of course, you can send the lamp back with the label that is in the box for you.")
    found = agent_word_findings([UserMessage(spanish), english], retail)
    assert [finding.reason for finding in found] == [Reason.OTHER_LANGUAGE]
    chinese: list[Message] = [UserMessage("我想取消订单"), AssistantMessage("好的，请告诉我订单号。")]
    assert agent_word_findings(chinese, retail) == []


def test_a_result_that_a_tool_gave_and_letters_that_it_showed_are_not_made_up(retail: Domain) -> None:
    told = '{"status": "success", "name": "東京 lamp"}'
    looked: list[Message] = [AssistantMessage(None, (LOOK,)), ToolMessage("r", told)]
    assert judged(retail, *looked, AssistantMessage(told)) == []
    assert judged(retail, *looked, AssistantMessage("It is the 東京 lamp.")) == []
    assert reasons(retail, AssistantMessage("It is the 東京 lamp.")) == {Reason.OTHER_LANGUAGE}


@given(st.text(alphabet=st.sampled_from("<>|[]{}():\"\n'.`* aAuserthinknam_-中é"), max_size=300))
def test_any_text_is_judged_without_an_error(retail: Domain, text: str) -> None:
    for finding in judged(retail, AssistantMessage(text), UserMessage(text), AssistantMessage(text, (CANCEL,))):
        assert finding.detail
        assert len(finding.detail) <= 100


HOSTILE = [
    ".",
    "[",
    "{",
    " ",
    "\n",
    "<",
    "<|",
    '{"a":',
    "(",
    "`",
    "a",
    "user: ",
    "\nuser:",
    "the user ",
    "a.",
    "中 ",
    "<s>",
]


@pytest.mark.parametrize("piece", [*HOSTILE, "i have ", "get_order_details", "tool:", "action:", '{"name": "', "ok, "])
def test_hostile_texts_cost_no_more_than_their_length(retail: Domain, piece: str) -> None:
    def cost(size: int) -> float:
        text = (piece * size)[:size]
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            judged(retail, AssistantMessage(text, (CANCEL,)), ToolMessage("c", text), AssistantMessage(text))
            best = min(best, time.process_time() - start)
        return best

    assert cost(20_000) < 12 * cost(2_500) + 0.02


EVERY_TOOL = [
    ("exchange_delivered_order_items", "I've exchanged the lamp for the bigger one.", True),
    ("exchange_delivered_order_items", "Your exchange request has been submitted.", True),
    ("return_delivered_order_items", "Your return has been initiated. You will get an email.", True),
    ("modify_pending_order_address", "Great, I've changed your address to 5 Elm Road.", True),
    ("modify_pending_order_items", "The changes have been made to your order.", True),
    ("modify_user_address", "Done! Your default address is now updated.", True),
    ("get_user_details", "I've found your account.", True),
    ("exchange_delivered_order_items", "Thank you for confirming. I'll now exchange the lamp.", False),
    ("return_delivered_order_items", "You have confirmed the return, so let me submit it.", False),
    ("modify_pending_order_items", "You changed your mind about the colour, no problem.", False),
    ("cancel_pending_order", "I have verified your identity. Now I will cancel the order.", False),
    ("cancel_pending_order", "Your order was placed yesterday, so it can be cancelled.", False),
    ("get_order_details", "I found it frustrating too! Let me check.", False),
    ("get_order_details", "Let me check what I can find.", False),
    ("transfer_to_human_agents", "I am transferring you to a human agent.", False),
]


@pytest.mark.parametrize(("tool", "text", "early"), EVERY_TOOL)
def test_a_claim_belongs_to_the_tool_that_does_the_work(retail: Domain, tool: str, text: str, early: bool) -> None:
    found = judged(retail, AssistantMessage(text, (make_call("c", tool, ORDER),)), ToolMessage("c", "{}"))
    assert [finding.reason for finding in found] == [Reason.EARLY_CLAIM] * early


def test_only_an_agent_that_may_end_the_conversation_writes_the_token_for_it(retail: Domain) -> None:
    messages: list[Message] = [UserMessage(ASKED), AssistantMessage("That is all. ###STOP###")]
    assert [finding.reason for finding in agent_word_findings(messages, retail)] == [Reason.FOREIGN_ROLE]
    assert agent_word_findings(messages, retail, may_stop=True) == []
