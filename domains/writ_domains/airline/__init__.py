"""The airline domain: booking, changing and cancelling flights, with τ²-bench's tools over worlds of its own."""

from __future__ import annotations

from importlib.resources import files

from writ_async.core.domain import Domain
from writ_domains.airline.goals import RULES
from writ_domains.airline.policy import policy_check
from writ_domains.airline.recipes import RECIPES
from writ_domains.airline.schema import NAME, dump, load
from writ_domains.airline.tools import TOOLS
from writ_domains.airline.world import generate

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
