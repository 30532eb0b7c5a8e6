"""One write, and little to read: the customer names the order by its id or by what is in it."""

from __future__ import annotations

from random import Random

from writ_async.core.state import World
from writ_domains.kit.gold import Unfit
from writ_domains.kit.people import draw_address
from writ_domains.kit.phrasing import listing, pick
from writ_domains.kit.wishes import Request, Wish
from writ_domains.retail.recipes import wishes
from writ_domains.retail.recipes.script import having, recipe, request
from writ_domains.retail.recipes.shopper import Pointer, Shopper, name_item, point_by_id, point_by_item
from writ_domains.retail.schema import Order, OrderItem, Product

_BY_ID = 0.6


def one_of(shopper: Shopper, status: str, rng: Random) -> Order:
    """An order of a status."""
    return pick(rng, shopper.with_status(status))


def point(shopper: Shopper, order: Order, rng: Random, avoid: tuple[str, ...] = ()) -> Pointer:
    """An order by its id, or by what is in it."""
    return point_by_id(order, rng) if rng.random() < _BY_ID else point_by_item(shopper, order, rng, avoid)


def product_of(world: World, item: OrderItem) -> Product:
    """The product of an item. Raises `Unfit` when the world has none."""
    found: Product | None = world.tables["products"].get(item.product_id)
    if found is None:
        raise Unfit("the order names a product that is not sold")
    return found


def _plan(where: Pointer, wish: Wish) -> Request:
    return request((wish,), unknown=not where.by_id)


def _cancel(world: World, shopper: Shopper, rng: Random) -> Request:
    where = point(shopper, one_of(shopper, "pending", rng), rng)
    return _plan(where, wishes.cancel(where, rng, ask=rng.random() < 0.4))


def _return(world: World, shopper: Shopper, rng: Random) -> Request:
    order = one_of(shopper, "delivered", rng)
    items = rng.sample(order.items, rng.randint(1, len(order.items)))
    everything = len(items) == len(order.items) and len(items) > 1
    things = "everything" if everything else listing([name_item(order, item, rng) for item in items])
    where = point(shopper, order, rng, () if everything else tuple(item.item_id for item in items))
    wanted = {"all": True} if everything else {"names": [item.name for item in items]}
    return _plan(where, wishes.give_back(shopper, wanted, things, where, rng))


def _swap(status: str, world: World, shopper: Shopper, rng: Random) -> Request:
    order = one_of(shopper, status, rng)
    item = pick(rng, order.items)
    where = point(shopper, order, rng, (item.item_id,))
    one = wishes.other_version(product_of(world, item), item, name_item(order, item, rng), rng)
    delivered = status == "delivered"
    return _plan(where, wishes.swap(shopper, (one,), where, rng, delivered=delivered, ask=rng.random() < 0.3))


def _exchange(world: World, shopper: Shopper, rng: Random) -> Request:
    return _swap("delivered", world, shopper, rng)


def _modify(world: World, shopper: Shopper, rng: Random) -> Request:
    return _swap("pending", world, shopper, rng)


def _ship(world: World, shopper: Shopper, rng: Random) -> Request:
    where = point(shopper, one_of(shopper, "pending", rng), rng)
    return _plan(where, wishes.ship_to(draw_address(rng), where, rng))


def _pay(world: World, shopper: Shopper, rng: Random) -> Request:
    order = one_of(shopper, "pending", rng)
    where = point(shopper, order, rng)
    return _plan(where, wishes.pay_with(shopper, wishes.other_method(shopper, order, rng), where, rng))


def _profile(world: World, shopper: Shopper, rng: Random) -> Request:
    address = draw_address(rng)
    if address == shopper.user.address:
        raise Unfit("the same address")
    return request((wishes.live_at(address, rng),))


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
