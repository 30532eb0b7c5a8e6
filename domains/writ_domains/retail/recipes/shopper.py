"""Who calls: a customer with their orders, how they identify themselves, and how they name what they own."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.state import World
from writ_async.core.task import Fact
from writ_domains.kit.phrasing import pick
from writ_domains.retail.recipes.gold import Unfit
from writ_domains.retail.schema import CreditCard, GiftCard, Order, OrderItem, PaymentMethod, PayPal, User

_NAMES: Final = (
    "My name is {}.",
    "I'm {}.",
    "My account is under the name {}.",
    "I am {}.",
    "My full name is {}.",
    "I'm registered as {}.",
    "I go by {}.",
)
_ZIPS: Final = (
    "My zip code is {}.",
    "I live in zip code {}.",
    "The zip code on my account is {}.",
    "My zip code: {}.",
    "My address is in the {} zip code.",
    "The zip of my address is {}.",
)
_EMAILS: Final = (
    "My email is {}.",
    "My email address is {}.",
    "The email on my account is {}.",
    "I'm registered with the email {}.",
    "My account uses the email {}.",
    "My email: {}.",
)
_NO_EMAIL: Final = (
    "You do not remember your email address.",
    "You cannot recall which email you signed up with.",
    "You no longer know the email address of your account.",
    "Your email address has slipped your mind.",
)
_NO_ORDER_IDS: Final = (
    "You do not have your order ids at hand.",
    "You do not know any order id.",
    "You never wrote down the order numbers.",
    "You cannot look up your order numbers right now.",
)


_CARDS: Final = (
    "my {brand} card ending in {last}",
    "the credit card that ends in {last}",
    "my card ending in {last}",
    "my {brand} ending in {last}",
)
_ONLY_CARD: Final = ("my credit card", "the credit card on my account")
_PAYPAL: Final = ("my PayPal account", "PayPal", "my PayPal", "the PayPal account on file")
_GIFT_CARD: Final = ("my gift card", "the gift card on my account", "my gift card balance")
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


class Identity(msgspec.Struct, frozen=True, gc=False):
    """How the customer is found: by what params, what the customer says for it, and what the customer does not know."""

    who: dict[str, str]
    facts: tuple[Fact, ...]
    unknown: str


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


def identify(user: User, rng: Random) -> Identity:
    """By e-mail address, or by name and zip code."""
    name = f"{user.name.first_name} {user.name.last_name}"
    named = Fact("name", name, pick(rng, _NAMES).format(name))
    if rng.random() < 0.5:
        email = Fact("email", user.email, pick(rng, _EMAILS).format(user.email))
        return Identity({"email": user.email}, (named, email), "")
    code = user.address.zip
    zipped = Fact("zip", code, pick(rng, _ZIPS).format(code))
    arguments = {"first_name": user.name.first_name, "last_name": user.name.last_name, "zip": code}
    return Identity(arguments, (named, zipped), pick(rng, _NO_EMAIL))


def no_order_ids(rng: Random) -> str:
    """The customer does not know the ids of their orders."""
    return pick(rng, _NO_ORDER_IDS)


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


def name_method(user: User, method: PaymentMethod, rng: Random) -> str:
    """A payment method as the customer calls it. Raises `Unfit` when another one could be meant too."""
    alike = [other for other in user.payment_methods.values() if type(other) is type(method)]
    if isinstance(method, CreditCard):
        if [other.last_four for other in alike if isinstance(other, CreditCard)].count(method.last_four) > 1:
            raise Unfit("two cards end alike")
        only: tuple[str, ...] = _ONLY_CARD if len(alike) == 1 else ()
        return pick(rng, (*_CARDS, *only)).format(brand=method.brand, last=method.last_four)
    if len(alike) != 1:
        raise Unfit("two methods of one kind that have no name")
    return pick(rng, _PAYPAL if isinstance(method, PayPal) else _GIFT_CARD)


def describe_method(method: PaymentMethod) -> dict[str, str]:
    """A payment method as params."""
    if isinstance(method, CreditCard):
        return {"source": "credit_card", "last_four": method.last_four}
    return {"source": "paypal" if isinstance(method, PayPal) else "gift_card"}


def pick_method(user: User, rng: Random, due: float, *, cards: bool = True) -> PaymentMethod:
    """Any method of the customer; a gift card only where it covers what is due, and not at all without `cards`."""
    fit = [
        method
        for method in user.payment_methods.values()
        if not isinstance(method, GiftCard) or (cards and method.balance >= due + 1)
    ]
    if not fit:
        raise Unfit("no method can pay")
    return pick(rng, fit)
