"""The agent's own words: what is marred is named by its reason, and what is only an agent's way of talking is not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


MARRED: list[tuple[Reason, str]] = [
    (Reason.SPECIAL_TOKEN, "Your parcel is on its way.<|im_end|>"),
    (Reason.SPECIAL_TOKEN, "<|start_header_id|>assistant<|end_header_id|>\n\nGladly."),
    (Reason.SPECIAL_TOKEN, "That is settled.<|eot_id|>"),
    (Reason.SPECIAL_TOKEN, "[INST] I want it gone [/INST] Sure."),
    (Reason.SPECIAL_TOKEN, "It is done.<end_of_turn>\n<start_of_turn>user"),
    (Reason.SPECIAL_TOKEN, "<|channel|>final<|message|>Your lamp can go back."),
    (Reason.SPECIAL_TOKEN, "Gladly.<｜end▁of▁sentence｜>"),
    (Reason.SPECIAL_TOKEN, "It will arrive on Friday.</s>"),
    (Reason.SPECIAL_TOKEN, "<<SYS>>Be kind.<</SYS>> Hello."),
    (Reason.SPECIAL_TOKEN, "<|endoftext|>"),
    (Reason.FOREIGN_ROLE, "The lamp can go back.\n\nUser: Yes, please send me a label."),
    (Reason.FOREIGN_ROLE, "Shall I do it?\n**Customer:** yes"),
    (Reason.FOREIGN_ROLE, "Shall I do it?\nHuman: ok, go on"),
    (Reason.FOREIGN_ROLE, "Assistant: I can help you with that."),
    (Reason.FOREIGN_ROLE, "Agent: Sure, let us look at it."),
    (Reason.FOREIGN_ROLE, "It is on its way.assistant\n\nIs there more?"),
    (Reason.FOREIGN_ROLE, "Of course.\nuser\nthank you so much"),
    (Reason.FOREIGN_ROLE, "Good.\nSystem: You are an agent of a shop, be polite."),
    (Reason.INVENTED_RESULT, '<tool_response>\n{"found": 3}\n</tool_response>\nThere are three.'),
    (Reason.INVENTED_RESULT, 'Tool result: {"order": "open"}\nIt is open.'),
    (Reason.INVENTED_RESULT, "One moment.\nFunction output: the order is open"),
    (Reason.INVENTED_RESULT, "Observation: the lamp costs 12 dollars."),
    (Reason.INVENTED_RESULT, '{"status": "success", "order": "#W7100001"}'),
    (Reason.INVENTED_RESULT, 'I have asked.\n```json\n{"success": true}\n```'),
    (Reason.INVENTED_RESULT, "<function_results>open</function_results>"),
    (Reason.LEAKED_CALL, '{"name": "get_order_details", "arguments": {"order_id": "#W7100001"}}'),
    (Reason.LEAKED_CALL, 'Sure:\n```json\n{"name": "get_order_details", "parameters": {"order_id": "#W7100001"}}\n```'),
    (Reason.LEAKED_CALL, '<tool_call>\n{"name": "get_order_details", "arguments": {}}\n</tool_call>'),
    (Reason.LEAKED_CALL, "Let me look. get_order_details(order_id='#W7100001')"),
    (Reason.LEAKED_CALL, "<function=get_order_details>\n<parameter=order_id>\n#W7100001\n</parameter>\n</function>"),
    (Reason.LEAKED_CALL, 'get_order_details {"order_id": "#W7100001"}'),
    (Reason.LEAKED_CALL, "Action: get_order_details\nAction Input: #W7100001"),
    (Reason.LEAKED_CALL, "[get_order_details(order_id='#W7100001')]"),
    (Reason.LEAKED_THINKING, "<think>This one is difficult.</think>Gladly."),
    (Reason.LEAKED_THINKING, "Gladly.\n</think>\nIt can go back."),
    (Reason.LEAKED_THINKING, "Okay, the user wants to send a lamp back. I need to find the order first."),
    (Reason.LEAKED_THINKING, "The customer is asking about a price. I should look at the order."),
    (Reason.LEAKED_THINKING, "Let me think step by step. First comes the order, then the lamp."),
    (Reason.LEAKED_THINKING, "Hmm, I should check who this is before anything else. What is your email?"),
    (Reason.LEAKED_THINKING, "Since the user didn't give an email, their name has to do."),
    (Reason.LEAKED_THINKING, "Thought: this needs the order.\nWhat is your order number?"),
    (Reason.LEAKED_THINKING, "I should ask them for the email and then look."),
    (Reason.LEAKED_THINKING, "I need to call get_order_details with this number now."),
    (Reason.LEAKED_THINKING, "- User wants a refund\n- User has not said who they are\n\nWho are you, please?"),
    (Reason.LEAKED_THINKING, "We need to check the policy. User asks for the price of a lamp."),
    (Reason.LEAKED_THINKING, "[THINK]Is it open?[/THINK] It is open."),
    (Reason.EMPTY_MESSAGE, ""),
    (Reason.EMPTY_MESSAGE, " \n​ ... "),
    (
        Reason.OTHER_LANGUAGE,
        "Claro, puede devolver el pedido y para la lámpara no hay que pagar, está en su cuenta por favor.",
    ),
    (
        Reason.OTHER_LANGUAGE,
        "Natürlich, Sie können die Lampe mit dem Etikett zurück schicken und das Geld ist dann für Sie da.",
    ),
    (Reason.OTHER_LANGUAGE, "The lamp can 退回 within a month."),
    (Reason.OTHER_LANGUAGE, "Да, лампу можно вернуть."),
]

HARMLESS = [
    "Let me check that for you.",
    "Let me look into this. One moment, please!",
    "Okay, I can help you with that. What is your email?",
    "I need to verify your identity first. Could you tell me your zip code?",
    "I need to check the state of the other orders before we go on.",
    "I should be able to do that for you. Which lamp is it?",
    "Hmm, I could not find an order under that number. Could you look at it again?",
    "Wait, do you mean the desk lamp or the floor lamp?",
    "Let's go through this step by step. First, which order is it?",
    "I'll walk you through it step by step: choose a lamp, then tell me how to refund you.",
    "According to our policy, you have to tell me a reason for the cancellation.",
    "Under our policy, a refund goes to the original payment method or a gift card.",
    "As per policy, I must ask for your confirmation (yes/no).",
    "Please note that the user ID looks like name_name_1234.",
    "I found the user profile that belongs to this email.",
    "Your user account is in good order.",
    "Our customer service is open until ten.",
    "The customer support team will write to you within a day.",
    "A customer can exchange each item once.",
    "A refund is possible if the customer has kept the box.",
    "Each user may have several payment methods.",
    "Customer: Ann Lee\nOrder: #W7100001\nState: pending",
    "**Customer**: Ann Lee (ann_lee_1234)\n**Email**: ann@example.com",
    "User: ann_lee_1234",
    "User ID: ann_lee_1234",
    "System: Windows 11, 16 GB",
    "Agent notes are not something that I can show you.",
    "Here is what I found:\n\n### Lamps\n1. **Desk lamp** - $12.50\n2. **Floor lamp** - $40.00",
    "| Lamp | Price |\n|---|---|\n| Desk | $12 |\n| Floor<br>tall | $40 |",
    "Total: $52.50\nRefund: $12.50 to your card",
    "Result: your refund is $12.50.",
    "Status: pending",
    "Note: this can be done only once.",
    "Reason: no longer needed",
    "Plan: return the lamp, keep the rest. Is that right?",
    "Analysis of your order: two lamps, one shade.",
    "Your order has been cancelled. You will have your money within a week.",
    "I have cancelled the order and refunded $12.50 to your card.",
    "All done! Is there anything else?",
    "Done. Anything else I can do for you?",
    "I've updated your address to 5 Elm Road.",
    "You're welcome! Have a great day!",
    "Sure 👍",
    "👍",
    "Yes.",
    "#W7100001",
    "42",
    "Use the code <CODE> from the mail that we sent you.",
    "Please reply with <yes> or <no>.",
    "The price is <$50, so a gift card is enough.",
    "If a < b, then the cheaper one is (a).",
    "Options: [1] desk lamp, [2] floor lamp. Which one?",
    "See [our returns page](https://shop.example/returns) for more.",
    "Your items: {desk lamp, floor lamp}.",
    "The lamp (item 1234567890) costs $12.50 (was $14).",
    '- "desk lamp" for $12\n- "floor lamp" for $40',
    'I found {"name": "Desk Lamp", "price": 12.5}. Shall I order it?',
    "```\n5 Elm Road\n12345 Springfield\n```\nIs this address right?",
    "Bonjour! I speak English only, I am afraid. How can I help?",
    "The Crème brûlée set and the señorita mug are both in stock; the café table is not.",
    "The lamp is 30 cm × 20 cm → it fits.",
    "To confirm: you'd like to return the lamp for a refund to PayPal. Shall I go ahead (yes/no)?",
    "I understand you're upset — I'm sorry about that. What went wrong?",
    "Before I do anything, I want to make sure that this is what you need: a new shade?",
    "Think of it as a gift! Would you like a receipt?",
    "The reason you gave is 'ordered by mistake', is that correct?",
    "I can see two orders: one is delivered, one was cancelled last week.",
    "Once the return has been processed, you will get an email.",
    "I am transferring you to a human agent now. Please hold on.",
    "<s>$14</s> $12.50, a bargain!",
    "Dear Mr. Okonkwo-Müller, your order #W7100001 ships to Łódź.",
    "I can help with your booking. What date, and for how many people?",
    "They are sold out, I am afraid. The floor lamp and its shade, though, I still have.",
    "Your cousin may call them as well; we will tell them the same.",
]


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
