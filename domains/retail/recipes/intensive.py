"""Two to four writes. Each order is changed once, so the writes lead to one state in whatever order they are made."""

from __future__ import annotations

from random import Random

import msgspec

from domains.common.people import draw_address
from domains.common.phrasing import figure, listing, pick
from domains.retail.recipes import wishes, wording
from domains.retail.recipes.gold import Gold, order_cell, user_cell
from domains.retail.recipes.script import Plan, having, recipe
from domains.retail.recipes.shopper import Pointer, Shopper, name_item, point_by_id, point_by_item
from domains.retail.recipes.wishes import Wish
from domains.retail.schema import Order
from writ_async.state import World

_MOST = 4


def _actionable(shopper: Shopper) -> list[Order]:
    return [order for order in shopper.orders if order.status in ("pending", "delivered")]


def _delivered_wish(shopper: Shopper, order: Order, gold: Gold, rng: Random, by_id: bool) -> Wish:
    """A return or an exchange of one or two items; no gift card pays, for its balance may depend on other writes."""
    items = rng.sample(order.items, min(len(order.items), 1 + rng.randrange(2)))
    avoid = tuple(item.item_id for item in items)
    where = point_by_id(order, rng) if by_id else point_by_item(shopper, order, rng, avoid)
    names = [name_item(order, item, rng) for item in items]
    if rng.random() < 0.5:
        return wishes.give_back(shopper, order, items, listing(names), where, rng)
    swaps = [
        wishes.other_version(gold.product(item.product_id), item, name, rng)
        for item, name in zip(items, names, strict=True)
    ]
    return wishes.swap(shopper, order, swaps, where, rng, cards=False)


def _pending_wish(shopper: Shopper, order: Order, gold: Gold, rng: Random, by_id: bool) -> Wish:
    """A cancellation, or a change of an item, the address or the payment; no gift card pays."""
    item = rng.choice(order.items)
    where = point_by_id(order, rng) if by_id else point_by_item(shopper, order, rng, (item.item_id,))
    drawn = rng.randrange(4)
    if drawn == 0:
        return wishes.cancel(order, where, rng, ask=rng.random() < 0.3)
    if drawn == 1:
        one = wishes.other_version(gold.product(item.product_id), item, name_item(order, item, rng), rng)
        return wishes.swap(shopper, order, (one,), where, rng, cards=False)
    if drawn == 2:
        return wishes.ship_to(order, draw_address(rng), where, rng)
    return wishes.pay_with(shopper, order, wishes.other_method(shopper, order, rng, cards=False), where, rng)


def _errands(shopper: Shopper, gold: Gold, rng: Random, by_id: bool) -> Plan:
    """A different wish for each of two to four orders; perhaps a new default address as well."""
    orders = _actionable(shopper)
    chosen = rng.sample(orders, rng.randint(2, min(_MOST, len(orders))))
    made = [
        (_pending_wish if order.status == "pending" else _delivered_wish)(shopper, order, gold, rng, by_id)
        for order in chosen
    ]
    if len(made) < _MOST and rng.random() < 0.25:
        made.append(wishes.live_at(shopper.user.user_id, draw_address(rng), rng))
    return Plan(tuple(made), unknown=not by_id, reads=() if by_id else shopper.order_cells())


def _errands_by_id(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    return _errands(shopper, gold, rng, by_id=True)


def _errands_by_item(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    return _errands(shopper, gold, rng, by_id=False)


def _own(shopper: Shopper, order: Order) -> Pointer:
    return Pointer("", (user_cell(shopper.user.user_id), order_cell(order.order_id)), False)


def _move(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    """A new default address, and the same for every pending order."""
    address = draw_address(rng)
    home = wishes.live_at(shopper.user.user_id, address, rng)
    orders = [
        wishes.silent(wishes.ship_to(order, address, _own(shopper, order), rng))
        for order in shopper.with_status("pending")
    ]
    home = msgspec.structs.replace(home, phrase=pick(rng, wording.MOVE))
    return Plan((home, *orders), unknown=True, reads=shopper.order_cells(), intro=pick(rng, wording.MOVED))


def _clear(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    """Every pending order cancelled for one reason; perhaps the customer asks for the sum of the refunds."""
    reason = pick(rng, wishes.REASONS)
    pending = shopper.with_status("pending")
    first, *rest = [wishes.cancel(order, _own(shopper, order), rng, reason=reason) for order in pending]
    total = sum(order.payment_history[0].amount for order in pending)
    asks = rng.random() < 0.5
    first = msgspec.structs.replace(
        first,
        phrase=pick(rng, wording.CLEAR),
        remarks=(pick(rng, wording.REASON).format(reason),),
        question=pick(rng, wording.ASK_TOTAL) if asks else "",
        answer=figure(total) if asks else "",
    )
    return Plan((first, *map(wishes.silent, rest)), unknown=True, reads=shopper.order_cells())


def _return_all(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    """Everything of every delivered order sent back, each refund to the method that paid."""
    first, *rest = [
        wishes.give_back(shopper, order, order.items, "everything", _own(shopper, order), rng, original=True)
        for order in shopper.with_status("delivered")
    ]
    first = msgspec.structs.replace(first, phrase=pick(rng, wording.RETURN_ALL))
    return Plan((first, *map(wishes.silent, rest)), unknown=True, reads=shopper.order_cells())


def _several(shopper: Shopper) -> bool:
    return len(_actionable(shopper)) >= 2


INTENSIVE = (
    recipe("errands_by_id", "write-intensive", _errands_by_id, fits=_several),
    recipe("errands_by_item", "write-intensive", _errands_by_item, fits=_several),
    recipe("move_house", "write-intensive", _move, fits=having("pending", 1, _MOST - 1)),
    recipe("clear_pending", "write-intensive", _clear, fits=having("pending", 2, _MOST)),
    recipe("return_everything", "write-intensive", _return_all, fits=having("delivered", 2, _MOST)),
)
