"""The airline domain: booking, changing and cancelling flights, with τ²-bench's tools over worlds of its own."""

from importlib import resources

from writ_async.core.domain import Domain
from writ_domains.airline.generate import generate
from writ_domains.airline.goals import RULES
from writ_domains.airline.policy_check import policy_check
from writ_domains.airline.recipes import RECIPES
from writ_domains.airline.schema import dump, load
from writ_domains.airline.tools import TOOLS

__all__ = ["DOMAIN", "POLICY", "TOOLS"]

POLICY = resources.files(__name__).joinpath("policy.md").read_text(encoding="utf-8")
"""What an agent is told about its job."""

DOMAIN = Domain(
    name="airline",
    policy=POLICY,
    tools=TOOLS,
    generate=generate,
    load=load,
    dump=dump,
    recipes=RECIPES,
    goals=RULES,
    policy_check=policy_check,
)
"""The domain that the entry point gives."""
