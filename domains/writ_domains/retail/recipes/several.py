"""Several writes over one customer's affairs: independent errands, chains in a fixed order, and extremes together."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from writ_async.core.state import World
from writ_domains.kit.people import draw_address
from writ_domains.kit.phrasing import listing, pick
from writ_domains.kit.wishes import Request, Wish
from writ_domains.retail.recipes.addresses import live_at, move_house, ship_to
from writ_domains.retail.recipes.cancelling import cancel, cancel_extreme, clear_pending
from writ_domains.retail.recipes.customers import (
    Customer,
    any_method,
    name_item,
    one_of,
    other_method,
    point_at_extreme,
    point_by_id,
    point_by_item,
    request,
)
from writ_domains.retail.recipes.paying import pay_with
from writ_domains.retail.recipes.returning import give_back, give_back_extreme
from writ_domains.retail.recipes.swapping import exchange_extreme, other_version, swap, swap_for_savings
from writ_domains.retail.schema import Order

MOST: Final = 6
"""The most writes of a request."""


def _actionable(customer: Customer) -> list[Order]:
    return [order for order in customer.orders if order.status in ("pending", "delivered")]


def has_several(customer: Customer) -> bool:
    """Whether two orders can be acted on."""
    return len(_actionable(customer)) >= 2


def has_both(customer: Customer) -> bool:
    """Whether there are three orders, pending and delivered ones among them."""
    return len(customer.orders) >= 3 and bool(customer.with_status("pending") and customer.with_status("delivered"))


def _delivered_wish(world: World, customer: Customer, order: Order, rng: Random, by_id: bool) -> Wish:
    """A return or an exchange of one or two items; no gift card pays, for its balance may depend on other writes."""
    items = rng.sample(order.items, min(len(order.items), 1 + rng.randrange(2)))
    where = point_by_id(order, rng) if by_id else point_by_item(customer, order, rng, items)
    names = [name_item(order, item, rng) for item in items]
    if rng.random() < 0.5:
        return give_back(customer, {"names": [item.name for item in items]}, listing(names), where, rng)
    swaps = [other_version(world, item, name, rng) for item, name in zip(items, names, strict=True)]
    return swap(customer, swaps, where, rng, delivered=True, cards=False)


def _pending_wish(world: World, customer: Customer, order: Order, rng: Random, by_id: bool) -> Wish:
    """A cancellation, or a change of an item, the address or the payment; no gift card pays."""
    item = pick(rng, order.items)
    where = point_by_id(order, rng) if by_id else point_by_item(customer, order, rng, (item,))
    drawn = rng.randrange(4)
    if drawn == 0:
        return cancel(where, rng, ask=rng.random() < 0.3)
    if drawn == 1:
        one = other_version(world, item, name_item(order, item, rng), rng)
        return swap(customer, (one,), where, rng, delivered=False, cards=False)
    if drawn == 2:
        return ship_to(draw_address(rng), where, rng)
    return pay_with(customer, other_method(customer, order, rng, cards=False), where, rng)


def _errands(world: World, customer: Customer, rng: Random, by_id: bool) -> Request:
    """A different wish for each of two to six orders; perhaps a new default address as well."""
    orders = _actionable(customer)
    chosen = rng.sample(orders, rng.randint(2, min(MOST, len(orders))))
    made = [
        (_pending_wish if order.status == "pending" else _delivered_wish)(world, customer, order, rng, by_id)
        for order in chosen
    ]
    if len(made) < MOST and rng.random() < 0.25:
        made.append(live_at(draw_address(rng), rng))
    return request(*made, unknown=not by_id)


def errands_by_id(world: World, customer: Customer, rng: Random) -> Request:
    """A wish for each of several orders, which are named by their ids."""
    return _errands(world, customer, rng, by_id=True)


def errands_by_item(world: World, customer: Customer, rng: Random) -> Request:
    """A wish for each of several orders, which are named by what is in them."""
    return _errands(world, customer, rng, by_id=False)


def several_of_one_order(world: World, customer: Customer, rng: Random) -> Request:
    """The address, then the payment, and last an item of one order: after that policy forbids any change of it."""
    order = one_of(customer, "pending", rng)
    item = pick(rng, order.items)
    where = point_by_id(order, rng)
    one = other_version(world, item, name_item(order, item, rng), rng)
    made = [
        ship_to(draw_address(rng), where, rng),
        pay_with(customer, other_method(customer, order, rng, cards=False), where, rng),
        swap(customer, (one,), where, rng, delivered=False, cards=False),
    ]
    kept = made if rng.random() < 0.5 else rng.sample(made[:2], 1) + made[2:]
    return request(*kept, unknown=False, ordered=True)


def extremes_together(world: World, customer: Customer, rng: Random) -> Request:
    """Several writes, each of which many reads decide: one about pending orders, one about delivered ones."""
    pending: tuple[Callable[[], Wish], ...] = (
        lambda: cancel_extreme(rng),
        lambda: swap_for_savings(customer, "pending", rng),
        lambda: pay_with(customer, any_method(customer, rng, cards=False), point_at_extreme("pending", rng), rng),
        lambda: ship_to(draw_address(rng), point_at_extreme("pending", rng), rng),
    )
    delivered: tuple[Callable[[], Wish], ...] = (
        lambda: give_back_extreme(customer, rng),
        lambda: exchange_extreme(customer, rng),
        lambda: swap_for_savings(customer, "delivered", rng),
    )
    made = [pick(rng, pending)(), pick(rng, delivered)()]
    rng.shuffle(made)
    if rng.random() < 0.4:
        made.append(live_at(draw_address(rng), rng))
    return request(*made)


def all_and_extreme(world: World, customer: Customer, rng: Random) -> Request:
    """One thing for all pending orders, and one that many reads decide about the delivered ones."""
    everything = pick(rng, (clear_pending, move_house))(world, customer, rng)
    delivered: tuple[Callable[[], Wish], ...] = (
        lambda: exchange_extreme(customer, rng),
        lambda: swap_for_savings(customer, "delivered", rng),
        lambda: swap_for_savings(customer, "delivered", rng),
    )
    return request(*everything.wishes, pick(rng, delivered)(), intro=everything.intro)
