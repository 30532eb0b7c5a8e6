"""Cancelling pending orders: one that is named, the dearest or cheapest, or all."""

from __future__ import annotations

from random import Random
from typing import Final

from writ_async.core.state import World
from writ_domains.kit.gold import Unfit
from writ_domains.kit.phrasing import pick
from writ_domains.kit.wishes import Request, Wish
from writ_domains.retail import phrases
from writ_domains.retail.policy import REASONS
from writ_domains.retail.recipes.customers import (
    Customer,
    Pointer,
    one_of,
    one_other_than,
    point,
    point_at_extreme,
    request,
)
from writ_domains.retail.schema import Order

_IN_ANY_ORDER: Final = 4  # calls that meet in one record, of which not all orders are tried in a proof


def _is_paid_by_gift_card(order: Order) -> bool:
    return order.payment_history[0].payment_method_id.startswith("gift_card")


def cancel(where: Pointer, rng: Random, *, ask: bool = False) -> Wish:
    """The wish to cancel a pending order; with `ask`, the customer wants to hear the refund."""
    reason = pick(rng, REASONS)
    remark = pick(rng, (*(form.format(reason) for form in phrases.REASON), *phrases.REASON_IT[reason]))
    return Wish(
        objective="cancel",
        params={"order": where.order, "reason": reason},
        phrase=pick(rng, phrases.CANCEL).format(where.text),
        remarks=(remark,),
        question=pick(rng, phrases.ASK_REFUND) if ask else "",
        answer="refund" if ask else "",
    )


def cancel_extreme(rng: Random) -> Wish:
    """The wish to cancel the dearest or cheapest pending order."""
    return cancel(point_at_extreme("pending", rng), rng, ask=rng.random() < 0.3)


def cancel_order(world: World, customer: Customer, rng: Random) -> Request:
    """One order that is named."""
    where = point(customer, one_of(customer, "pending", rng), rng)
    return request(cancel(where, rng, ask=rng.random() < 0.4), unknown=not where.by_id)


def cancel_extreme_order(world: World, customer: Customer, rng: Random) -> Request:
    """The dearest or cheapest pending order."""
    return request(cancel_extreme(rng))


def clear_pending(world: World, customer: Customer, rng: Random) -> Request:
    """Every pending order, for one reason; perhaps the customer asks for the sum of the refunds."""
    pending = customer.with_status("pending")
    if len(pending) >= _IN_ANY_ORDER and any(map(_is_paid_by_gift_card, pending)):
        raise Unfit("refunds to a gift card meet in the profile, and too many orders of so many calls lead there")
    reason = pick(rng, REASONS)
    asks = rng.random() < 0.5
    wish = Wish(
        "cancel_all",
        {"reason": reason},
        pick(rng, phrases.CLEAR),
        remarks=(pick(rng, phrases.REASON).format(reason),),
        question=pick(rng, phrases.ASK_TOTAL) if asks else "",
        answer="refund" if asks else "",
    )
    return request(wish)


def hand_over_cancelled(world: World, customer: Customer, rng: Random) -> Request:
    """A cancelled order that the customer wants after all."""
    where = point(customer, one_of(customer, "cancelled", rng), rng)
    wish = Wish("bring_back", {"order": where.order}, pick(rng, phrases.BRING_BACK).format(where.text))
    return request(wish, unknown=not where.by_id)


def refuse_cancelling(world: World, customer: Customer, rng: Random) -> Request:
    """An order that is not pending."""
    where = point(customer, one_other_than(customer, "pending", rng), rng)
    return request(cancel(where, rng), unknown=not where.by_id)
