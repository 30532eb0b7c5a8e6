"""Draws a shop from a seed: products, customers and their orders, consistent with each other to the cent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import msgspec

from writ_async.core.state import World
from writ_async.errors import InputError
from writ_domains.kit.people import Address, Names, Person, draw_address, draw_digits, draw_names, draw_people
from writ_domains.retail.catalogue import CATALOGUE, ProductType
from writ_domains.retail.policy import REASONS
from writ_domains.retail.schema import (
    NAME,
    CreditCard,
    Fulfillment,
    GiftCard,
    Order,
    OrderItem,
    PaymentMethod,
    PayPal,
    Product,
    Transaction,
    User,
    Variant,
)

_PRODUCTS = 52
_MIN_PRODUCTS = 8
_CLOSEST = 0.4  # dollars between the prices of two variants at least, so that the cheapest one is clearly so
_IN_STOCK = 0.8
_ORDERS_PER_USER = (0.05, 0.36, 0.66, 0.79, 0.89, 0.96, 1.0)  # cumulative, of 0 to 6 orders; the mean is 2.29
_REGULARS = 0.1  # of the customers: they have ordered
_ORDERS_OF_REGULAR = (7, 14)  # so many times
_ITEMS_PER_ORDER = (0.26, 0.52, 0.72, 0.88, 1.0)  # cumulative, of 1 to 5 items
_STATUSES = (("pending", 0.42), ("delivered", 0.8), ("processed", 0.9), ("cancelled", 1.0))
_LIKE_ITEMS = 0.12  # of the orders: they hold two variants of one product; as many share one with an earlier order
_SECOND_ADDRESS = 0.35
_TO_SECOND_ADDRESS = 0.4
_RICH_CARD = 0.6
_BRANDS = ("visa", "mastercard", "amex", "discover")


class _Ids:
    """The ids given so far, so that none is given twice."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.goods: set[str] = set()
        self.orders: set[str] = set()
        self.payments: set[str] = set()
        self.parcels: set[str] = set()

    def good(self) -> str:
        return draw_digits(self.rng, 10, self.goods)

    def order(self) -> str:
        return "#W" + draw_digits(self.rng, 7, self.orders)

    def payment(self, source: str) -> str:
        return f"{source}_{draw_digits(self.rng, 7, self.payments)}"

    def parcel(self) -> str:
        return draw_digits(self.rng, 12, self.parcels)


def generate(seed: int, size: int) -> World:
    """A shop with `size` customers, three times as many orders, and 52 products (fewer when `size` is below that).

    The same seed and size give the same world. Raises `InputError` when `size` is below 1.
    """
    if size < 1:
        raise InputError(f"a retail world needs at least 1 user, not {size}")
    rng = Random(f"retail/{seed}/{size}")
    ids = _Ids(rng)
    kinds = rng.sample(CATALOGUE, min(_PRODUCTS, max(_MIN_PRODUCTS, size)))
    products = [_draw_product(kind, ids) for kind in kinds]
    likes, kept = Random(f"retail/{seed}/{size}/likes"), {product.product_id: product for product in products}
    users: dict[str, User] = {}
    orders: dict[str, Order] = {}
    names = draw_names(rng)
    for person in draw_people(rng, size, names):
        methods = _draw_methods(ids)
        placed = _with_like_items(_draw_orders(person, names, methods, products, ids), kept, likes)
        orders.update((order.order_id, order) for order in placed)
        users[person.user_id] = User(
            user_id=person.user_id,
            name=person.name,
            address=person.address,
            email=person.email,
            payment_methods=methods,
            orders=tuple(order.order_id for order in placed),
        )
    shelves = {product.product_id: product for product in products}
    return World(NAME, {"products": shelves, "users": users, "orders": orders})


def _cumulative(rng: Random, thresholds: tuple[float, ...]) -> int:
    """The index of the first threshold above a uniform draw."""
    drawn = rng.random()
    return next(index for index, threshold in enumerate(thresholds) if drawn < threshold)


def _combinations(kind: ProductType) -> list[dict[str, str]]:
    found: list[dict[str, str]] = [{}]
    for axis, values in kind.axes.items():
        found = [{**options, axis: value} for options in found for value in values]
    return found


def _draw_product(kind: ProductType, ids: _Ids) -> Product:
    """A product with 6 to 16 variants of clearly different prices, at least two of them in stock."""
    rng = ids.rng
    combinations = _combinations(kind)
    chosen = rng.sample(combinations, min(len(combinations), 6 + rng.randrange(11)))
    worth = {(axis, value): rng.uniform(-0.1, 0.12) for axis, values in kind.axes.items() for value in values}
    variants: dict[str, Variant] = {}
    prices: list[float] = []
    for number, options in enumerate(chosen):
        factor = 1 + sum(worth[pair] for pair in options.items())
        price = round(kind.price * factor + rng.uniform(0, 1), 2)
        while any(abs(price - other) < _CLOSEST for other in prices):
            price = round(price + rng.uniform(_CLOSEST, 3 * _CLOSEST), 2)
        prices.append(price)
        item_id = ids.good()
        variants[item_id] = Variant(item_id, options, number < 2 or rng.random() < _IN_STOCK, price)
    order = rng.sample(list(variants), len(variants))
    return Product(kind.name, ids.good(), {item_id: variants[item_id] for item_id in order})


def _draw_methods(ids: _Ids) -> dict[str, PaymentMethod]:
    """One to four payment methods: up to two credit cards, one PayPal account and one gift card."""
    rng = ids.rng
    methods: list[PaymentMethod] = []
    fours: set[str] = set()
    for chance in (0.7, 0.25):
        if rng.random() < chance:
            card_id = ids.payment("credit_card")
            methods.append(CreditCard(card_id, _BRANDS[rng.randrange(len(_BRANDS))], draw_digits(rng, 4, fours)))
    if rng.random() < 0.5:
        methods.append(PayPal(ids.payment("paypal")))
    if rng.random() < 0.65 or not methods:
        top = 900 if rng.random() < _RICH_CARD else 160
        methods.append(GiftCard(ids.payment("gift_card"), round(rng.uniform(5, top), 2)))
    rng.shuffle(methods)
    return {method.id: method for method in methods}


def _draw_orders(
    person: Person, names: Names, methods: dict[str, PaymentMethod], products: list[Product], ids: _Ids
) -> list[Order]:
    rng = ids.rng
    second = draw_address(rng, names) if rng.random() < _SECOND_ADDRESS else person.address
    placed: list[Order] = []
    usual, regular = _cumulative(rng, _ORDERS_PER_USER), rng.randint(*_ORDERS_OF_REGULAR)
    for _ in range(regular if rng.random() < _REGULARS else usual):
        address = second if rng.random() < _TO_SECOND_ADDRESS else person.address
        placed.append(_draw_order(person.user_id, address, list(methods), products, ids))
    return placed


def _with_like_items(orders: Sequence[Order], products: Mapping[str, Product], rng: Random) -> list[Order]:
    """The orders of a customer, to some of which another variant of what they hold is added, or of what an earlier one
    holds: like products that are held twice.
    """
    found: list[Order] = []
    for order in orders:
        earlier = [item for one in found for item in one.items]
        drawn = rng.random()
        like = order.items if drawn < _LIKE_ITEMS else earlier if drawn < 2 * _LIKE_ITEMS else ()
        first = rng.choice(like) if like and len(order.items) < len(_ITEMS_PER_ORDER) else None
        taken = {item.item_id for item in order.items}
        variants = products[first.product_id].variants.values() if first is not None else ()
        free = [one for one in variants if one.item_id not in taken]
        found.append(_with_item(order, products[first.product_id], rng.choice(free)) if first and free else order)
    return found


def _with_item(order: Order, product: Product, added: Variant) -> Order:
    """The order with one item more, which was paid and sent with the others."""
    item = OrderItem(product.name, product.product_id, added.item_id, added.price, added.options)
    items = (*order.items, item)
    paid = round(sum(item.price for item in items), 2)
    return msgspec.structs.replace(
        order,
        items=items,
        payment_history=tuple(msgspec.structs.replace(one, amount=paid) for one in order.payment_history),
        fulfillments=tuple(
            msgspec.structs.replace(one, item_ids=tuple(item.item_id for item in items)) for one in order.fulfillments
        ),
    )


def _draw_order(user_id: str, address: Address, methods: list[str], products: list[Product], ids: _Ids) -> Order:
    """An order of one to five different products, paid in full by one method."""
    rng = ids.rng
    items: list[OrderItem] = []
    for product in rng.sample(products, 1 + _cumulative(rng, _ITEMS_PER_ORDER)):
        variant = rng.choice(list(product.variants.values()))
        items.append(OrderItem(product.name, product.product_id, variant.item_id, variant.price, variant.options))
    status = _STATUSES[_cumulative(rng, tuple(limit for _, limit in _STATUSES))][0]
    payment = Transaction("payment", round(sum(item.price for item in items), 2), rng.choice(methods))
    history: tuple[Transaction, ...] = (payment,)
    reason = None
    if status == "cancelled":
        history = (payment, Transaction("refund", payment.amount, payment.payment_method_id))
        reason = rng.choice(REASONS)
    parcels: tuple[Fulfillment, ...] = ()
    if status in ("processed", "delivered"):
        parcels = (Fulfillment((ids.parcel(),), tuple(item.item_id for item in items)),)
    return Order(
        order_id=ids.order(),
        user_id=user_id,
        address=address,
        items=tuple(items),
        status=status,
        fulfillments=parcels,
        payment_history=history,
        cancel_reason=reason,
    )
