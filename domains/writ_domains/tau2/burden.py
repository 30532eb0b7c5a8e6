"""How many writes the benchmark's tasks have, and how many cells their writes rest on at least.

The benchmark states no evidence, and half of its gold calls list no reads. What a write needs is worked out from its
arguments: whatever the instructions do not say has to be shown by a read. An id that is not said takes a look at all
orders or reservations of the customer; a new item its product; other flights the searches of their route on their day.
Where the gold lists more reads before the write, those count. It is an estimate from below: how many days or airports
an instruction leaves open is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from writ_async.core.benchmark import ReadHeavy
from writ_async.core.environment import Environment
from writ_async.core.task import Action, Task

Call = tuple[Any, ...]

_READ_HEAVY: Final = {
    "retail": (
        "2,3,4,20,21,23,27,29,30,31,32,49,52,54,55,58,70,71,72,74,76,85,86,87,98,99,100,103,104,107,111,112",
        "its 32 retail tasks with a write that rests on 7 cells or more, by a solver of their texts",
    ),
    "airline": (
        "15,16,17,18,21,22,32,39,42,44",
        "its 10 airline tasks with a write that rests on 5 cells or more, by a solver of their texts",
    ),
}
"""Which tasks a solver that is not `benchmark_level` found to be read-heavy, and by what rule."""


def read_heavy(subset: str) -> ReadHeavy | None:
    """The benchmark's read-heavy tasks; None where nobody has looked."""
    if subset not in _READ_HEAVY:
        return None
    ids, definition = _READ_HEAVY[subset]
    return ReadHeavy(frozenset(ids.split(",")), definition)


def benchmark_level(task: Task, environment: Environment) -> tuple[int, int]:
    """The writes of a task of the benchmark, and the most cells that one of them rests on."""
    text = " ".join(task.scenario.texts())
    writes, burden = 0, 0
    listed: set[str] = set()
    for action in task.actions or ():
        tool = environment.domain.tool_for(action)
        if tool is not None and tool.kind == "write":
            writes += 1
            needed = set(_cells(environment, action, text))
            burden = max(burden, len(needed), len(listed))
        elif tool is not None and tool.kind == "read":
            listed.add(f"{action.name} {sorted(action.arguments.items())}")
    return writes, max(burden, len(listed)) if not writes else burden


def _cells(environment: Environment, action: Action, text: str) -> Iterator[Call]:
    if environment.domain.name == "telecom":
        return _telecom_cells(action)
    cells = _retail_cells if environment.domain.name == "retail" else _airline_cells
    return cells(environment, action.arguments, text)


def _telecom_cells(action: Action) -> Iterator[Call]:
    """What shows that a step is due: of the user's one reading of the phone, of the agent's the account."""
    if action.requestor == "user":
        yield "phone", action.name
        return
    yield ("customer",)
    if "line_id" in action.arguments:
        yield "line", action.arguments["line_id"]
    if action.name == "refuel_data":
        yield ("plan",)
    if action.name in ("send_payment_request", "resume_line"):
        yield ("bills",)


def _retail_cells(environment: Environment, given: dict[str, Any], text: str) -> Iterator[Call]:
    orders, users = environment.world.tables["orders"], environment.world.tables["users"]
    order = orders.get(given.get("order_id", ""))
    user = users[order.user_id if order is not None else given["user_id"]]
    yield ("customer",)
    if order is not None:
        yield "order", order.order_id
    hidden = order is not None and order.order_id.lstrip("#W") not in text
    elsewhere = "address1" in given and given["address1"] not in text and given["address1"] != user.address.address1
    method = given.get("payment_method_id")
    shown = order is not None and method in {one.payment_method_id for one in order.payment_history}
    if hidden or elsewhere or "address1" in given or (method is not None and not shown and method not in text):
        yield ("profile",)
    if hidden or elsewhere:
        yield from (("order", key) for key in user.orders)
    if order is not None:
        products = {item.item_id: item.product_id for item in order.items}
        yield from (("product", products[item]) for item in given.get("item_ids", ()) if "new_item_ids" in given)


def _airline_cells(environment: Environment, given: dict[str, Any], text: str) -> Iterator[Call]:
    trips, users = environment.world.tables["reservations"], environment.world.tables["users"]
    trip = trips.get(given.get("reservation_id", ""))
    user = users[trip.user_id if trip is not None else given["user_id"]]
    yield ("profile",)
    if trip is not None:
        yield "reservation", trip.reservation_id
    if (trip is not None and trip.reservation_id not in text) or (trip is None and "amount" in given):
        yield from (("reservation", key) for key in user.reservations)
    flights = environment.world.tables["flights"]
    kept = {(leg.flight_number, leg.date) for leg in trip.flights} if trip is not None else set()
    for leg in given.get("flights", ()):
        line = flights[leg["flight_number"]]
        route = (line.origin, line.destination, leg["date"])
        if (leg["flight_number"], leg["date"]) not in kept:
            yield "search", "nonstop", *route
            yield "search", "one stop", *route
        elif trip is not None and given.get("cabin") != trip.cabin:
            yield "search", "nonstop", *route
