"""What customers of the shop can want, as questions with one answer over what can be read."""

from writ_async.core.goal import GoalRules
from writ_async.core.goal_questions import load_goal_questions
from writ_domains.kit.goals import options_of
from writ_domains.retail.goals.counter_worlds import changes
from writ_domains.retail.goals.encodings import other_encodings
from writ_domains.retail.goals.fetch import FETCH
from writ_domains.retail.goals.objectives import OBJECTIVES

RULES = GoalRules(
    objectives=OBJECTIVES,
    fetch=FETCH,
    changes=changes,
    plans=other_encodings,
    options={"first_possible": options_of},
    questions=load_goal_questions(__name__, "questions.toml"),
    standing_reads=frozenset({"find_user_id_by_email", "find_user_id_by_name_zip"}),
)

__all__ = ["OBJECTIVES", "RULES"]
