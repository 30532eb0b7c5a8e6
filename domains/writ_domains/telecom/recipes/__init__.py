"""Recipes of the carrier: ways to draw a task, with its gold calls, from any world of the domain."""

from typing import Final

from writ_async.core.level import MANY
from writ_domains.telecom.recipes import handing_over, mending
from writ_domains.telecom.recipes.customers import make_recipe, reach

RECIPES: Final = (
    make_recipe("mend_one", "normal", mending.mend_one, reach((1, 1))),
    make_recipe("mend_one_looked_for", "read-heavy", mending.mend_one_looked_for, reach((1, 1), (6, MANY))),
    make_recipe("mend_several", "write-intensive", mending.mend_several, reach((2, mending.MOST))),
    make_recipe(
        "mend_all_looked_for", "write-intensive", mending.mend_all_looked_for, reach((2, mending.MOST), (6, MANY))
    ),
    make_recipe("hand_over_locked", "refusal", handing_over.hand_over_locked, reach((0, 0))),
    make_recipe("hand_over_ended", "refusal", handing_over.hand_over_ended, reach((0, 0))),
)
"""All recipes of the carrier."""

__all__ = ["RECIPES"]
