"""Recipes of the retail domain: ways to draw a task, with its gold calls, from any world of the domain."""

from writ_domains.retail.recipes.heavy import HEAVY
from writ_domains.retail.recipes.intensive import INTENSIVE
from writ_domains.retail.recipes.normal import NORMAL
from writ_domains.retail.recipes.refusals import REFUSALS

RECIPES = NORMAL + INTENSIVE + HEAVY + REFUSALS

__all__ = ["RECIPES"]
