"""The retail domain: a shop whose agent cancels, changes, returns and exchanges orders."""

from __future__ import annotations

from importlib.resources import files

from domains.retail.generate import generate
from domains.retail.goals import RULES
from domains.retail.policy_check import policy_check
from domains.retail.recipes import RECIPES
from domains.retail.schema import NAME, dump, load
from domains.retail.toolset import TOOLS
from writ_async.domain import Domain

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
