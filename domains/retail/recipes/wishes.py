"""What a customer can wish for: one write each, with its words, its arguments and the reads that fix them.

A wish is a verb phrase in the first person ("cancel my order ..."), with remarks and questions of the customer beside
it. Every value that no read shows is said in one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, Final

import msgspec

from domains.common.people import Address
from domains.common.phrasing import figure, pick
from domains.retail.recipes import wording
from domains.retail.recipes.gold import Unfit, product_cell, user_cell
from domains.retail.recipes.shopper import Pointer, Shopper, name_method, pick_method
from domains.retail.schema import GiftCard, Order, OrderItem, PaymentMethod, Product, Variant
from writ_async.task import Cell, Fact

REASONS: Final = ("no longer needed", "ordered by mistake")


class Wish(msgspec.Struct, frozen=True, gc=False):
    """One gold write as the customer wants it.

    `phrase` is the wish, `remarks` are said with it, `details` are said with it or when asked for. `question` asks for
    `answer`, which the agent then has to tell. A wish without a phrase is part of what another one says.
    """

    tool: str
    arguments: dict[str, Any]
    cells: tuple[Cell, ...]
    phrase: str
    remarks: tuple[str, ...] = ()
    details: tuple[Fact, ...] = ()
    question: str = ""
    answer: str = ""


class Swap(msgspec.Struct, frozen=True, gc=False):
    """An item against another variant of its product, and how the customer calls both."""

    item: OrderItem
    variant: Variant
    thing: str
    target: str
    remark: str = ""

    @property
    def due(self) -> float:
        """What the new variant costs more."""
        return self.variant.price - self.item.price


def distinct(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """The cells without repetitions, in order."""
    found: list[Cell] = []
    for cell in cells:
        if cell not in found:
            found.append(cell)
    return tuple(found)


def silent(wish: Wish) -> Wish:
    """The same write, of which the customer says nothing, because another wish's words speak of it too."""
    return msgspec.structs.replace(wish, phrase="", remarks=(), details=(), question="", answer="")


def cancel(order: Order, where: Pointer, rng: Random, *, ask: bool = False, reason: str = "") -> Wish:
    """Cancel a pending order, for a random reason unless given; with `ask`, the customer wants to hear the refund."""
    reason = reason or pick(rng, REASONS)
    remark = pick(rng, (*(form.format(reason) for form in wording.REASON), *wording.REASON_IT[reason]))
    return Wish(
        tool="cancel_pending_order",
        arguments={"order_id": order.order_id, "reason": reason},
        cells=where.cells,
        phrase=pick(rng, wording.CANCEL).format(where.text),
        remarks=(remark,),
        question=pick(rng, wording.ASK_REFUND) if ask else "",
        answer=figure(order.payment_history[0].amount) if ask else "",
    )


def give_back(
    shopper: Shopper,
    order: Order,
    items: Sequence[OrderItem],
    things: str,
    where: Pointer,
    rng: Random,
    *,
    original: bool = False,
) -> Wish:
    """Return items of a delivered order, the refund to the method that paid (always, if `original`) or a gift card."""
    refund_to = order.payment_history[0].payment_method_id
    cells = where.cells
    cards = [method for method in shopper.user.payment_methods.values() if isinstance(method, GiftCard)]
    if cards and cards[0].id != refund_to and not original and rng.random() < 0.5:
        called = name_method(shopper.user, cards[0], rng)
        detail = Fact("refund", called, pick(rng, wording.REFUND_TO).format(called))
        refund_to = cards[0].id
        cells = distinct((user_cell(shopper.user.user_id), *cells))
    else:
        detail = Fact("refund", "original payment method", pick(rng, wording.REFUND_BACK))
    return Wish(
        tool="return_delivered_order_items",
        arguments={
            "order_id": order.order_id,
            "item_ids": [item.item_id for item in items],
            "payment_method_id": refund_to,
        },
        cells=cells,
        phrase=pick(rng, wording.RETURN).format(things=things, where=where.text),
        details=(detail,),
    )


def swap(
    shopper: Shopper,
    order: Order,
    swaps: Sequence[Swap],
    where: Pointer,
    rng: Random,
    *,
    cards: bool = True,
    ask: bool = False,
    more: Sequence[Cell] = (),
) -> Wish:
    """Swap items for other variants: in a delivered order by an exchange, in a pending one by a change.

    Without `cards` no gift card settles the difference. With `ask` the customer wants to hear it. `more` are further
    reads that the choice rests on. Several items of a pending order are not swapped at once, because the result of that
    tool depends on their order.
    """
    delivered = order.status == "delivered"
    if len(swaps) > 1 and not delivered:
        raise Unfit("several items of a pending order")
    due = round(sum(one.due for one in swaps), 2)
    ask = ask and due != 0
    method = pick_method(shopper.user, rng, due, cards=cards)
    forms = wording.EXCHANGE if delivered else wording.MODIFY
    phrases = [
        pick(rng, forms).format(
            thing=one.thing, target=one.target, where=where.text if number == 0 else "the same order"
        )
        for number, one in enumerate(swaps)
    ]
    remarks = [one.remark for one in swaps if one.remark]
    products = [product_cell(one.item.product_id) for one in swaps]
    called = name_method(shopper.user, method, rng)
    return Wish(
        tool="exchange_delivered_order_items" if delivered else "modify_pending_order_items",
        arguments={
            "order_id": order.order_id,
            "item_ids": [one.item.item_id for one in swaps],
            "new_item_ids": [one.variant.item_id for one in swaps],
            "payment_method_id": method.id,
        },
        cells=distinct((user_cell(shopper.user.user_id), *where.cells, *products, *more)),
        phrase=" and to ".join(phrases),
        remarks=tuple(remarks[:1]),
        details=(Fact("payment", called, pick(rng, wording.DIFFERENCE).format(called)),),
        question=pick(rng, wording.ASK_DIFFERENCE) if ask else "",
        answer=figure(abs(due)) if ask else "",
    )


def other_version(product: Product, item: OrderItem, thing: str, rng: Random) -> Swap:
    """A swap for a variant in stock that the customer describes by the options in which it differs.

    Raises `Unfit` when none is in stock, or when two variants fit the description.
    """
    fit = [one for one in product.variants.values() if one.available and one.item_id != item.item_id]
    if not fit:
        raise Unfit("nothing else in stock")
    variant = pick(rng, fit)
    if [other.options for other in product.variants.values()].count(variant.options) != 1:
        raise Unfit("two variants have the same options")
    changed = {axis: value for axis, value in variant.options.items() if item.options.get(axis) != value}
    if not changed:
        raise Unfit("the variants do not differ")
    remark = pick(rng, wording.KEEP_OPTIONS) if len(changed) < len(variant.options) else ""
    return Swap(item, variant, thing, wording.say_options(changed, rng), remark)


def ship_to(order: Order, address: Address, where: Pointer, rng: Random) -> Wish:
    """Send a pending order to an address that the customer says."""
    said = wording.say_address(address, rng)
    return Wish(
        tool="modify_pending_order_address",
        arguments={"order_id": order.order_id, **address_arguments(address)},
        cells=where.cells,
        phrase=pick(rng, wording.SHIP).format(where.text),
        details=(Fact("address", said, pick(rng, wording.NEW_ADDRESS).format(said)),),
    )


def live_at(user_id: str, address: Address, rng: Random) -> Wish:
    """Change the default address to one that the customer says."""
    said = wording.say_address(address, rng)
    return Wish(
        tool="modify_user_address",
        arguments={"user_id": user_id, **address_arguments(address)},
        cells=(),
        phrase=pick(rng, wording.PROFILE),
        details=(Fact("address", said, pick(rng, wording.HOME_ADDRESS).format(said)),),
    )


def pay_with(shopper: Shopper, order: Order, method: PaymentMethod, where: Pointer, rng: Random) -> Wish:
    """Pay for a pending order with another method."""
    called = name_method(shopper.user, method, rng)
    return Wish(
        tool="modify_pending_order_payment",
        arguments={"order_id": order.order_id, "payment_method_id": method.id},
        cells=distinct((user_cell(shopper.user.user_id), *where.cells)),
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


def address_arguments(address: Address) -> dict[str, str]:
    """The arguments that the two address tools share, in their order."""
    return {
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "state": address.state,
        "country": address.country,
        "zip": address.zip,
    }
