"""Finding records, each in O(1) through an index of the world, and each refusing in one sentence."""

from __future__ import annotations

import json

from writ_async.core.state import State, World
from writ_async.core.tool import ToolError
from writ_domains.retail.schema import GiftCard, Order, OrderItem, PaymentMethod, Product, User, Variant


def get_user(state: State, user_id: str) -> User:
    """The user with this id."""
    user: User | None = state.get("users", user_id)
    if user is None:
        raise ToolError("no user has this id")
    return user


def get_order(state: State, order_id: str) -> Order:
    """The order with this id."""
    order: Order | None = state.get("orders", order_id)
    if order is None:
        raise ToolError("no order has this id; an order id starts with '#W'")
    return order


def get_product(state: State, product_id: str) -> Product:
    """The product with this id."""
    product: Product | None = state.get("products", product_id)
    if product is None:
        raise ToolError("no product has this id; it may be the id of an item")
    return product


def get_payment_method(state: State, user_id: str, payment_method_id: str) -> PaymentMethod:
    """A payment method of a user."""
    method = get_user(state, user_id).payment_methods.get(payment_method_id)
    if method is None:
        raise ToolError("the customer has no payment method with this id")
    return method


def get_variant(state: State, product_id: str, item_id: str) -> Variant:
    """A variant of a product."""
    variant = get_product(state, product_id).variants.get(item_id)
    if variant is None:
        raise ToolError("this product has no variant with this item id")
    return variant


def first_item(items: tuple[OrderItem, ...], item_id: str) -> int:
    """The position of the first item with this id."""
    for position, item in enumerate(items):
        if item.item_id == item_id:
            return position
    raise ToolError(f"the order has no item {item_id}")


def set_balance(state: State, user_id: str, card: GiftCard, balance: float) -> None:
    """Write a gift card's new balance, to the cent."""
    user = get_user(state, user_id)
    methods = {**user.payment_methods, card.id: GiftCard(card.id, round(balance, 2))}
    state.put("users", user_id, replace_methods(user, methods))


def replace_methods(user: User, methods: dict[str, PaymentMethod]) -> User:
    """The user with other payment methods."""
    return User(user.user_id, user.name, user.address, user.email, methods, user.orders)


def _emails(world: World) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, user in world.tables["users"].items():
        found.setdefault(user.email.lower(), key)
    return found


def _names(world: World) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for key, user in world.tables["users"].items():
        found.setdefault((user.name.first_name.lower(), user.name.last_name.lower()), []).append(key)
    return found


def _items(world: World) -> dict[str, Variant]:
    found: dict[str, Variant] = {}
    for product in world.tables["products"].values():
        for item_id, variant in product.variants.items():
            found.setdefault(item_id, variant)
    return found


def _types(world: World) -> str:
    names = {product.name: product.product_id for product in world.tables["products"].values()}
    return json.dumps(names, sort_keys=True)


def find_by_email(state: State, email: str) -> str:
    """The id of the user with this e-mail address, ignoring case. No tool changes an address or adds a user."""
    user_id = state.world.index("retail.emails", _emails).get(email.lower())
    if user_id is None:
        raise ToolError("no customer has this e-mail address")
    return user_id


def find_by_name_zip(state: State, first_name: str, last_name: str, zip_code: str) -> str:
    """The id of the first user with this name, ignoring case, who lives at this zip in this state of the database."""
    key = (first_name.lower(), last_name.lower())
    for user_id in state.world.index("retail.names", _names).get(key, ()):
        if get_user(state, user_id).address.zip == zip_code:
            return user_id
    raise ToolError("no customer has this name and zip code")


def find_item(state: State, item_id: str) -> Variant:
    """The variant with this item id, of whatever product."""
    variant = state.world.index("retail.items", _items).get(item_id)
    if variant is None:
        raise ToolError("no item has this id; it may be the id of a product")
    return variant


def product_types(state: State) -> str:
    """All product names with their ids, as JSON sorted by name."""
    return state.world.index("retail.types", _types)
