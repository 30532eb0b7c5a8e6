"""Who calls: a customer with their orders, how they identify themselves, and how they name what they own."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.state import World
from writ_domains.kit.gold import Unfit
from writ_domains.kit.payment import describe_method, name_method
from writ_domains.kit.phrasing import pick
from writ_domains.retail.recipes import wording
from writ_domains.retail.schema import Order, OrderItem, PaymentMethod, User

_ORDERS_WITH: Final = (
    "the order with the {}",
    "my order with the {} in it",
    "the order that includes the {}",
    "the order in which I bought the {}",
    "my {} order",
    "the order containing the {}",
)


class Shopper(msgspec.Struct, frozen=True, gc=False):
    """A customer and their orders in the order of the profile."""

    user: User
    orders: tuple[Order, ...]

    def with_status(self, status: str) -> tuple[Order, ...]:
        """The orders of one status."""
        return tuple(order for order in self.orders if order.status == status)


class Pointer(msgspec.Struct, frozen=True, gc=False):
    """How the customer names an order, the same as params, and whether its id was said."""

    text: str
    order: dict[str, Any]
    by_id: bool = False


def _shoppers(world: World) -> tuple[Shopper, ...]:
    orders = world.tables["orders"]
    return tuple(
        Shopper(user, tuple(orders[key] for key in user.orders))
        for user in world.tables["users"].values()
        if user.orders and all(key in orders for key in user.orders)
    )


def shoppers(world: World) -> tuple[Shopper, ...]:
    """All customers who have ordered something, in the order of the table."""
    return world.index("retail.shoppers", _shoppers)


def point_by_id(order: Order, rng: Random) -> Pointer:
    """The order by its id."""
    text = pick(rng, ("order {}", "my order {}", "order number {}", "the order {}")).format(order.order_id)
    return Pointer(text, {"id": order.order_id}, True)


def point_by_item(shopper: Shopper, order: Order, rng: Random, avoid: Sequence[str] = ()) -> Pointer:
    """The order by a product that is in no other order of the customer, and not among the item ids to avoid.

    Raises `Unfit` when no product tells it apart.
    """
    telling = [
        item
        for item in order.items
        if item.item_id not in avoid
        and [other.product_id for one in shopper.orders for other in one.items].count(item.product_id) == 1
    ]
    if not telling:
        raise Unfit("no product tells the order apart")
    name = pick(rng, telling).name
    return Pointer(pick(rng, _ORDERS_WITH).format(name.lower()), {"with": name})


def name_item(order: Order, item: OrderItem, rng: Random) -> str:
    """An item as the customer calls it. Raises `Unfit` when the order holds two of its product."""
    if [other.product_id for other in order.items].count(item.product_id) != 1:
        raise Unfit("two items of one product in the order")
    return pick(rng, ("the {}", "my {}")).format(item.name.lower())


def say_method(shopper: Shopper, method: PaymentMethod, rng: Random) -> tuple[dict[str, Any], str]:
    """A payment method as params, and as the customer calls it. Raises `Unfit` when another one could be meant too."""
    methods = shopper.user.payment_methods
    return describe_method(methods, method), name_method(methods, method, wording.METHODS, rng)
