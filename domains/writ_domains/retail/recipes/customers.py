"""Customers of the shop as recipes draw them: how they name their orders, items and payment methods, and ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.domain import Draft, Reach, Recipe
from writ_async.core.level import ANY_EXTENT, MANY, Extent
from writ_async.core.state import World
from writ_async.core.task import WITHOUT_WRITE, Kind
from writ_domains.kit.gold import Gold, Unfit, choose_one, recipe_maker
from writ_domains.kit.identity import Identity, identify_by_email_or_zip
from writ_domains.kit.payment import describe_method, name_method
from writ_domains.kit.phrasing import pick
from writ_domains.kit.wishes import Request, Wish, draft_change, draft_request
from writ_domains.retail import phrases
from writ_domains.retail.goals import RULES
from writ_domains.retail.schema import GiftCard, Order, OrderItem, PaymentMethod, Product, User
from writ_domains.retail.tools import TOOLS

_BY_ID: Final = 0.6
_USUAL: Final = 6  # the most orders of a customer of whom a draw is made that is to come to nothing in particular
_SURE: Final = 0.6  # of aimed draws
_FEW: Final = 2  # the customer looked up, and the profile or an order
_BESIDE: Final = 4  # cells that a write on an order that is named may rest on beside those two: the profile, products


class Customer(msgspec.Struct, frozen=True, gc=False):
    """A customer and their orders in the order of the profile, and what a draw about them is to come to."""

    user: User
    orders: tuple[Order, ...]
    extent: Extent = ANY_EXTENT

    def with_status(self, status: str) -> tuple[Order, ...]:
        """The orders of one status."""
        return tuple(order for order in self.orders if order.status == status)


class Pointer(msgspec.Struct, frozen=True, gc=False):
    """How the customer names an order, the same as params, and whether its id was said."""

    text: str
    order: dict[str, Any]
    by_id: bool = False


Idea = Callable[[World, Customer, Random], Request]
"""Draws what a customer asks for. Raises `Unfit` where it does not suit the customer."""
Change = Callable[[World, Customer, Random], tuple[Wish, Wish, str, Request]]
"""Draws a first wish, the one that takes its place, what is said then, and the request around the first."""
Span = Callable[[Customer], Extent]
"""About how many writes and cells a draw of a customer comes to, which has more of both where there are more orders."""
_make_recipe: Final = recipe_maker(RULES, TOOLS, tries=30)


_REACH: Final[dict[Kind, Extent]] = {
    "normal": Extent((1, 1), (1, MANY)),
    "read-heavy": Extent((1, 1), (3, MANY)),
    "write-intensive": Extent((2, MANY), (1, MANY)),
    "refusal": Extent((0, 0), (1, MANY)),
    "information": Extent((0, 0), (1, MANY)),
}
"""What the recipes of a kind can come to where a customer has ordered often enough."""


def _any_customer(customer: Customer) -> bool:
    return True


def named(customer: Customer) -> Extent:
    """One write on an order that is named by its id, or by what is in it: then no other order decides."""
    return Extent((1, 1), (_FEW, _FEW + _BESIDE))


def among_all(customer: Customer) -> Extent:
    """One write that all orders are read for."""
    return Extent((1, 1), (_FEW + len(customer.orders), _FEW + len(customer.orders) + 1))


def among_orders(customer: Customer) -> Extent:
    """One write that all orders are read for, but nothing else of one of them."""
    return Extent((1, 1), (_FEW + len(customer.orders) - 1, _FEW + len(customer.orders)))


def with_products_of(status: str) -> Span:
    """One write that all orders are read for, and all products of those of a status."""

    def span(customer: Customer) -> Extent:
        cells = _FEW + len(customer.orders) + len({item.product_id for item in items_of(customer, status)})
        return Extent((1, 1), (cells, cells))

    return span


def on_named(least: int, most: int) -> Span:
    """One write that rests on so many cells whatever else was ordered."""
    return lambda customer: Extent((1, 1), (least, most))


def every(status: str, least: int = 0, most: int = 0, span: Span | None = None) -> Span:
    """A write for every order of a status, that none is due for the others, and `least` to `most` further writes.

    The largest of those rests on as many cells as another span says.
    """

    def extent(customer: Customer) -> Extent:
        count = len(customer.with_status(status))
        cells = max(_FEW + 1, _FEW + len(customer.orders) - count, span(customer).cells[1] if span is not None else 0)
        return Extent((count + least, count + most), (cells, cells))

    return extent


def recipe(
    name: str,
    kind: Kind,
    idea: Idea,
    *,
    fits: Callable[[Customer], bool] = _any_customer,
    span: Span = named,
) -> Recipe:
    """A recipe that tries an idea on customers drawn at random, of those that fit and whose span meets the extent."""

    def build(world: World, customer: Customer, rng: Random, gold: Gold) -> Draft:
        wanted = idea(world, customer, rng)
        return draft_request(wanted, _identify(customer, rng), gold, rng)

    return _recipe_of_customers(name, kind, fits, span, build)


def recipe_of_change(name: str, idea: Change, *, fits: Callable[[Customer], bool] = _any_customer) -> Recipe:
    """A recipe of a customer who takes the first wish back when asked to confirm it."""

    def build(world: World, customer: Customer, rng: Random, gold: Gold) -> Draft:
        first, then, remark, wanted = idea(world, customer, rng)
        return draft_change(first, then, remark, wanted, _identify(customer, rng), gold, rng)

    return _recipe_of_customers(name, "normal", fits, named, build)


def _recipe_of_customers(
    name: str,
    kind: Kind,
    fits: Callable[[Customer], bool],
    span: Span,
    build: Callable[[World, Customer, Random, Gold], Draft],
) -> Recipe:
    """A recipe that is tried on customers drawn at random, of those that fit.

    A draw that is aimed at nothing is made of those with as many orders as most have. One that is aimed goes mostly to
    customers with whom it cannot miss, and now and then to one with whom it may, for those are many more.
    """

    def draw(world: World, rng: Random, gold: Gold) -> Draft:
        extent = gold.extent

        def candidates(world: World) -> tuple[Customer, ...]:
            found = [customer for customer in world.index("retail.customers", _customers) if fits(customer)]
            if extent == ANY_EXTENT:
                return tuple(customer for customer in found if len(customer.orders) <= _USUAL)
            return tuple(
                msgspec.structs.replace(customer, extent=extent)
                for customer in found
                if _span_of(kind, span(customer)).meets(extent)
            )

        def sure(world: World) -> tuple[Customer, ...]:
            found = world.index(where, candidates)
            return tuple(one for one in found if _lies_in(_span_of(kind, span(one)), extent)) or found

        where = f"retail.recipes.{name}/{extent.writes}/{extent.cells}"
        aimed = extent != ANY_EXTENT and rng.random() < _SURE
        chosen = world.index(f"{where}/sure", sure) if aimed else world.index(where, candidates)
        return build(world, choose_one(rng, chosen), rng, gold)

    return _make_recipe(name, kind, draw, Reach(_REACH[kind], "orders"))


def _lies_in(span: Extent, extent: Extent) -> bool:
    """Whether whatever is within one is within the other."""
    pairs = ((span.writes, extent.writes), (span.cells, extent.cells))
    return all(outer[0] <= inner[0] and inner[1] <= outer[1] for inner, outer in pairs)


def _span_of(kind: Kind, span: Extent) -> Extent:
    return Extent((0, 0), span.cells) if kind in WITHOUT_WRITE else span


def _identify(customer: Customer, rng: Random) -> Identity:
    user = customer.user
    return identify_by_email_or_zip(user.name, user.email, user.address.zip, rng)


def _customers(world: World) -> tuple[Customer, ...]:
    """All customers who have ordered something."""
    orders = world.tables["orders"]
    return tuple(
        Customer(user, tuple(orders[key] for key in user.orders))
        for user in world.tables["users"].values()
        if user.orders and all(key in orders for key in user.orders)
    )


def items_of(customer: Customer, status: str) -> list[OrderItem]:
    """The items of all orders of a status."""
    return [item for order in customer.with_status(status) for item in order.items]


def having(status: str, least: int = 1, most: int = 100, orders: int = 1) -> Callable[[Customer], bool]:
    """Whether a customer has so many orders of a status, and at least `orders` in all."""
    return lambda customer: len(customer.orders) >= orders and least <= len(customer.with_status(status)) <= most


def request(*wishes: Wish, unknown: bool = True, intro: str = "", ordered: bool = False) -> Request:
    """A customer's wishes; `unknown` where the customer knows no order id."""
    ids = phrases.NO_ORDER_IDS if unknown else ()
    return Request(wishes, intro=intro, ordered=ordered, unknown=ids, background=phrases.BACKGROUND)


def one_of(customer: Customer, status: str, rng: Random) -> Order:
    """An order of a status."""
    return choose_one(rng, customer.with_status(status))


def one_other_than(customer: Customer, status: str, rng: Random) -> Order:
    """An order of any other status."""
    return choose_one(rng, [order for order in customer.orders if order.status != status])


def product_of(world: World, item: OrderItem) -> Product:
    """The product of an item. Raises `Unfit` when the world has none."""
    found: Product | None = world.tables["products"].get(item.product_id)
    if found is None:
        raise Unfit("the order names a product that is not sold")
    return found


def point(customer: Customer, order: Order, rng: Random, avoid: Sequence[OrderItem] = ()) -> Pointer:
    """An order by its id, or by what is in it, which takes the profile as well: whichever the extent needs."""
    least, most = customer.extent.cells
    by_id = most <= _FEW or (rng.random() < _BY_ID and least <= _FEW + 2)
    return point_by_id(order, rng) if by_id else point_by_item(customer, order, rng, avoid)


def point_by_id(order: Order, rng: Random) -> Pointer:
    """The order by its id."""
    return Pointer(pick(rng, phrases.ORDER_BY_ID).format(order.order_id), {"id": order.order_id}, True)


def point_by_item(customer: Customer, order: Order, rng: Random, avoid: Sequence[OrderItem] = ()) -> Pointer:
    """The order by a product that is in no other order of the customer, and is none of the items to avoid.

    Raises `Unfit` when no product tells it apart.
    """
    avoided = [item.item_id for item in avoid]
    owned = [item.product_id for one in customer.orders for item in one.items]
    telling = [item for item in order.items if item.item_id not in avoided and owned.count(item.product_id) == 1]
    name = choose_one(rng, telling).name
    return Pointer(pick(rng, phrases.ORDER_WITH).format(name.lower()), {"with": name})


def point_at_extreme(status: str, rng: Random) -> Pointer:
    """The dearest or cheapest order of a status, which all orders have to be read for."""
    most = rng.random() < 0.5
    text = pick(rng, phrases.DEAREST_ORDER if most else phrases.CHEAPEST_ORDER).format(status)
    return Pointer(text, {"status": status, "most": most})


def name_item(order: Order, item: OrderItem, rng: Random) -> str:
    """An item as the customer calls it. Raises `Unfit` when the order holds two of its product."""
    if [other.product_id for other in order.items].count(item.product_id) != 1:
        raise Unfit("two items of one product in the order")
    return pick(rng, phrases.ITEM).format(item.name.lower())


def say_method(customer: Customer, method: PaymentMethod, rng: Random) -> tuple[dict[str, Any], str]:
    """A payment method as params, and as the customer calls it. Raises `Unfit` when another one could be meant too."""
    methods = customer.user.payment_methods
    return describe_method(methods, method), name_method(methods, method, phrases.METHODS, rng)


def only_gift_card(customer: Customer) -> GiftCard:
    """The customer's gift card. Raises `Unfit` when there is not one."""
    cards = [method for method in customer.user.payment_methods.values() if isinstance(method, GiftCard)]
    if len(cards) != 1:
        raise Unfit("not one gift card")
    return cards[0]


def any_method(customer: Customer, rng: Random, *, cards: bool = True) -> PaymentMethod:
    """Any method of the customer; no gift card without `cards`."""
    methods = customer.user.payment_methods.values()
    return choose_one(rng, [one for one in methods if cards or not isinstance(one, GiftCard)])


def other_method(customer: Customer, order: Order, rng: Random, *, cards: bool = True) -> PaymentMethod:
    """A method that does not pay for the order yet and can. Raises `Unfit` when there is none."""
    paid = order.payment_history[0]
    fit = [
        method
        for method in customer.user.payment_methods.values()
        if method.id != paid.payment_method_id
        and (not isinstance(method, GiftCard) or (cards and method.balance >= paid.amount + 1))
    ]
    return choose_one(rng, fit)
