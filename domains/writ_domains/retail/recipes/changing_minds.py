"""Customers who think better of it when they are asked to confirm: the last wish counts."""

from __future__ import annotations

from random import Random

from writ_async.core.state import World
from writ_domains.kit.gold import Unfit
from writ_domains.kit.people import draw_address
from writ_domains.kit.phrasing import pick
from writ_domains.kit.wishes import Request, Wish
from writ_domains.retail import phrases
from writ_domains.retail.recipes.addresses import ship_to
from writ_domains.retail.recipes.cancelling import cancel
from writ_domains.retail.recipes.customers import Customer, name_item, one_of, point, request
from writ_domains.retail.recipes.returning import give_back
from writ_domains.retail.recipes.swapping import other_version, swap

Changed = tuple[Wish, Wish, str, Request]


def _instead(first: Wish, then: Wish, by_id: bool, rng: Random) -> Changed:
    remark = pick(rng, phrases.CHANGED_MIND).format(then.phrase)
    return first, then, remark, request(first, unknown=not by_id)


def keep_after_all(world: World, customer: Customer, rng: Random) -> Changed:
    """An order is to be cancelled; then it is kept, and sent elsewhere instead, or the other way round."""
    where = point(customer, one_of(customer, "pending", rng), rng)
    wishes = [cancel(where, rng), ship_to(draw_address(rng), where, rng)]
    if rng.random() < 0.5:
        wishes.reverse()
    return _instead(wishes[0], wishes[1], where.by_id, rng)


def another_version(world: World, customer: Customer, rng: Random) -> Changed:
    """An item for one version, and then for another one."""
    status = pick(rng, [status for status in ("pending", "delivered") if customer.with_status(status)])
    order = one_of(customer, status, rng)
    item = pick(rng, order.items)
    where, thing = point(customer, order, rng, (item,)), name_item(order, item, rng)
    first, then = (
        swap(
            customer,
            (other_version(world, item, thing, rng),),
            where,
            rng,
            delivered=status == "delivered",
            cards=False,
        )
        for _ in range(2)
    )
    if first.params["items"] == then.params["items"]:
        raise Unfit("the same version twice")
    return _instead(first, then, where.by_id, rng)


def return_or_exchange(world: World, customer: Customer, rng: Random) -> Changed:
    """An item is to be sent back; then it is exchanged instead, or the other way round."""
    order = one_of(customer, "delivered", rng)
    item = pick(rng, order.items)
    where, thing = point(customer, order, rng, (item,)), name_item(order, item, rng)
    back = give_back(customer, {"names": [item.name]}, thing, where, rng)
    other = swap(customer, (other_version(world, item, thing, rng),), where, rng, delivered=True, cards=False)
    wishes = [back, other]
    if rng.random() < 0.5:
        wishes.reverse()
    return _instead(wishes[0], wishes[1], where.by_id, rng)
