"""The retail database: users, orders and products, with their fields in the order in which τ²-bench prints them.

Every record is frozen. A dict inside a record is never written to either: a change makes a new record with a new dict.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from writ_domains.kit.people import Address, Name
from writ_domains.kit.tables import load_and_dump

NAME = "retail"


class Variant(msgspec.Struct, frozen=True, gc=False):
    """One version of a product: an item that can be bought."""

    item_id: str
    options: dict[str, str]
    available: bool
    price: float


class Product(msgspec.Struct, frozen=True, gc=False):
    """A type of product and its variants by item id."""

    name: str
    product_id: str
    variants: dict[str, Variant]


class CreditCard(msgspec.Struct, frozen=True, gc=False, tag_field="source", tag="credit_card"):
    """A credit card on file."""

    id: str
    brand: str
    last_four: str


class PayPal(msgspec.Struct, frozen=True, gc=False, tag_field="source", tag="paypal"):
    """A linked PayPal account."""

    id: str


class GiftCard(msgspec.Struct, frozen=True, gc=False, tag_field="source", tag="gift_card"):
    """A gift card and what is left on it."""

    id: str
    balance: float


PaymentMethod = CreditCard | PayPal | GiftCard


class User(msgspec.Struct, frozen=True, gc=False):
    """A customer's profile."""

    user_id: str
    name: Name
    address: Address
    email: str
    payment_methods: dict[str, PaymentMethod]
    orders: tuple[str, ...]


class OrderItem(msgspec.Struct, frozen=True, gc=False):
    """One item of an order, with its price and options at the time of the order."""

    name: str
    product_id: str
    item_id: str
    price: float
    options: dict[str, str]


class Fulfillment(msgspec.Struct, frozen=True, gc=False):
    """A parcel: its tracking numbers and the items in it."""

    tracking_id: tuple[str, ...]
    item_ids: tuple[str, ...]


class Transaction(msgspec.Struct, frozen=True, gc=False):
    """One row of an order's payment history."""

    transaction_type: Literal["payment", "refund"]
    amount: float
    payment_method_id: str


class Order(msgspec.Struct, frozen=True, gc=False):
    """An order. The fields from `cancel_reason` on are unset until a tool sets them."""

    order_id: str
    user_id: str
    address: Address
    items: tuple[OrderItem, ...]
    status: str
    fulfillments: tuple[Fulfillment, ...]
    payment_history: tuple[Transaction, ...]
    cancel_reason: str | None = None
    exchange_items: tuple[str, ...] | None = None
    exchange_new_items: tuple[str, ...] | None = None
    exchange_payment_method_id: str | None = None
    exchange_price_difference: int | float | None = None
    return_items: tuple[str, ...] | None = None
    return_payment_method_id: str | None = None


load, dump = load_and_dump(NAME, {"products": Product, "users": User, "orders": Order})
