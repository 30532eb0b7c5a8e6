"""The retail domain: a shop whose agent cancels, changes, returns and exchanges orders."""

from __future__ import annotations

from importlib.resources import files

from writ_async.core.domain import Domain
from writ_domains.retail.goals import RULES
from writ_domains.retail.policy import policy_check
from writ_domains.retail.recipes import RECIPES
from writ_domains.retail.schema import NAME, dump, load
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
    policy_check=policy_check,
)
