"""From wishes to writes in a shop, by looking at every record of the customer; the policy's rules are in here, too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

from tools.rereading.outcome import HandedOver, Outcome, Refused, Take, Write
from tools.rereading.retail_choosing import Answer, chosen
from tools.rereading.retail_phrases import Item, Method, New, OrderRef
from tools.rereading.retail_questions import answer_of, balance_of
from tools.rereading.retail_reader import Request, Wish
from tools.rereading.retail_scales import belongs, rank
from tools.rereading.words import NotUnderstood, Unsound, best, one

Record = dict[str, Any]
_WHEN = {
    "stock": "out of stock",
    "cost": "costs more",
    "delivered": "is delivered",
    "late": "is (?:processed|delivered|cancelled)",
    "short": "hold enough",
}
"""For each condition of another wish, what a refusal for that reason says."""


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


def answer(request: Request, db: Record, user: Record, take: Take, choice: Answer | None = None) -> Outcome:
    """What the wishes come to, each taken in the state that those before it left; `choice` says which one is meant.

    Raises `Unsound`.
    """
    outcome = Outcome(in_order=request.in_order)
    for wish in request.wishes:
        shop = Shop(db, db["users"][user["user_id"]], choice)
        try:
            if wish.act == "ask":
                outcome.told.append(shop.tell(wish))
                continue
            made = shop.fulfil_or_else(wish)
            for write, _, _ in made:
                db = take(write)
                outcome.writes.append(write)
        except Refused as why:
            outcome.refused.append(str(why))
            outcome.handed_over |= isinstance(why, HandedOver)
            continue
        if wish.told:
            if {kind for _, kind, _ in made} != {wish.told}:
                raise Unsound(f"no {wish.told} comes of {wish.act}")
            outcome.told.append(round(sum(amount for _, _, amount in made), 2))
    return outcome


class Shop:
    """A database as one customer's requests meet it."""

    def __init__(self, db: Record, user: Record, choice: Answer | None = None) -> None:
        self.db = db
        self.choice = choice
        self.user = user
        self.orders: list[Record] = [db["orders"][order_id] for order_id in user["orders"]]

    def fulfil(self, wish: Wish) -> list[tuple[Write, str, float]]:
        """The writes of a wish, each with the kind of amount that goes with it and the amount. Raises `Refused`."""
        made: list[tuple[Write, str, float]] = getattr(self, f"_{wish.act}")(wish)
        return made

    def fulfil_or_else(self, wish: Wish) -> list[tuple[Write, str, float]]:
        """The writes of a wish, or of the other wish for the case that it fails for the reason named."""
        try:
            return self.fulfil(wish)
        except Refused as why:
            if wish.instead is None or not re.search(_WHEN[wish.when], str(why)):
                raise
        return self.fulfil(wish.instead)

    def tell(self, wish: Wish) -> str | float:
        """The answer to a question."""
        if wish.told == "balance":
            return balance_of(self._method(wish.method))
        order = self._order(wish.order)
        if not wish.items:
            return answer_of(wish.told, wish.keep, order, None, None)
        (item,) = self._of_order(order, wish.items[0])
        return answer_of(wish.told, wish.keep, order, item, self.db["products"][item["product_id"]])

    def _restore(self, wish: Wish) -> list[tuple[Write, str, float]]:
        if self._order(wish.order)["status"] != "cancelled":
            raise Unsound("the order is not cancelled")
        raise HandedOver("only a person can bring the order back")

    def _other(self, wish: Wish) -> list[tuple[Write, str, float]]:
        self._of_order(self._order(wish.order), wish.items[0])
        raise Refused(f"an item cannot become a {wish.keep}: only another version of the same product")

    def _cancel(self, wish: Wish) -> list[tuple[Write, str, float]]:
        orders = self._with_status("pending") if wish.scope else self._all_of(wish.order)
        for order in orders:
            if order["status"] != "pending":
                raise Refused(f"order {order['order_id']} is {order['status']}")
        if not wish.reason:
            raise Unsound("no reason is given")
        paid = [sum(row["amount"] for row in order["payment_history"]) for order in orders]
        return [
            (Write("cancel_pending_order", {"order_id": order["order_id"], "reason": wish.reason}), "refund", amount)
            for order, amount in zip(orders, paid, strict=True)
        ]

    def _pay(self, wish: Wish) -> list[tuple[Write, str, float]]:
        method = self._method(wish.method)
        order = self._order(wish.order, method)
        self._changeable(order)
        paid = order["payment_history"]
        if len(paid) != 1:
            raise Refused(f"order {order['order_id']} has more than one payment")
        if paid[0]["payment_method_id"] == method["id"]:
            raise Refused(f"order {order['order_id']} is paid with {method['id']} already")
        if method["source"] == "gift_card" and method["balance"] < paid[0]["amount"]:
            raise Refused(f"{method['id']} does not hold enough")
        arguments = {"order_id": order["order_id"], "payment_method_id": method["id"]}
        return [(Write("modify_pending_order_payment", arguments), "", 0)]

    def _ship(self, wish: Wish) -> list[tuple[Write, str, float]]:
        order = self._order(wish.order)
        self._changeable(order)
        return [self._shipped(order, self._address(wish))]

    def _profile(self, wish: Wish) -> list[tuple[Write, str, float]]:
        address = self._address(wish)
        if address == self.user["address"]:
            raise Unsound("the profile has that address already")
        return [(Write("modify_user_address", {"user_id": self.user["user_id"], **address}), "", 0)]

    def _move(self, wish: Wish) -> list[tuple[Write, str, float]]:
        orders = self._with_status("pending")
        return [*self._profile(wish), *(self._shipped(order, self._address(wish)) for order in orders)]

    def _return(self, wish: Wish) -> list[tuple[Write, str, float]]:
        made = []
        for order, items in self._items(wish):
            if order["status"] != "delivered":
                raise Refused(f"order {order['order_id']} is {order['status']}")
            original = order["payment_history"][0]["payment_method_id"]
            cards = [key for key, way in self.user["payment_methods"].items() if way["source"] == "gift_card"]
            if wish.method is None:
                method = one({original, *cards}, f"ways to refund order {order['order_id']}")
            elif wish.method.kind == "original":
                method = original
            else:
                method = self._method(wish.method)["id"]
            if method != original and method not in cards:
                raise Refused("a refund goes to the original method or to a gift card")
            arguments = {
                "order_id": order["order_id"],
                "item_ids": [item["item_id"] for item in items],
                "payment_method_id": method,
            }
            amount = sum(item["price"] for item in items)
            made.append((Write("return_delivered_order_items", arguments), "refund", amount))
        return made

    def _swap(self, wish: Wish) -> list[tuple[Write, str, float]]:
        if wish.saving:
            pairs = [self._saving(wish)]
        elif wish.scope:
            (order, (item,)), = self._items(wish)  # fmt: skip
            pairs = [(order, item, self._new(item, wish.swaps[0][1], wish.keep))]
        else:
            order = self._order(wish.order)
            olds = [(found, new) for old, new in wish.swaps for found in self._of_order(order, old)]
            if order["status"] not in ("pending", "delivered"):
                raise Refused(f"order {order['order_id']} is {order['status']}")
            pairs = [(order, old, self._new(old, new, wish.keep)) for old, new in olds]
        order = pairs[0][0]
        difference = sum(new["price"] - old["price"] for _, old, new in pairs)
        method = self._method(wish.method)
        if method["source"] == "gift_card" and method["balance"] < round(difference, 2):
            raise Refused(f"{method['id']} does not hold enough")
        if wish.limit is not None and round(difference, 2) > wish.limit:
            raise Refused("it costs more than the customer would pay")
        arguments = {
            "order_id": order["order_id"],
            "item_ids": [old["item_id"] for _, old, _ in pairs],
            "new_item_ids": [new["item_id"] for _, _, new in pairs],
            "payment_method_id": method["id"],
        }
        name = "modify_pending_order_items" if order["status"] == "pending" else "exchange_delivered_order_items"
        return [(Write(name, arguments), "difference", abs(difference))]

    def _saving(self, wish: Wish) -> tuple[Record, Record, Record]:
        (_, new), = wish.swaps  # fmt: skip
        if wish.saving != wish.scope:
            raise NotUnderstood(f"items of {wish.scope} orders, or of {wish.saving} ones")
        offers = []
        for order in self._with_status(wish.saving):
            for item in order["items"]:
                if self._others(item, wish.keep):
                    offers.append((order, item, self._new(item, new, wish.keep)))
        found: tuple[Record, Record, Record] = best(
            offers, lambda offer: offer[1]["price"] - offer[2]["price"], most=True, what="the biggest saving"
        )
        if found[1]["price"] <= found[2]["price"]:
            raise Unsound("no swap saves anything")
        return found

    def _others(self, item: Record, keep: str) -> list[Record]:
        """The other variants in stock, or those of them with the same option where one is to be kept."""
        variants = self.db["products"][item["product_id"]]["variants"].values()
        return [
            variant
            for variant in variants
            if variant["available"] and variant["item_id"] != item["item_id"]
            and (keep in ("", "nothing", "rest") or variant["options"][keep] == item["options"][keep])
        ]  # fmt: skip

    def _new(self, item: Record, new: New, keep: str) -> Record:
        """The variant that an item is swapped for. Raises `Refused` where it is out of stock."""
        if new.pick:
            found: Record = best(
                self._others(item, keep), lambda one: one["price"], most=new.pick == "most", what="extreme variants"
            )
            return found
        if new.step:
            return self._step(item, new, keep)
        variants = self.db["products"][item["product_id"]]["variants"].values()
        wanted = options_in(new.options, variants)
        full = {**item["options"], **wanted} if keep == "rest" or not keep else wanted
        fits = [one for one in variants if full.items() <= one["options"].items()]
        if not keep:  # nothing was said about the rest: it must not matter
            loose = [one for one in variants if wanted.items() <= one["options"].items()]
            if len(loose) != 1 and wanted.keys() != item["options"].keys() and fits != loose:
                raise Unsound("what was not said about the new item is open")
        variant: Record = one(fits, f"variants with {full}")
        if not variant["available"]:
            raise Refused(f"item {variant['item_id']} is out of stock")
        return variant

    def _step(self, item: Record, new: New, keep: str) -> Record:
        """The next variant in stock of the order of an option, up or down, or the first or last one of all."""
        if keep != "rest":
            raise Unsound("what was not said about the new item is open")
        fits = [
            one
            for one in self._others(item, keep)
            if all(one["options"][axis] == value for axis, value in item["options"].items() if axis != new.axis)
        ]
        values = {one["options"][new.axis] for one in fits} | {item["options"][new.axis]}
        own, up = rank(item["options"][new.axis], values), new.step in ("up", "highest")
        better = [one for one in fits if (rank(one["options"][new.axis], values) > own) == up]
        nearest = new.step in ("up", "down")
        found: Record = best(
            better,
            lambda one: rank(one["options"][new.axis], values),
            most=up != nearest,
            what=f"{new.step} {new.axis}",
        )
        return found

    def _items(self, wish: Wish) -> list[tuple[Record, list[Record]]]:
        """The items that a wish is about, by order."""
        if wish.order is not None:
            order = self._order(wish.order)
            return [(order, [found for item in wish.items for found in self._of_order(order, item)])]
        orders = self._with_status(wish.scope)
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

    def _of_order(self, order: Record, item: Item) -> list[Record]:
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

    def _all_of(self, ref: OrderRef | None) -> list[Record]:
        """The orders that are meant: one, but for several that hold the same, of which all may be."""
        if ref is None or not ref.holding:
            return [self._order(ref)]
        holding = [one for one in self.orders if any(item["name"].lower() == ref.holding for item in one["items"])]
        return chosen(holding, self.choice, total, dict, f"orders with {ref.holding}")

    def _order(self, ref: OrderRef | None, method: Record | None = None) -> Record:
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
            found = one(self._all_of(ref), f"orders with {ref.holding}")
            return found
        orders = self._with_status(ref.status)
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

    def _method(self, said: Method | None) -> Record:
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

    def _address(self, wish: Wish) -> dict[str, str]:
        if wish.source is not None:
            return dict(self._order(wish.source)["address"])
        if wish.city:
            known = [self.user["address"], *(order["address"] for order in self.orders)]
            there = {tuple(sorted(one.items())) for one in known if one["city"] == wish.city}
            return dict(one(there, f"addresses in {wish.city}"))
        if wish.address is None:
            raise Unsound("no address is given")
        return wish.address

    def _with_status(self, status: str) -> list[Record]:
        return [order for order in self.orders if order["status"] == status]

    def _changeable(self, order: Record) -> None:
        if order["status"] != "pending":
            raise Refused(f"order {order['order_id']} is {order['status']}")

    def _shipped(self, order: Record, address: dict[str, str]) -> tuple[Write, str, float]:
        return Write("modify_pending_order_address", {"order_id": order["order_id"], **address}), "", 0


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
