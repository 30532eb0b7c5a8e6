"""Paying for pending orders with another method."""

from __future__ import annotations

from random import Random

from writ_async.core.level import Extent
from writ_async.core.state import World
from writ_domains.kit.gold import Unfit, choose_one
from writ_domains.kit.phrasing import pick
from writ_domains.kit.wishes import Request, Wish
from writ_domains.retail import phrases
from writ_domains.retail.recipes.cancelling import cancel
from writ_domains.retail.recipes.customers import (
    Customer,
    Pointer,
    any_method,
    one_of,
    only_gift_card,
    other_method,
    point,
    point_at_extreme,
    point_by_id,
    point_by_item,
    request,
    say_method,
)
from writ_domains.retail.schema import PaymentMethod


def two_named(customer: Customer) -> Extent:
    """Two writes on orders that are named, by their ids or by what is in them."""
    return Extent((2, 2), (3, 4))


def pay_with(customer: Customer, method: PaymentMethod, where: Pointer, rng: Random) -> Wish:
    """The wish to pay for a pending order with another method."""
    paying, called = say_method(customer, method, rng)
    return Wish(
        objective="pay",
        params={"order": where.order, "pay": paying},
        phrase=pick(rng, phrases.PAY).format(method=called, where=where.text),
    )


def pay_otherwise(world: World, customer: Customer, rng: Random) -> Request:
    """An order that is named."""
    order = one_of(customer, "pending", rng)
    where = point(customer, order, rng)
    return request(pay_with(customer, other_method(customer, order, rng), where, rng), unknown=not where.by_id)


def pay_extreme_order(world: World, customer: Customer, rng: Random) -> Request:
    """The dearest or cheapest pending order."""
    return request(pay_with(customer, any_method(customer, rng), point_at_extreme("pending", rng), rng))


def pay_covered_order(world: World, customer: Customer, rng: Random) -> Request:
    """The dearest pending order, paid otherwise, that the gift card covers; it does not cover the dearest of all."""
    card = only_gift_card(customer)
    payments = [order.payment_history[0] for order in customer.with_status("pending")]
    others = [paid.amount for paid in payments if paid.payment_method_id != card.id]
    if not others or max(others) <= card.balance:
        raise Unfit("the balance decides nothing")
    where = Pointer(pick(rng, phrases.COVERED_ORDER), {"status": "pending", "most": True, "card": True})
    return request(pay_with(customer, card, where, rng))


def refund_pays_next(world: World, customer: Customer, rng: Random) -> Request:
    """An order paid by gift card is cancelled, and only with that refund can the card pay for another order."""
    card = only_gift_card(customer)
    pending = customer.with_status("pending")
    paid_for = {order.order_id: order.payment_history[0] for order in pending}
    pairs = [
        (one, other)
        for one in pending
        for other in pending
        if paid_for[one.order_id].payment_method_id == card.id != paid_for[other.order_id].payment_method_id
        and card.balance < paid_for[other.order_id].amount <= card.balance + paid_for[one.order_id].amount - 1
    ]
    given, paid = choose_one(rng, pairs)
    by_id = rng.random() < 0.5
    spots = [point_by_id(each, rng) if by_id else point_by_item(customer, each, rng) for each in (given, paid)]
    freed = (
        cancel(spots[0], rng)
        if rng.random() < 0.5
        else pay_with(customer, other_method(customer, given, rng, cards=False), spots[0], rng)
    )
    return request(freed, pay_with(customer, card, spots[1], rng), unknown=not by_id, ordered=True)


def refuse_poor_gift_card(world: World, customer: Customer, rng: Random) -> Request:
    """A gift card is to pay for an order that costs more than is on it."""
    card = only_gift_card(customer)
    if rng.random() < 0.5:
        where = point_at_extreme("pending", rng)
    else:
        where = point(customer, one_of(customer, "pending", rng), rng)
    return request(pay_with(customer, card, where, rng), unknown=not where.by_id)
