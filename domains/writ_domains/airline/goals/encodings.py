"""Other ways of writing down a call to the airline's tools that mean the same."""

from __future__ import annotations

from collections.abc import Iterator

from writ_async.core.state import State
from writ_async.core.task import Action
from writ_domains.airline.policy import nonfree_bags
from writ_domains.airline.schema import Reservation, User
from writ_domains.kit.goals import other_orders


def other_encodings(state: State, action: Action) -> Iterator[tuple[str, tuple[Action, ...]]]:
    """Passengers and payments in every other order, and bags added in two calls instead of one."""
    for name, kind in (("passengers", "passengers"), ("payment_methods", "payments")):
        for order in other_orders(action.arguments.get(name, ())):
            yield kind, (Action(action.name, {**action.arguments, name: list(order)}),)
    if action.name == "update_reservation_baggages":
        yield from _bags(state, action)


def _bags(state: State, action: Action) -> Iterator[tuple[str, tuple[Action, ...]]]:
    trip: Reservation | None = state.get("reservations", action.arguments["reservation_id"])
    user: User | None = state.get("users", trip.user_id) if trip is not None else None
    if trip is None or user is None:
        return
    for total in range(trip.total_baggages + 1, action.arguments["total_baggages"]):
        nonfree = nonfree_bags(user.membership, trip.cabin, len(trip.passengers), total)
        if nonfree >= trip.nonfree_baggages:
            first = {**action.arguments, "total_baggages": total, "nonfree_baggages": nonfree}
            yield "calls", (Action(action.name, first), action)
