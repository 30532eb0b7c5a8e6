"""What customers of the shop can want, as questions with one answer over what can be read."""

from domains.retail.goals.changes import changes
from domains.retail.goals.choose import FETCH
from domains.retail.goals.objectives import OBJECTIVES
from domains.retail.goals.plans import plans
from domains.retail.policy_rules import permitted
from writ_async.goal import GoalRules

RULES = GoalRules(
    objectives=OBJECTIVES,
    fetch=FETCH,
    changes=changes,
    permitted=permitted,
    plans=plans,
)

__all__ = ["OBJECTIVES", "RULES"]
