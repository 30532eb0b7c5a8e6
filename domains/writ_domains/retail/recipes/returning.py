"""Returning what was delivered: items that are named, the dearest or cheapest, all but one, or everything."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from writ_async.core.state import World
from writ_async.core.task import Fact
from writ_domains.kit.gold import choose_one
from writ_domains.kit.phrasing import listing, pick
from writ_domains.kit.wishes import Request, Wish
from writ_domains.retail import phrases
from writ_domains.retail.catalogue import CATEGORIES, DEBATABLE
from writ_domains.retail.recipes.customers import (
    Customer,
    Pointer,
    name_item,
    one_of,
    one_other_than,
    point,
    point_at_extreme,
    request,
    say_method,
)
from writ_domains.retail.schema import GiftCard

_WITHOUT_PROFILE: Final = 2  # cells that a write rests on that is about an order alone; a gift card is in the profile
Refund = tuple[dict[str, Any], Fact]
"""Where a refund goes, as params and as the customer says it."""


def give_back(
    customer: Customer, items: dict[str, Any], things: str, where: Pointer, rng: Random, to: Refund | None = None
) -> Wish:
    """The wish to return items of a delivered order."""
    method, detail = to or _refund(customer, rng)
    return Wish(
        objective="return",
        params={"order": where.order, "items": items, "refund": method},
        phrase=pick(rng, phrases.RETURN).format(things=things, where=where.text),
        details=(detail,),
    )


def _refund(customer: Customer, rng: Random) -> Refund:
    """Mostly to the method that paid, else to a gift card."""
    cards = [method for method in customer.user.payment_methods.values() if isinstance(method, GiftCard)]
    if len(cards) == 1 and rng.random() < 0.4 and customer.extent.cells[1] > _WITHOUT_PROFILE:
        params, called = say_method(customer, cards[0], rng)
        return params, Fact("refund", called, pick(rng, phrases.REFUND_TO).format(called))
    return {"original": True}, Fact("refund", "original payment method", pick(rng, phrases.REFUND_BACK))


def give_back_extreme(customer: Customer, rng: Random) -> Wish:
    """The wish to return the dearest or cheapest single item of all delivered orders."""
    most = rng.random() < 0.5
    where = Pointer(pick(rng, phrases.ALL_DELIVERED), {})
    things = pick(rng, phrases.DEAREST_ITEM if most else phrases.CHEAPEST_ITEM)
    return give_back(customer, {"extreme": most}, things, where, rng)


def return_items(world: World, customer: Customer, rng: Random) -> Request:
    """Some items of one order, or all of them."""
    order = one_of(customer, "delivered", rng)
    items = rng.sample(order.items, rng.randint(1, len(order.items)))
    everything = len(items) == len(order.items) and len(items) > 1
    things = "everything" if everything else listing([name_item(order, item, rng) for item in items])
    where = point(customer, order, rng, () if everything else items)
    wanted = {"all": True} if everything else {"names": [item.name for item in items]}
    return request(give_back(customer, wanted, things, where, rng), unknown=not where.by_id)


def return_category(world: World, customer: Customer, rng: Random) -> Request:
    """All items of one kind, such as what is for the kitchen, of an order that holds others as well."""
    order = one_of(customer, "delivered", rng)
    names = {item.name for item in order.items}
    fit = [
        category
        for category, members in CATEGORIES.items()
        if names & members and names - members and not names & DEBATABLE[category]
    ]
    category = choose_one(rng, fit)
    items = [item for item in order.items if item.name in CATEGORIES[category]]
    where = point(customer, order, rng, items)
    things = pick(rng, phrases.CATEGORY[category])
    return request(give_back(customer, {"category": category}, things, where, rng), unknown=not where.by_id)


def return_extreme_item(world: World, customer: Customer, rng: Random) -> Request:
    """The dearest or cheapest single item of all delivered orders."""
    return request(give_back_extreme(customer, rng))


def return_all_but_one(world: World, customer: Customer, rng: Random) -> Request:
    """All but the dearest or cheapest item of the dearest or cheapest delivered order."""
    most = rng.random() < 0.5
    things = pick(rng, phrases.ALL_BUT).format(pick(rng, phrases.DEAREST_ITEM if most else phrases.CHEAPEST_ITEM))
    return request(give_back(customer, {"all_but": most}, things, point_at_extreme("delivered", rng), rng))


def return_everything(world: World, customer: Customer, rng: Random) -> Request:
    """Everything of every delivered order, each refund to the method that paid."""
    detail = Fact("refund", "original payment method", pick(rng, phrases.REFUND_BACK))
    return request(Wish("return_all", {}, pick(rng, phrases.RETURN_ALL), details=(detail,)))


def refuse_return(world: World, customer: Customer, rng: Random) -> Request:
    """An item of an order that was not delivered."""
    order = one_other_than(customer, "delivered", rng)
    item = pick(rng, order.items)
    where = point(customer, order, rng, (item,))
    wish = give_back(customer, {"names": [item.name]}, name_item(order, item, rng), where, rng)
    return request(wish, unknown=not where.by_id)


def refuse_wrong_refund(world: World, customer: Customer, rng: Random) -> Request:
    """A refund is to go to a card or an account that did not pay."""
    order = one_of(customer, "delivered", rng)
    paid = order.payment_history[0].payment_method_id
    methods = customer.user.payment_methods.values()
    method = choose_one(rng, [one for one in methods if one.id != paid and not isinstance(one, GiftCard)])
    params, called = say_method(customer, method, rng)
    item = pick(rng, order.items)
    where = point(customer, order, rng, (item,))
    to = (params, Fact("refund", called, pick(rng, phrases.REFUND_TO).format(called)))
    wish = give_back(customer, {"names": [item.name]}, name_item(order, item, rng), where, rng, to)
    return request(wish, unknown=not where.by_id)
