"""One write whose arguments are the unique optimum over what several reads show.

The customer knows no id of an order or an item. The optimum is strict by a margin, in dollars, so that there is one
answer. Its certificate holds every order, and every product, that has to be compared: an order that was not read could
have been the best one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, TypeVar

from domains.common.phrasing import pick
from domains.retail.recipes import wishes, wording
from domains.retail.recipes.gold import Gold, Unfit, product_cell
from domains.retail.recipes.script import Plan, having, recipe
from domains.retail.recipes.shopper import Pointer, Shopper
from domains.retail.recipes.wishes import Swap, Wish
from domains.retail.schema import GiftCard, Order, OrderItem, Product, Variant
from writ_async.state import World

T = TypeVar("T")

_ORDER_MARGIN: Final = 1.0
_ITEM_MARGIN: Final = 0.3


def best(options: Sequence[T], value: Callable[[T], float], margin: float, *, most: bool = True) -> T:
    """The option with the largest value, or the smallest. Raises `Unfit` when another is within the margin."""
    ranked = sorted(options, key=value, reverse=most)
    if not ranked or (len(ranked) > 1 and abs(value(ranked[0]) - value(ranked[1])) < margin):
        raise Unfit("no clear optimum")
    return ranked[0]


def total(order: Order) -> float:
    """What was paid for an order."""
    return order.payment_history[0].amount


def _extreme_order(shopper: Shopper, status: str, rng: Random) -> tuple[Order, Pointer]:
    """The dearest or cheapest order of a status, which all orders have to be read for."""
    most = rng.random() < 0.5
    order = best(shopper.with_status(status), total, _ORDER_MARGIN, most=most)
    text = pick(rng, wording.DEAREST_ORDER if most else wording.CHEAPEST_ORDER).format(status)
    return order, Pointer(text, shopper.order_cells(), False)


def _plan(shopper: Shopper, wish: Wish) -> Plan:
    return Plan((wish,), unknown=True, reads=shopper.order_cells())


def _cancel(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    order, where = _extreme_order(shopper, "pending", rng)
    return _plan(shopper, wishes.cancel(order, where, rng, ask=rng.random() < 0.3))


def _pay(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    order, where = _extreme_order(shopper, "pending", rng)
    return _plan(shopper, wishes.pay_with(shopper, order, wishes.other_method(shopper, order, rng), where, rng))


def _pay_by_card(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    """The dearest pending order, paid otherwise, that the gift card covers; it does not cover the dearest of all."""
    cards = [method for method in shopper.user.payment_methods.values() if isinstance(method, GiftCard)]
    if len(cards) != 1:
        raise Unfit("not one gift card")
    balance = cards[0].balance
    orders = [
        order for order in shopper.with_status("pending") if order.payment_history[0].payment_method_id != cards[0].id
    ]
    covered = [order for order in orders if total(order) <= balance]
    if len(covered) == len(orders) or any(abs(total(order) - balance) < _ORDER_MARGIN for order in orders):
        raise Unfit("the balance decides nothing, or by a hair")
    order = best(covered, total, _ORDER_MARGIN)
    where = Pointer(pick(rng, wording.COVERED_ORDER), shopper.order_cells(), False)
    return _plan(shopper, wishes.pay_with(shopper, order, cards[0], where, rng))


def _items(shopper: Shopper, status: str) -> list[tuple[Order, OrderItem]]:
    return [(order, item) for order in shopper.with_status(status) for item in order.items]


def _return_item(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    """The dearest or cheapest single item of all delivered orders."""
    most = rng.random() < 0.5
    order, item = best(_items(shopper, "delivered"), lambda one: one[1].price, _ITEM_MARGIN, most=most)
    where = Pointer(pick(rng, wording.ALL_DELIVERED), shopper.order_cells(), False)
    things = pick(rng, wording.DEAREST_ITEM if most else wording.CHEAPEST_ITEM)
    return _plan(shopper, wishes.give_back(shopper, order, (item,), things, where, rng))


def _return_rest(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    """All but the dearest or cheapest item of the dearest or cheapest delivered order."""
    order, where = _extreme_order(shopper, "delivered", rng)
    if len(order.items) < 2:
        raise Unfit("one item only")
    most = rng.random() < 0.5
    kept = best(order.items, lambda item: item.price, _ITEM_MARGIN, most=most)
    items = [item for item in order.items if item is not kept]
    things = pick(rng, wording.ALL_BUT).format(pick(rng, wording.DEAREST_ITEM if most else wording.CHEAPEST_ITEM))
    return _plan(shopper, wishes.give_back(shopper, order, items, things, where, rng))


def _in_stock(product: Product, item: OrderItem) -> list[Variant]:
    return [one for one in product.variants.values() if one.available and one.item_id != item.item_id]


def _exchange_item(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    """The dearest or cheapest item of all delivered orders against the cheapest or dearest version in stock."""
    most, up = rng.random() < 0.5, rng.random() < 0.5
    order, item = best(_items(shopper, "delivered"), lambda one: one[1].price, _ITEM_MARGIN, most=most)
    variants = _in_stock(gold.product(item.product_id), item)
    variant = best(variants, lambda one: one.price, _ITEM_MARGIN, most=up)
    thing = pick(rng, wording.DEAREST_ITEM if most else wording.CHEAPEST_ITEM)
    target = pick(rng, wording.DEAREST_VERSION if up else wording.CHEAPEST_VERSION)
    where = Pointer(pick(rng, wording.ALL_DELIVERED), shopper.order_cells(), False)
    one = Swap(item, variant, thing, target, pick(rng, wording.OTHERWISE_ANY))
    return _plan(shopper, wishes.swap(shopper, order, (one,), where, rng, ask=rng.random() < 0.3))


def _saving(status: str, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    """The item of all orders of a status with which the cheapest version in stock saves most."""
    found: list[tuple[Order, Swap]] = []
    for order, item in _items(shopper, status):
        variants = _in_stock(gold.product(item.product_id), item)
        if variants:
            cheapest = min(variants, key=lambda one: one.price)
            found.append((order, Swap(item, cheapest, "", "")))
    order, chosen = best(found, lambda one: -one[1].due, _ITEM_MARGIN)
    if chosen.due > -_ITEM_MARGIN:
        raise Unfit("nothing to save")
    best(_in_stock(gold.product(chosen.item.product_id), chosen.item), lambda one: one.price, _ITEM_MARGIN, most=False)
    products = tuple(product_cell(item.product_id) for _, item in _items(shopper, status))
    where = Pointer(pick(rng, wording.ONE_OF_THEM).format(status), shopper.order_cells(), False)
    target, remark = pick(rng, wording.CHEAPEST_VERSION), pick(rng, wording.MOST_SAVED).format(status)
    swap = Swap(chosen.item, chosen.variant, "one item", target, remark)
    wish = wishes.swap(shopper, order, (swap,), where, rng, ask=rng.random() < 0.3, more=products)
    return _plan(shopper, wish)


def _save_by_exchange(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    return _saving("delivered", shopper, gold, rng)


def _save_by_change(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    return _saving("pending", shopper, gold, rng)


def _home_like_order(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    """The default address set to that of the dearest or cheapest order of a status."""
    order, where = _extreme_order(shopper, pick(rng, ("pending", "delivered")), rng)
    if order.address == shopper.user.address:
        raise Unfit("the address is the default already")
    wish = Wish(
        tool="modify_user_address",
        arguments={"user_id": shopper.user.user_id, **wishes.address_arguments(order.address)},
        cells=where.cells,
        phrase=pick(rng, wording.HOME_LIKE_ORDER).format(where.text),
    )
    return _plan(shopper, wish)


_PENDING = having("pending", 2, orders=3)
_TWO_PENDING = having("pending", 2)
_DELIVERED = having("delivered", 1, orders=3)

HEAVY = (
    recipe("cancel_extreme_order", "read-heavy", _cancel, fits=_PENDING),
    recipe("pay_extreme_order", "read-heavy", _pay, fits=_PENDING),
    recipe("pay_covered_order", "read-heavy", _pay_by_card, fits=_TWO_PENDING),
    recipe("return_extreme_item", "read-heavy", _return_item, fits=_DELIVERED),
    recipe("return_all_but_one", "read-heavy", _return_rest, fits=having("delivered", 2, orders=3)),
    recipe("exchange_extreme_item", "read-heavy", _exchange_item, fits=_DELIVERED),
    recipe("exchange_for_savings", "read-heavy", _save_by_exchange, fits=having("delivered", 1, orders=2)),
    recipe("modify_for_savings", "read-heavy", _save_by_change, fits=having("pending", 1, orders=2)),
    recipe("address_of_extreme_order", "read-heavy", _home_like_order, fits=lambda shopper: len(shopper.orders) >= 3),
)
