"""Customers who only want to know something: of an order, an item, what is in stock, or their gift card."""

from __future__ import annotations

from random import Random
from typing import Final

from writ_async.core.state import World
from writ_domains.kit.gold import Unfit
from writ_domains.kit.phrasing import pick
from writ_domains.kit.wishes import Request, Wish
from writ_domains.retail import phrases
from writ_domains.retail.recipes.customers import (
    Customer,
    Pointer,
    name_item,
    one_other_than,
    only_gift_card,
    point,
    point_at_extreme,
    request,
)
from writ_domains.retail.schema import OrderItem

_OF_ORDER: Final = ("tracking", "status", "paid", "city")
_OF_ITEM: Final = ("price", "option", "count", "lowest")


def _ask_of_order(what: str, where: Pointer, rng: Random) -> Wish:
    return Wish(
        "tell", {"what": what, "order": where.order}, pick(rng, phrases.ASK_ABOUT[what]).format(where=where.text)
    )


def _ask_of_item(what: str, item: OrderItem, thing: str, where: Pointer, rng: Random) -> Wish:
    params = {"what": what, "order": where.order, "item": item.name}
    axis = ""
    if what == "option":
        axis = pick(rng, list(item.options))
        if item.options[axis] in ("yes", "no"):
            raise Unfit("a yes is no value")
        params["axis"] = axis
    phrase = pick(rng, phrases.ASK_ABOUT[what]).format(where=where.text, thing=thing, axis=axis)
    return Wish("tell", params, phrase)


def ask_about_order(world: World, customer: Customer, rng: Random) -> Request:
    """One thing or two about an order that is named."""
    order = one_other_than(customer, "cancelled", rng)
    where = point(customer, order, rng)
    if rng.random() < 0.5:
        item = pick(rng, order.items)
        named = name_item(order, item, rng)
        wishes = [_ask_of_item(what, item, named, where, rng) for what in rng.sample(_OF_ITEM, rng.choice((1, 2)))]
    else:
        wishes = [_ask_of_order(what, where, rng) for what in rng.sample(_OF_ORDER, rng.choice((1, 2)))]
    return request(*wishes, unknown=not where.by_id)


def ask_about_extreme_order(world: World, customer: Customer, rng: Random) -> Request:
    """Something about the dearest or cheapest order of a status."""
    where = point_at_extreme(pick(rng, ("pending", "delivered")), rng)
    return request(_ask_of_order(pick(rng, ("tracking", "paid", "city")), where, rng))


def ask_for_balance(world: World, customer: Customer, rng: Random) -> Request:
    """What is left on the gift card, perhaps with something about an order."""
    only_gift_card(customer)
    wishes = [Wish("tell", {"what": "balance"}, pick(rng, phrases.ASK_ABOUT["balance"]))]
    if customer.orders and rng.random() < 0.5:
        where = point(customer, one_other_than(customer, "cancelled", rng), rng)
        wishes.append(_ask_of_order(pick(rng, _OF_ORDER), where, rng))
        return request(*wishes, unknown=not where.by_id)
    return request(*wishes)
