"""Several writes over one customer's affairs: independent errands, chains in a fixed order, and extremes together."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from writ_async.core.level import Extent
from writ_async.core.state import World
from writ_domains.kit.gold import Unfit
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
    with_products_of,
)
from writ_domains.retail.recipes.paying import pay_with
from writ_domains.retail.recipes.returning import give_back, give_back_extreme
from writ_domains.retail.recipes.swapping import exchange_extreme, other_version, swap, swap_for_savings
from writ_domains.retail.schema import Order

MOST: Final = 6
"""The most writes of a request."""
_TRIES: Final = 3
_BARE: Final = 2  # cells that a write rests on that is about an order alone


def _actionable(customer: Customer) -> list[Order]:
    return [order for order in customer.orders if order.status in ("pending", "delivered")]


def has_several(customer: Customer) -> bool:
    """Whether two orders can be acted on."""
    return len(_actionable(customer)) >= 2


def has_both(customer: Customer) -> bool:
    """Whether there are three orders, pending and delivered ones among them."""
    return len(customer.orders) >= 3 and bool(customer.with_status("pending") and customer.with_status("delivered"))


def has_both_and_few(customer: Customer) -> bool:
    """The same with so few pending ones that two writes beside one for each are not too many."""
    return has_both(customer) and len(customer.with_status("pending")) < MOST


def errands_on_named(customer: Customer) -> Extent:
    """Errands on orders that are named by their ids: what is beside an order is the profile and a product."""
    return Extent((2, min(MOST, len(_actionable(customer)))), (2, 4))


def errands_on_described(customer: Customer) -> Extent:
    """Errands on orders that are described, for which the profile is read in any case."""
    return Extent((2, min(MOST, len(_actionable(customer)))), (3, 5))


def on_one_order(customer: Customer) -> Extent:
    """Two or three writes on an order that is named."""
    return Extent((2, 3), (4, 4))


def two_extremes(customer: Customer) -> Extent:
    """Two or three writes, of which some are found among all orders, or all products of those of a status."""
    cells = [with_products_of(status)(customer).cells[1] for status in ("pending", "delivered")]
    return Extent((2, 3), (2 + len(customer.orders), max(cells)))


def _delivered_wish(world: World, customer: Customer, order: Order, rng: Random, by_id: bool) -> Wish:
    """A return or an exchange of one or two items; no gift card pays, for its balance may depend on other writes."""
    items = rng.sample(order.items, min(len(order.items), 1 + rng.randrange(2)))
    where = point_by_id(order, rng) if by_id else point_by_item(customer, order, rng, items)
    names = [name_item(order, item, rng) for item in items]
    if rng.random() < 0.5 or customer.extent.cells[1] <= _BARE:
        return give_back(customer, {"names": [item.name for item in items]}, listing(names), where, rng)
    swaps = [other_version(world, item, name, rng) for item, name in zip(items, names, strict=True)]
    return swap(customer, swaps, where, rng, delivered=True, cards=False)


def _pending_wish(world: World, customer: Customer, order: Order, rng: Random, by_id: bool) -> Wish:
    """A cancellation, or a change of an item, the address or the payment; no gift card pays."""
    item = pick(rng, order.items)
    where = point_by_id(order, rng) if by_id else point_by_item(customer, order, rng, (item,))
    drawn = pick(rng, (0, 2) if customer.extent.cells[1] <= _BARE else range(4))
    if drawn == 0:
        return cancel(where, rng, ask=rng.random() < 0.3)
    if drawn == 1:
        one = other_version(world, item, name_item(order, item, rng), rng)
        return swap(customer, (one,), where, rng, delivered=False, cards=False)
    if drawn == 2:
        return ship_to(draw_address(rng), where, rng)
    return pay_with(customer, other_method(customer, order, rng, cards=False), where, rng)


def _errand(world: World, customer: Customer, order: Order, rng: Random, by_id: bool) -> list[Wish]:
    """A wish for an order, or none where a few tries give nothing that suits it."""
    draw = _pending_wish if order.status == "pending" else _delivered_wish
    for _ in range(_TRIES):
        try:
            return [draw(world, customer, order, rng, by_id)]
        except Unfit:
            continue
    return []


def _errands(world: World, customer: Customer, rng: Random, by_id: bool) -> Request:
    """A different wish for each of two to six orders; perhaps a new default address as well."""
    orders = _actionable(customer)
    least, most = customer.extent.cut(Extent((2, min(MOST, len(orders))))).writes
    if least > most:
        raise Unfit("too few orders")
    wanted = rng.randint(least, most)
    made: list[Wish] = []
    for order in rng.sample(orders, len(orders)):
        if len(made) < wanted:
            made += _errand(world, customer, order, rng, by_id)
    if len(made) < wanted:
        raise Unfit("too few orders that can be told apart")
    if len(made) < min(MOST, customer.extent.writes[1]) and rng.random() < 0.25:
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
    both = _draw_whether(0.5, 3, customer, rng)
    kept = made if both else rng.sample(made[:2], 1) + made[2:]
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
    if _draw_whether(0.4, 3, customer, rng):
        made.append(live_at(draw_address(rng), rng))
    return request(*made)


def _draw_whether(chance: float, count: int, customer: Customer, rng: Random) -> bool:
    """By chance whether there is a further wish, that makes it `count`; as the extent needs where it needs either."""
    least, most = customer.extent.writes
    return count <= most and (count <= least or rng.random() < chance)


def all_and_extreme(world: World, customer: Customer, rng: Random) -> Request:
    """One thing for all pending orders, and one that many reads decide about the delivered ones."""
    everything = pick(rng, (clear_pending, move_house))(world, customer, rng)
    # No gift card pays, for its balance may depend on the refunds.
    extreme = customer.extent.cells[0] <= 3 + len(customer.orders) and rng.random() < 1 / 3
    last = (
        exchange_extreme(customer, rng, cards=False)
        if extreme
        else swap_for_savings(customer, "delivered", rng, cards=False)
    )
    return request(*everything.wishes, last, intro=everything.intro)
