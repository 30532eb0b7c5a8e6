"""The shop's policy as predicates. The tools check most of it, but not all; whoever makes a task must check the rest.

They mirror `policy.md`. Each gives the reason why something is forbidden, or an empty string.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from writ_async.core.state import State
from writ_async.core.task import Action
from writ_domains.retail.schema import GiftCard, Order, Product, User

REASONS: Final = ("no longer needed", "ordered by mistake")
"""The reasons for which an order may be cancelled."""

Catalogue = Callable[[str], Product | None]
"""Gives a product by its id."""


def _swaps(order: Order, arguments: Mapping[str, Any], user: User, products: Catalogue) -> str:
    old: Sequence[str] = arguments["item_ids"]
    new: Sequence[str] = arguments["new_item_ids"]
    left = list(order.items)
    due = 0.0
    for item_id, new_id in zip(old, new, strict=True):
        item = next((one for one in left if one.item_id == item_id), None)
        if item is None:
            return "the order does not hold that item"
        left.remove(item)
        product = products(item.product_id)
        variant = product.variants.get(new_id) if product is not None else None
        if variant is None:
            return "the new item is of another product"
        if new_id == item_id:
            return "the new item is the old one"
        if not variant.available:
            return "the new item is out of stock"
        due += variant.price - item.price
    return _settles(user, arguments["payment_method_id"], due)


def _settles(user: User, method_id: str, due: float) -> str:
    method = user.payment_methods.get(method_id)
    if method is None:
        return "the payment method is not in the profile"
    if isinstance(method, GiftCard) and method.balance < due:
        return "the gift card does not hold enough"
    return ""


def _payment(order: Order, method_id: str, user: User) -> str:
    history = order.payment_history
    if len(history) != 1 or history[0].transaction_type != "payment":
        return "the order was not paid by one method"
    if history[0].payment_method_id == method_id:
        return "the order is paid with this method already"
    return _settles(user, method_id, history[0].amount)


def _refund(order: Order, method_id: str, user: User) -> str:
    method = user.payment_methods.get(method_id)
    if method_id != order.payment_history[0].payment_method_id and not isinstance(method, GiftCard):
        return "a refund goes to the original payment method or to a gift card"
    return ""


def forbidden(name: str, arguments: Mapping[str, Any], user: User, order: Order | None, products: Catalogue) -> str:
    """Why the policy forbids a write for a customer; `order` is the one that it is about, if it is about one."""
    if name == "modify_user_address":
        return "" if arguments["user_id"] == user.user_id else "the profile is another customer's"
    if order is None:
        return "there is no such order"
    if order.user_id != user.user_id:
        return "the order is another customer's"
    wanted = "delivered" if name in ("return_delivered_order_items", "exchange_delivered_order_items") else "pending"
    if order.status != wanted:
        return f"the order is {order.status}, not {wanted}"
    if name == "cancel_pending_order":
        return "" if arguments["reason"] in REASONS else "no reason for which an order may be cancelled"
    if name == "modify_pending_order_payment":
        return _payment(order, arguments["payment_method_id"], user)
    if name == "return_delivered_order_items":
        return _refund(order, arguments["payment_method_id"], user)
    if name in ("exchange_delivered_order_items", "modify_pending_order_items"):
        return _swaps(order, arguments, user, products)
    return ""


def permitted(state: State, action: Action, params: Mapping[str, Any]) -> str:
    """Why the policy forbids a gold call in a state for the customer who is identified in `params`, or nothing."""
    arguments = action.arguments
    order: Order | None = state.get("orders", arguments["order_id"]) if "order_id" in arguments else None
    user_id = order.user_id if order is not None else arguments.get("user_id", "")
    user: User | None = state.get("users", user_id)
    if user is None:
        return "there is no such customer"
    who = params.get("who", {})
    if "email" in who and who["email"].lower() != user.email.lower():
        return "the order is another customer's"
    if "last_name" in who and (who["first_name"], who["last_name"]) != (user.name.first_name, user.name.last_name):
        return "the order is another customer's"
    return forbidden(action.name, arguments, user, order, lambda key: state.get("products", key))


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
