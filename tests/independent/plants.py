"""Wrong predicates for tests: what a domain decides in a distorted world is a gold that breaks a rule in the true one.

Stripping the "+1" off every landing gives the golds of somebody who takes the next morning for an early one, giving
every flight twenty seats those of somebody who does not count seats, and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from writ_async.core.environment import Environment
from writ_async.core.goal import Ambiguous, NothingFits, decide_goal
from writ_async.core.state import State, World
from writ_async.core.task import Action, Task
from writ_async.synthesis.solver import goal_rules_of

Record = dict[str, Any]
Distort = Callable[[Record], Record]
"""Changes one record, as plain data."""


def distorted(world: World, table: str, distort: Distort) -> World:
    """The world with every record of a table changed."""
    rows = world.tables[table]
    changed = {key: _as(type(row), distort(msgspec.to_builtins(row))) for key, row in rows.items()}
    return World(world.domain, {**world.tables, table: changed})


def _as(kind: type[Any], record: Record) -> Any:
    return msgspec.convert(record, kind)


def gold_of(task: Task, environment: Environment, world: World) -> Task | None:
    """The task with the gold that its domain decides in another world; None where that is the same, or none.

    Only tasks of one goal are taken, whose words give that goal and nothing else.
    """
    if len(task.goals) != 1:
        return None
    try:
        decision = decide_goal(goal_rules_of(environment.domain), State(world), task.goals[0])[1]
    except (Ambiguous, NothingFits, KeyError, StopIteration):
        return None
    writes = () if decision.refused else decision.writes
    tools = environment.domain.tools
    gold = tuple(one for one in task.actions or () if tools[one.name].kind == "write")
    if not writes or _shape(writes) == _shape(gold):
        return None
    return msgspec.structs.replace(task, actions=writes)


def _shape(actions: tuple[Action, ...]) -> list[bytes]:
    return sorted(msgspec.json.encode(one, order="deterministic") for one in actions)


def without_next_day(flight: Record) -> Record:
    """A flight that lands on the day on which it leaves, whatever the schedule says."""
    return {**flight, "scheduled_arrival_time_est": flight["scheduled_arrival_time_est"].removesuffix("+1")}


def leaving_at_noon(flight: Record) -> Record:
    """A flight that breaks no wish for a time of departure."""
    return {**flight, "scheduled_departure_time_est": "12:00:00"}


def dear_for_cheap(entry: Record) -> Record:
    """A day of a flight on which what is dear is cheap."""
    if entry["status"] != "available":
        return entry
    return {**entry, "prices": {cabin: 5000 - price for cabin, price in entry["prices"].items()}}


def cabins_swapped(entry: Record) -> Record:
    """A day of a flight on which business is taken for economy."""
    return {**entry, **{field: _swapped(entry[field]) for field in ("prices", "available_seats") if field in entry}}


def _swapped(cabins: Mapping[str, int]) -> dict[str, int]:
    return {**cabins, "economy": cabins["business"], "business": cabins["economy"]}


def seats_for_one(entry: Record) -> Record:
    """A day of a flight on which a single seat is enough for everybody."""
    if entry["status"] != "available":
        return entry
    return {**entry, "available_seats": {cabin: 20 * min(1, left) for cabin, left in entry["available_seats"].items()}}


def one_passenger(reservation: Record) -> Record:
    """A reservation of which only the first passenger is counted."""
    return {**reservation, "passengers": reservation["passengers"][:1]}


def statuses_swapped(order: Record) -> Record:
    """An order that is taken for pending when it is delivered, and the other way round."""
    other = {"pending": "delivered", "delivered": "pending"}
    return {**order, "status": other.get(order["status"], order["status"])}


def all_in_stock(product: Record) -> Record:
    """A product of which everything is in stock."""
    variants = {key: {**one, "available": True} for key, one in product["variants"].items()}
    return {**product, "variants": variants}


def cheap_for_dear(product: Record) -> Record:
    """A product whose dear variants are cheap."""
    variants = {key: {**one, "price": 5000 - one["price"]} for key, one in product["variants"].items()}
    return {**product, "variants": variants}


def days_shifted(world: World) -> World:
    """The world in which each flight stands on a day as it truly stands on the next one."""
    rows = world.tables["flight_dates"]
    changed = {}
    for key, entry in rows.items():
        number, _, day = key.rpartition("/")
        changed[key] = rows.get(f"{number}/{day[:-2]}{int(day[-2:]) + 1:02d}", entry)
    return World(world.domain, {**world.tables, "flight_dates": changed})


def all_alike(order: Record) -> Record:
    """An order that costs as much as every other one."""
    items = [{**item, "price": 0.0} for item in order["items"]]
    return {**order, "items": items}
