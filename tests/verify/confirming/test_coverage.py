"""What was laid out of a write, and who chose: small conversations about an order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.agreements import METHODS, judged, shown
from writ_async.conversation.calls import executed_calls
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.verify.confirming import Dialogue

ORDER = "#W7000001"
PAID_WITH = "credit_card_71"
HOME = {"address1": "9 Oak Lane", "address2": "", "city": "Reno", "state": "NV", "zip": "89501", "country": "USA"}
OTHER_HOME = {"address1": "3 Elm Row", "address2": "", "city": "Salem", "state": "OR", "zip": "97301", "country": "USA"}
ITEMS = [
    {
        "name": "Rain Jacket",
        "product_id": "50",
        "item_id": "5001",
        "price": 80.0,
        "options": {"color": "red", "size": "M"},
    },
    {"name": "Camping Stove", "product_id": "60", "item_id": "6001", "price": 40.0, "options": {"fuel": "gas"}},
]
VARIANTS = {
    "5001": {"item_id": "5001", "options": {"color": "red", "size": "M"}, "available": True, "price": 80.0},
    "5002": {"item_id": "5002", "options": {"color": "blue", "size": "M"}, "available": True, "price": 95.0},
    "5003": {"item_id": "5003", "options": {"color": "blue", "size": "L"}, "available": True, "price": 97.0},
    "5004": {"item_id": "5004", "options": {"color": "grey", "size": "L"}, "available": False, "price": 97.0},
}


def read(methods: dict[str, Any] = METHODS, items: list[Any] = ITEMS) -> list[Message]:
    user = {"user_id": "u_1", "name": {"first_name": "Ida"}, "address": OTHER_HOME, "payment_methods": methods}
    paid = [{"transaction_type": "payment", "amount": 120.0, "payment_method_id": PAID_WITH}]
    order = {
        "order_id": ORDER,
        "user_id": "u_1",
        "address": HOME,
        "items": items,
        "status": "x",
        "payment_history": paid,
    }
    product = {"name": "Rain Jacket", "product_id": "50", "variants": VARIANTS}
    return [
        UserMessage("Hello, I have an order."),
        *shown("r1", "get_user_details", user),
        *shown("r2", "get_order_details", order),
        *shown("r3", "get_product_details", product),
    ]


def swap(new: str = "5002", method: str = "paypal_72", item: str = "5001") -> tuple[str, dict[str, Any]]:
    arguments = {"order_id": ORDER, "item_ids": [item], "new_item_ids": [new], "payment_method_id": method}
    return "modify_pending_order_items", arguments


def give_back(*items: str, method: str = PAID_WITH) -> tuple[str, dict[str, Any]]:
    return "return_delivered_order_items", {"order_id": ORDER, "item_ids": list(items), "payment_method_id": method}


def cancel() -> tuple[str, dict[str, Any]]:
    return "cancel_pending_order", {"order_id": ORDER, "reason": "no longer needed"}


SWAP = f"I can change the rain jacket in {ORDER} to "
COVERED = {
    "all by ids": ([f"{SWAP}item 5002; paypal_72 pays the $15. Shall I?", "Yes."], swap()),
    "by options": ([f"{SWAP}blue in size M, $15 more on your PayPal. Shall I?", "Yes."], swap()),
    "by the option that changes": ([f"{SWAP}the blue one, paid by PayPal. Shall I?", "Yes, size stays M."], swap()),
    "by its price": ([f"{SWAP}the one for $97, by PayPal. Shall I?", "Yes."], swap("5003")),
    "as the cheapest of all": (
        [f"{SWAP}the cheapest one, PayPal gets the rest. Shall I?", "Yes."],
        swap("5001", item="5001"),
    ),
    "by the last digits of a card": (
        [f"{SWAP}the blue M one, on the card ending in 8812. OK?", "ok"],
        swap(method=PAID_WITH),
    ),
    "by the brand of a card": ([f"{SWAP}the blue M one, on your Visa. OK?", "ok"], swap(method=PAID_WITH)),
    "by its balance": (
        [f"{SWAP}the blue M one, with the card that holds $55.50. OK?", "ok"],
        swap(method="gift_card_73"),
    ),
    "as the method used before": (
        [f"{SWAP}the blue M one. The original payment method pays. OK?", "ok"],
        swap(method=PAID_WITH),
    ),
    "the user chose who pays, before": (
        [
            f"{SWAP}the blue M one. Which payment method?",
            "PayPal.",
            "Blue, M, PayPal pays $15. Do you confirm?",
            "I confirm.",
        ],
        swap(),
    ),
    "the user chose who pays, last": (
        [f"{SWAP}the blue M one. PayPal or gift card?", "Yes, with my PayPal please."],
        swap(),
    ),
    "one piece was wanting": (
        [f"I will change the jacket in {ORDER} to the blue M one. Who pays, PayPal or Visa?", "PayPal."],
        swap(),
    ),
    "asked in two steps": (
        [
            f"{SWAP}blue, size M, PayPal pays. Right?",
            "When does it come?",
            "On Monday. Shall I go ahead?",
            "Yes please.",
        ],
        swap(),
    ),
    "the user picked from a list": (
        [
            f"For the jacket in {ORDER} I can change it to: 1. blue M $95 2. blue L $97. Which one, and who pays?",
            "Yes, the blue L, on PayPal.",
        ],
        swap("5003"),
    ),
    "parts by their names": (
        [f"I will return the jacket and the stove of {ORDER} to your Visa. OK?", "Yes."],
        give_back("5001", "6001"),
    ),
    "all parts": ([f"I will return all items of {ORDER} to your Visa. OK?", "Yes."], give_back("5001", "6001")),
    "all but one": (
        [f"I will return everything except the stove of {ORDER} to your Visa. OK?", "Yes."],
        give_back("5001"),
    ),
    "one by its head word": (
        [f"Shall I return the stove ({ORDER}) and refund your card ending in 8812?", "Please do."],
        give_back("6001"),
    ),
    "the whole order": ([f"I will cancel {ORDER} as no longer needed. OK?", "Yes."], cancel()),
    "the whole order by all that is in it": (
        [f"I will cancel {ORDER} with jacket and stove. OK?", "Yes, I do not need them."],
        cancel(),
    ),
    "the whole order as such": (
        [f"The jacket is in {ORDER}; only all of it can be cancelled. Shall I?", "Cancel the entire order, yes."],
        cancel(),
    ),
    "an address in words": (
        [f"The new address of {ORDER}: 3 Elm Row, Salem, OR 97301. Correct?", "Correct."],
        ("modify_pending_order_address", {"order_id": ORDER, **OTHER_HOME}),
    ),
    "an address by where it stands": (
        [f"I can ship {ORDER} to the address in your profile in Salem. Shall I?", "Yes, there."],
        ("modify_pending_order_address", {"order_id": ORDER, **OTHER_HOME}),
    ),
    "one field of an address": (
        [f"I will change the address of {ORDER} to number 11 Oak Lane, the rest stays. OK?", "Yes."],
        ("modify_pending_order_address", {"order_id": ORDER, **HOME, "address1": "11 Oak Lane"}),
    ),
    "a table": (
        [
            "| order | part | from | to | paid by |\n|---|---|---|---|---|\n"
            f"| {ORDER} | Rain Jacket | red, M | blue, M | PayPal |\n\nIs this change all right?",
            "All right, do it",
        ],
        swap(),
    ),
    "an object of JSON": (
        [
            json.dumps(
                {"change": {"order_id": ORDER, "from": "5001", "to": "5002", "paid_by": "paypal_72"}, "ask": "OK?"}
            ),
            "Oui, allez-y",
        ],
        swap(),
    ),
    "the number of an option": (
        [
            f"For the jacket in {ORDER} there are:\n1. blue, M, $95\n2. blue, L, $97\nWhich one, PayPal paying?",
            "2, by PayPal",
        ],
        swap("5003"),
    ),
    "the second of the options": (
        [
            f"For the jacket in {ORDER} there are:\na) grey, L\nb) blue, L\nWhich one, PayPal paying?",
            "The second one, PayPal.",
        ],
        swap("5003"),
    ),
    "the letter of a whole plan": (
        [f"A) I change the jacket in {ORDER} to blue M, PayPal pays\nB) it stays red\nWhich shall it be?", "A please"],
        swap(),
    ),
    "only one of several": (
        [
            f"Shall I change the jacket in {ORDER} to blue M (PayPal), and ship it to 3 Elm Row, Salem, OR 97301?",
            "Just the jacket please, leave the address.",
        ],
        swap(),
    ),
    "yes, long before the way of paying was settled": (
        [
            f"Shall I change the jacket in {ORDER} to the blue M one?",
            "Yes, I confirm that.",
            "Who pays the $15?",
            "I'd rather not use my card.",
            "Sorry, I did not get that.",
            "Something else than my card, please.",
            "PayPal, or your gift card with $55.50?",
            "Please use the PayPal.",
        ],
        swap(),
    ),
    "asked, then a word more": (
        [f"{SWAP}blue in size M, by PayPal. Shall I?", "Is it waterproof?", "It is. Do you want it changed?", "I do."],
        swap(),
    ),
    "what another option is told in": (
        [f"{SWAP}blue in size M, PayPal pays. Shall I?", "Yes, that's what I'm after. It's for Lee's birthday."],
        swap(),
    ),
    "a kind of method that the customer has": (
        [f"{SWAP}the blue M one. Your gift card is charged the difference. OK?", "Yes."],
        swap(method="gift_card_73"),
    ),
    "only one, and the other by its name": (
        [
            f"I will return the jacket and the stove of {ORDER} to your Visa. OK?",
            "Only the jacket of the two?\nNo, both: jacket and stove, yes.",
        ],
        give_back("5001", "6001"),
    ),
    "what cannot be done alone": (
        [
            f"The jacket of {ORDER} cannot go alone; I can cancel the whole order. Shall I?",
            "As you can't drop just the jacket, go ahead and cancel the entire order.",
        ],
        cancel(),
    ),
    "it, of an order that was named with what is in it": (
        [f"{ORDER} holds a jacket and a stove. Would you like me to cancel {ORDER}?", "Yes, cancel it."],
        cancel(),
    ),
    "the order, for a part of it": (
        [f"I can cancel the stove in {ORDER}, but then the jacket goes as well. Shall I?", "Yes, cancel the order."],
        cancel(),
    ),
    "all of it, said apart": (
        [f"The stove stands in {ORDER}.\nI would cancel the entire order. OK?", "Yes."],
        cancel(),
    ),
    "another payment": (
        [f"From now on {ORDER} is paid with PayPal instead of your Visa. OK?", "ok"],
        ("modify_pending_order_payment", {"order_id": ORDER, "payment_method_id": "paypal_72"}),
    ),
}
WANTING = {
    "another variant": ([f"{SWAP}blue in size M, by PayPal. Shall I?", "Yes."], swap("5003"), "size L"),
    "another id": ([f"{SWAP}item 5002, by PayPal. Shall I?", "Yes."], swap("5003"), "5002"),
    "a variant of one's own": ([f"{SWAP}another one, by PayPal. Shall I?", "Yes."], swap("5003"), "nobody had chosen"),
    "another method": (
        [f"{SWAP}the blue M one, by PayPal. Shall I?", "Yes."],
        swap(method="gift_card_73"),
        "paypal_72",
    ),
    "a method of one's own": ([f"{SWAP}the blue M one. Shall I?", "Yes."], swap(), "nobody had chosen"),
    "the user chose another method": (
        [f"{SWAP}the blue M one, by PayPal. Shall I?", "Yes, but on my gift card."],
        swap(),
        "the user chose gift_card_73",
    ),
    "an open choice": ([f"{SWAP}the blue M one. PayPal or your gift card?", "Yes."], swap(), "nobody had chosen"),
    "one part more": (
        [f"I will return the jacket of {ORDER} to your Visa. OK?", "Yes."],
        give_back("5001", "6001"),
        "Camping Stove",
    ),
    "all of it for a part": (
        [f"I will cancel the stove in {ORDER}. OK?", "Yes, the stove is no longer needed."],
        cancel(),
        "the user agreed to a part",
    ),
    "it, where a part was asked about": (
        [
            f"The stove is part of {ORDER}, which is pending. Shall I cancel the stove from this order?",
            "Yes, cancel it.",
        ],
        cancel(),
        "the user agreed to a part",
    ),
    "all of something else": (
        [
            f"{ORDER}:\n- Cancel the stove, no longer needed.\nA return is for all items at once. OK?",
            "Yes, please.",
        ],
        cancel(),
        "the user agreed to a part",
    ),
    "a part that was to be kept": (
        [f"I will cancel {ORDER}, jacket and stove. OK?", "Yes, but I keep the jacket."],
        cancel(),
        "was to be kept",
    ),
    "another deed": (
        [f"I will return the jacket of {ORDER} to your Visa. OK?", "Yes."],
        cancel(),
        "had not named cancel",
    ),
    "another reason": (
        [f"I can cancel {ORDER}. Why?", "Yes please, I bought it by accident."],
        cancel(),
        "ordered by mistake",
    ),
    "a request alone": (
        ["Your order holds a jacket. Anything wrong with it?", "Please cancel it."],
        cancel(),
        "had not named cancel",
    ),
    "a variant that comes up in the answer": (
        [
            f"I will ship {ORDER} to 3 Elm Row, Salem, OR 97301. Shall I change that?",
            "Yes. And make the jacket item 5002.",
        ],
        swap(method=PAID_WITH),
        "the agent had not",
    ),
    "a method for all of it that comes up in the answer": (
        [f"{SWAP}the blue M one, by your gift card. OK?", "Yes, and let PayPal pay for the whole order from now on."],
        ("modify_pending_order_payment", {"order_id": ORDER, "payment_method_id": "paypal_72"}),
        "paypal_72",
    ),
    "a topic that was not asked about": (
        [
            f"The address of {ORDER} is 9 Oak Lane, Reno. Shall I look at the others too?",
            "Yes! It should be 3 Elm Row.",
        ],
        ("modify_pending_order_address", {"order_id": ORDER, **HOME, "address1": "3 Elm Row"}),
        "had not named",
    ),
    "what was wished behind an offer of anything": (
        [f"{ORDER} ships to 9 Oak Lane, Reno. Is there anything else I can do?", "Yes, ship it to 3 Elm Row instead."],
        ("modify_pending_order_address", {"order_id": ORDER, **HOME, "address1": "3 Elm Row"}),
        "the agent had not",
    ),
    "a change of mind that was not heard": (
        [
            f"{SWAP}blue in size M, by PayPal. OK?",
            "Yes.",
            "Fine. Is there more before I do it?",
            "Make it size L instead.",
        ],
        swap(),
        "size L",
    ),
    "only one of two parts": (
        [f"I will return the jacket and the stove of {ORDER} to your Visa. OK?", "Only the stove please."],
        give_back("5001", "6001"),
        "Rain Jacket",
    ),
    "another option": (
        [f"For the jacket in {ORDER} there are:\n1. grey, L\n2. blue, L\nWhich one, PayPal paying?", "1, PayPal."],
        swap("5003"),
        "grey",
    ),
    "a kind of method that the customer lacks": (
        [f"{SWAP}the blue M one. The difference is charged to a voucher. OK?", "Yes."],
        swap(method=PAID_WITH),
        "voucher",
    ),
    "an address nobody told": (
        [f"Shall I change the address of {ORDER}?", "Yes."],
        ("modify_pending_order_address", {"order_id": ORDER, **HOME, "address1": "77 New Road"}),
        "77 New Road",
    ),
}


@pytest.mark.parametrize("name", COVERED)
def test_it_was_laid_out(retail: Domain, name: str) -> None:
    said, call = COVERED[name]
    found = judged(retail, read(), *said, call=call)
    assert found.wanting == "", found
    assert 0 <= found.asked < found.answered
    assert found.listed


@pytest.mark.parametrize("name", WANTING)
def test_something_was_wanting(retail: Domain, name: str) -> None:
    said, call, why = WANTING[name]
    assert why in judged(retail, read(), *said, call=call).wanting


def test_a_turn_of_speech_names_no_part_of_an_order(retail: Domain) -> None:
    items = [{**ITEMS[0], "name": "Running Shorts"}, {**ITEMS[1], "name": "Step Ladder"}]
    for opening in ("In short: cancel", "The next step would be to cancel", "One last step, then: I cancel"):
        said = [f"{opening} your pending order {ORDER}, reason: no longer needed. OK?", "Yes, no longer needed."]
        assert judged(retail, read(items=items), *said, call=cancel()).wanting == ""
    said = [f"In short: I would cancel the shorts in {ORDER}. OK?", "Yes, the shorts are no longer needed."]
    assert "Step Ladder" in judged(retail, read(items=items), *said, call=cancel()).wanting


def test_the_only_method_there_is_needs_no_telling(retail: Domain) -> None:
    one = {PAID_WITH: METHODS[PAID_WITH]}
    said = [f"I will return the jacket of {ORDER}. OK?", "Yes."]
    assert judged(retail, read(one), *said, call=give_back("5001")).wanting == ""
    assert judged(retail, read(), *said, call=give_back("5001")).alone == (f"payment_method_id={PAID_WITH!r}",)


LAPTOP = {"ram": "16GB", "storage": "512GB SSD"}
LAPTOPS = {
    "8001": {"item_id": "8001", "options": LAPTOP, "available": True, "price": 900.0},
    "8002": {"item_id": "8002", "options": {"ram": "8GB", "storage": "256GB SSD"}, "available": True, "price": 800.0},
    "8003": {"item_id": "8003", "options": {"ram": "32GB", "storage": "1TB SSD"}, "available": True, "price": 990.0},
}


def laptops() -> list[Message]:
    """Two laptops that the customer has, and one of less memory."""
    owned = [{"name": "Laptop", "product_id": "80", "item_id": name, **LAPTOPS[name]} for name in ("8001", "8003")]
    return [*read(items=owned), *shown("r4", "get_product_details", {"product_id": "80", "variants": LAPTOPS})]


def test_a_number_that_is_told_of_one_option_is_none_of_another_with_the_same_unit(retail: Domain) -> None:
    said = [f"I can change the 512GB laptop in {ORDER} to the one with the 256GB SSD, by PayPal. Shall I?", "Yes."]
    assert judged(retail, laptops(), *said, call=swap("8002", item="8001")).wanting == ""


def test_what_is_told_of_the_others_that_the_customer_has_was_not_chosen(retail: Domain) -> None:
    plan = (
        f"Both laptops in {ORDER}, the one of 16GB and the one of 32GB, are changed to 8GB and 256GB SSD by PayPal. OK?"
    )
    assert judged(retail, laptops(), plan, "Yes, both.", call=swap("8002", item="8003")).wanting == ""


def test_two_of_the_same_name_are_told_by_it(retail: Domain) -> None:
    twins = [*ITEMS, {**ITEMS[1], "item_id": "6002"}]
    said = [f"I will return both camping stoves of {ORDER} to your Visa. OK?", "Yes."]
    assert judged(retail, read(items=twins), *said, call=give_back("6001", "6002")).wanting == ""


def test_what_a_report_of_another_write_says_was_not_laid_out(retail: Domain) -> None:
    seen: list[Message] = [
        *read(),
        AssistantMessage(f"I will cancel {ORDER}. OK?"),
        UserMessage("Yes"),
        AssistantMessage(
            None, (make_call("w1", "cancel_pending_order", {"order_id": "#W7", "reason": "no longer needed"}),)
        ),
        ToolMessage("w1", "{}"),
    ]
    report = (
        f"That has been cancelled, and PayPal was refunded. Shall I change the jacket in {ORDER} to the blue M one?"
    )
    assert "nobody had chosen" in judged(retail, seen, report, "Yes.", call=swap()).wanting
    assert judged(retail, seen, f"{report} PayPal pays.", "Yes.", call=swap()).wanting == ""


def test_a_second_attempt_after_a_refusal_needs_only_what_changed(retail: Domain) -> None:
    seen: list[Message] = [
        *read(),
        AssistantMessage(f"{SWAP}the blue M one, on your gift card. OK?"),
        UserMessage("Yes"),
        AssistantMessage(None, (make_call("w1", *swap(method="gift_card_73")),)),
        ToolMessage("w1", "Error: not enough", True),
    ]
    again = "The gift card does not hold enough. Tell me who pays instead and I will finish the same change."
    assert judged(retail, seen, again, "PayPal then.", call=swap()).wanting == ""
    assert "paypal_72" in judged(retail, seen, again, "PayPal then.", call=swap(method=PAID_WITH)).wanting
    assert "size" in judged(retail, seen, again, "PayPal then.", call=swap("5003")).wanting


def test_who_asks_before_knowing_what_it_is_about_has_laid_out_nothing(retail: Domain) -> None:
    first: list[Message] = [
        UserMessage("I want to give a stove back."),
        AssistantMessage("Sure. Who are you, and may I refund the original payment method?"),
        UserMessage("Ida Berg. Yes, the original method, and it is just the stove."),
    ]
    late = [*first, *read()[1:]]
    call = give_back("6001")
    writing: list[Message] = [AssistantMessage(None, (make_call("w", *call),)), ToolMessage("w", "{}")]
    writes = [one for one in executed_calls([*late, *writing], retail.tools) if one.kind == "write"]
    found = Dialogue([*late, *writing], writes, retail).confirmation(writes[-1])
    assert found.wanting == f"the agent had asked before it knew of {ORDER}"
    asked = [f"I return the stove of {ORDER} to your Visa. OK?", "Yes."]
    assert judged(retail, late, *asked, call=call).wanting == ""


def test_what_was_done_needs_a_yes_anew_to_be_done_the_other_way_round(retail: Domain) -> None:
    there = ("modify_pending_order_address", {"order_id": ORDER, **OTHER_HOME})
    back = ("modify_pending_order_address", {"order_id": ORDER, **HOME})
    seen: list[Message] = [
        *read(),
        AssistantMessage(f"Instead of 9 Oak Lane, Reno, NV 89501 the address of {ORDER} becomes 3 Elm Row, Salem. OK?"),
        UserMessage("Yes"),
        AssistantMessage(None, (make_call("w1", *there),)),
        ToolMessage("w1", "{}"),
    ]
    said = ["It now ships to 3 Elm Row. Anything else?", "Oh, put it back as it was, please."]
    assert judged(retail, seen, *said, call=back).wanting
    asked = ["Shall I change the address back to 9 Oak Lane, Reno, NV 89501?", "Yes."]
    assert judged(retail, seen, *said, *asked, call=back).wanting == ""


def test_a_yes_may_be_asked_for_in_the_first_of_two_messages(retail: Domain) -> None:
    seen: list[Message] = [*read(), AssistantMessage(f"{SWAP}the blue M one, PayPal pays. Shall I?")]
    assert judged(retail, seen, "Take your time.", "Yes.", call=swap()).wanting == ""


def test_what_is_put_off_under_another_heading_is_another_thing(retail: Domain) -> None:
    other = [{**ITEMS[1], "item_id": "6009", "name": "Tent"}]
    order = {"order_id": "#W7000009", "user_id": "u_1", "items": other, "status": "x", "address": HOME}
    seen = [*read(), *shown("r9", "get_order_details", order)]
    ask = f"1. {SWAP}the blue M one, PayPal pays. 2. I return the tent of #W7000009 to your Visa. Do you confirm?"
    answer = (
        f"{ORDER}:\n- Yes, the jacket in blue, PayPal.\n#W7000009:\n- Is the tent refunded in full? Not yet, please."
    )
    assert judged(retail, seen, ask, answer, call=swap()).wanting == ""


def test_a_later_no_outweighs_an_earlier_yes(retail: Domain) -> None:
    said = [f"{SWAP}the blue M one, by PayPal. OK?", "Yes.", "It cannot be undone. Still all right?", "No, leave it."]
    assert judged(retail, read(), *said, call=swap()).wanting.startswith("the user had")


def test_a_yes_to_one_of_two_is_none_to_the_other(retail: Domain) -> None:
    other = make_call("w2", "cancel_pending_order", {"order_id": "#W7000002", "reason": "no longer needed"})
    messages: list[Message] = [
        *read(),
        AssistantMessage(f"1. Cancel {ORDER}. 2. Cancel #W7000002. Do you confirm both?"),
        UserMessage(f"Yes to {ORDER}, I no longer need it. No to #W7000002."),
        AssistantMessage(None, (make_call("w1", *cancel()), other)),
        ToolMessage("w1", "{}"),
        ToolMessage("w2", "{}"),
    ]
    writes = [one for one in executed_calls(messages, retail.tools) if one.kind == "write"]
    dialogue = Dialogue(messages, writes, retail)
    assert [dialogue.confirmation(write).wanting[:20] for write in writes] == ["", "the user had said no"]


def test_a_wish_behind_the_yes_changes_nothing_of_it(retail: Domain) -> None:
    said = [f"{SWAP}item 5002, paypal_72 pays. Shall I?", "Yes. One more thing: return my stove, to the gift card."]
    assert judged(retail, read(), *said, call=swap()).wanting == ""


def test_a_domain_that_nobody_knows_is_judged_by_names_and_shapes(retail: Domain) -> None:
    def run(ask: str) -> str:
        tools = {"reset_line": retail.tools["cancel_pending_order"]}
        domain = Domain(name="x", policy="", tools=tools, generate=retail.generate, load=retail.load, dump=retail.dump)
        return judged(
            domain, [UserMessage("hi")], ask, "yes", call=("reset_line", {"line_id": "L-77", "code": "QX12"})
        ).wanting

    assert run("Shall I reset line L-77 with the code QX12?") == ""
    assert "QX12" in run("Shall I reset line L-77?")
