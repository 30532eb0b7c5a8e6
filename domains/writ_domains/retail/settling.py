"""What a write comes to for the customer of the shop, by the orders and products that were shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from writ_async.core.settlement import Settlement, ShownResult, records_shown
from writ_domains.kit.settling import method_in_words

_SWAPS: Final = ("exchange_delivered_order_items", "modify_pending_order_items")
_GIFT_CARD: Final = "gift_card"


def settle(shown: Sequence[ShownResult], name: str, arguments: Mapping[str, Any]) -> Settlement | None:
    """The refund of a cancellation or return, the difference of a swap, or what another method pays."""
    order = next(records_shown(shown, "order_id", arguments.get("order_id", ""), "payment_history"), None)
    if order is None:
        return None
    if name == "return_delivered_order_items":
        return _returned(shown, order, arguments)
    if name in _SWAPS:
        return _swapped(shown, order, arguments)
    history = order["payment_history"]
    if len(history) != 1:
        return None
    paid, former = history[0]["amount"], history[0]["payment_method_id"]
    if name == "cancel_pending_order":
        method = method_in_words(shown, former)
        return Settlement(kind="back", amount=paid, what="the order", method=method, when=_when(former))
    if name == "modify_pending_order_payment":
        method, back = method_in_words(shown, arguments["payment_method_id"]), method_in_words(shown, former)
        return Settlement(
            kind="transfer", amount=paid, what="the order", method=method, former=back, when=_when(former)
        )
    return None


def _when(method_id: str) -> str:
    return "at once" if method_id.startswith(_GIFT_CARD) else "within 5 to 7 business days"


def _returned(
    shown: Sequence[ShownResult], order: Mapping[str, Any], arguments: Mapping[str, Any]
) -> Settlement | None:
    prices = _prices_in(order, arguments["item_ids"])
    if prices is None:
        return None
    what = "this item" if len(prices) == 1 else "these items"
    method = method_in_words(shown, arguments["payment_method_id"])
    return Settlement(kind="back", amount=round(sum(prices), 2), what=what, method=method, new=tuple(prices))


def _prices_in(order: Mapping[str, Any], item_ids: Sequence[str]) -> list[float] | None:
    """What was paid for items of an order, or None where one of them is not in it."""
    prices = {item["item_id"]: item["price"] for item in order["items"]}
    return [prices[one] for one in item_ids] if prices.keys() >= set(item_ids) else None


def _swapped(shown: Sequence[ShownResult], order: Mapping[str, Any], arguments: Mapping[str, Any]) -> Settlement | None:
    old = _prices_in(order, arguments["item_ids"])
    found = [next(records_shown(shown, "item_id", one, "available"), None) for one in arguments["new_item_ids"]]
    new = [variant["price"] for variant in found if variant is not None]
    if old is None or len(new) < len(found):
        return None
    what = "the new item" if len(new) == 1 else "the new items"
    method = method_in_words(shown, arguments["payment_method_id"])
    due = round(sum(new) - sum(old), 2)
    return Settlement(kind="difference", amount=due, what=what, method=method, new=tuple(new), old=tuple(old))
