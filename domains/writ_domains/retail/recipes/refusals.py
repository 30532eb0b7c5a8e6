"""Requests that the policy forbids, as reads prove: the right outcome is that nothing is written."""

from __future__ import annotations

from random import Random

from writ_async.core.state import World
from writ_async.core.task import Fact
from writ_domains.kit.gold import Unfit
from writ_domains.kit.people import draw_address
from writ_domains.kit.phrasing import pick
from writ_domains.kit.wishes import Request
from writ_domains.retail.recipes import heavy, wishes, wording
from writ_domains.retail.recipes.normal import one_of, point, product_of
from writ_domains.retail.recipes.script import having, recipe, request
from writ_domains.retail.recipes.shopper import Shopper, name_item, say_method
from writ_domains.retail.schema import GiftCard, Order


def _other_than(status: str, shopper: Shopper, rng: Random) -> Order:
    fit = [order for order in shopper.orders if order.status != status]
    if not fit:
        raise Unfit("all orders have that status")
    return pick(rng, fit)


def _cancel(world: World, shopper: Shopper, rng: Random) -> Request:
    where = point(shopper, _other_than("pending", shopper, rng), rng)
    return request((wishes.cancel(where, rng),), unknown=not where.by_id)


def _ship(world: World, shopper: Shopper, rng: Random) -> Request:
    where = point(shopper, _other_than("pending", shopper, rng), rng)
    return request((wishes.ship_to(draw_address(rng), where, rng),), unknown=not where.by_id)


def _return(world: World, shopper: Shopper, rng: Random) -> Request:
    order = _other_than("delivered", shopper, rng)
    item = pick(rng, order.items)
    where = point(shopper, order, rng, (item.item_id,))
    wish = wishes.give_back(shopper, {"names": [item.name]}, name_item(order, item, rng), where, rng)
    return request((wish,), unknown=not where.by_id)


def _out_of_stock(world: World, shopper: Shopper, rng: Random) -> Request:
    status = pick(rng, ("pending", "delivered"))
    order = one_of(shopper, status, rng) if shopper.with_status(status) else _other_than("cancelled", shopper, rng)
    item = pick(rng, order.items)
    where = point(shopper, order, rng, (item.item_id,))
    one = wishes.other_version(product_of(world, item), item, name_item(order, item, rng), rng, stocked=False)
    wish = wishes.swap(shopper, (one,), where, rng, delivered=order.status == "delivered", cards=False)
    return request((wish,), unknown=not where.by_id)


def _poor_card(world: World, shopper: Shopper, rng: Random) -> Request:
    """A gift card is to pay for an order that costs more than is on it."""
    cards = [method for method in shopper.user.payment_methods.values() if isinstance(method, GiftCard)]
    if len(cards) != 1:
        raise Unfit("not one gift card")
    where = (
        heavy.extreme_order("pending", rng)
        if rng.random() < 0.5
        else point(shopper, one_of(shopper, "pending", rng), rng)
    )
    return request((wishes.pay_with(shopper, cards[0], where, rng),), unknown=not where.by_id)


def _wrong_refund(world: World, shopper: Shopper, rng: Random) -> Request:
    """A refund is to go to a card or an account that did not pay."""
    order = one_of(shopper, "delivered", rng)
    paid = order.payment_history[0].payment_method_id
    fit = [one for one in shopper.user.payment_methods.values() if one.id != paid and not isinstance(one, GiftCard)]
    if not fit:
        raise Unfit("no other method")
    method = pick(rng, fit)
    params, called = say_method(shopper, method, rng)
    item = pick(rng, order.items)
    where = point(shopper, order, rng, (item.item_id,))
    to = (
        params,
        Fact("refund", called, pick(rng, wording.REFUND_TO).format(called)),
    )
    wish = wishes.give_back(shopper, {"names": [item.name]}, name_item(order, item, rng), where, rng, to)
    return request((wish,), unknown=not where.by_id)


REFUSALS = (
    recipe("refuse_cancelling", "refusal", _cancel),
    recipe("refuse_shipping", "refusal", _ship),
    recipe("refuse_return", "refusal", _return),
    recipe("refuse_out_of_stock", "refusal", _out_of_stock),
    recipe("refuse_poor_gift_card", "refusal", _poor_card, fits=having("pending")),
    recipe("refuse_wrong_refund", "refusal", _wrong_refund, fits=having("delivered")),
)
