"""Swapping items for other versions: exchanges in delivered orders, changes in pending ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.state import World
from writ_async.core.task import Fact
from writ_domains.kit.gold import Unfit, choose_one
from writ_domains.kit.phrasing import listing, pick
from writ_domains.kit.wishes import Request, Wish
from writ_domains.retail import phrases
from writ_domains.retail.recipes.customers import (
    Customer,
    Pointer,
    any_method,
    name_item,
    one_of,
    one_other_than,
    point,
    product_of,
    request,
    say_method,
)
from writ_domains.retail.schema import OrderItem, Variant

_COUNT: Final = re.compile(r"\d+(?:-\d+)?")


class Swap(msgspec.Struct, frozen=True, gc=False):
    """An item against another variant: as params, and how the customer calls both."""

    params: dict[str, Any]
    thing: str
    target: str
    remark: str = ""


def swap(
    customer: Customer,
    swaps: Sequence[Swap],
    where: Pointer,
    rng: Random,
    *,
    delivered: bool,
    cards: bool = True,
    ask: bool = False,
) -> Wish:
    """The wish to swap items for other variants: in a delivered order by an exchange, in a pending one by a change.

    Without `cards` no gift card settles the difference. With `ask` the customer wants to hear it. Of several items of a
    pending order the customer settles in which order they stand in the call, for that tool's result depends on it.
    """
    method = any_method(customer, rng, cards=cards)
    forms = phrases.EXCHANGE if delivered else phrases.MODIFY
    wanted = [
        pick(rng, forms).format(thing=one.thing, target=one.target, where="the same order" if number else where.text)
        for number, one in enumerate(swaps)
    ]
    paying, called = say_method(customer, method, rng)
    pins = (("items", pick(rng, phrases.ITEMS_IN_ORDER)),) if len(swaps) > 1 and not delivered else ()
    return Wish(
        objective="exchange" if delivered else "modify",
        params={"order": where.order, "items": [one.params for one in swaps], "pay": paying},
        phrase=" and to ".join(wanted),
        remarks=tuple(one.remark for one in swaps if one.remark)[:1],
        details=(Fact("payment", called, pick(rng, phrases.DIFFERENCE).format(called)),),
        question=pick(rng, phrases.ASK_DIFFERENCE) if ask else "",
        answer="difference" if ask else "",
        pins=pins,
    )


def other_version(world: World, item: OrderItem, thing: str, rng: Random, *, stocked: bool = True) -> Swap:
    """A swap of `thing` for a variant that the customer describes by the options in which it differs, in stock or not.

    Raises `Unfit` when there is none, or when two variants fit the description.
    """
    variants = product_of(world, item).variants.values()
    variant = choose_one(rng, [one for one in variants if one.available == stocked and one.item_id != item.item_id])
    changed = {axis: value for axis, value in variant.options.items() if item.options.get(axis) != value}
    if not changed:
        raise Unfit("the variants do not differ")
    remark = pick(rng, phrases.KEEP_OPTIONS) if len(changed) < len(variant.options) else ""
    return Swap({"name": item.name, "target": {"options": changed}}, thing, say_options(changed, rng), remark)


def variant_of(world: World, item: OrderItem, one: Swap) -> Variant:
    """The variant that a swap for named options means."""
    wanted = {**item.options, **one.params["target"]["options"]}
    return next(each for each in product_of(world, item).variants.values() if each.options == wanted)


def say_options(options: Mapping[str, str], rng: Random) -> str:
    """Wanted options as a noun phrase: "one with the color red and 4 pieces"."""
    form = pick(rng, phrases.OPTION)
    listed = listing([say_option(axis, value, form) for axis, value in options.items()])
    return pick(rng, phrases.WITH_OPTIONS).format(listed)


def say_option(axis: str, value: str, form: str) -> str:
    """An option as a noun phrase, in a form for those that are no counts and no yes or no."""
    if value in ("yes", "no"):
        return f"{'a' if value == 'yes' else 'no'} {axis}"
    if _COUNT.fullmatch(value):
        return f"{value} {axis.removesuffix('s') if value == '1' else axis}"
    return form.format(axis=axis, value=value)


def _extreme_version(customer: Customer, status: str, rng: Random, lowest: bool = False) -> tuple[Any, str, str]:
    """The cheapest or dearest version in stock, perhaps with one option as it is: params, phrase, remark."""
    up = not lowest and rng.random() < 0.5
    target: dict[str, Any] = {"price": "highest" if up else "lowest"}
    phrase = pick(rng, phrases.DEAREST_VERSION if up else phrases.CHEAPEST_VERSION)
    items = [item for order in customer.with_status(status) for item in order.items]
    shared = [axis for axis in ("color", "material", "size") if all(axis in item.options for item in items)]
    if shared and rng.random() < 0.5:
        axis = pick(rng, shared)
        return {**target, "keep": [axis]}, phrase, pick(rng, phrases.SAME_KIND).format(axis=axis)
    return target, phrase, pick(rng, phrases.OTHERWISE_ANY)


def exchange_extreme(customer: Customer, rng: Random, *, cards: bool = True) -> Wish:
    """The wish to exchange the dearest or cheapest delivered item for the cheapest or dearest version in stock.

    Without `cards` no gift card settles the difference.
    """
    most = rng.random() < 0.5
    target, phrase, remark = _extreme_version(customer, "delivered", rng)
    thing = pick(rng, phrases.DEAREST_ITEM if most else phrases.CHEAPEST_ITEM)
    where = Pointer(pick(rng, phrases.ALL_DELIVERED), {})
    one = Swap({"extreme": most, "target": target}, thing, phrase, remark)
    return swap(customer, (one,), where, rng, delivered=True, cards=cards, ask=rng.random() < 0.3)


def swap_for_savings(customer: Customer, status: str, rng: Random, *, cards: bool = True) -> Wish:
    """The wish to swap the item of all orders of a status with which the cheapest version in stock saves most.

    Without `cards` no gift card settles the difference.
    """
    target, phrase, kept = _extreme_version(customer, status, rng, lowest=True)
    where = Pointer(pick(rng, phrases.ONE_OF_THEM).format(status), {})
    remark = pick(rng, phrases.MOST_SAVED).format(status)
    if "keep" in target:
        remark = f"{remark} {kept}"
    one = Swap({"saving": True, "target": target}, "one item", phrase, remark)
    delivered, asks = status == "delivered", rng.random() < 0.3
    return swap(customer, (one,), where, rng, delivered=delivered, cards=cards, ask=asks)


def _swap_one(world: World, customer: Customer, status: str, rng: Random) -> Request:
    order = one_of(customer, status, rng)
    item = pick(rng, order.items)
    where = point(customer, order, rng, (item,))
    one = other_version(world, item, name_item(order, item, rng), rng)
    wish = swap(customer, (one,), where, rng, delivered=status == "delivered", ask=rng.random() < 0.3)
    return request(wish, unknown=not where.by_id)


def exchange_item(world: World, customer: Customer, rng: Random) -> Request:
    """One item of a delivered order for a version that is described."""
    return _swap_one(world, customer, "delivered", rng)


def modify_item(world: World, customer: Customer, rng: Random) -> Request:
    """One item of a pending order for a version that is described."""
    return _swap_one(world, customer, "pending", rng)


def exchange_extreme_item(world: World, customer: Customer, rng: Random) -> Request:
    """The dearest or cheapest delivered item for the cheapest or dearest version."""
    return request(exchange_extreme(customer, rng))


def exchange_for_savings(world: World, customer: Customer, rng: Random) -> Request:
    """The delivered item with which most is saved."""
    return request(swap_for_savings(customer, "delivered", rng))


def modify_for_savings(world: World, customer: Customer, rng: Random) -> Request:
    """The item on order with which most is saved."""
    return request(swap_for_savings(customer, "pending", rng))


def modify_items(world: World, customer: Customer, rng: Random) -> Request:
    """Two or three items of a pending order in one change."""
    order = one_of(customer, "pending", rng)
    if len(order.items) < 2:
        raise Unfit("one item only")
    items = rng.sample(order.items, min(len(order.items), rng.choice((2, 2, 3))))
    where = point(customer, order, rng, items)
    swaps = [other_version(world, item, name_item(order, item, rng), rng) for item in items]
    wish = swap(customer, swaps, where, rng, delivered=False, cards=False)
    return request(wish, unknown=not where.by_id)


def refuse_other_product(world: World, customer: Customer, rng: Random) -> Request:
    """An item against another product altogether."""
    status = pick(rng, [status for status in ("pending", "delivered") if customer.with_status(status)])
    order = one_of(customer, status, rng)
    item = pick(rng, order.items)
    names = sorted(product.name for product in world.tables["products"].values() if product.name != item.name)
    where, other = point(customer, order, rng, (item,)), choose_one(rng, names)
    forms = phrases.EXCHANGE if status == "delivered" else phrases.MODIFY
    article = "" if other.endswith("s") else "an " if other[0] in "AEIOU" else "a "
    target = f"{article}{other.lower()}"
    phrase = pick(rng, forms).format(thing=name_item(order, item, rng), target=target, where=where.text)
    params = {"what": "other product", "order": where.order, "item": item.name}
    return request(Wish("unsupported", params, phrase), unknown=not where.by_id)


def refuse_out_of_stock(world: World, customer: Customer, rng: Random) -> Request:
    """A version that is not in stock, or an order that may no longer be changed."""
    status = pick(rng, ("pending", "delivered"))
    kept = customer.with_status(status)
    order = one_of(customer, status, rng) if kept else one_other_than(customer, "cancelled", rng)
    item = pick(rng, order.items)
    where = point(customer, order, rng, (item,))
    one = other_version(world, item, name_item(order, item, rng), rng, stocked=False)
    wish = swap(customer, (one,), where, rng, delivered=order.status == "delivered", cards=False)
    return request(wish, unknown=not where.by_id)
