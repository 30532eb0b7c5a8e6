"""Customers with a second wish for the case that the first cannot be met, or of whom one wish can be met and one not.

Which of the options is done is decided by the shop: by what is in stock, by the status of an order, by the balance of a
gift card, or by what a swap costs.
"""

from __future__ import annotations

from random import Random

from msgspec.structs import replace

from writ_async.core.state import World
from writ_domains.kit.gold import Unfit
from writ_domains.kit.people import draw_address
from writ_domains.kit.phrasing import pick
from writ_domains.kit.wishes import Request, Wish, either
from writ_domains.retail import phrases
from writ_domains.retail.recipes.addresses import live_at, ship_to
from writ_domains.retail.recipes.cancelling import cancel
from writ_domains.retail.recipes.customers import (
    Customer,
    name_item,
    one_of,
    one_other_than,
    only_gift_card,
    other_method,
    point,
    point_by_id,
    product_of,
    request,
)
from writ_domains.retail.recipes.paying import pay_with
from writ_domains.retail.recipes.returning import give_back
from writ_domains.retail.recipes.swapping import Swap, other_version, swap, variant_of


def _two_versions(world: World, customer: Customer, status: str, rng: Random) -> tuple[Wish, Wish, str, bool]:
    """The swap of an item for one version, the swap for another one, what the second is called, and if by id."""
    order = one_of(customer, status, rng)
    item = pick(rng, order.items)
    where = point(customer, order, rng, (item,))
    thing = name_item(order, item, rng)
    stocked = any(one.available for one in product_of(world, item).variants.values())
    first = other_version(world, item, thing, rng, stocked=stocked and rng.random() < 0.4)
    second = other_version(world, item, thing, rng)
    if first.params == second.params:
        raise Unfit("the same version twice")
    delivered = status == "delivered"
    wish = swap(customer, (first,), where, rng, delivered=delivered, cards=False)
    other = replace(wish, params={**wish.params, "items": [second.params]})
    return wish, other, _named(second), where.by_id


def _named(one: Swap) -> str:
    return f"{one.target} and everything else as it is" if one.remark else one.target


def second_choice(world: World, customer: Customer, rng: Random) -> Request:
    """An item for one version or, where that is not in stock, for another one."""
    status = pick(rng, [status for status in ("pending", "delivered") if customer.with_status(status)])
    wish, other, named, by_id = _two_versions(world, customer, status, rng)
    return request(either(wish, other, pick(rng, phrases.ELSE_VERSION).format(named)), unknown=not by_id)


def within_budget(world: World, customer: Customer, rng: Random) -> Request:
    """An item for another version if that costs no more than so much extra, else a cheaper wish is carried out."""
    order = one_of(customer, "pending", rng)
    item = pick(rng, order.items)
    where = point(customer, order, rng, (item,))
    one = other_version(world, item, name_item(order, item, rng), rng)
    wish = swap(customer, (one,), where, rng, delivered=False, cards=False)
    price = variant_of(world, item, one).price - item.price
    most = 5 * (int(price / 5) + rng.choice((-1, -1, 0, 1, 2)))
    if most < 5:
        raise Unfit("there is no limit to speak of")
    remark = pick(rng, phrases.AT_MOST).format(most)
    wish = replace(wish, params={**wish.params, "most": most}, remarks=(*wish.remarks, remark))
    instead = cancel(where, rng)
    reason = instead.params["reason"]
    return request(either(wish, instead, pick(rng, phrases.ELSE_CANCEL).format(reason)), unknown=not where.by_id)


def cancel_or_return(world: World, customer: Customer, rng: Random) -> Request:
    """An order is to be cancelled or, where it has arrived already, sent back whole."""
    order = one_of(customer, pick(rng, ("pending", "delivered")), rng)
    where = point(customer, order, rng)
    wish = cancel(where, rng)
    back = give_back(customer, {"all": True}, "everything", where, rng)
    said = pick(rng, phrases.ELSE_RETURN)
    return request(either(wish, back, f"{said} {back.details[0].text}"), unknown=not where.by_id)


def ship_or_live(world: World, customer: Customer, rng: Random) -> Request:
    """An order is to go elsewhere or, where it cannot be redirected any more, at least the profile is changed."""
    pending = rng.random() < 0.5
    order = one_of(customer, "pending", rng) if pending else one_other_than(customer, "pending", rng)
    where = point(customer, order, rng)
    address = draw_address(rng)
    if address == customer.user.address:
        raise Unfit("the same address")
    wish = ship_to(address, where, rng)
    return request(either(wish, live_at(address, rng), pick(rng, phrases.ELSE_PROFILE)), unknown=not where.by_id)


def pay_or_pay(world: World, customer: Customer, rng: Random) -> Request:
    """An order is to be paid by gift card or, where too little is on it, by another method."""
    card = only_gift_card(customer)
    order = one_of(customer, "pending", rng)
    if order.payment_history[0].payment_method_id == card.id:
        raise Unfit("the gift card pays already, and how much it holds is not why it cannot")
    where = point(customer, order, rng)
    other = other_method(customer, order, rng, cards=False)
    second = pay_with(customer, other, where, rng)
    called = second.phrase
    wish = pay_with(customer, card, where, rng)
    return request(either(wish, second, pick(rng, phrases.ELSE_PAY).format(called)), unknown=not where.by_id)


def partly(world: World, customer: Customer, rng: Random) -> Request:
    """One wish that can be met, and one about another order that the policy forbids."""
    first = one_of(customer, "pending", rng)
    others = [order for order in customer.orders if order.order_id != first.order_id and order.status != "pending"]
    if not others:
        raise Unfit("no order whose status forbids it")
    second = pick(rng, others)
    kept = point_by_id(first, rng)
    allowed = cancel(kept, rng) if rng.random() < 0.5 else ship_to(draw_address(rng), kept, rng)
    where = point_by_id(second, rng)
    forbidden = cancel(where, rng) if rng.random() < 0.6 else ship_to(draw_address(rng), where, rng)
    wishes = [allowed, replace(forbidden, refused=True)]
    if rng.random() < 0.5:
        wishes.reverse()
    return request(*wishes, unknown=False)
