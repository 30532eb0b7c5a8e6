"""Retail objectives and policy against what the tools and the records say."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from writ_domains.retail import DOMAIN
from writ_domains.retail.goals import RULES

from writ_async.core.domain import why_forbidden
from writ_async.core.goal import Ambiguous, Decision, NothingFits, Reader
from writ_async.core.state import State
from writ_async.core.task import Action
from writ_async.core.tool import call_tool

WORLD = DOMAIN.generate(9, 300)
USERS = [user for user in WORLD.tables["users"].values() if len(user.orders) > 2]


def _decide(objective: str, params: dict[str, Any]) -> tuple[Reader, Decision]:
    reader = Reader(State(WORLD), RULES.fetch)
    return reader, RULES.objectives[objective](reader, params)


@pytest.mark.parametrize("most", [True, False])
def test_the_extreme_order_is_the_extreme_of_all_of_its_status(most: bool) -> None:
    answered = 0
    for user in USERS:
        orders = [WORLD.tables["orders"][key] for key in user.orders]
        totals = sorted(
            (order.payment_history[0].amount, order.order_id) for order in orders if order.status == "pending"
        )
        params = {
            "who": {"email": user.email},
            "order": {"status": "pending", "most": most},
            "reason": "no longer needed",
        }
        try:
            reader, decision = _decide("cancel", params)
        except NothingFits:
            assert not totals
            continue
        except Ambiguous:
            assert len(totals) > 1
            continue
        answered += 1
        assert decision.writes[0].arguments["order_id"] == totals[-1 if most else 0][1]
        assert {key[1] for key in reader.cells if key[0] == "get_order_details"} == set(user.orders)
    assert answered > 20


def test_the_policy_forbids_whatever_a_tool_refuses() -> None:
    """The predicates may be stricter than the tools, never laxer."""
    rng = Random(3)
    orders = list(WORLD.tables["orders"].values())
    stricter = 0
    for _ in range(1500):
        order = rng.choice(orders)
        user = WORLD.tables["users"][order.user_id]
        method = rng.choice([*user.payment_methods, "paypal_0000000"])
        item = rng.choice(order.items)
        variants = WORLD.tables["products"][item.product_id].variants
        action = rng.choice(
            (
                Action("cancel_pending_order", {"order_id": order.order_id, "reason": "no longer needed"}),
                Action("modify_pending_order_payment", {"order_id": order.order_id, "payment_method_id": method}),
                Action(
                    rng.choice(("modify_pending_order_items", "exchange_delivered_order_items")),
                    {
                        "order_id": order.order_id,
                        "item_ids": [item.item_id],
                        "new_item_ids": [rng.choice(list(variants))],
                        "payment_method_id": method,
                    },
                ),
                Action(
                    "return_delivered_order_items",
                    {"order_id": order.order_id, "item_ids": [item.item_id], "payment_method_id": method},
                ),
            )
        )
        refused = call_tool(DOMAIN.tools, State(WORLD), action.name, action.arguments).error
        forbidden = why_forbidden(DOMAIN, State(WORLD), action.name, action.arguments, {"who": {"email": user.email}})
        assert forbidden or not refused, action
        stricter += bool(forbidden) and not refused
        stranger = {"who": {"email": "somebody@else.example"}}
        assert why_forbidden(DOMAIN, State(WORLD), action.name, action.arguments, stranger)
    assert stricter < 60


def test_an_item_that_two_orders_hold_points_at_neither() -> None:
    for user in USERS:
        orders = [WORLD.tables["orders"][key] for key in user.orders]
        names = [item.name for order in orders for item in order.items]
        for name in dict.fromkeys(names):
            holding = [order for order in orders if any(item.name == name for item in order.items)]
            params = {"who": {"email": user.email}, "order": {"with": name}, "reason": "ordered by mistake"}
            if len(holding) > 1:
                with pytest.raises(Ambiguous):
                    _decide("cancel", params)
            else:
                reader, decision = _decide("cancel", params)
                assert decision.writes[0].arguments["order_id"] == holding[0].order_id
                assert bool(decision.refused) == (holding[0].status != "pending")
                later = user.orders[user.orders.index(holding[0].order_id) + 1 :]
                assert {key[1] for key in reader.quiet} == set(later)
