"""The retail tools without vectors: schemas, lookups through writes, and the slips that a score depends on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from writ_domains.retail import DOMAIN
from writ_domains.retail.schema import CreditCard, GiftCard, Order, PayPal, Product, User

from tests.support.shared_data import SHARED, TAU2_DATA, needs_shared
from writ_async.core.state import State, World
from writ_async.core.tool import ToolResult, call_tool

HOME = {"address1": "1 A St", "address2": "Apt 1", "city": "Erie", "country": "USA", "state": "PA", "zip": "16501"}
CARD = {"source": "credit_card", "id": "credit_card_1", "brand": "visa", "last_four": "1111"}
VARIANTS = {
    "1000000001": ({"color": "red"}, True, 10.1),
    "1000000002": ({"color": "blue"}, True, 30.2),
    "1000000003": ({"color": "green"}, False, 20.0),
    "1000000004": ({"color": "white"}, True, 50.49),
}


def _order(order_id: str, status: str, items: list[str], paid_with: str) -> dict[str, Any]:
    rows = [
        {"name": "Mug", "product_id": "p1", "item_id": item, "price": VARIANTS[item][2], "options": VARIANTS[item][0]}
        for item in items
    ]
    amount = round(sum(VARIANTS[item][2] for item in items), 2)
    return {
        "order_id": order_id,
        "user_id": "ann_lee_1",
        "address": HOME,
        "items": rows,
        "status": status,
        "fulfillments": [],
        "payment_history": [{"transaction_type": "payment", "amount": amount, "payment_method_id": paid_with}],
    }


@pytest.fixture
def state() -> State:
    database = {
        "products": {
            "p1": {
                "name": "Mug",
                "product_id": "p1",
                "variants": {
                    item: {"item_id": item, "options": options, "available": available, "price": price}
                    for item, (options, available, price) in VARIANTS.items()
                },
            }
        },
        "users": {
            "ann_lee_1": {
                "user_id": "ann_lee_1",
                "name": {"first_name": "Ann", "last_name": "Lee"},
                "address": HOME,
                "email": "Ann.Lee1@example.com",
                "payment_methods": {
                    "gift_card_1": {"source": "gift_card", "id": "gift_card_1", "balance": 45},
                    "credit_card_1": CARD,
                    "paypal_1": {"source": "paypal", "id": "paypal_1"},
                },
                "orders": ["#W1", "#W2", "#W3"],
            }
        },
        "orders": {
            "#W1": _order("#W1", "pending", ["1000000001", "1000000002"], "gift_card_1"),
            "#W2": _order("#W2", "delivered", ["1000000001", "1000000001"], "credit_card_1"),
            "#W3": _order("#W3", "processed", ["1000000002"], "paypal_1"),
        },
    }  # fmt: skip
    return State(DOMAIN.load(json.dumps(database).encode()))


def _call(state: State, name: str, /, **arguments: Any) -> ToolResult:
    return call_tool(DOMAIN.tools, state, name, arguments)


def _user(state: State) -> User:
    return cast(User, state.get("users", "ann_lee_1"))


def _order_of(state: State, order_id: str) -> Order:
    return cast(Order, state.get("orders", order_id))


def _balance(state: State) -> float:
    return cast(GiftCard, _user(state).payment_methods["gift_card_1"]).balance


def test_records_are_frozen_and_typed_by_their_source(state: State) -> None:
    methods = _user(state).payment_methods
    assert [type(method) for method in methods.values()] == [GiftCard, CreditCard, PayPal]
    with pytest.raises(AttributeError):
        _user(state).email = "other"  # type: ignore[misc]


def test_a_database_that_does_not_fit_is_refused_with_the_place() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.users"):
        DOMAIN.load(b'{"products": {}, "users": {"a": {"user_id": 1}}, "orders": {}}')


def test_dump_and_load_are_inverse(state: State) -> None:
    _call(state, "cancel_pending_order", order_id="#W1", reason="no longer needed")
    dumped = DOMAIN.dump(state)
    assert dumped["orders"]["#W2"]["return_items"] is None
    assert dumped["orders"]["#W1"]["cancel_reason"] == "no longer needed"
    again = State(DOMAIN.load(json.dumps(dumped).encode()))
    assert again.digest() == state.digest()
    assert DOMAIN.dump(again) == dumped


def test_lookups_ignore_case_and_see_a_new_zip(state: State) -> None:
    assert _call(state, "find_user_id_by_email", email="ann.lee1@EXAMPLE.com").content == "ann_lee_1"
    assert (
        _call(state, "find_user_id_by_name_zip", first_name="ANN", last_name="lee", zip="16501").content == "ann_lee_1"
    )
    other = state.fork()
    _call(other, "modify_user_address", user_id="ann_lee_1", **{**HOME, "zip": "10001"})
    for one, code in ((state, "16501"), (other, "10001")):
        assert not _call(one, "find_user_id_by_name_zip", first_name="Ann", last_name="Lee", zip=code).error
    for one, wrong in ((state, "10001"), (other, "16501"), (state, 16501)):
        assert _call(one, "find_user_id_by_name_zip", first_name="Ann", last_name="Lee", zip=wrong).error


def test_items_and_products_are_told_apart(state: State) -> None:
    assert json.loads(_call(state, "get_item_details", item_id="1000000003").content)["available"] is False
    assert _call(state, "get_item_details", item_id="p1").error
    assert _call(state, "get_product_details", product_id="1000000003").error
    assert _call(state, "list_all_product_types").content == '{"Mug": "p1"}'


def test_cancelling_refunds_every_row_and_the_gift_card(state: State) -> None:
    assert not _call(state, "cancel_pending_order", order_id="#W1", reason="ordered by mistake").error
    order = _order_of(state, "#W1")
    assert (order.status, order.cancel_reason) == ("cancelled", "ordered by mistake")
    assert [row.transaction_type for row in order.payment_history] == ["payment", "refund"]
    assert _balance(state) == 85.3
    assert _call(state, "cancel_pending_order", order_id="#W1", reason="ordered by mistake").error
    assert _call(state, "cancel_pending_order", order_id="#W3", reason="no longer needed").error


@pytest.mark.parametrize("reason", ["too late", "", None, ["no longer needed"]])
def test_only_two_reasons_cancel(state: State, reason: Any) -> None:
    assert _call(state, "cancel_pending_order", order_id="#W1", reason=reason).error
    assert state.digest() == State(state.world).digest()


def test_what_was_credited_before_a_refusal_stays(state: State) -> None:
    order = _order_of(state, "#W1")
    rows = (*order.payment_history, msgspec.structs.replace(order.payment_history[0], payment_method_id="paypal_gone"))
    state.put("orders", "#W1", msgspec.structs.replace(order, payment_history=rows))
    assert _call(state, "cancel_pending_order", order_id="#W1", reason="no longer needed").error
    assert _balance(state) == 85.3
    assert _order_of(state, "#W1").status == "pending"


def test_every_changed_item_gets_the_last_ones_price(state: State) -> None:
    result = _call(
        state,
        "modify_pending_order_items",
        order_id="#W1",
        item_ids=["1000000001", "1000000002"],
        new_item_ids=["1000000002", "1000000004"],
        payment_method_id="gift_card_1",
    )
    assert not result.error
    order = _order_of(state, "#W1")
    # The second pair meets the item that the first pair has just changed.
    assert [item.item_id for item in order.items] == ["1000000004", "1000000002"]
    assert [item.price for item in order.items] == [50.49, 30.2]
    assert order.status == "pending (item modified)"
    assert _balance(state) == round(45 - 40.39, 2)
    assert _call(state, "modify_pending_order_address", order_id="#W1", **HOME).error is False
    assert _call(state, "cancel_pending_order", order_id="#W1", reason="no longer needed").error


def test_the_difference_of_changed_items_is_not_rounded(state: State) -> None:
    arguments = {"item_ids": ["1000000002"], "new_item_ids": ["1000000004"], "payment_method_id": "gift_card_1"}
    assert not _call(state, "modify_pending_order_items", order_id="#W1", **arguments).error
    assert _order_of(state, "#W1").payment_history[-1].amount == 50.49 - 30.2 != 20.29
    assert _balance(state) == 24.71


def test_no_items_at_all_is_a_refund_of_nothing(state: State) -> None:
    arguments = {"item_ids": [], "new_item_ids": [], "payment_method_id": "paypal_1"}
    assert not _call(state, "modify_pending_order_items", order_id="#W1", **arguments).error
    assert '{"transaction_type": "refund", "amount": 0.0,' in _call(state, "get_order_details", order_id="#W1").content
    assert not _call(state, "exchange_delivered_order_items", order_id="#W2", **arguments).error
    assert '"exchange_price_difference": 0,' in _call(state, "get_order_details", order_id="#W2").content


def test_an_exchange_sorts_both_lists_and_moves_no_money(state: State) -> None:
    arguments = {"order_id": "#W2", "item_ids": ["1000000001"] * 2, "new_item_ids": ["1000000004", "1000000002"]}
    assert _call(state, "exchange_delivered_order_items", payment_method_id="gift_card_1", **arguments).error
    assert not _call(state, "exchange_delivered_order_items", payment_method_id="paypal_1", **arguments).error
    order = _order_of(state, "#W2")
    assert order.exchange_new_items == ("1000000002", "1000000004")
    assert order.exchange_price_difference == 60.49
    assert len(order.payment_history) == 1
    arguments = {"order_id": "#W2", "item_ids": ["1000000001"], "payment_method_id": "gift_card_1"}
    assert _call(state, "return_delivered_order_items", **arguments).error


@pytest.mark.parametrize(
    ("item_ids", "new_item_ids"),
    [
        (["1000000001"], ["1000000001"]),
        (["1000000001"], ["1000000003"]),
        (["1000000001"], ["9999999999"]),
        (["1000000001"], []),
        (["1000000001", "1000000001"], ["1000000002", "1000000004"]),
        ('["1000000001"]', ["1000000002"]),
        (None, None),
    ],
)
def test_swaps_that_do_not_fit_are_refused_and_change_nothing(state: State, item_ids: Any, new_item_ids: Any) -> None:
    arguments = {"item_ids": item_ids, "new_item_ids": new_item_ids, "payment_method_id": "paypal_1"}
    assert _call(state, "modify_pending_order_items", order_id="#W1", **arguments).error
    assert state.digest() == State(state.world).digest()


def test_a_refund_goes_to_the_original_method_or_a_gift_card(state: State) -> None:
    items = ["1000000001"]
    assert _call(
        state, "return_delivered_order_items", order_id="#W2", item_ids=items, payment_method_id="paypal_1"
    ).error
    for method in ("credit_card_1", "gift_card_1"):
        other = state.fork()
        result = _call(other, "return_delivered_order_items", order_id="#W2", item_ids=items, payment_method_id=method)
        assert json.loads(result.content)["status"] == "return requested"
        assert _balance(other) == 45


def test_another_payment_credits_the_first_method_once(state: State) -> None:
    assert _call(state, "modify_pending_order_payment", order_id="#W1", payment_method_id="gift_card_1").error
    assert not _call(state, "modify_pending_order_payment", order_id="#W1", payment_method_id="paypal_1").error
    rows = _order_of(state, "#W1").payment_history
    assert [row.payment_method_id for row in rows] == ["gift_card_1", "paypal_1", "gift_card_1"]
    assert _balance(state) == 85.3
    assert _call(state, "modify_pending_order_payment", order_id="#W1", payment_method_id="credit_card_1").error


@pytest.mark.parametrize("part", list(HOME))
def test_an_address_is_made_of_strings(state: State, part: str) -> None:
    assert _call(state, "modify_user_address", user_id="ann_lee_1", **{**HOME, part: 16501}).error
    assert state.digest() == State(state.world).digest()


def test_no_tool_writes_to_the_world(state: State) -> None:
    before = World("retail", state.world.tables).digest()
    _call(state, "cancel_pending_order", order_id="#W1", reason="no longer needed")
    _call(state, "modify_user_address", user_id="ann_lee_1", **{**HOME, "zip": "1"})
    assert World("retail", state.world.tables).digest() == before
    assert isinstance(state.world.tables["products"]["p1"], Product)


def _shape(parameters: dict[str, Any]) -> Any:
    """Names, required names, types and enumerations of a schema."""
    drop = {"title", "description"}

    def strip(value: Any) -> Any:
        return (
            {key: strip(item) for key, item in value.items() if key not in drop} if isinstance(value, dict) else value
        )

    return {name: strip(schema) for name, schema in parameters["properties"].items()}, parameters.get("required", [])


@needs_shared
def test_the_schemas_are_those_of_the_benchmark_in_all_but_words() -> None:
    theirs = json.loads((cast(Path, SHARED) / "conformance" / "retail_tools.json").read_bytes())["tools"]
    ours = [tool.schema for tool in DOMAIN.tools.values()]
    assert [one["function"]["name"] for one in ours] == [one["function"]["name"] for one in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        assert _shape(mine["function"]["parameters"]) == _shape(other["function"]["parameters"])
        assert list(mine["function"]["parameters"]["properties"]) == list(other["function"]["parameters"]["properties"])
        assert mine["function"]["description"] != other["function"]["description"]


def _phrases(text: str) -> set[tuple[str, ...]]:
    words = "".join(char.lower() if char.isalnum() else " " for char in text).split()
    return {tuple(words[start : start + 8]) for start in range(len(words) - 7)}


@needs_shared
def test_policy_and_descriptions_share_no_eight_words_in_a_row_with_the_benchmark() -> None:
    theirs = (cast(Path, TAU2_DATA) / "tau2" / "domains" / "retail" / "policy.md").read_text()
    theirs += (cast(Path, SHARED) / "conformance" / "retail_tools.json").read_text()
    functions = [tool.schema["function"] for tool in DOMAIN.tools.values()]
    ours = [DOMAIN.policy, *(function["description"] for function in functions)]
    ours += [part["description"] for one in functions for part in one["parameters"]["properties"].values()]
    shared = {phrase for text in ours for phrase in _phrases(text)} & _phrases(theirs)
    assert sorted(shared) == []
