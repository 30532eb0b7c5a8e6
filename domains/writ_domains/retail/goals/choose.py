"""Finding the customer, the order, the items, the variants and the payment method that a request describes.

Descriptions are plain JSON, as they stand in `Goal.params`:

- who: `{"email"}` or `{"first_name", "last_name", "zip"}`
- order: `{"id"}`; `{"ends"}`: the last digits of its id; `{"with": product}` (in one order only), or with `"which"`
  (`meant.py`) in several;
  `{"status", "most": bool}` (by total); with `"card": true` of those that the gift card can pay in full and does not
  pay yet
- method: `{"source"}`, with `"last_four"` where there may be two cards; `{"original": true}`
- address: the six parts of one; `{"like": order}`; `{"home": true}`; `{"in_city"}`: the only one there of the profile
  and of all orders
- target (a variant of an item's product): `{"options"}` (what differs); of those in stock `{"price": "lowest" |
  "highest"}` with `"keep"`: axes that stay as they are, or `{"scale": axis, "up": bool, "end": bool}`: the next or the
  last one in that direction, with all other options as they are
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from writ_async.core.goal import WHICH, Ambiguous, Key, NothingFits, Reader
from writ_domains.kit.payment import find_method
from writ_domains.kit.people import Address
from writ_domains.retail.goals.meant import ORDER_MARGIN, meant_order, total
from writ_domains.retail.goals.scales import ordered
from writ_domains.retail.schema import GiftCard, Order, OrderItem, PaymentMethod, Product, User, Variant

VARIANT_MARGIN: Final = 1.0
"""Variants of a product lie closer together than orders and items do."""


class Customer:
    """The customer of one decision; the profile is read when it is asked for."""

    __slots__ = ("_auth", "reader", "user_id")

    def __init__(self, reader: Reader, who: Mapping[str, str]) -> None:
        self.reader = reader
        self._auth: Key = (
            ("find_user_id_by_email", who["email"])
            if "email" in who
            else ("find_user_id_by_name_zip", who["first_name"], who["last_name"], who["zip"])
        )
        self.user_id: str = reader.read(self._auth)

    @property
    def key(self) -> Key:
        """The cell of the profile."""
        return ("get_user_details", self.user_id)

    @property
    def profile(self) -> User:
        """The profile."""
        found: User = self.reader.read(self.key, self._auth)
        return found

    def order_keys(self) -> list[Key]:
        """The cells of all orders."""
        return [("get_order_details", order_id) for order_id in self.profile.orders]

    def orders(self) -> list[Order]:
        """All orders."""
        return list(self.reader.each(self.order_keys(), self.key))

    def order(self, wanted: Mapping[str, Any]) -> Order:
        """The order that is described. Raises `NothingFits` and `Ambiguous`."""
        if "id" in wanted:
            # Policy has the agent find the customer first, even where the order's id is given.
            by_id: Order = self.reader.read(("get_order_details", wanted["id"]), self._auth)
            return by_id
        if "ends" in wanted:
            keys = [key for key in self.order_keys() if key[1].endswith(wanted["ends"])]
            if len(keys) != 1:
                raise Ambiguous("not one order has those digits")
            ending: Order = self.reader.read(keys[0], self.key)
            return ending
        if "with" in wanted:
            name = wanted["with"]
            keys = self.order_keys()
            if WHICH in wanted:
                holding = [order for order in self.orders() if any(item.name == name for item in order.items)]
                return meant_order(self.reader, holding, wanted)
            found: Order = self.reader.only(keys, lambda one: any(item.name == name for item in one.items), self.key)
            return found
        orders = [order for order in self.orders() if order.status == wanted["status"]]
        if wanted.get("card"):
            orders = self._covered(orders)
        return self.reader.best(orders, total, ORDER_MARGIN, most=wanted["most"])

    def _covered(self, orders: Iterable[Order]) -> list[Order]:
        card = self.method({"source": "gift_card"})
        assert isinstance(card, GiftCard)
        others = [order for order in orders if order.payment_history[0].payment_method_id != card.id]
        if any(abs(total(order) - card.balance) < 1 for order in others):
            raise Ambiguous("the balance decides by a hair")
        return [order for order in others if total(order) <= card.balance]

    def method(self, wanted: Mapping[str, Any]) -> PaymentMethod:
        """The payment method that is described, of those in the profile."""
        return find_method(self.profile.payment_methods, wanted)

    def address(self, wanted: Mapping[str, Any]) -> Address:
        """The address that is described."""
        if "like" in wanted:
            return self.order(wanted["like"]).address
        if wanted.get("home"):
            return self.profile.address
        if "in_city" in wanted:
            known = [self.profile.address, *(order.address for order in self.orders())]
            there = {address for address in known if address.city == wanted["in_city"]}
            if len(there) != 1:
                raise Ambiguous("not one address in that city")
            return there.pop()
        return Address(**wanted)

    def product(self, item: OrderItem, order: Order) -> Product:
        """The product of an item."""
        found: Product = self.reader.read(
            ("get_product_details", item.product_id), ("get_order_details", order.order_id)
        )
        return found


def item_named(order: Order, name: str) -> OrderItem:
    """The one item of a product in an order."""
    fit = [item for item in order.items if item.name == name]
    if not fit:
        raise NothingFits("no such item in the order")
    if len(fit) > 1:
        raise Ambiguous("two such items in the order")
    return fit[0]


def in_stock(product: Product, item: OrderItem, keep: Iterable[str] = ()) -> list[Variant]:
    """The other variants that are in stock and keep some options of the item."""
    return [
        one
        for one in product.variants.values()
        if one.available
        and one.item_id != item.item_id
        and all(one.options.get(axis) == item.options.get(axis) for axis in keep)
    ]


def variant(reader: Reader, product: Product, item: OrderItem, wanted: Mapping[str, Any]) -> Variant:
    """The variant of an item's product that is described; one with named options may be out of stock."""
    if "price" in wanted:
        options = in_stock(product, item, wanted.get("keep", ()))
        return reader.best(options, lambda one: one.price, VARIANT_MARGIN, most=wanted["price"] == "highest")
    if "scale" in wanted:
        return _along(product, item, wanted)
    options_wanted = {**item.options, **wanted["options"]}
    fit = [one for one in product.variants.values() if one.options == options_wanted and one.item_id != item.item_id]
    if not fit:
        raise NothingFits("no such variant")
    if len(fit) > 1:
        raise Ambiguous("two such variants")
    return fit[0]


def _along(product: Product, item: OrderItem, wanted: Mapping[str, Any]) -> Variant:
    """The variant in stock that differs in one option alone: the next one on its scale, or the last."""
    axis = wanted["scale"]
    same = [axis_kept for axis_kept in item.options if axis_kept != axis]
    options = {one.options[axis]: one for one in in_stock(product, item, same) if axis in one.options}
    scale = ordered(one.options[axis] for one in product.variants.values() if axis in one.options)
    if item.options.get(axis) not in scale:
        raise NothingFits("the values of that option cannot be compared")
    here = scale.index(item.options[axis])
    beyond = scale[here + 1 :] if wanted["up"] else scale[:here][::-1]
    found = [options[value] for value in beyond if value in options]
    if not found:
        raise NothingFits("there is none in that direction")
    return found[-1] if wanted.get("end") else found[0]
