"""Customers who describe things by how they compare, an address by its city, an order by the end of its number."""

from __future__ import annotations

from random import Random

from msgspec.structs import replace

from writ_async.core.state import World
from writ_domains.kit.gold import Unfit, choose_one
from writ_domains.kit.phrasing import pick
from writ_domains.kit.wishes import Request, Wish
from writ_domains.retail import phrases
from writ_domains.retail.goals.scales import ordered
from writ_domains.retail.recipes.cancelling import cancel
from writ_domains.retail.recipes.customers import (
    Customer,
    Pointer,
    name_item,
    one_of,
    other_method,
    point,
    product_of,
    request,
)
from writ_domains.retail.recipes.paying import pay_with
from writ_domains.retail.recipes.swapping import Swap, swap
from writ_domains.retail.schema import OrderItem

_DIGITS = 4


def _scales(world: World, item: OrderItem) -> list[str]:
    """The options of an item whose values can be compared."""
    variants = product_of(world, item).variants.values()
    return [axis for axis in item.options if ordered(one.options[axis] for one in variants if axis in one.options)]


def next_version(world: World, customer: Customer, rng: Random) -> Request:
    """The next larger or smaller version in stock of an item, or the largest or smallest."""
    status = pick(rng, [status for status in ("pending", "delivered") if customer.with_status(status)])
    order = one_of(customer, status, rng)
    item = pick(rng, order.items)
    axis = choose_one(rng, _scales(world, item))
    up, end = rng.random() < 0.5, rng.random() < 0.4
    where = point(customer, order, rng, (item,))
    forms = phrases.ALONG[f"{'last' if end else 'next'} {'up' if up else 'down'}"]
    target = pick(rng, forms).format(axis=axis)
    params = {"name": item.name, "target": {"scale": axis, "up": up, "end": end}}
    one = Swap(params, name_item(order, item, rng), target, pick(rng, phrases.KEEP_OPTIONS))
    wish = swap(customer, (one,), where, rng, delivered=status == "delivered", cards=False, ask=rng.random() < 0.3)
    return request(wish, unknown=not where.by_id)


def ship_to_city(world: World, customer: Customer, rng: Random) -> Request:
    """A pending order is to go to an address that the customer names by its city: another order went there."""
    order = one_of(customer, "pending", rng)
    known = {customer.user.address, *(other.address for other in customer.orders)}
    city = choose_one(rng, sorted(address.city for address in known if address != order.address))
    where = point(customer, order, rng)
    wish = Wish(
        "ship",
        {"order": where.order, "address": {"in_city": city}},
        pick(rng, phrases.SHIP).format(where.text),
        remarks=(pick(rng, phrases.IN_CITY).format(city=city),),
    )
    return request(wish, unknown=not where.by_id)


def live_in_city(world: World, customer: Customer, rng: Random) -> Request:
    """The default address becomes the one in a city to which an order was sent."""
    cities = sorted(other.address.city for other in customer.orders if other.address != customer.user.address)
    city = choose_one(rng, cities)
    remark = pick(rng, phrases.IN_CITY).format(city=city)
    return request(Wish("live", {"address": {"in_city": city}}, pick(rng, phrases.PROFILE), remarks=(remark,)))


def order_by_its_end(world: World, customer: Customer, rng: Random) -> Request:
    """An order of whose number the customer remembers the last digits alone."""
    if len(customer.orders) < 2:
        raise Unfit("there is only one order")
    order = one_of(customer, "pending", rng)
    ends = order.order_id[-_DIGITS:]
    where = Pointer(pick(rng, phrases.ORDER_BY_END).format(ends), {"ends": ends})
    wish = (
        cancel(where, rng) if rng.random() < 0.5 else pay_with(customer, other_method(customer, order, rng), where, rng)
    )
    return request(replace(wish, question="", answer=""))


def neither_version(world: World, customer: Customer, rng: Random) -> Request:
    """An item for one version or else for another one; both are out of stock, and then nothing is to change."""
    status = pick(rng, [status for status in ("pending", "delivered") if customer.with_status(status)])
    order = one_of(customer, status, rng)
    item = pick(rng, order.items)
    gone = [
        one for one in product_of(world, item).variants.values() if not one.available and one.item_id != item.item_id
    ]
    if len(gone) < 2:
        raise Unfit("too little is out of stock")
    where, thing = point(customer, order, rng, (item,)), name_item(order, item, rng)
    first, second = (
        Swap({"name": item.name, "target": {"options": dict(one.options)}}, thing, _whole(one.options))
        for one in rng.sample(gone, 2)
    )
    wish = swap(customer, (first,), where, rng, delivered=status == "delivered", cards=False)
    options = [
        {"objective": wish.objective, "params": {**wish.params, "items": [one.params]}} for one in (first, second)
    ]
    remarks = (pick(rng, phrases.ELSE_VERSION).format(second.target), pick(rng, phrases.ELSE_NOTHING))
    wish = replace(wish, objective="first_possible", params={"options": options, "leave": True}, remarks=remarks)
    return request(wish, unknown=not where.by_id)


def _whole(options: dict[str, str]) -> str:
    """A version by all its options."""
    return "the one with " + ", ".join(f"{axis} {value}" for axis, value in options.items())
