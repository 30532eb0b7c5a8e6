"""The telecom domain: a carrier's agent helps with lines, bills and phones, and the user has the phone in hand."""

from __future__ import annotations

from importlib.resources import files

from writ_async.core.domain import Domain, Slot, UnavailableWish
from writ_domains.kit import words
from writ_domains.kit.evidence import load_evidence_rules, load_record_facts, load_user_actions
from writ_domains.kit.tools import HAND_OVER, HAND_OVER_TEXT
from writ_domains.telecom.assertions import ASSERTIONS
from writ_domains.telecom.deeds import DEEDS
from writ_domains.telecom.goals import RULES
from writ_domains.telecom.policy import why_forbidden
from writ_domains.telecom.recipes import RECIPES
from writ_domains.telecom.schema import NAME, dump, load
from writ_domains.telecom.settling import settle
from writ_domains.telecom.setups import SETUPS
from writ_domains.telecom.syncing import keep_in_step
from writ_domains.telecom.telling import TELLING
from writ_domains.telecom.tools import TOOLS, USER_TOOLS
from writ_domains.telecom.world import generate

__all__ = ["DOMAIN", "TOOLS", "USER_TOOLS"]


def _read(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


DOMAIN = Domain(
    name=NAME,
    policy=f"{_read('policy.md')}\n{_read('manual.md')}",
    tools=TOOLS,
    user_tools=USER_TOOLS,
    after_call=keep_in_step,
    setups=SETUPS,
    assertions=ASSERTIONS,
    generate=generate,
    load=load,
    dump=dump,
    recipes=RECIPES,
    goals=RULES,
    why_forbidden=why_forbidden,
    slots=(
        words.NAME,
        Slot(
            "phone_number",
            "phone number",
            mistyped=True,
            spelled=True,
            other_words=("number of your line", "mobile number", "cell number", "number you are calling about"),
        ),
        Slot(
            "customer_id",
            "customer id",
            mistyped=True,
            spelled=True,
            other_words=("customer number", "account id", "account number"),
        ),
        Slot("date_of_birth", "date of birth", other_words=("birth date", "birthday", "when you were born", "dob")),
    ),
    user_argument="customer_id",
    user_ids=r"\bC\d{4,}\b",
    record_ids=r"\b[LBDP]\d{4,}\b|\b\d{3}-\d{3}-\d{4}\b",
    describing_fields=frozenset({"full_name", "name", "model", "phone_number", "method_type"}),
    telling=TELLING,
    hand_over_tool=HAND_OVER,
    hand_over_text=HAND_OVER_TEXT,
    one_call_a_message=True,
    deeds=DEEDS,
    unavailable_wishes=(
        *words.UNAVAILABLE,
        UnavailableWish("have my number changed to one that is easier to remember", "remember"),
        UnavailableWish("have a new cover for my phone sent to me", "cover"),
    ),
    evidence=load_evidence_rules(__name__),
    facts=load_record_facts(__name__),
    settlement=settle,
    user_actions=load_user_actions(__name__),
)
