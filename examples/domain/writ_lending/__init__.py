"""A library whose members renew loans and report lost books: the whole domain, found by its entry point."""

from __future__ import annotations

from importlib.resources import files

from writ_domains.kit import words

from writ_async import Domain
from writ_lending.goals import GOALS
from writ_lending.policy import why_forbidden
from writ_lending.recipes import RECIPES
from writ_lending.tools import TOOLS
from writ_lending.world import NAME, dump, generate, load

DOMAIN = Domain(
    name=NAME,
    policy=files(__name__).joinpath("policy.md").read_text(encoding="utf-8"),
    tools=TOOLS,
    generate=generate,
    load=load,
    dump=dump,
    recipes=RECIPES,
    goals=GOALS,
    why_forbidden=why_forbidden,
    slots=(words.NAME, words.USER_ID),
    user_argument="member_id",
    user_ids=words.USER_IDS,
    record_ids=r"\b\d{6}\b",
    describing_fields=frozenset({"name", "title"}),
    hand_over_tool="transfer_to_human_agents",
    unavailable_wishes=words.UNAVAILABLE,
)
