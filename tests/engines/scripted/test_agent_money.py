"""What the scripted agent says of money: what was shown gives it, and nothing else is said."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import pytest
from writ_engines.scripted.agent_money import in_words, say_settlement, shown_results

from tests.support.agreements import METHODS, shown
from writ_async.core.message import AssistantMessage, FunctionCall, Message, ToolCall, ToolMessage
from writ_async.core.settlement import Settlement
from writ_async.core.task import Action
from writ_async.registry import load_domain

ORDER: dict[str, Any] = {
    "order_id": "#W7000001",
    "items": [
        {"name": "Rain Jacket", "product_id": "50", "item_id": "5001", "price": 80.25},
        {"name": "Camping Stove", "product_id": "60", "item_id": "6001", "price": 40.0},
    ],
    "status": "pending",
    "payment_history": [{"transaction_type": "payment", "amount": 120.25, "payment_method_id": "paypal_72"}],
}
PRODUCT = {"variants": {"5002": {"item_id": "5002", "options": {}, "available": True, "price": 95.5}}}
READ: list[Message] = [
    *shown("r1", "get_user_details", {"user_id": "u_1", "payment_methods": METHODS}),
    *shown("r2", "get_order_details", ORDER),
    *shown("r3", "get_product_details", PRODUCT),
]
SWAP = Action(
    "modify_pending_order_items",
    {"order_id": "#W7000001", "item_ids": ["5001"], "new_item_ids": ["5002"], "payment_method_id": "paypal_72"},
)
CANCEL = Action("cancel_pending_order", {"order_id": "#W7000001", "reason": "no longer needed"})


@pytest.mark.parametrize("seed", range(20))
def test_a_refund_and_a_difference_are_said_with_unit_subject_and_method(seed: int) -> None:
    retail = load_domain("retail")
    said = say_settlement(retail, CANCEL, READ, Random(seed))
    assert "the order" in said
    assert "$120.25" in said
    assert "your PayPal account within 5 to 7 business days" in said
    said = say_settlement(retail, SWAP, READ, Random(seed))
    assert all(part in said for part in ("the new item", "$95.50", "$80.25", "$15.25", "your PayPal account"))
    assert re.fullmatch(r"[A-Z].*\.", said)


def test_what_was_not_shown_or_was_refused_is_not_said() -> None:
    retail = load_domain("retail")
    assert say_settlement(retail, SWAP, READ[:4], Random(1)) == ""
    refused = [READ[2], ToolMessage("r2", json.dumps(ORDER), error=True)]
    assert say_settlement(retail, CANCEL, refused, Random(1)) == ""
    broken = AssistantMessage(None, (ToolCall("b", FunctionCall("get_order_details", "{")),))
    assert shown_results([broken, ToolMessage("b", json.dumps(ORDER))]) == []
    assert say_settlement(retail, Action("modify_user_address", {"user_id": "u_1"}), READ, Random(1)) == ""


def test_what_was_shown_last_counts() -> None:
    modified = {**ORDER, "payment_history": [{**ORDER["payment_history"][0], "amount": 99.0}]}
    said = say_settlement(
        load_domain("retail"), CANCEL, [*READ, *shown("r4", "get_order_details", modified)], Random(1)
    )
    assert re.search(r"\$99\b", said)


def test_no_difference_is_said_to_be_none_and_a_long_sum_is_left_out() -> None:
    none = Settlement(kind="difference", amount=0, what="the new item", method="your gift card", new=(5.0,), old=(5.0,))
    assert "$" not in in_words(none, Random(1))
    assert "the same" in in_words(none, Random(1))
    prices = tuple(map(float, range(1, 5)))
    long = Settlement(kind="difference", amount=9.0, what="the new items", method="x", new=prices, old=prices)
    assert in_words(long, Random(1)) == ""
