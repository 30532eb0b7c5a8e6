"""What customers of the airline can want, as questions with one answer over what can be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from writ_async.core.goal import GoalRules, Key
from writ_async.core.state import State
from writ_async.core.task import Action
from writ_domains.airline.goals.changes import changes
from writ_domains.airline.goals.encodings import other_encodings
from writ_domains.airline.goals.fetch import FETCH
from writ_domains.airline.goals.objectives import OBJECTIVES
from writ_domains.airline.policy import may_cancel, policy_check
from writ_domains.airline.schema import Reservation


def permitted(state: State, action: Action, params: Mapping[str, Any]) -> str:
    """Why the policy forbids a gold call in a state, for the reason that the customer gives, or an empty string."""
    arguments = action.arguments
    who = params.get("who", {}).get("user_id")
    trip: Reservation | None = state.get("reservations", arguments.get("reservation_id", ""))
    if who is not None and (trip.user_id if trip is not None else arguments.get("user_id")) != who:
        return "the reservation is another customer's"
    cancels = action.name == "cancel_reservation" and "reason" in params
    if cancels and (trip is None or not may_cancel(state, trip, params["reason"])):
        return "no rule lets this reservation be cancelled for that reason"
    return policy_check(state, action.name, dict(arguments))


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
    permitted=permitted,
    plans=other_encodings,
    shortcuts={
        "nonstop only": _direct,
        "first date": _on(0),
        "last date": _on(-1),
        "first airport": _first_origin,
    },
)

__all__ = ["OBJECTIVES", "RULES", "permitted"]
