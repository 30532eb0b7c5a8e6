"""The retail domain: a shop whose agent cancels, changes, returns and exchanges orders."""

from __future__ import annotations

from importlib.resources import files

from writ_async.core.domain import Domain, Slot, UnavailableWish
from writ_domains.kit import words
from writ_domains.kit.evidence import load_evidence_rules, load_record_facts
from writ_domains.kit.tools import HAND_OVER, HAND_OVER_TEXT
from writ_domains.retail.deeds import DEEDS
from writ_domains.retail.goals import RULES
from writ_domains.retail.policy import why_forbidden
from writ_domains.retail.recipes import RECIPES
from writ_domains.retail.schema import NAME, dump, load
from writ_domains.retail.settling import settle
from writ_domains.retail.telling import TELLING
from writ_domains.retail.tools import TOOLS
from writ_domains.retail.world import generate

__all__ = ["DOMAIN", "TOOLS"]

DOMAIN = Domain(
    name=NAME,
    policy=files(__name__).joinpath("policy.md").read_text(encoding="utf-8"),
    tools=TOOLS,
    generate=generate,
    load=load,
    dump=dump,
    recipes=RECIPES,
    goals=RULES,
    why_forbidden=why_forbidden,
    slots=(
        words.NAME,
        words.EMAIL,
        words.ZIP,
        Slot("payment", "payment method", other_words=("pay", "paid", "paying", "card", "method", "charge", "charged")),
        Slot(
            "refund",
            "preference for the refund",
            other_words=("refunded", "money back", "reimbursement", "reimbursed", "money to go", "money should go"),
        ),
        Slot(
            "address",
            other_words=(
                "shipped to",
                "delivered to",
                "sent to",
                "where to send",
                "where it should go",
                "street",
                "destination",
            ),
        ),
    ),
    user_argument="user_id",
    user_ids=words.USER_IDS,
    record_ids=r"#?\bW\d{7}\b|\b\d{10}\b",
    describing_fields=words.NAME_AND_CARD | {"options"},
    telling=TELLING,
    hand_over_tool=HAND_OVER,
    hand_over_text=HAND_OVER_TEXT,
    one_call_a_message=True,
    deeds=DEEDS,
    unavailable_wishes=(
        *words.UNAVAILABLE,
        UnavailableWish("have it gift-wrapped with a ribbon", "ribbon"),
        UnavailableWish("have the parcel brought to my door at night", "night"),
    ),
    evidence=load_evidence_rules(__name__),
    facts=load_record_facts(__name__),
    settlement=settle,
)
