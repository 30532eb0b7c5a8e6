"""Customers who name what they hold twice, and say which one they mean only when they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec

from writ_async.core.goal import EVERY, WHICH
from writ_async.core.level import Extent
from writ_async.core.state import World
from writ_domains.kit.gold import Unfit, choose_one
from writ_domains.kit.people import draw_address
from writ_domains.kit.phrasing import pick
from writ_domains.kit.wishes import Request, Wish
from writ_domains.retail import phrases
from writ_domains.retail.goals.meant import telling_options
from writ_domains.retail.recipes.addresses import ship_to
from writ_domains.retail.recipes.cancelling import cancel
from writ_domains.retail.recipes.customers import Customer, Pointer, other_method, point, product_of, request
from writ_domains.retail.recipes.paying import pay_with
from writ_domains.retail.recipes.returning import give_back
from writ_domains.retail.recipes.swapping import Swap, say_option, say_options, swap
from writ_domains.retail.schema import Order, OrderItem

Answer = tuple[dict[str, Any], str]
"""What is said when asked which one is meant: as params, and in words."""


def has_like_items(status: str, customer: Customer) -> bool:
    """Whether an order of a status holds two items of one product."""
    return any(_like_items(order) for order in customer.with_status(status))


def shared_by_pending(customer: Customer) -> list[str]:
    """The names of products that several orders hold, all of which are pending."""
    statuses: dict[str, list[str]] = {}
    for order in customer.orders:
        for name in {item.name for item in order.items}:
            statuses.setdefault(name, []).append(order.status)
    return sorted(name for name, found in statuses.items() if len(found) > 1 and set(found) == {"pending"})


def on_each(customer: Customer) -> Extent:
    """Two writes or more, on orders that all orders are read for."""
    return Extent((2, 3), (3, 2 + len(customer.orders)))


def _like_items(order: Order) -> list[list[OrderItem]]:
    """The groups of items of one product."""
    groups: dict[str, list[OrderItem]] = {}
    for item in order.items:
        groups.setdefault(item.product_id, []).append(item)
    return [group for group in groups.values() if len(group) > 1]


def _draw_like_items(customer: Customer, status: str, rng: Random) -> tuple[Order, list[OrderItem]]:
    found = [(order, group) for order in customer.with_status(status) for group in _like_items(order)]
    return choose_one(rng, found)


def _one_item(items: Sequence[OrderItem], rng: Random) -> Answer:
    """One of some like items: by an option that no other one has, or by what it cost."""
    if rng.random() < 0.35:
        return _by_cost(len(items), rng)
    telling = telling_options(pick(rng, items), items)
    axis = choose_one(rng, sorted(telling))
    said = say_option(axis, telling[axis], pick(rng, phrases.OPTION))
    return {"options": {axis: telling[axis]}}, pick(rng, phrases.MEAN_ITEM).format(said)


def _by_cost(count: int, rng: Random) -> Answer:
    most = rng.random() < 0.5
    forms = (phrases.MEAN_DEARER if most else phrases.MEAN_CHEAPER) if count == 2 else ()
    forms = forms or (phrases.MEAN_DEAREST if most else phrases.MEAN_CHEAPEST)
    return {"most": most}, pick(rng, forms)


def _every_one(count: int, rng: Random) -> Answer:
    return EVERY, pick(rng, phrases.MEAN_BOTH if count == 2 else phrases.MEAN_ALL)


def _settled(wish: Wish, answer: Answer, where: Pointer) -> Request:
    return request(msgspec.structs.replace(wish, choice=answer[1]), unknown=not where.by_id)


def which_to_return(world: World, customer: Customer, rng: Random) -> Request:
    """An item of an order that holds two of them: one is to be sent back, or both."""
    order, items = _draw_like_items(customer, "delivered", rng)
    answer = _every_one(len(items), rng) if rng.random() < 0.3 else _one_item(items, rng)
    where = point(customer, order, rng, items)
    thing = pick(rng, phrases.ITEM).format(items[0].name.lower())
    wish = give_back(customer, {"name": items[0].name, WHICH: answer[0]}, thing, where, rng)
    return _settled(wish, answer, where)


def which_to_swap(world: World, customer: Customer, rng: Random) -> Request:
    """An item of an order that holds two of them, for another version; of delivered ones perhaps both."""
    status = pick(rng, [status for status in ("pending", "delivered") if has_like_items(status, customer)])
    order, items = _draw_like_items(customer, status, rng)
    target = _common_target(world, items, rng)
    apart = len({tuple({**item.options, **target}.items()) for item in items}) == len(items)
    both = status == "delivered" and apart and rng.random() < 0.3
    answer = _every_one(len(items), rng) if both else _one_item(items, rng)
    where = point(customer, order, rng, items)
    thing = pick(rng, phrases.ITEM).format(items[0].name.lower())
    remark = pick(rng, phrases.KEEP_OPTIONS) if len(target) < len(items[0].options) else ""
    params = {"name": items[0].name, "target": {"options": target}, WHICH: answer[0]}
    one = Swap(params, thing, say_options(target, rng), remark)
    delivered = status == "delivered"
    return _settled(swap(customer, (one,), where, rng, delivered=delivered, cards=False), answer, where)


def _common_target(world: World, items: Sequence[OrderItem], rng: Random) -> dict[str, str]:
    """An option, or all of them, that every one of some like items could have instead. Raises `Unfit`."""
    variants = product_of(world, items[0]).variants.values()
    stocked = [one.options for one in variants if one.available]
    owned = [item.options for item in items]
    single = sorted({pair for options in stocked for pair in options.items()})
    fit = [
        {axis: value}
        for axis, value in single
        if all(one.get(axis) != value and {**one, axis: value} in stocked for one in owned)
    ]
    return choose_one(rng, fit or [options for options in stocked if options not in owned])


def _draw_shared(customer: Customer, rng: Random) -> tuple[str, list[Order]]:
    name = choose_one(rng, shared_by_pending(customer))
    return name, [order for order in customer.orders if any(item.name == name for item in order.items)]


def _one_order(orders: Sequence[Order], rng: Random) -> Answer:
    """One of some orders: by something else that is in it, or by what it cost."""
    chosen = pick(rng, orders)
    others = {item.name for order in orders if order is not chosen for item in order.items}
    telling = sorted({item.name for item in chosen.items} - others)
    if not telling or rng.random() < 0.4:
        return _by_cost(len(orders), rng)
    also = pick(rng, telling)
    return {"also": also}, pick(rng, phrases.MEAN_ORDER_WITH).format(also.lower())


def _where_held(name: str, answer: Answer, rng: Random) -> Pointer:
    return Pointer(pick(rng, phrases.ORDER_WITH).format(name.lower()), {"with": name, WHICH: answer[0]})


def which_order(world: World, customer: Customer, rng: Random) -> Request:
    """An order that is named by what several of them hold: it is cancelled, sent elsewhere, or paid otherwise."""
    name, orders = _draw_shared(customer, rng)
    answer = _one_order(orders, rng)
    where = _where_held(name, answer, rng)
    kind = rng.randrange(3)
    if kind == 0:
        return _settled(cancel(where, rng), answer, where)
    if kind == 1:
        return _settled(ship_to(draw_address(rng), where, rng), answer, where)
    method = other_method(customer, pick(rng, orders), rng)
    return _settled(pay_with(customer, method, where, rng), answer, where)


def both_orders(world: World, customer: Customer, rng: Random) -> Request:
    """An order that is named by what several of them hold: all of them are to be cancelled."""
    name, orders = _draw_shared(customer, rng)
    if len(orders) > 3:
        raise Unfit("too many of them")
    answer = _every_one(len(orders), rng)
    where = _where_held(name, answer, rng)
    return _settled(cancel(where, rng), answer, where)
