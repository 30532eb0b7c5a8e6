"""What customers of the airline can want, as questions with one answer over what can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from writ_async.core.goal import GoalRules, Key
from writ_async.core.goal_questions import load_goal_questions
from writ_domains.airline.goals.counter_worlds import changes
from writ_domains.airline.goals.encodings import other_encodings
from writ_domains.airline.goals.fetch import FETCH
from writ_domains.airline.goals.objectives import OBJECTIVES
from writ_domains.kit.goals import options_of


def _direct(keys: Sequence[Key]) -> Sequence[Key]:
    return [key for key in keys if key[0] != "search_onestop_flight"]


def _on(place: int) -> Any:
    def chosen(keys: Sequence[Key]) -> Sequence[Key]:
        dates = sorted({key[3] for key in keys if key[0].startswith("search")})
        return [key for key in keys if not key[0].startswith("search") or key[3] == dates[place]]

    return chosen


def _first_origin(keys: Sequence[Key]) -> Sequence[Key]:
    return [key for key in keys if not key[0].startswith("search") or key[1] == keys[0][1]]


RULES = GoalRules(
    objectives=OBJECTIVES,
    fetch=FETCH,
    changes=changes,
    plans=other_encodings,
    options={"first_possible": options_of},
    questions=load_goal_questions(__name__, "questions.toml"),
    shortcuts={"nonstop only": _direct, "first date": _on(0), "last date": _on(-1), "first airport": _first_origin},
)

__all__ = ["OBJECTIVES", "RULES"]
