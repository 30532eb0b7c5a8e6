"""Two to six writes over one customer's affairs: independent errands, all that fit, and chains in a fixed order."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from writ_async.core.state import World
from writ_async.core.task import Fact
from writ_domains.kit.gold import Unfit
from writ_domains.kit.people import draw_address
from writ_domains.kit.phrasing import listing, pick
from writ_domains.kit.wishes import Request, Wish
from writ_domains.retail.policy import REASONS
from writ_domains.retail.recipes import heavy, wishes, wording
from writ_domains.retail.recipes.normal import product_of
from writ_domains.retail.recipes.script import having, recipe, request
from writ_domains.retail.recipes.shopper import Shopper, name_item, point_by_id, point_by_item
from writ_domains.retail.schema import GiftCard, Order

_MOST = 6


def _actionable(shopper: Shopper) -> list[Order]:
    return [order for order in shopper.orders if order.status in ("pending", "delivered")]


def _delivered_wish(world: World, shopper: Shopper, order: Order, rng: Random, by_id: bool) -> Wish:
    """A return or an exchange of one or two items; no gift card pays, for its balance may depend on other writes."""
    items = rng.sample(order.items, min(len(order.items), 1 + rng.randrange(2)))
    avoid = tuple(item.item_id for item in items)
    where = point_by_id(order, rng) if by_id else point_by_item(shopper, order, rng, avoid)
    names = [name_item(order, item, rng) for item in items]
    if rng.random() < 0.5:
        return wishes.give_back(shopper, {"names": [item.name for item in items]}, listing(names), where, rng)
    swaps = [
        wishes.other_version(product_of(world, item), item, name, rng) for item, name in zip(items, names, strict=True)
    ]
    return wishes.swap(shopper, swaps, where, rng, delivered=True, cards=False)


def _pending_wish(world: World, shopper: Shopper, order: Order, rng: Random, by_id: bool) -> Wish:
    """A cancellation, or a change of an item, the address or the payment; no gift card pays."""
    item = pick(rng, order.items)
    where = point_by_id(order, rng) if by_id else point_by_item(shopper, order, rng, (item.item_id,))
    drawn = rng.randrange(4)
    if drawn == 0:
        return wishes.cancel(where, rng, ask=rng.random() < 0.3)
    if drawn == 1:
        one = wishes.other_version(product_of(world, item), item, name_item(order, item, rng), rng)
        return wishes.swap(shopper, (one,), where, rng, delivered=False, cards=False)
    if drawn == 2:
        return wishes.ship_to(draw_address(rng), where, rng)
    return wishes.pay_with(shopper, wishes.other_method(shopper, order, rng, cards=False), where, rng)


def _errands(world: World, shopper: Shopper, rng: Random, by_id: bool) -> Request:
    """A different wish for each of two to six orders; perhaps a new default address as well."""
    orders = _actionable(shopper)
    chosen = rng.sample(orders, rng.randint(2, min(_MOST, len(orders))))
    made = [
        (_pending_wish if order.status == "pending" else _delivered_wish)(world, shopper, order, rng, by_id)
        for order in chosen
    ]
    if len(made) < _MOST and rng.random() < 0.25:
        made.append(wishes.live_at(draw_address(rng), rng))
    return request(tuple(made), unknown=not by_id)


def _errands_by_id(world: World, shopper: Shopper, rng: Random) -> Request:
    return _errands(world, shopper, rng, by_id=True)


def _errands_by_item(world: World, shopper: Shopper, rng: Random) -> Request:
    return _errands(world, shopper, rng, by_id=False)


def _move(world: World, shopper: Shopper, rng: Random) -> Request:
    """A new default address, and the same for every pending order."""
    home = wishes.live_at(draw_address(rng), rng)
    wish = Wish("move", home.params, pick(rng, wording.MOVE), details=home.details)
    return request((wish,), unknown=True, intro=pick(rng, wording.MOVED))


def _clear(world: World, shopper: Shopper, rng: Random) -> Request:
    """Every pending order cancelled for one reason; perhaps the customer asks for the sum of the refunds."""
    reason = pick(rng, REASONS)
    asks = rng.random() < 0.5
    wish = Wish(
        "cancel_all",
        {"reason": reason},
        pick(rng, wording.CLEAR),
        remarks=(pick(rng, wording.REASON).format(reason),),
        question=pick(rng, wording.ASK_TOTAL) if asks else "",
        answer="refund" if asks else "",
    )
    return request((wish,), unknown=True)


def _return_all(world: World, shopper: Shopper, rng: Random) -> Request:
    """Everything of every delivered order sent back, each refund to the method that paid."""
    detail = Fact("refund", "original payment method", pick(rng, wording.REFUND_BACK))
    wish = Wish("return_all", {}, pick(rng, wording.RETURN_ALL), details=(detail,))
    return request((wish,), unknown=True)


def _same_order(world: World, shopper: Shopper, rng: Random) -> Request:
    """The address, then the payment, and last an item of one order: after that policy forbids any change of it."""
    order = pick(rng, shopper.with_status("pending"))
    item = pick(rng, order.items)
    where = point_by_id(order, rng)
    one = wishes.other_version(product_of(world, item), item, name_item(order, item, rng), rng)
    made = [
        wishes.ship_to(draw_address(rng), where, rng),
        wishes.pay_with(shopper, wishes.other_method(shopper, order, rng, cards=False), where, rng),
        wishes.swap(shopper, (one,), where, rng, delivered=False, cards=False),
    ]
    return request(tuple(made if rng.random() < 0.5 else rng.sample(made[:2], 1) + made[2:]), ordered=True)


def _refund_pays(world: World, shopper: Shopper, rng: Random) -> Request:
    """An order paid by gift card is cancelled, and only with that refund can the card pay for another order."""
    cards = [method for method in shopper.user.payment_methods.values() if isinstance(method, GiftCard)]
    if len(cards) != 1:
        raise Unfit("not one gift card")
    card = cards[0]
    amounts = {order.order_id: order.payment_history[0] for order in shopper.with_status("pending")}
    pairs = [
        (one, other)
        for one in shopper.with_status("pending")
        for other in shopper.with_status("pending")
        if amounts[one.order_id].payment_method_id == card.id != amounts[other.order_id].payment_method_id
        and card.balance < amounts[other.order_id].amount <= card.balance + amounts[one.order_id].amount - 1
    ]
    if not pairs:
        raise Unfit("no refund that another order needs")
    given, paid = pick(rng, pairs)
    by_id = rng.random() < 0.5
    spots = [point_by_id(each, rng) if by_id else point_by_item(shopper, each, rng) for each in (given, paid)]
    freed = (
        wishes.cancel(spots[0], rng)
        if rng.random() < 0.5
        else wishes.pay_with(shopper, wishes.other_method(shopper, given, rng, cards=False), spots[0], rng)
    )
    wanted = [freed, wishes.pay_with(shopper, card, spots[1], rng)]
    return request(tuple(wanted), unknown=not by_id, ordered=True)


def _both(world: World, shopper: Shopper, rng: Random) -> Request:
    """Several writes, each of which many reads decide: one about pending orders, one about delivered ones."""
    pending: tuple[Callable[[], Wish], ...] = (
        lambda: heavy.cancel_extreme(shopper, rng),
        lambda: heavy.saving("pending", world, shopper, rng),
        lambda: wishes.pay_with(
            shopper, wishes.any_method(shopper, rng, cards=False), heavy.extreme_order("pending", rng), rng
        ),
        lambda: wishes.ship_to(draw_address(rng), heavy.extreme_order("pending", rng), rng),
    )
    delivered: tuple[Callable[[], Wish], ...] = (
        lambda: heavy.return_extreme(shopper, rng),
        lambda: heavy.exchange_extreme(world, shopper, rng),
        lambda: heavy.saving("delivered", world, shopper, rng),
    )
    made = [pick(rng, pending)(), pick(rng, delivered)()]
    rng.shuffle(made)
    if rng.random() < 0.4:
        made.append(wishes.live_at(draw_address(rng), rng))
    return request(tuple(made), unknown=True)


def _all_and_extreme(world: World, shopper: Shopper, rng: Random) -> Request:
    """One thing for all pending orders, and one that many reads decide about the delivered ones."""
    everything = pick(rng, (_clear, _move))(world, shopper, rng)
    delivered: tuple[Callable[[], Wish], ...] = (
        lambda: heavy.exchange_extreme(world, shopper, rng),
        lambda: heavy.saving("delivered", world, shopper, rng),
        lambda: heavy.saving("delivered", world, shopper, rng),
    )
    return request((*everything.wishes, pick(rng, delivered)()), unknown=True, intro=everything.intro)


def _several(shopper: Shopper) -> bool:
    return len(_actionable(shopper)) >= 2


def _two_sided(shopper: Shopper) -> bool:
    return len(shopper.orders) >= 3 and bool(shopper.with_status("pending") and shopper.with_status("delivered"))


INTENSIVE = (
    recipe("errands_by_id", "write-intensive", _errands_by_id, fits=_several),
    recipe("errands_by_item", "write-intensive", _errands_by_item, fits=_several),
    recipe("move_house", "write-intensive", _move, fits=having("pending", 1, _MOST - 1)),
    recipe("clear_pending", "write-intensive", _clear, fits=having("pending", 2, _MOST)),
    recipe("return_everything", "write-intensive", _return_all, fits=having("delivered", 2, _MOST)),
    recipe("several_of_one_order", "write-intensive", _same_order, fits=having("pending")),
    recipe("refund_pays_next", "write-intensive", _refund_pays, fits=having("pending", 2)),
    recipe("all_and_extreme", "write-intensive", _all_and_extreme, fits=_two_sided),
    recipe("extremes_together", "write-intensive", _both, fits=_two_sided),
)
