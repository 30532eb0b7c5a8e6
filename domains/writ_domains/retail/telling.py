"""What a customer of the shop has to know of a write before it is made, and by which words."""

from __future__ import annotations

from typing import Final

from writ_async.core.telling import Telling

_NO_MORE: Final = r" (?:no longer|not|don t|never|doesn t|didn t|any ?more|no need|without) (?:\w+ ){0,3}?"

TELLING: Final = Telling(
    kinds={"order_id": "record", "item_ids": "part", "new_item_ids": "variant", "payment_method_id": "payment"},
    deeds={
        "modify_pending_order_payment": ("pay", "payment", "paid", "charg", "card", "method"),
        "modify_pending_order_address": ("address", "ship", "deliver", "suite", "street"),
        "modify_user_address": ("address", "profile"),
    },
    meanings={
        "no longer needed": (
            rf"{_NO_MORE}(?:need\w*|want\w*|use|require\w*|interested|necessary) ",
            r" changed? (?:my|her|his|their) mind ",
            r" do without ",
        ),
        "ordered by mistake": (r" (?:mistake\w*|accident\w*|wrong(?:ly)?|in error|unintentional\w*|didn t mean) ",),
    },
    takes_whole=frozenset({"cancel_pending_order"}),
)
