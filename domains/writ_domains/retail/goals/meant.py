"""Which of several orders or items is meant, where the user says so only when asked.

Under `which` stands one of these, or what `kit.choosing` says of all domains:

- order (of those that hold a product): `{"also": product}`: the one that holds this as well; `{"most": bool}` by total
- item (of those of one product in an order): `{"options"}`: those in which it differs; `{"most": bool}` by price
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from writ_async.core.goal import EVERY, WHICH, NothingFits, Reader
from writ_async.core.task import Candidate
from writ_domains.kit.choosing import marks_apart, meant
from writ_domains.kit.goals import Params
from writ_domains.retail.schema import Order, OrderItem

ORDER_MARGIN: Final = 5.0
ITEM_MARGIN: Final = 5.0
_SHORT: Final = 2  # letters: "L" or "4" are said of other things as well
_OF_ANYTHING: Final = ("yes", "none")


def total(order: Order) -> float:
    """What was paid for an order."""
    return order.payment_history[0].amount


def meant_order(reader: Reader, holding: Sequence[Order], wanted: Params) -> Order:
    """The order that is meant of those that hold a product. Raises `NothingFits` and `Ambiguous`."""

    def pick(fit: Sequence[Order], which: Params) -> Sequence[Order]:
        if "also" in which:
            return [order for order in fit if any(item.name == which["also"] for item in order.items)]
        return [reader.best(fit, total, ORDER_MARGIN, most=which["most"])]

    return meant(holding, wanted[WHICH], pick, _orders_apart, ("order",))


def _orders_apart(orders: Sequence[Order]) -> list[Candidate]:
    values = [
        (order.order_id, *(item.name for item in order.items), f"{total(order):.2f}", order.address.city)
        for order in orders
    ]
    labels = [
        f"{order.order_id} ({', '.join(item.name for item in order.items)}, ${total(order):.2f})" for order in orders
    ]
    return [Candidate(label, marks) for label, marks in zip(labels, marks_apart(values), strict=True)]


def meant_items(reader: Reader, order: Order, wanted: Params) -> list[OrderItem]:
    """The items of one product in an order that are meant: one, or all of them. Raises `NothingFits`, `Ambiguous`."""
    fit = [item for item in order.items if item.name == wanted["name"]]
    which = wanted[WHICH]
    if which == EVERY:
        if len(fit) < 2:
            raise NothingFits("there are not several")
        return fit

    def pick(fit: Sequence[OrderItem], which: Params) -> Sequence[OrderItem]:
        if "options" in which:
            return [item for item in fit if _has(item.options, which["options"])]
        return [reader.best(fit, lambda item: item.price, ITEM_MARGIN, most=which["most"])]

    return [meant(fit, which, pick, _items_apart, (wanted["name"], "item"))]


def telling_options(item: OrderItem, items: Sequence[OrderItem]) -> dict[str, str]:
    """The options that an item has and none of the others."""
    others = [other.options for other in items if other is not item]
    return {axis: value for axis, value in item.options.items() if all(one.get(axis) != value for one in others)}


def _has(options: Mapping[str, str], wanted: Mapping[str, Any]) -> bool:
    return all(options.get(axis) == value for axis, value in wanted.items())


def _items_apart(items: Sequence[OrderItem]) -> list[Candidate]:
    found = []
    words = [
        [value for value in item.options.values() if len(value) > _SHORT and value not in _OF_ANYTHING]
        for item in items
    ]
    values = [(item.item_id, *said, f"{item.price:.2f}") for item, said in zip(items, words, strict=True)]
    for item, marks in zip(items, marks_apart(values), strict=True):
        telling = [f"{axis} {value}" for axis, value in telling_options(item, items).items()]
        found.append(Candidate(f"{item.name} {item.item_id} ({', '.join((*telling, f'${item.price:.2f}'))})", marks))
    return found
