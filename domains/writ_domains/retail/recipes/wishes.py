"""What a customer can wish for: one goal each, with its words and its params.

A wish is a verb phrase in the first person ("cancel my order ..."), with remarks and questions of the customer beside
it. Every value that no read shows is said in one of them. What the gold calls are is decided from the params alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec

from writ_async.core.task import Fact
from writ_domains.kit.gold import Unfit
from writ_domains.kit.people import Address
from writ_domains.kit.phrasing import pick
from writ_domains.kit.wishes import Wish
from writ_domains.retail.policy import REASONS
from writ_domains.retail.recipes import wording
from writ_domains.retail.recipes.shopper import Pointer, Shopper, say_method
from writ_domains.retail.schema import GiftCard, Order, OrderItem, PaymentMethod, Product


class Swap(msgspec.Struct, frozen=True, gc=False):
    """An item against another variant: as params, and how the customer calls both."""

    params: dict[str, Any]
    thing: str
    target: str
    remark: str = ""


def say_reason(rng: Random) -> tuple[str, str]:
    """A reason to cancel, and a sentence with it."""
    reason = pick(rng, REASONS)
    return reason, pick(rng, (*(form.format(reason) for form in wording.REASON), *wording.REASON_IT[reason]))


def cancel(where: Pointer, rng: Random, *, ask: bool = False) -> Wish:
    """Cancel a pending order; with `ask`, the customer wants to hear the refund."""
    reason, remark = say_reason(rng)
    return Wish(
        objective="cancel",
        params={"order": where.order, "reason": reason},
        phrase=pick(rng, wording.CANCEL).format(where.text),
        remarks=(remark,),
        question=pick(rng, wording.ASK_REFUND) if ask else "",
        answer="refund" if ask else "",
    )


def refund(shopper: Shopper, rng: Random) -> tuple[dict[str, Any], Fact]:
    """Where a refund goes, as params and as the customer says it: mostly to the method that paid, else a gift card."""
    cards = [method for method in shopper.user.payment_methods.values() if isinstance(method, GiftCard)]
    if len(cards) == 1 and rng.random() < 0.4:
        params, called = say_method(shopper, cards[0], rng)
        return params, Fact("refund", called, pick(rng, wording.REFUND_TO).format(called))
    return {"original": True}, Fact("refund", "original payment method", pick(rng, wording.REFUND_BACK))


def give_back(
    shopper: Shopper,
    items: dict[str, Any],
    things: str,
    where: Pointer,
    rng: Random,
    to: tuple[dict[str, Any], Fact] | None = None,
) -> Wish:
    """Return items of a delivered order."""
    method, detail = refund(shopper, rng) if to is None else to
    return Wish(
        objective="return",
        params={"order": where.order, "items": items, "refund": method},
        phrase=pick(rng, wording.RETURN).format(things=things, where=where.text),
        details=(detail,),
    )


def swap(
    shopper: Shopper,
    swaps: Sequence[Swap],
    where: Pointer,
    rng: Random,
    *,
    delivered: bool,
    cards: bool = True,
    ask: bool = False,
) -> Wish:
    """Swap items for other variants: in a delivered order by an exchange, in a pending one by a change.

    Without `cards` no gift card settles the difference. With `ask` the customer wants to hear it. Several items of a
    pending order are not swapped at once, because the result of that tool depends on their order.
    """
    if len(swaps) > 1 and not delivered:
        raise Unfit("several items of a pending order")
    method = any_method(shopper, rng, cards=cards)
    forms = wording.EXCHANGE if delivered else wording.MODIFY
    phrases = [
        pick(rng, forms).format(
            thing=one.thing, target=one.target, where=where.text if number == 0 else "the same order"
        )
        for number, one in enumerate(swaps)
    ]
    remarks = [one.remark for one in swaps if one.remark]
    paying, called = say_method(shopper, method, rng)
    return Wish(
        objective="exchange" if delivered else "modify",
        params={
            "order": where.order,
            "items": [one.params for one in swaps],
            "pay": paying,
        },
        phrase=" and to ".join(phrases),
        remarks=tuple(remarks[:1]),
        details=(Fact("payment", called, pick(rng, wording.DIFFERENCE).format(called)),),
        question=pick(rng, wording.ASK_DIFFERENCE) if ask else "",
        answer="difference" if ask else "",
    )


def any_method(shopper: Shopper, rng: Random, *, cards: bool = True) -> PaymentMethod:
    """Any method of the customer; no gift card without `cards`."""
    fit = [one for one in shopper.user.payment_methods.values() if cards or not isinstance(one, GiftCard)]
    if not fit:
        raise Unfit("no method can pay")
    return pick(rng, fit)


def other_version(product: Product, item: OrderItem, thing: str, rng: Random, *, stocked: bool = True) -> Swap:
    """A swap for a variant that the customer describes by the options in which it differs, in stock or not.

    Raises `Unfit` when there is none, or when two variants fit the description.
    """
    fit = [one for one in product.variants.values() if one.available == stocked and one.item_id != item.item_id]
    if not fit:
        raise Unfit("nothing else of that kind")
    variant = pick(rng, fit)
    changed = {axis: value for axis, value in variant.options.items() if item.options.get(axis) != value}
    if not changed:
        raise Unfit("the variants do not differ")
    remark = pick(rng, wording.KEEP_OPTIONS) if len(changed) < len(variant.options) else ""
    params = {"name": item.name, "target": {"options": changed}}
    return Swap(params, thing, wording.say_options(changed, rng), remark)


def ship_to(address: Address, where: Pointer, rng: Random) -> Wish:
    """Send a pending order to an address that the customer says."""
    said = wording.say_address(address, rng)
    return Wish(
        objective="ship",
        params={"order": where.order, "address": msgspec.structs.asdict(address)},
        phrase=pick(rng, wording.SHIP).format(where.text),
        details=(Fact("address", said, pick(rng, wording.NEW_ADDRESS).format(said)),),
    )


def ship_like(other: Pointer, where: Pointer, rng: Random) -> Wish:
    """Send a pending order to where another order was sent."""
    return Wish(
        objective="ship",
        params={"order": where.order, "address": {"like": other.order}},
        phrase=pick(rng, wording.SHIP_LIKE).format(where=where.text, other=other.text),
    )


def live_at(address: Address, rng: Random) -> Wish:
    """Change the default address to one that the customer says."""
    said = wording.say_address(address, rng)
    return Wish(
        objective="live",
        params={"address": msgspec.structs.asdict(address)},
        phrase=pick(rng, wording.PROFILE),
        details=(Fact("address", said, pick(rng, wording.HOME_ADDRESS).format(said)),),
    )


def live_like(where: Pointer, rng: Random) -> Wish:
    """Change the default address to that of an order."""
    return Wish(
        objective="live",
        params={"address": {"like": where.order}},
        phrase=pick(rng, wording.HOME_LIKE_ORDER).format(where.text),
    )


def pay_with(shopper: Shopper, method: PaymentMethod, where: Pointer, rng: Random) -> Wish:
    """Pay for a pending order with another method."""
    paying, called = say_method(shopper, method, rng)
    return Wish(
        objective="pay",
        params={"order": where.order, "pay": paying},
        phrase=pick(rng, wording.PAY).format(method=called, where=where.text),
    )


def other_method(shopper: Shopper, order: Order, rng: Random, *, cards: bool = True) -> PaymentMethod:
    """A method that does not pay for the order yet and can. Raises `Unfit` when there is none."""
    paid = order.payment_history[0]
    fit = [
        method
        for method in shopper.user.payment_methods.values()
        if method.id != paid.payment_method_id
        and (not isinstance(method, GiftCard) or (cards and method.balance >= paid.amount + 1))
    ]
    if not fit:
        raise Unfit("no other method can pay")
    return pick(rng, fit)
