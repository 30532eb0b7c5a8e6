"""The objectives of the shop: one for each write tool, and three that ask for several writes at once.

Their params are described in `choose.py`; `who` is in all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from writ_async.core.goal import WHICH, Decision, NothingFits, Objective, Reader
from writ_async.core.task import Action
from writ_domains.kit.choosing import of_each
from writ_domains.kit.goals import Params, decide_write, first_possible
from writ_domains.retail.catalogue import CATEGORIES
from writ_domains.retail.goals.answers import tell
from writ_domains.retail.goals.choose import Customer, in_stock, item_named, variant
from writ_domains.retail.goals.meant import ITEM_MARGIN, meant_items, total
from writ_domains.retail.policy import NEVER_ALLOWED, why_write_forbidden
from writ_domains.retail.schema import Order, OrderItem, Variant

_EXCHANGE: Final = "exchange_delivered_order_items"
_MODIFY: Final = "modify_pending_order_items"


def address_arguments(address: Any) -> dict[str, str]:
    """The arguments that the two address tools share, in their order."""
    return {name: getattr(address, name) for name in ("address1", "address2", "city", "state", "country", "zip")}


def _decide(
    customer: Customer, name: str, arguments: dict[str, Any], order: Order, figures: Mapping[str, float] | None = None
) -> Decision:
    """A decision on one write, refused where the policy forbids it. The profile is read only where a rule needs it."""
    refused = why_write_forbidden(customer, name, arguments, order)
    return decide_write(customer.reader, name, arguments, refused, figures=figures)


def cancel(reader: Reader, params: Params) -> Decision:
    """Cancel the order for a reason."""
    customer = Customer(reader, params["who"])
    order = customer.order(params["order"])
    arguments = {"order_id": order.order_id, "reason": params["reason"]}
    return _decide(customer, "cancel_pending_order", arguments, order, {"refund": total(order)})


def give_back(reader: Reader, params: Params) -> Decision:
    """Return items of a delivered order: `items` is `{"names"}`, `{"all": true}`, `{"all_but": most}`, `{"category"}`,
    `{"name", "which"}` (`meant.py`) or `{"extreme": most}` (of all delivered orders).
    """
    customer = Customer(reader, params["who"])
    wanted = params["items"]
    if "extreme" in wanted:
        order, one = _extreme_item(customer, "delivered", wanted["extreme"])
        items: Sequence[OrderItem] = (one,)
    else:
        order = customer.order(params["order"])
        if "names" in wanted:
            items = [item_named(order, name) for name in wanted["names"]]
        elif WHICH in wanted:
            items = meant_items(reader, order, wanted)
        elif wanted.get("all"):
            items = order.items
        elif "category" in wanted:
            items = [item for item in order.items if item.name in CATEGORIES[wanted["category"]]]
            if not items:
                raise NothingFits("nothing of that kind is in the order")
        else:
            kept = reader.best(order.items, lambda item: item.price, ITEM_MARGIN, most=wanted["all_but"], lone=False)
            items = [item for item in order.items if item is not kept]
    refund = params["refund"]
    arguments = {
        "order_id": order.order_id,
        "item_ids": [item.item_id for item in items],
        "payment_method_id": (
            order.payment_history[0].payment_method_id if refund.get("original") else customer.method(refund).id
        ),
    }
    return _decide(customer, "return_delivered_order_items", arguments, order)


def _extreme_item(customer: Customer, status: str, most: bool) -> tuple[Order, OrderItem]:
    found = [(order, item) for order in customer.orders() if order.status == status for item in order.items]
    return customer.reader.best(found, lambda one: one[1].price, ITEM_MARGIN, most=most)


def _saving(customer: Customer, status: str, target: Params) -> tuple[Order, OrderItem, Variant]:
    """The item of all orders of a status with which a swap for the cheapest variant in stock saves most."""
    reader = customer.reader
    owned = [(order, item) for order in customer.orders() if order.status == status for item in order.items]
    reader.scanned += len({item.product_id for _, item in owned})
    options: list[tuple[float, Order, OrderItem, Variant]] = []
    for order, item in owned:
        try:
            product = customer.product(item, order)
        except NothingFits:
            continue
        for one in in_stock(product, item, target.get("keep", ())):
            options.append((item.price - one.price, order, item, one))
    saved, order, item, one = reader.best(options, lambda option: option[0], ITEM_MARGIN, most=True)
    if saved < ITEM_MARGIN:
        raise NothingFits("nothing can be saved")
    return order, item, one


def swap(name: str) -> Objective:
    """An objective that swaps items: `items` is a list of `{"name", "target"}`, with `"which"` where there are several
    of that name, or one `{"extreme": most, "target"}` or `{"saving": true, "target"}` over all orders of the status
    that the tool is for. `most` is how many dollars the customer is ready to pay in addition, where that matters.
    """

    def decide(reader: Reader, params: Params) -> Decision:
        customer = Customer(reader, params["who"])
        status = "delivered" if name == _EXCHANGE else "pending"
        swaps: list[tuple[OrderItem, Variant]] = []
        first = params["items"][0]
        if "saving" in first:
            order, item, chosen = _saving(customer, status, first["target"])
            swaps.append((item, chosen))
        elif "extreme" in first:
            order, item = _extreme_item(customer, status, first["extreme"])
            swaps.append((item, variant(reader, customer.product(item, order), item, first["target"])))
        else:
            order = customer.order(params["order"])
            for wanted in params["items"]:
                several = WHICH in wanted
                for item in meant_items(reader, order, wanted) if several else [item_named(order, wanted["name"])]:
                    swaps.append((item, variant(reader, customer.product(item, order), item, wanted["target"])))
        due = round(sum(new.price - old.price for old, new in swaps), 2)
        arguments = {
            "order_id": order.order_id,
            "item_ids": [old.item_id for old, _ in swaps],
            "new_item_ids": [new.item_id for _, new in swaps],
            "payment_method_id": customer.method(params["pay"]).id,
        }
        if "most" in params and due > params["most"]:
            raise NothingFits("it costs more than the customer wants to pay")
        return _decide(customer, name, arguments, order, {"difference": due})

    return decide


def bring_back(reader: Reader, params: Params) -> Decision:
    """Undo the cancellation of an order, which only a person can."""
    customer = Customer(reader, params["who"])
    order = customer.order(params["order"])
    if order.status != "cancelled":
        raise NothingFits("the order was not cancelled")
    return Decision(writes=(), refused="only a person can bring a cancelled order back", handed_over=True)


def unsupported(reader: Reader, params: Params) -> Decision:
    """Something that the policy forbids whatever the records say, named by `what`, about an item of an order."""
    customer = Customer(reader, params["who"])
    item_named(customer.order(params["order"]), params["item"])
    return Decision(writes=(), refused=NEVER_ALLOWED[params["what"]])


def pay(reader: Reader, params: Params) -> Decision:
    """Let another method pay for a pending order."""
    customer = Customer(reader, params["who"])
    order = customer.order(params["order"])
    arguments = {"order_id": order.order_id, "payment_method_id": customer.method(params["pay"]).id}
    return _decide(customer, "modify_pending_order_payment", arguments, order)


def ship(reader: Reader, params: Params) -> Decision:
    """Send a pending order to an address."""
    customer = Customer(reader, params["who"])
    order = customer.order(params["order"])
    address = customer.address(params["address"])
    if "like" in params["address"] and address == order.address:
        raise NothingFits("the order is sent there already")
    arguments = {"order_id": order.order_id, **address_arguments(address)}
    return _decide(customer, "modify_pending_order_address", arguments, order)


def live(reader: Reader, params: Params) -> Decision:
    """Change the default address of the profile."""
    customer = Customer(reader, params["who"])
    address = customer.address(params["address"])
    if "like" in params["address"] and address == customer.profile.address:
        raise NothingFits("the address is the default already")
    arguments = {"user_id": customer.user_id, **address_arguments(address)}
    return decide_write(reader, "modify_user_address", arguments)


def _several(
    writes: Sequence[Action], figures: Mapping[str, float] | None = None, sums: Sequence[str] = ()
) -> Decision:
    if not writes:
        raise NothingFits("no order fits")
    return Decision(writes=tuple(writes), several=True, figures=figures or {}, sums=tuple(sums))


def clear(reader: Reader, params: Params) -> Decision:
    """Cancel every pending order."""
    orders = [order for order in Customer(reader, params["who"]).orders() if order.status == "pending"]
    return _several(
        [Action("cancel_pending_order", {"order_id": one.order_id, "reason": params["reason"]}) for one in orders],
        {"refund": sum(map(total, orders))},
        [" + ".join(str(total(one)) for one in orders)] if len(orders) > 1 else (),
    )


def move(reader: Reader, params: Params) -> Decision:
    """A new default address, and the same for every pending order."""
    customer = Customer(reader, params["who"])
    address = address_arguments(customer.address(params["address"]))
    pending = [order for order in customer.orders() if order.status == "pending"]
    home = Action("modify_user_address", {"user_id": customer.user_id, **address})
    return _several(
        [home, *(Action("modify_pending_order_address", {"order_id": one.order_id, **address}) for one in pending)]
    )


def return_everything(reader: Reader, params: Params) -> Decision:
    """Send back everything that was delivered, each refund to the method that paid."""
    delivered = [order for order in Customer(reader, params["who"]).orders() if order.status == "delivered"]
    return _several(
        [
            Action(
                "return_delivered_order_items",
                {
                    "order_id": order.order_id,
                    "item_ids": [item.item_id for item in order.items],
                    "payment_method_id": order.payment_history[0].payment_method_id,
                },
            )
            for order in delivered
        ]
    )


_OBJECTIVES: Final[dict[str, Objective]] = {
    "cancel": of_each(cancel),
    "return": give_back,
    "exchange": swap(_EXCHANGE),
    "modify": swap(_MODIFY),
    "pay": pay,
    "ship": ship,
    "live": live,
    "cancel_all": clear,
    "move": move,
    "return_all": return_everything,
    "tell": tell,
    "unsupported": unsupported,
    "bring_back": bring_back,
}
OBJECTIVES: Final[dict[str, Objective]] = {**_OBJECTIVES, "first_possible": first_possible(_OBJECTIVES)}
"""By name, as in `Goal.objective`."""
