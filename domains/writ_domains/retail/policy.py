"""The shop's policy as rules, each of which stands once. They mirror `policy.md`.

A rule looks things up through a `View`, which the customer of a goal is, who records every read, and which `StateView`
makes of a state. What it gives is why something is forbidden, or an empty text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from writ_async.core.state import State
from writ_domains.retail.schema import GiftCard, Order, OrderItem, Product, User

REASONS: Final = ("no longer needed", "ordered by mistake")
"""The reasons for which an order may be cancelled."""
NEVER_ALLOWED: Final[dict[str, str]] = {
    "other product": "an item can be exchanged only for another version of the same product",
}
"""What no item may be given, whatever the records say, by a name; and why."""
_OF_DELIVERED: Final = ("return_delivered_order_items", "exchange_delivered_order_items")
_NOT_THEIRS: Final = "the order is another customer's"


class View(Protocol):
    """The customer who asks, and what can be looked up for them."""

    @property
    def user_id(self) -> str:
        """The customer's id."""

    @property
    def profile(self) -> User:
        """The customer's profile."""

    def product(self, item: OrderItem, order: Order) -> Product | None:
        """The product of an item of an order."""


class StateView:
    """A customer as a state shows them."""

    def __init__(self, state: State, profile: User) -> None:
        self._state = state
        self.user_id = profile.user_id
        self.profile = profile

    def product(self, item: OrderItem, order: Order) -> Product | None:
        """The product of an item of an order."""
        found: Product | None = self._state.get("products", item.product_id)
        return found


def why_forbidden(state: State, name: str, arguments: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """Why the policy forbids a write in this state to the customer who `said` who they are, or an empty text."""
    order: Order | None = state.get("orders", arguments["order_id"]) if "order_id" in arguments else None
    user: User | None = state.get("users", order.user_id if order is not None else arguments.get("user_id", ""))
    if user is None:
        return "there is no such customer"
    who = said.get("who", {})
    if "email" in who and who["email"].lower() != user.email.lower():
        return _NOT_THEIRS
    if "last_name" in who and (who["first_name"], who["last_name"]) != (user.name.first_name, user.name.last_name):
        return _NOT_THEIRS
    return why_write_forbidden(StateView(state, user), name, arguments, order)


def why_write_forbidden(view: View, name: str, arguments: Mapping[str, Any], order: Order | None) -> str:
    """Why the policy forbids a write to a customer; `order` is the one that it is about, if it is about one."""
    if name == "modify_user_address":
        return "" if arguments["user_id"] == view.user_id else "the profile is another customer's"
    if order is None:
        return "there is no such order"
    if order.user_id != view.user_id:
        return _NOT_THEIRS
    if name in _OF_DELIVERED and order.status != "delivered":
        return f"order {order.order_id} is {order.status}, not delivered"
    if name not in _OF_DELIVERED and order.status != "pending":
        return f"order {order.order_id} is {order.status} and may not be changed any more"
    if name == "cancel_pending_order":
        return "" if arguments["reason"] in REASONS else "no reason for which an order may be cancelled"
    if name == "modify_pending_order_payment":
        return _why_not_paid_with(view, order, arguments["payment_method_id"])
    if name == "return_delivered_order_items":
        return _why_not_refunded_to(view, order, arguments["payment_method_id"])
    if name in ("exchange_delivered_order_items", "modify_pending_order_items"):
        return _why_not_swapped(view, order, arguments)
    return ""


def _why_not_swapped(view: View, order: Order, arguments: Mapping[str, Any]) -> str:
    if len(arguments["item_ids"]) != len(arguments["new_item_ids"]):
        return "every item needs exactly one new item"
    left = list(order.items)
    due = 0.0
    for item_id, new_id in zip(arguments["item_ids"], arguments["new_item_ids"], strict=True):
        if new_id == item_id:
            return f"item {item_id} may only be exchanged for another one"
        item = next((one for one in left if one.item_id == item_id), None)
        if item is None:
            return "the order does not hold that item"
        left.remove(item)
        product = view.product(item, order)
        variant = product.variants.get(new_id) if product is not None else None
        if variant is None:
            return "the new item is of another product"
        if not variant.available:
            return "the new item is out of stock"
        due += variant.price - item.price
    return _why_not_settled(view, arguments["payment_method_id"], round(due, 2))


def _why_not_settled(view: View, method_id: str, due: float) -> str:
    method = view.profile.payment_methods.get(method_id)
    if method is None:
        return "the payment method is not in the profile"
    if isinstance(method, GiftCard) and method.balance < due:
        return "the gift card does not hold enough"
    return ""


def _why_not_paid_with(view: View, order: Order, method_id: str) -> str:
    history = order.payment_history
    if len(history) != 1 or history[0].transaction_type != "payment":
        return "the order was not paid by one method"
    if history[0].payment_method_id == method_id:
        return "the order is paid with this method already"
    return _why_not_settled(view, method_id, history[0].amount)


def _why_not_refunded_to(view: View, order: Order, method_id: str) -> str:
    if method_id == order.payment_history[0].payment_method_id:
        return ""
    if isinstance(view.profile.payment_methods.get(method_id), GiftCard):
        return ""
    return "a refund goes to the original payment method or to a gift card"
