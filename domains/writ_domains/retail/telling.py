"""What a customer of the shop has to know of a write before it is made, and by which words."""

from __future__ import annotations

from typing import Final

from writ_async.core.telling import Telling

_NO_MORE: Final = r" (?:no longer|not|don t|never|doesn t|didn t|any ?more|no need|without) (?:\w+ ){0,3}?"

_ONLY_ONCE: Final = (
    "[Please bear in mind|Please note|Please remember|Keep in mind] that [this|it] works only once [per|for an] order,"
    " so [all the items that you want to swap belong in it|all items have to be in it|all your items should be in it].",
    "[This can be done|It can be done|This works|It works] only once [per|for an|for each] order, so please make sure"
    " that [all the items are in it|every item that you want to swap is in it].",
    "[Do think of|Do go through] all the items [in this order|that you want to swap] first, for it works only once.",
)

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
            r" (?:do|live) without ",
            r" (?:change|changes|changed) (?:of|in|my|our|the) plans? ",
            r" (?:plans?|things|needs|circumstances|situation) (?:(?:has|have|just|are|is|were|got|all|did) ){0,2}"
            r"(?:changed|shifted|cancell?ed|different|off|fell through|a 180|a u turn) ",
            r" (?:won t|will not|can t|cannot) be (?:using|needing|wearing|home) ",
            r" (?:found|bought|got|have) (?:\w+ ){0,4}?(?:elsewhere|somewhere else|cheaper|already) ",
            r" nicht mehr | ya no | plus besoin | non (?:mi )?serve più ",
        ),
        "ordered by mistake": (
            r" (?:mistake\w*|mistook|accident\w*|wrong(?:ly)?|in error|unintentional\w*|inadvertent\w*) ",
            r" (?:didn t|did not|never) mean ",
            r" (?:twice|duplicate[ds]?|ordered too many) ",
            r" (?:versehentlich|aus versehen|por error|por equivocación|par erreur|per errore) ",
        ),
    },
    takes_whole=frozenset({"cancel_pending_order"}),
    reminders=dict.fromkeys(("modify_pending_order_items", "exchange_delivered_order_items"), _ONLY_ONCE),
)
