"""What customers of the carrier can want, as questions with one answer over what both sides can look at."""

from writ_async.core.goal import GoalRules
from writ_async.core.goal_questions import load_goal_questions
from writ_domains.telecom.goals.counter_worlds import changes
from writ_domains.telecom.goals.encodings import other_encodings
from writ_domains.telecom.goals.fetch import FETCH
from writ_domains.telecom.goals.objectives import OBJECTIVES
from writ_domains.telecom.goals.ways import compare_ways

RULES = GoalRules(
    objectives=OBJECTIVES,
    fetch=FETCH,
    changes=changes,
    plans=other_encodings,
    questions=load_goal_questions(__name__, "questions.toml"),
    standing_reads=frozenset({"get_customer_by_phone", "get_customer_by_id", "get_customer_by_name"}),
    ways=compare_ways,
)

__all__ = ["OBJECTIVES", "RULES"]
