"""The tools that only look."""

from __future__ import annotations

from writ_async.core.state import State
from writ_async.core.tool import read
from writ_domains.retail import lookups
from writ_domains.retail.schema import Order, Product, User, Variant


@read
def find_user_id_by_name_zip(state: State, first_name: str, last_name: str, zip: str) -> str:
    """Look up a customer's user id by full name and zip code.

    Meant for customers who cannot give their e-mail address, or whose address finds nobody.

    Args:
        first_name: The customer's given name, for instance 'Maria'.
        last_name: The customer's family name, for instance 'Silva'.
        zip: The zip code of the customer's default address, for instance '60601'.
    """
    return lookups.find_by_name_zip(state, first_name, last_name, zip)


@read
def find_user_id_by_email(state: State, email: str) -> str:
    """Look up a customer's user id by e-mail address.

    Args:
        email: The e-mail address on the customer's profile, for instance 'name@example.com'.
    """
    return lookups.find_by_email(state, email)


@read
def get_order_details(state: State, order_id: str) -> Order:
    """Show an order: its items, prices, status, shipping address, parcels and payments.

    Args:
        order_id: The id of the order with its leading '#', for instance '#W1234567'.
    """
    return lookups.get_order(state, order_id)


@read
def get_product_details(state: State, product_id: str) -> Product:
    """Show a product with all its variants: item ids, options, prices, and which are in stock.

    Args:
        product_id: The id of the product, for instance '1234567890'. An item id does not work here.
    """
    return lookups.get_product(state, product_id)


@read
def get_item_details(state: State, item_id: str) -> Variant:
    """Show one item: its options, its price, and whether it is in stock.

    Args:
        item_id: The id of the item, for instance '1234567890'. A product id does not work here.
    """
    return lookups.find_item(state, item_id)


@read
def get_user_details(state: State, user_id: str) -> User:
    """Show a customer's profile: name, default address, e-mail address, payment methods and order ids.

    Args:
        user_id: The id of the customer, for instance 'maria_silva_1234'.
    """
    return lookups.get_user(state, user_id)


@read
def list_all_product_types(state: State) -> str:
    """List every type of product that the shop sells, by name, with its product id."""
    return lookups.product_types(state)
