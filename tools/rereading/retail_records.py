"""Which of a customer's records are meant in a shop, by looking at all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

from tools.rereading.retail_choosing import Answer, chosen
from tools.rereading.retail_phrases import Item, Method, OrderRef
from tools.rereading.retail_reader import Wish
from tools.rereading.retail_scales import belongs
from tools.rereading.words import NotUnderstood, Unsound, best, one

Record = dict[str, Any]


def find_customer(db: Record, texts: Iterable[str]) -> Record:
    """The customer who is named in some texts: by e-mail address, or by name and zip code."""
    said = " ".join(texts)
    mails = set(re.findall(r"[\w.]+@[\w.]+\w", said))
    zips = set(re.findall(r"\b\d{5}\b", said))
    fits = [
        user
        for user in db["users"].values()
        if user["email"] in mails
        or (not mails and user["address"]["zip"] in zips
            and re.search(rf"\b{user['name']['first_name']} {user['name']['last_name']}\b", said))
    ]  # fmt: skip
    found: Record = one(fits, f"customers with {mails or zips}")
    return found


class Records:
    """A customer's orders, items, payment methods and addresses. What is meant by none, or by several, is `Unsound`."""

    def __init__(self, db: Record, user: Record, choice: Answer | None = None) -> None:
        self.db = db
        self.choice = choice
        self.user = user
        self.orders: list[Record] = [db["orders"][order_id] for order_id in user["orders"]]

    def items_of(self, wish: Wish) -> list[tuple[Record, list[Record]]]:
        """The items that a wish is about, by order."""
        if wish.order is not None:
            order = self.order_of(wish.order)
            return [(order, [found for item in wish.items for found in self.items_in(order, item)])]
        orders = self.with_status(wish.scope)
        described = (wish.items or [old for old, _ in wish.swaps])[0]
        if described.every:
            return [(order, order["items"]) for order in orders]
        if not described.pick:
            raise Unsound("which item is open")
        pairs = [(order, item) for order in orders for item in order["items"]]
        order, item = best(
            pairs, lambda pair: pair[1]["price"], most=described.pick == "most", what="extreme items of all orders"
        )
        return [(order, [item])]

    def items_in(self, order: Record, item: Item) -> list[Record]:
        """The items of an order that are meant."""
        items: list[Record] = order["items"]
        if item.name:
            named = [one for one in items if one["name"].lower() == item.name]
            what = f"items {item.name} in order {order['order_id']}"
            return chosen(named, self.choice, lambda one: one["price"], partial(self._options, named), what)
        if item.category:
            found = [one for one in items if belongs(one["name"].lower(), item.category)]
            if not found:
                raise Unsound(f"nothing of the order is for {item.category}")
            return found
        if not item.pick:
            return items
        extreme = best(items, lambda one: one["price"], most=item.pick == "most", what="extreme items of the order")
        return [one for one in items if one is not extreme] if item.every else [extreme]

    def _options(self, items: list[Record], text: str) -> dict[str, str]:
        return options_in(text, self.db["products"][items[0]["product_id"]]["variants"].values())

    def orders_of(self, ref: OrderRef | None) -> list[Record]:
        """The orders that are meant: one, but for several that hold the same, of which all may be."""
        if ref is None or not ref.holding:
            return [self.order_of(ref)]
        holding = [one for one in self.orders if any(item["name"].lower() == ref.holding for item in one["items"])]
        return chosen(holding, self.choice, total, dict, f"orders with {ref.holding}")

    def order_of(self, ref: OrderRef | None) -> Record:
        """The one order that is meant."""
        found: Record
        if ref is None or ref.same:
            raise NotUnderstood("which order is meant")
        if ref.order_id:
            found = one([one for one in self.orders if one["order_id"] == ref.order_id], f"orders {ref.order_id}")
            return found
        if ref.ends:
            found = one([one for one in self.orders if one["order_id"].endswith(ref.ends)], f"orders with {ref.ends}")
            return found
        if ref.holding:
            found = one(self.orders_of(ref), f"orders with {ref.holding}")
            return found
        orders = self.with_status(ref.status)
        if ref.covered:
            cards = [way for way in self.user["payment_methods"].values() if way["source"] == "gift_card"]
            card = one(cards, "gift cards")
            orders = [
                order
                for order in orders
                if order["payment_history"][0]["payment_method_id"] != card["id"] and total(order) <= card["balance"]
            ]
        found = best(orders, total, most=ref.pick == "most", what=f"extreme {ref.status} orders")
        return found

    def method_of(self, said: Method | None) -> Record:
        """The payment method that is meant; the only one where none was said."""
        ways = list(self.user["payment_methods"].values())
        if said is not None:
            source = said.kind.replace(" ", "_")
            ways = [
                way
                for way in ways
                if way["source"] == source
                and (not said.brand or way.get("brand") == said.brand)
                and (not said.last_four or way.get("last_four") == said.last_four)
            ]
        found: Record = one(ways, f"payment methods {said}")
        return found

    def address_of(self, wish: Wish) -> dict[str, str]:
        """The address that a wish gives: its own, an order's, or the one in a city."""
        if wish.source is not None:
            return dict(self.order_of(wish.source)["address"])
        if wish.city:
            known = [self.user["address"], *(order["address"] for order in self.orders)]
            there = {tuple(sorted(one.items())) for one in known if one["city"] == wish.city}
            return dict(one(there, f"addresses in {wish.city}"))
        if wish.address is None:
            raise Unsound("no address is given")
        return wish.address

    def with_status(self, status: str) -> list[Record]:
        """The orders of a status."""
        return [order for order in self.orders if order["status"] == status]


def total(order: Record) -> float:
    """What an order cost."""
    return float(round(sum(item["price"] for item in order["items"]), 2))


def options_in(text: str, variants: Iterable[Record]) -> dict[str, str]:
    """The options that a description names, each in a phrase. Raises `NotUnderstood` for words that are left."""
    known = {pair for variant in variants for pair in variant["options"].items()}
    phrases: list[tuple[str, tuple[str, str]]] = []
    for axis, value in known:
        forms = [f"{axis} {value}", f"{axis}: {value}", f"{value} as the {axis}"]
        if value[0].isdigit() or value in ("no", "yes"):
            forms.append(f"{'a' if value == 'yes' else value} {axis if value != '1' else axis.removesuffix('s')}")
        phrases += [(form, (axis, value)) for form in forms]
    found: dict[str, str] = {}
    rest = text
    for form, (axis, value) in sorted(phrases, key=lambda pair: -len(pair[0])):
        shorter = re.sub(rf"(?:^|(?<=, )|(?<= and )|(?<=;))(?:the )?{re.escape(form)}(?=$|, | and |;)", ";", rest)
        if shorter != rest:
            if axis in found:
                raise NotUnderstood(f"two values of {axis} in {text!r}")
            found[axis], rest = value, shorter
    if re.sub(r"[;, ]|\band\b", "", rest):
        raise NotUnderstood(f"{rest!r} in {text!r}")
    return found
