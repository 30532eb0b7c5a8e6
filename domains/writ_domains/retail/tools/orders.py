"""The tools that change orders.

Their effects are those of τ²-bench's environment, its slips included, because a model is scored on the state that
they leave: `modify_pending_order_items` gives every changed item the price and options of the last one and does not
round the difference, and an exchange stores two sorted lists. What was written before a refusal stays written.
"""

from __future__ import annotations

import msgspec

from writ_async.core.state import State
from writ_async.core.tool import ToolError, write
from writ_domains.retail import lookups
from writ_domains.retail.policy import REASONS
from writ_domains.retail.schema import GiftCard, Order, Transaction, Variant
from writ_domains.retail.tools.profiles import make_address


@write
def cancel_pending_order(state: State, order_id: str, reason: str) -> Order:
    """Cancel a pending order and refund what was paid for it.

    An order that is processed or delivered cannot be cancelled. Tell the customer what will happen and get an explicit
    yes before you call it. A gift card gets its money back at once, other payment methods in 5 to 7 business days.

    Args:
        order_id: The id of the order with its leading '#', for instance '#W1234567'.
        reason: Why the customer cancels: 'no longer needed' or 'ordered by mistake'.
    """
    order = lookups.get_order(state, order_id)
    if order.status != "pending":
        raise ToolError("only a pending order can be cancelled")
    if reason not in REASONS:
        raise ToolError("the reason has to be 'no longer needed' or 'ordered by mistake'")
    refunds: list[Transaction] = []
    for row in order.payment_history:
        refunds.append(Transaction("refund", row.amount, row.payment_method_id))
        method = lookups.get_payment_method(state, order.user_id, row.payment_method_id)
        if isinstance(method, GiftCard):
            lookups.set_balance(state, order.user_id, method, method.balance + row.amount)
    order = msgspec.structs.replace(
        order, status="cancelled", cancel_reason=reason, payment_history=(*order.payment_history, *refunds)
    )
    state.put("orders", order_id, order)
    return order


@write
def modify_pending_order_payment(state: State, order_id: str, payment_method_id: str) -> Order:
    """Let another payment method of the customer pay for a pending order.

    List the change and get an explicit yes from the customer before you call it. The first method is refunded in full.

    Args:
        order_id: The id of the order with its leading '#', for instance '#W1234567'.
        payment_method_id: The id of the new method as it stands in the profile, for instance 'gift_card_1234567'.
    """
    order = lookups.get_order(state, order_id)
    if "pending" not in order.status:
        raise ToolError("only a pending order can be paid in another way")
    method = lookups.get_payment_method(state, order.user_id, payment_method_id)
    history = order.payment_history
    if len(history) != 1 or history[0].transaction_type != "payment":
        raise ToolError("the order has to have one payment and nothing else in its history")
    amount, former_id = history[0].amount, history[0].payment_method_id
    if former_id == payment_method_id:
        raise ToolError("the order is already paid with this method")
    if isinstance(method, GiftCard) and method.balance < amount:
        raise ToolError("the gift card holds less than the order costs")
    rows = (Transaction("payment", amount, payment_method_id), Transaction("refund", amount, former_id))
    order = msgspec.structs.replace(order, payment_history=history + rows)
    state.put("orders", order_id, order)
    if isinstance(method, GiftCard):
        lookups.set_balance(state, order.user_id, method, method.balance - amount)
    former = lookups.get_payment_method(state, order.user_id, former_id)
    if isinstance(former, GiftCard):
        lookups.set_balance(state, order.user_id, former, former.balance + amount)
    return order


def _check_counts(order: Order, item_ids: list[str]) -> None:
    owned = [item.item_id for item in order.items]
    for item_id in item_ids:
        if item_ids.count(item_id) > owned.count(item_id):
            raise ToolError(f"the order does not hold item {item_id} that often")


def _replacements(
    state: State, order: Order, item_ids: list[str], new_item_ids: list[str], *, differ: bool
) -> tuple[list[Variant], float]:
    """The new variants pair by pair, and the sum of the differences in price; `differ` forbids a pair of equal ids."""
    _check_counts(order, item_ids)
    if len(item_ids) != len(new_item_ids):
        raise ToolError("every item needs exactly one new item")
    variants: list[Variant] = []
    difference: float = 0
    for item_id, new_item_id in zip(item_ids, new_item_ids, strict=True):
        if differ and item_id == new_item_id:
            raise ToolError("the new item has to be another one than the old item")
        item = order.items[lookups.first_item(order.items, item_id)]
        variant = lookups.get_variant(state, item.product_id, new_item_id)
        if not variant.available:
            raise ToolError(f"item {new_item_id} is out of stock")
        difference += variant.price - item.price
        variants.append(variant)
    return variants, difference


@write
def modify_pending_order_items(
    state: State, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
) -> Order:
    """Swap items of a pending order for other variants of the same products.

    It works once per order, and afterwards the order can be neither changed nor cancelled: gather every swap first.
    List them and get an explicit yes from the customer before you call it.

    Args:
        order_id: The id of the order with its leading '#', for instance '#W1234567'.
        item_ids: The ids of the items to give up, for instance ['1234567890']. An id may stand there twice.
        new_item_ids: The ids of the new items, in the order of item_ids, each a variant of the same product.
        payment_method_id: The id of the method that pays or gets the difference, for instance 'paypal_1234567'.
    """
    order = lookups.get_order(state, order_id)
    if order.status != "pending":
        raise ToolError("only the items of a pending order can be swapped, and only once")
    variants, difference = _replacements(state, order, item_ids, new_item_ids, differ=True)
    method = lookups.get_payment_method(state, order.user_id, payment_method_id)
    if isinstance(method, GiftCard):
        if method.balance < difference:
            raise ToolError("the gift card holds less than the difference in price")
        lookups.set_balance(state, order.user_id, method, method.balance - difference)
    row = Transaction("payment" if difference > 0 else "refund", abs(float(difference)), payment_method_id)
    items = list(order.items)
    for item_id, new_item_id in zip(item_ids, new_item_ids, strict=True):
        position = lookups.first_item(tuple(items), item_id)
        items[position] = msgspec.structs.replace(
            items[position], item_id=new_item_id, price=variants[-1].price, options=variants[-1].options
        )
    order = msgspec.structs.replace(
        order,
        items=tuple(items),
        status="pending (item modified)",
        payment_history=(*order.payment_history, row),
    )
    state.put("orders", order_id, order)
    return order


@write
def exchange_delivered_order_items(
    state: State, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
) -> Order:
    """Request an exchange: items of a delivered order against other variants of the same products.

    A delivered order takes one exchange or one return, once. List every swap and get an explicit yes from the customer
    before you call it.

    Args:
        order_id: The id of the order with its leading '#', for instance '#W1234567'.
        item_ids: The ids of the items to send back, for instance ['1234567890']. An id may stand there twice.
        new_item_ids: The ids of the new items, in the order of item_ids, each a variant of the same product.
        payment_method_id: The id of the method that pays or gets the difference, for instance 'paypal_1234567'.
    """
    order = lookups.get_order(state, order_id)
    if order.status != "delivered":
        raise ToolError("only items of a delivered order can be exchanged, and only once")
    _, difference = _replacements(state, order, item_ids, new_item_ids, differ=False)
    difference = round(difference, 2)
    method = lookups.get_payment_method(state, order.user_id, payment_method_id)
    if isinstance(method, GiftCard) and method.balance < difference:
        raise ToolError("the gift card holds less than the difference in price")
    order = msgspec.structs.replace(
        order,
        status="exchange requested",
        exchange_items=tuple(sorted(item_ids)),
        exchange_new_items=tuple(sorted(new_item_ids)),
        exchange_payment_method_id=payment_method_id,
        exchange_price_difference=difference,
    )
    state.put("orders", order_id, order)
    return order


@write
def return_delivered_order_items(state: State, order_id: str, item_ids: list[str], payment_method_id: str) -> Order:
    """Request the return of items of a delivered order.

    A delivered order takes one exchange or one return, once. List the items and get an explicit yes from the customer
    before you call it. The customer then gets an e-mail on how to send the items back.

    Args:
        order_id: The id of the order with its leading '#', for instance '#W1234567'.
        item_ids: The ids of the items to send back, for instance ['1234567890']. An id may stand there twice.
        payment_method_id: Where the refund goes: the method that paid for the order, or a gift card of the customer.
    """
    order = lookups.get_order(state, order_id)
    if order.status != "delivered":
        raise ToolError("only items of a delivered order can be returned, and only once")
    method = lookups.get_payment_method(state, order.user_id, payment_method_id)
    if not isinstance(method, GiftCard) and payment_method_id != order.payment_history[0].payment_method_id:
        raise ToolError("the refund goes to the original payment method or to a gift card")
    _check_counts(order, item_ids)
    order = msgspec.structs.replace(
        order,
        status="return requested",
        return_items=tuple(sorted(item_ids)),
        return_payment_method_id=payment_method_id,
    )
    state.put("orders", order_id, order)
    return order


@write
def modify_pending_order_address(
    db: State, order_id: str, address1: str, address2: str, city: str, state: str, country: str, zip: str
) -> Order:
    """Send a pending order to another address.

    List the new address and get an explicit yes from the customer before you call it.

    Args:
        order_id: The id of the order with its leading '#', for instance '#W1234567'.
        address1: Street and number, for instance '12 Oak Street'.
        address2: Apartment, suite or unit, for instance 'Apt 4', or '' when there is none.
        city: The city, for instance 'Chicago'.
        state: The two-letter code of the state, for instance 'IL'.
        country: The country, for instance 'USA'.
        zip: The zip code, for instance '60601'.
    """
    order = lookups.get_order(db, order_id)
    if "pending" not in order.status:
        raise ToolError("only a pending order can be sent elsewhere")
    order = msgspec.structs.replace(order, address=make_address(address1, address2, city, country, state, zip))
    db.put("orders", order_id, order)
    return order
