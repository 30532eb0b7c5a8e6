"""One write, and little to read: the customer names the order by its id or by what is in it."""

from __future__ import annotations

from random import Random

from domains.common.people import draw_address
from domains.common.phrasing import listing
from domains.retail.recipes import wishes
from domains.retail.recipes.gold import Gold, Unfit
from domains.retail.recipes.script import Plan, having, recipe
from domains.retail.recipes.shopper import (
    Pointer,
    Shopper,
    name_item,
    point_by_id,
    point_by_item,
    reads_up_to,
)
from domains.retail.recipes.wishes import Wish
from domains.retail.schema import Order
from writ_async.state import World

_BY_ID = 0.6


def _one(shopper: Shopper, status: str, rng: Random) -> Order:
    return rng.choice(shopper.with_status(status))


def _point(shopper: Shopper, order: Order, rng: Random, avoid: tuple[str, ...] = ()) -> Pointer:
    return point_by_id(order, rng) if rng.random() < _BY_ID else point_by_item(shopper, order, rng, avoid)


def _plan(shopper: Shopper, order: Order, where: Pointer, wish: Wish) -> Plan:
    if where.by_id:
        return Plan((wish,))
    return Plan((wish,), unknown=True, reads=reads_up_to(shopper, order))


def _cancel(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    order = _one(shopper, "pending", rng)
    where = _point(shopper, order, rng)
    return _plan(shopper, order, where, wishes.cancel(order, where, rng, ask=rng.random() < 0.4))


def _return(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    order = _one(shopper, "delivered", rng)
    items = rng.sample(order.items, rng.randint(1, len(order.items)))
    everything = len(items) == len(order.items) and len(items) > 1
    things = "everything" if everything else listing([name_item(order, item, rng) for item in items])
    where = _point(shopper, order, rng, () if everything else tuple(item.item_id for item in items))
    return _plan(shopper, order, where, wishes.give_back(shopper, order, items, things, where, rng))


def _swap(status: str, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    order = _one(shopper, status, rng)
    item = rng.choice(order.items)
    where = _point(shopper, order, rng, (item.item_id,))
    one = wishes.other_version(gold.product(item.product_id), item, name_item(order, item, rng), rng)
    wish = wishes.swap(shopper, order, (one,), where, rng, ask=rng.random() < 0.3)
    return _plan(shopper, order, where, wish)


def _exchange(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    return _swap("delivered", shopper, gold, rng)


def _modify(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    return _swap("pending", shopper, gold, rng)


def _ship(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    order = _one(shopper, "pending", rng)
    where = _point(shopper, order, rng)
    return _plan(shopper, order, where, wishes.ship_to(order, draw_address(rng), where, rng))


def _pay(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    order = _one(shopper, "pending", rng)
    where = _point(shopper, order, rng)
    method = wishes.other_method(shopper, order, rng)
    return _plan(shopper, order, where, wishes.pay_with(shopper, order, method, where, rng))


def _profile(world: World, shopper: Shopper, gold: Gold, rng: Random) -> Plan:
    address = draw_address(rng)
    if address == shopper.user.address:
        raise Unfit("the same address")
    return Plan((wishes.live_at(shopper.user.user_id, address, rng),))


_PENDING = having("pending")
_DELIVERED = having("delivered")

NORMAL = (
    recipe("cancel_order", "normal", _cancel, fits=_PENDING),
    recipe("return_items", "normal", _return, fits=_DELIVERED),
    recipe("exchange_item", "normal", _exchange, fits=_DELIVERED),
    recipe("modify_item", "normal", _modify, fits=_PENDING),
    recipe("ship_elsewhere", "normal", _ship, fits=_PENDING),
    recipe("pay_otherwise", "normal", _pay, fits=_PENDING),
    recipe("change_profile_address", "normal", _profile),
)
