"""Payment methods as an agent names them to their owner, from a profile as it was shown.

>>> profile = {"payment_methods": {"credit_card_1": {"source": "credit_card", "brand": "visa", "last_four": "4242"}}}
>>> method_in_words([ShownResult("get_user_details", {}, profile)], "credit_card_1")
'your Visa card ending in 4242'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from writ_async.core.settlement import ShownResult
from writ_domains.kit.payment import CARD

_NAMES = {"paypal": "your PayPal account", "gift_card": "your gift card", "certificate": "your travel certificate"}


def method_in_words(shown: Sequence[ShownResult], method_id: str) -> str:
    """A method of the profile that was shown last; by its id where nothing else tells it apart from others there."""
    methods: Mapping[str, Any] = next(
        (
            result.value["payment_methods"]
            for result in reversed(shown)
            if isinstance(result.value, dict) and method_id in result.value.get("payment_methods", {})
        ),
        {},
    )
    method = methods.get(method_id, {})
    source = method.get("source", "")
    if source == CARD:
        return f"your {method['brand'].title()} card ending in {method['last_four']}"
    alone = [other["source"] for other in methods.values()].count(source) == 1
    return _NAMES.get(source, "") if alone else method_id


def methods_in_words(shown: Sequence[ShownResult], method_ids: Sequence[str]) -> str:
    """Several methods, each once."""
    return " and ".join(dict.fromkeys(method_in_words(shown, one) for one in method_ids))
