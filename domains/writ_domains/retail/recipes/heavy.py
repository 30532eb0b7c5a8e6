"""One write whose arguments are the unique optimum over what several reads show.

The customer knows no id of an order or an item. The optimum is strict by a margin, in dollars, so that there is one
answer. An order that was not read could have been the best one, so all have to be.
"""

from __future__ import annotations

from random import Random
from typing import Any

from writ_async.core.state import World
from writ_domains.kit.gold import Unfit
from writ_domains.kit.phrasing import pick
from writ_domains.kit.wishes import Request, Wish
from writ_domains.retail.recipes import wishes, wording
from writ_domains.retail.recipes.script import having, recipe, request
from writ_domains.retail.recipes.shopper import Pointer, Shopper
from writ_domains.retail.recipes.wishes import Swap
from writ_domains.retail.schema import GiftCard


def extreme_order(status: str, rng: Random) -> Pointer:
    """The dearest or cheapest order of a status, which all orders have to be read for."""
    most = rng.random() < 0.5
    text = pick(rng, wording.DEAREST_ORDER if most else wording.CHEAPEST_ORDER).format(status)
    return Pointer(text, {"status": status, "most": most})


def _plan(wish: Wish) -> Request:
    return request((wish,), unknown=True)


def cancel_extreme(shopper: Shopper, rng: Random) -> Wish:
    """Cancel the dearest or cheapest pending order."""
    return wishes.cancel(extreme_order("pending", rng), rng, ask=rng.random() < 0.3)


def _pay(world: World, shopper: Shopper, rng: Random) -> Request:
    return _plan(wishes.pay_with(shopper, wishes.any_method(shopper, rng), extreme_order("pending", rng), rng))


def _pay_by_card(world: World, shopper: Shopper, rng: Random) -> Request:
    """The dearest pending order, paid otherwise, that the gift card covers; it does not cover the dearest of all."""
    cards = [method for method in shopper.user.payment_methods.values() if isinstance(method, GiftCard)]
    if len(cards) != 1:
        raise Unfit("not one gift card")
    others = [
        order.payment_history[0].amount
        for order in shopper.with_status("pending")
        if order.payment_history[0].payment_method_id != cards[0].id
    ]
    if not others or max(others) <= cards[0].balance:
        raise Unfit("the balance decides nothing")
    where = Pointer(pick(rng, wording.COVERED_ORDER), {"status": "pending", "most": True, "card": True})
    return _plan(wishes.pay_with(shopper, cards[0], where, rng))


def return_extreme(shopper: Shopper, rng: Random) -> Wish:
    """Return the dearest or cheapest single item of all delivered orders."""
    most = rng.random() < 0.5
    where = Pointer(pick(rng, wording.ALL_DELIVERED), {})
    things = pick(rng, wording.DEAREST_ITEM if most else wording.CHEAPEST_ITEM)
    return wishes.give_back(shopper, {"extreme": most}, things, where, rng)


def _return_rest(world: World, shopper: Shopper, rng: Random) -> Request:
    """All but the dearest or cheapest item of the dearest or cheapest delivered order."""
    most = rng.random() < 0.5
    things = pick(rng, wording.ALL_BUT).format(pick(rng, wording.DEAREST_ITEM if most else wording.CHEAPEST_ITEM))
    return _plan(wishes.give_back(shopper, {"all_but": most}, things, extreme_order("delivered", rng), rng))


def _target(world: World, shopper: Shopper, status: str, rng: Random, lowest: bool = False) -> tuple[Any, str, str]:
    """The cheapest or dearest version in stock, perhaps with one option as it is: params, phrase, remark."""
    up = not lowest and rng.random() < 0.5
    target: dict[str, Any] = {"price": "highest" if up else "lowest"}
    phrase = pick(rng, wording.DEAREST_VERSION if up else wording.CHEAPEST_VERSION)
    items = [item for order in shopper.with_status(status) for item in order.items]
    shared = [axis for axis in ("color", "material", "size") if all(axis in item.options for item in items)]
    if shared and rng.random() < 0.5:
        axis = pick(rng, shared)
        return {**target, "keep": [axis]}, phrase, pick(rng, wording.SAME_KIND).format(axis=axis)
    return target, phrase, pick(rng, wording.OTHERWISE_ANY)


def exchange_extreme(world: World, shopper: Shopper, rng: Random) -> Wish:
    """Exchange the dearest or cheapest item of all delivered orders for the cheapest or dearest version in stock."""
    most = rng.random() < 0.5
    target, phrase, remark = _target(world, shopper, "delivered", rng)
    thing = pick(rng, wording.DEAREST_ITEM if most else wording.CHEAPEST_ITEM)
    where = Pointer(pick(rng, wording.ALL_DELIVERED), {})
    one = Swap({"extreme": most, "target": target}, thing, phrase, remark)
    return wishes.swap(shopper, (one,), where, rng, delivered=True, ask=rng.random() < 0.3)


def saving(status: str, world: World, shopper: Shopper, rng: Random) -> Wish:
    """Swap the item of all orders of a status with which the cheapest version in stock saves most."""
    target, phrase, kept = _target(world, shopper, status, rng, lowest=True)
    where = Pointer(pick(rng, wording.ONE_OF_THEM).format(status), {})
    remark = pick(rng, wording.MOST_SAVED).format(status)
    if "keep" in target:
        remark = f"{remark} {kept}"
    one = Swap({"saving": True, "target": target}, "one item", phrase, remark)
    return wishes.swap(shopper, (one,), where, rng, delivered=status == "delivered", ask=rng.random() < 0.3)


def home_like_order(shopper: Shopper, rng: Random) -> Wish:
    """Set the default address to that of the dearest or cheapest order of a status."""
    return wishes.live_like(extreme_order(pick(rng, ("pending", "delivered")), rng), rng)


def ship_like_order(shopper: Shopper, rng: Random) -> Wish:
    """Send the dearest or cheapest pending order to the address of an extreme delivered one."""
    return wishes.ship_like(extreme_order("delivered", rng), extreme_order("pending", rng), rng)


_PENDING = having("pending", 2, orders=3)
_TWO_PENDING = having("pending", 2)
_DELIVERED = having("delivered", 1, orders=3)
_BOTH = having("delivered", 1, orders=4)

HEAVY = (
    recipe("cancel_extreme_order", "read-heavy", lambda w, s, r: _plan(cancel_extreme(s, r)), fits=_PENDING),
    recipe("pay_extreme_order", "read-heavy", _pay, fits=_PENDING),
    recipe("pay_covered_order", "read-heavy", _pay_by_card, fits=_TWO_PENDING),
    recipe("return_extreme_item", "read-heavy", lambda w, s, r: _plan(return_extreme(s, r)), fits=_DELIVERED),
    recipe("return_all_but_one", "read-heavy", _return_rest, fits=having("delivered", 2, orders=3)),
    recipe("exchange_extreme_item", "read-heavy", lambda w, s, r: _plan(exchange_extreme(w, s, r)), fits=_DELIVERED),
    recipe(
        "exchange_for_savings",
        "read-heavy",
        lambda w, s, r: _plan(saving("delivered", w, s, r)),
        fits=having("delivered", 1, orders=2),
    ),
    recipe(
        "modify_for_savings",
        "read-heavy",
        lambda w, s, r: _plan(saving("pending", w, s, r)),
        fits=having("pending", 1, orders=2),
    ),
    recipe(
        "address_of_extreme_order",
        "read-heavy",
        lambda w, s, r: _plan(home_like_order(s, r)),
        fits=lambda shopper: len(shopper.orders) >= 3,
    ),
    recipe(
        "ship_like_extreme_order",
        "read-heavy",
        lambda w, s, r: _plan(ship_like_order(s, r)),
        fits=lambda shopper: _BOTH(shopper) and bool(shopper.with_status("pending")),
    ),
)
