"""Does the shop's policy allow a write in a state? Only what the tools let pass is looked at."""

from __future__ import annotations

from typing import Any, Final

from writ_async.core.state import State
from writ_domains.retail.schema import Order

_WHILE_PENDING: Final = ("modify_pending_order_address", "modify_pending_order_payment")


def policy_check(state: State, name: str, arguments: dict[str, Any]) -> str:
    """Why the policy forbids a write in this state, or an empty text."""
    order: Order | None = state.get("orders", arguments.get("order_id", ""))
    if order is None:
        return ""
    if name in _WHILE_PENDING and order.status != "pending":
        return f"order {order.order_id} is {order.status} and may not be changed any more"
    if name == "exchange_delivered_order_items":
        old, new = arguments.get("item_ids"), arguments.get("new_item_ids")
        if isinstance(old, list) and isinstance(new, list):
            for item, other in zip(old, new, strict=False):
                if item == other:
                    return f"item {item} may only be exchanged for another one"
    return ""
