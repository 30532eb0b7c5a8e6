"""Questions that customers of the shop ask: each has one answer, a value that the agent has to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from writ_async.core.goal import Decision, NothingFits, Reader
from writ_domains.kit.goals import Params
from writ_domains.kit.phrasing import figure
from writ_domains.retail.goals.choose import VARIANT_MARGIN, Customer, item_named
from writ_domains.retail.goals.meant import total
from writ_domains.retail.schema import GiftCard, OrderItem, Variant

Answer = Callable[[Customer, Params], str]


def _item(customer: Customer, params: Params) -> OrderItem:
    return item_named(customer.order(params["order"]), params["item"])


def _in_stock(customer: Customer, params: Params) -> list[Variant]:
    """All versions in stock of the product of an item."""
    order = customer.order(params["order"])
    product = customer.product(item_named(order, params["item"]), order)
    customer.reader.scanned += len(product.variants)
    return [one for one in product.variants.values() if one.available]


def _tracking(customer: Customer, params: Params) -> str:
    numbers = [number for parcel in customer.order(params["order"]).fulfillments for number in parcel.tracking_id]
    if len(numbers) != 1:
        raise NothingFits("not one tracking number")
    return numbers[0]


def _status(customer: Customer, params: Params) -> str:
    return customer.order(params["order"]).status


def _paid(customer: Customer, params: Params) -> str:
    return figure(total(customer.order(params["order"])))


def _city(customer: Customer, params: Params) -> str:
    return customer.order(params["order"]).address.city


def _price(customer: Customer, params: Params) -> str:
    return figure(_item(customer, params).price)


def _option(customer: Customer, params: Params) -> str:
    options = _item(customer, params).options
    if params["axis"] not in options:
        raise NothingFits("the item has no such option")
    return options[params["axis"]]


def _count(customer: Customer, params: Params) -> str:
    return str(len(_in_stock(customer, params)))


def _lowest(customer: Customer, params: Params) -> str:
    found = customer.reader.best(_in_stock(customer, params), lambda one: one.price, VARIANT_MARGIN)
    return figure(found.price)


def _balance(customer: Customer, params: Params) -> str:
    card = customer.method({"source": "gift_card"})
    assert isinstance(card, GiftCard)
    return figure(card.balance)


ANSWERS: Final[dict[str, Answer]] = {
    "tracking": _tracking,
    "status": _status,
    "paid": _paid,
    "city": _city,
    "price": _price,
    "option": _option,
    "count": _count,
    "lowest": _lowest,
    "balance": _balance,
}
"""By what is asked for: the tracking number, status, total and city of an order; the price and an option of an item in
it; how many versions of an item's product are in stock, and the price of the cheapest; the gift card's balance."""


def tell(reader: Reader, params: Params) -> Decision:
    """The answer to a question: `what` names it, with `order`, `item` (a product) and `axis` where it needs them."""
    said = ANSWERS[params["what"]](Customer(reader, params["who"]), params)
    return Decision(writes=(), told=(said,), margin=reader.margin, least=reader.least)
