"""Changes to one cell that a shop could well show instead: another status, price, stock, address, method, owner.

Each is consistent: an order's payment equals its items, an item's id belongs to its product.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from writ_async.core.goal import WHICH, Decision, Reader
from writ_domains.kit.goals import Params, change_records
from writ_domains.kit.people import Address
from writ_domains.retail.lookups import replace_methods
from writ_domains.retail.schema import GiftCard, Order, OrderItem, PaymentMethod, Product, User

_ELSEWHERE: Final = Address("1 Otherwise Road", "Unit 1", "Reno", "USA", "NV", "89501")
_STATUSES: Final = ("pending", "delivered")
_HIGH: Final = 20_000.0
_LOW: Final = 0.01


def _priced(order: Order, items: tuple[OrderItem, ...], status: str) -> Order:
    paid = replace(order.payment_history[0], amount=round(sum(item.price for item in items), 2))
    return replace(order, items=items, status=status, payment_history=(paid, *order.payment_history[1:]))


def _orders(reader: Reader, order: Order, params: Params, decision: Decision) -> Iterator[Order]:
    named = any(action.arguments.get("order_id") == order.order_id for action in decision.writes)
    if named:
        yield replace(order, status="processed" if order.status != "processed" else "cancelled")
    if WHICH in params.get("order", {}):
        yield from _holding_too(reader, order, params["order"])
    for status in _STATUSES:
        fresh = order if order.status == status else replace(order, payment_history=order.payment_history[:1])
        yield _priced(fresh, (replace(order.items[0], price=_HIGH), *order.items[1:]), status)
        yield _priced(fresh, tuple(replace(item, price=_LOW) for item in order.items), status)
        yield replace(fresh, status=status)
    yield replace(order, address=_ELSEWHERE)
    paid = order.payment_history[0]
    yield replace(order, payment_history=(replace(paid, payment_method_id="credit_card_1000001"),))
    for place, item in enumerate(order.items):
        product: Product | None = reader.state.get("products", item.product_id)
        variants = product.variants.values() if product is not None else ()
        variant = next((one for one in variants if one.item_id != item.item_id), None)
        if variant is not None:
            other = replace(item, item_id=variant.item_id, options=variant.options)
            yield replace(order, items=(*order.items[:place], other, *order.items[place + 1 :]))
    if order.fulfillments:
        parcel = replace(order.fulfillments[0], tracking_id=("900000000001",))
        yield replace(order, fulfillments=(parcel, *order.fulfillments[1:]))


def _holding_too(reader: Reader, order: Order, wanted: Params) -> Iterator[Order]:
    """An order that holds the product, too, of which the customer says only when asked in which order it is meant."""
    name = wanted["with"]
    shown = [item for cell in reader.cells.values() if isinstance(cell, Order) for item in cell.items]
    held = next((item for item in shown if item.name == name), None)
    if held is None or any(item.name == name for item in order.items):
        return
    for status in _STATUSES:
        fresh = order if order.status == status else replace(order, payment_history=order.payment_history[:1])
        yield _priced(fresh, (replace(held, price=_HIGH), *order.items[1:]), status)
        rest = (replace(item, price=_LOW) for item in order.items[1:])
        yield _priced(fresh, (replace(held, price=_LOW), *rest), status)


def _products(reader: Reader, product: Product, params: Params, decision: Decision) -> Iterator[Product]:
    chosen = {one for action in decision.writes for one in action.arguments.get("new_item_ids", ())}
    owned = {one for action in decision.writes for one in action.arguments.get("item_ids", ())}
    variants = product.variants

    def changed(item_id: str, **fields: Any) -> Product:
        return replace(product, variants={**variants, item_id: replace(variants[item_id], **fields)})

    for item_id in variants:
        if item_id in chosen:
            yield changed(item_id, available=not variants[item_id].available)
    for item_id in variants:
        if item_id not in chosen and item_id not in owned:
            yield changed(item_id, available=True, price=_LOW)
            yield changed(item_id, available=True, price=_HIGH)
    for item_id in variants:
        yield changed(item_id, available=False)


def _users(reader: Reader, user: User, params: Params, decision: Decision) -> Iterator[User]:
    named = {action.arguments.get("order_id") for action in decision.writes}
    yield replace(user, orders=tuple(order_id for order_id in user.orders if order_id not in named))
    yield replace_methods(
        user, {f"{key}9": replace(method, id=f"{key}9") for key, method in user.payment_methods.items()}
    )
    for balance in (0.0, _HIGH):
        methods: dict[str, PaymentMethod] = {
            key: GiftCard(key, balance) if isinstance(method, GiftCard) else method
            for key, method in user.payment_methods.items()
        }
        yield replace_methods(user, methods)
    yield replace(user, address=_ELSEWHERE)


changes: Final = change_records(
    {
        Order: ("orders", "order_id", _orders),
        Product: ("products", "product_id", _products),
        User: ("users", "user_id", _users),
    }
)
"""Changes of a cell, those most likely to matter first; none for the lookup of the customer's id."""
