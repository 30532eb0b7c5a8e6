"""Questions of the shop's customers that change nothing: how they are put, and what the true answer is."""

from __future__ import annotations

import re
from typing import Any

from tools.rereading.words import Rest, Unsound

Record = dict[str, Any]
_O, _I = r"<O\d+>", r"<I\d+>"
_QUESTIONS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("tracking", rf"(?:the )?tracking number (?:of|for) {_O}|under which tracking number {_O} (?:was sent"
                     rf"|went out)"),
        ("versions", rf"how many (?:different )?(?:versions|variants) of {_I} (?:from|in) {_O}"
                     r"(?: I could get now| are (?:available|in stock) (?:at the moment|right now|now))"),
        ("lowest", rf"lowest price at which {_I} (?:from|in) {_O} is available now, in any version"
                   rf"|what the cheapest version of {_I} (?:from|in) {_O} costs that is in stock now"
            rf"|how much the least expensive variant in stock of {_I} (?:from|in) {_O} (?:is|costs)"),
        ("price", rf"what {_I} (?:in|from) {_O} cost$|how much I paid for {_I} (?:in|from) {_O}"
                  rf"|the price of {_I} (?:in|from) {_O}"),
        ("option", rf"what the (?P<a>[a-z ]+?) of {_I} (?:in|from) {_O} is"
                   rf"|which (?P<b>[a-z ]+?) {_I} (?:in|from) {_O} has"
                   rf"|\bthe (?P<c>[a-z ]+?) of {_I} (?:in|from) {_O}$"),
        ("total", rf"(?:the )?total of {_O}|what {_O} cost me (?:altogether|in total)"
                  rf"|how much I paid for {_O}(?: in total| altogether)?"),
        ("city", rf"the city that {_O} goes to|to which city {_O} (?:is shipped|goes)"
                 rf"|which city (?:stands|is) in the shipping address of {_O}"),
        ("status", rf"how {_O} stands, I mean its status|(?:the )?(?:current )?status of {_O}(?: is)?"),
        ("balance", r"(?:current )?balance of <M\d+>|how much (?:is left|there is|is still) on <M\d+>"
                    r"|what <M\d+> (?:still holds|holds now|holds)"),
    )
)  # fmt: skip


def question_in(rest: Rest) -> tuple[str, str] | None:
    """The kind of a question, and the option that it is about; the phrases in it are named already."""
    for kind, pattern in _QUESTIONS:
        if found := pattern.search(rest.text):
            left = (rest.text[: found.start()] + rest.text[found.end() :]).strip()
            if not re.fullmatch(r"(?:find out|look up|know|hear|see|check|have|get|the|what|how|and| )*", left):
                return None
            return kind, next((word for word in found.groupdict().values() if word), "")
    return None


def answer_of(kind: str, axis: str, order: Record, item: Record | None, product: Record | None) -> str | float:
    """The true answer about an order, or about an item of it; a number where it is an amount or a count."""
    if item is not None and product is not None:
        open_ = [one for one in product["variants"].values() if one["available"]]
        about: dict[str, Any] = {
            "versions": len(open_),
            "lowest": min((one["price"] for one in open_), default=None),
            "price": item["price"],
            "option": item["options"].get(axis),
        }
        return _sure(about[kind])
    parcels = [number for parcel in order["fulfillments"] for number in parcel["tracking_id"]]
    whole: dict[str, Any] = {
        "tracking": parcels[0] if len(parcels) == 1 else None,
        "total": round(sum(one["price"] for one in order["items"]), 2),
        "city": order["address"]["city"],
        "status": order["status"],
    }
    return _sure(whole[kind])


def balance_of(way: Record) -> float:
    """What a payment method holds. Raises `Unsound` where it holds nothing of its own."""
    return float(_sure(way.get("balance")))


def _sure(value: Any) -> str | float:
    if value is None:
        raise Unsound("the question has no single answer")
    return float(value) if isinstance(value, int | float) else str(value)
