"""From wishes to writes in a shop, by looking at every record of the customer; the policy's rules are in here, too."""

from __future__ import annotations

import re

from tools.rereading.outcome import HandedOver, Outcome, Refused, Take, Write
from tools.rereading.retail_choosing import Answer
from tools.rereading.retail_phrases import New
from tools.rereading.retail_questions import answer_of, balance_of
from tools.rereading.retail_reader import Request, Wish
from tools.rereading.retail_records import Record, Records, options_in
from tools.rereading.retail_scales import rank
from tools.rereading.words import NotUnderstood, Unsound, best, one

_WHEN = {
    "stock": "out of stock",
    "cost": "costs more",
    "delivered": "is delivered",
    "late": "is (?:processed|delivered|cancelled)",
    "short": "hold enough",
}
"""For each condition of another wish, what a refusal for that reason says."""


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


class Shop(Records):
    """A database as one customer's requests meet it: what is done with the records that are meant."""

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
            return balance_of(self.method_of(wish.method))
        order = self.order_of(wish.order)
        if not wish.items:
            return answer_of(wish.told, wish.keep, order, None, None)
        (item,) = self.items_in(order, wish.items[0])
        return answer_of(wish.told, wish.keep, order, item, self.db["products"][item["product_id"]])

    def _restore(self, wish: Wish) -> list[tuple[Write, str, float]]:
        if self.order_of(wish.order)["status"] != "cancelled":
            raise Unsound("the order is not cancelled")
        raise HandedOver("only a person can bring the order back")

    def _other(self, wish: Wish) -> list[tuple[Write, str, float]]:
        self.items_in(self.order_of(wish.order), wish.items[0])
        raise Refused(f"an item cannot become a {wish.keep}: only another version of the same product")

    def _cancel(self, wish: Wish) -> list[tuple[Write, str, float]]:
        orders = self.with_status("pending") if wish.scope else self.orders_of(wish.order)
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
        method = self.method_of(wish.method)
        order = self.order_of(wish.order)
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
        order = self.order_of(wish.order)
        self._changeable(order)
        return [self._shipped(order, self.address_of(wish))]

    def _profile(self, wish: Wish) -> list[tuple[Write, str, float]]:
        address = self.address_of(wish)
        if address == self.user["address"]:
            raise Unsound("the profile has that address already")
        return [(Write("modify_user_address", {"user_id": self.user["user_id"], **address}), "", 0)]

    def _move(self, wish: Wish) -> list[tuple[Write, str, float]]:
        orders = self.with_status("pending")
        return [*self._profile(wish), *(self._shipped(order, self.address_of(wish)) for order in orders)]

    def _return(self, wish: Wish) -> list[tuple[Write, str, float]]:
        made = []
        for order, items in self.items_of(wish):
            if order["status"] != "delivered":
                raise Refused(f"order {order['order_id']} is {order['status']}")
            original = order["payment_history"][0]["payment_method_id"]
            cards = [key for key, way in self.user["payment_methods"].items() if way["source"] == "gift_card"]
            if wish.method is None:
                method = one({original, *cards}, f"ways to refund order {order['order_id']}")
            elif wish.method.kind == "original":
                method = original
            else:
                method = self.method_of(wish.method)["id"]
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
            (order, (item,)), = self.items_of(wish)  # fmt: skip
            pairs = [(order, item, self._new(item, wish.swaps[0][1], wish.keep))]
        else:
            order = self.order_of(wish.order)
            olds = [(found, new) for old, new in wish.swaps for found in self.items_in(order, old)]
            if order["status"] not in ("pending", "delivered"):
                raise Refused(f"order {order['order_id']} is {order['status']}")
            pairs = [(order, old, self._new(old, new, wish.keep)) for old, new in olds]
        order = pairs[0][0]
        difference = sum(new["price"] - old["price"] for _, old, new in pairs)
        method = self.method_of(wish.method)
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
        for order in self.with_status(wish.saving):
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

    def _changeable(self, order: Record) -> None:
        if order["status"] != "pending":
            raise Refused(f"order {order['order_id']} is {order['status']}")

    def _shipped(self, order: Record, address: dict[str, str]) -> tuple[Write, str, float]:
        return Write("modify_pending_order_address", {"order_id": order["order_id"], **address}), "", 0
