"""The airline domain: booking, changing and cancelling flights, with τ²-bench's tools over worlds of its own."""

from __future__ import annotations

from importlib.resources import files

from writ_async.core.domain import Domain, UnavailableWish
from writ_domains.airline.deeds import DEEDS
from writ_domains.airline.goals import RULES
from writ_domains.airline.policy import why_forbidden
from writ_domains.airline.recipes import RECIPES
from writ_domains.airline.schema import NAME, dump, load
from writ_domains.airline.settling import settle
from writ_domains.airline.telling import TELLING
from writ_domains.airline.tools import TOOLS
from writ_domains.airline.world import generate
from writ_domains.kit import words
from writ_domains.kit.evidence import load_evidence_rules, load_record_facts
from writ_domains.kit.tools import HAND_OVER, HAND_OVER_TEXT

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
    slots=(words.USER_ID, words.NAME),
    user_argument="user_id",
    user_ids=words.USER_IDS,
    record_ids=r"\b(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{6}\b",
    describing_fields=words.NAME_AND_CARD,
    telling=TELLING,
    hand_over_tool=HAND_OVER,
    hand_over_text=HAND_OVER_TEXT,
    one_call_a_message=True,
    deeds=DEEDS,
    unavailable_wishes=(
        *words.UNAVAILABLE,
        UnavailableWish("choose a seat at the window", "window"),
        UnavailableWish("order a vegetarian meal for the trip", "meal"),
        UnavailableWish("bring my cat along", "cat"),
        UnavailableWish("use the lounge before I leave", "lounge"),
    ),
    evidence=load_evidence_rules(__name__),
    facts=load_record_facts(__name__),
    settlement=settle,
)
