"""Who pays at an airline: the methods that a customer described, and what each of them gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tools.rereading.airline_phrases import Method
from tools.rereading.outcome import Refused
from tools.rereading.words import Unsound, one

Record = dict[str, Any]


def described(user: Record, said: Method) -> Record:
    """The one payment method of a customer that fits a description. Raises `Unsound`."""
    fits = [
        way
        for way in user["payment_methods"].values()
        if way["source"] == said.source
        and (not said.brand or way.get("brand") == said.brand)
        and (not said.last_four or way.get("last_four") == said.last_four)
        and (said.amount is None or way.get("amount") == said.amount)
        and (not said.method_id or way["id"] == said.method_id)
    ]
    found: Record = one(fits, f"payment methods {said}")
    return found


def payer(user: Record, methods: Sequence[Method], amount: float) -> str:
    """The one method that a change is charged or refunded to. Raises `Refused` where it may not or cannot."""
    if len(methods) != 1:
        raise Unsound("how to pay is open")
    method = described(user, methods[0])
    if method["source"] == "certificate" or (method["source"] == "gift_card" and method["amount"] < amount):
        raise Refused(f"{method['id']} does not hold enough")
    return str(method["id"])


def shares(user: Record, methods: Sequence[Method], total: float) -> list[dict[str, Any]]:
    """What each method pays for a booking: all that the first holds, and the rest with the next."""
    found = []
    for said in methods:
        method = described(user, said)
        share = int(min(total, method.get("amount", total)))
        total -= share
        if share:
            found.append({"payment_id": method["id"], "amount": share})
    if total:
        raise Refused("the payment methods do not hold enough")
    return found
