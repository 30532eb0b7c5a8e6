"""False proofs: each function takes a task whose proof holds and gives one of which a single thing is not so."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from msgspec.structs import replace
from writ_domains.airline.schema import flight_date_key

from writ_async.core.domain import Domain
from writ_async.core.goal import Edit
from writ_async.core.state import State, World
from writ_async.core.task import Action, Cell, Certificate, Goal, Proof, Task
from writ_async.synthesis.closure import said_values
from writ_async.synthesis.counter_worlds import counter_state
from writ_async.synthesis.proof import examine_task
from writ_async.verify.provenance import SMALL, atoms


def changed_world(world: World, edits: tuple[Edit, ...]) -> World:
    """A world of its own with other entities; its digest is worked out from the first one's."""
    tables: dict[str, Mapping[str, Any]] = dict(world.tables)
    for table, key, entity in edits:
        tables[table] = {**tables[table], key: entity}
    other = World(world.domain, tables)
    other._digest = counter_state(State(world), edits).digest_value()
    return other


def _gold_write(task: Task, domain: Domain) -> Action:
    return [action for action in task.actions or () if domain.tools[action.name].kind == "write"][-1]


def tie(task: Task, domain: Domain, world: World, rng: Random) -> World | None:
    """A world in which another candidate is as good as the chosen one."""
    write = _gold_write(task, domain)
    tables = world.tables
    if domain.name == "retail":
        if "order_id" not in write.arguments:
            return None
        gold = tables["orders"][write.arguments["order_id"]]
        others = [key for key in tables["users"][gold.user_id].orders if key != gold.order_id]
        other = rng.choice(others)
        return changed_world(world, (("orders", other, replace(gold, order_id=other)),))
    if "flights" in write.arguments and "upgrade" not in task.goals[0].params.get("trip", {}):
        leg = write.arguments["flights"][0]
        flight = tables["flights"][leg["flight_number"]]
        entry = tables["flight_dates"][flight_date_key(leg["flight_number"], leg["date"])]
        return changed_world(
            world,
            (
                ("flights", "HAT0009", replace(flight, flight_number="HAT0009")),
                ("flight_dates", flight_date_key("HAT0009", leg["date"]), entry),
            ),
        )
    if "reservation_id" not in write.arguments or "several" in task.recipe:
        return None
    trip = tables["reservations"][write.arguments["reservation_id"]]
    others = [key for key in tables["users"][trip.user_id].reservations if key != trip.reservation_id]
    other = rng.choice(others)
    return changed_world(world, (("reservations", other, replace(trip, reservation_id=other)),))


def missing_cell(task: Task, rng: Random) -> Task:
    """A certificate without one of its cells."""
    assert task.proof is not None
    place = rng.randrange(len(task.certificates))
    certificate, counters = task.certificates[place], task.proof.counters[place]
    cut = rng.randrange(len(certificate.cells))
    return _with_certificate(
        task,
        place,
        certificate.cells[:cut] + certificate.cells[cut + 1 :],
        counters[:cut] + counters[cut + 1 :],
    )


def superfluous_cell(task: Task, domain: Domain, world: World, rng: Random) -> Task:
    """A certificate with a cell more, which decides nothing."""
    assert task.proof is not None
    place = rng.randrange(len(task.certificates))
    certificate, counters = task.certificates[place], task.proof.counters[place]
    extra: list[Cell] = []
    if domain.name == "retail":
        extra += [Cell("get_product_details", {"product_id": key}) for key in world.tables["products"]]
        extra += [Cell("get_order_details", {"order_id": key}) for key in list(world.tables["orders"])[:20]]
    else:
        extra += [Cell("get_reservation_details", {"reservation_id": key}) for key in world.tables["reservations"]][:20]
        extra.append(Cell("search_direct_flight", {"origin": "SEA", "destination": "SFO", "date": "2024-05-30"}))
    cell = rng.choice([one for one in extra if one not in certificate.cells])
    at = rng.randrange(len(certificate.cells) + 1)
    return _with_certificate(
        task,
        place,
        (*certificate.cells[:at], cell, *certificate.cells[at:]),
        (*counters[:at], 0, *counters[at:]),
    )


def _with_certificate(task: Task, place: int, cells: tuple[Cell, ...], counters: tuple[int | None, ...]) -> Task:
    assert task.proof is not None
    certificates = list(task.certificates)
    certificates[place] = Certificate(certificates[place].write, cells)
    all_counters = list(task.proof.counters)
    all_counters[place] = counters
    burden = max(len(one.cells) for one in certificates)
    return replace(
        task,
        certificates=tuple(certificates),
        proof=replace(task.proof, counters=tuple(all_counters), burden=burden),
    )


def two_items(domain: Domain, world: World, base: Task) -> list[Task]:
    """Tasks that swap two items of one pending order, which leaves a state that depends on the order of the two."""
    found: list[Task] = []
    for order in world.tables["orders"].values():
        if order.status != "pending" or len({item.product_id for item in order.items}) < 2:
            continue
        user = world.tables["users"][order.user_id]
        cards = [method for method in user.payment_methods.values() if type(method).__name__ == "CreditCard"]
        if not cards:
            continue
        names = [item.name for item in order.items[:2]]
        wanted = [{"name": name, "target": {"price": "lowest"}} for name in names]
        who = {"email": user.email}
        pay = {"source": "credit_card", "last_four": cards[0].last_four}
        params = {"who": who, "order": {"id": order.order_id}, "items": wanted, "pay": pay}
        task = _from_goal(domain, world, base, "modify", params)
        if task is not None:
            found.append(task)
    return found


def _from_goal(domain: Domain, world: World, base: Task, objective: str, params: dict[str, Any]) -> Task | None:
    """A task with the gold calls of a goal, and a proof that says what a true one would say."""
    from writ_async.core.goal import Ambiguous, NothingFits, decide_goal
    from writ_async.synthesis.solver import goal_rules_of, make_cell

    goal = Goal(objective, params)
    try:
        reader, decision = decide_goal(goal_rules_of(domain), State(world), goal)
    except (NothingFits, Ambiguous):
        return None
    if decision.refused:
        return None
    cells = [make_cell(domain, key) for key in reader.cells]
    actions = (*(Action(cell.name, cell.arguments) for cell in cells), *decision.writes)
    said = " ".join(str(value) for _, value in atoms(params))
    task = replace(
        base,
        actions=actions,
        goals=(Goal(objective, params, (len(cells),)),),
        scenario=replace(base.scenario, request=said, facts=(), reason_for_call="", known_info=""),
        proof=Proof(level="", burden=0, path=0),
        certificates=(),
        communicate=(),
    )
    found = examine_task(task, domain, world)
    assert found.proof is not None, found.problems
    return replace(task, certificates=found.certificates, proof=found.proof, gold_digest=found.gold_digest)


def unpinned(task: Task) -> Task:
    """A proof without what the request settles."""
    assert task.proof is not None
    return replace(task, proof=replace(task.proof, pins=()))


def leaked_id(task: Task, domain: Domain, rng: Random) -> Task | None:
    """A request in which the user says a value that has to be read."""
    said = said_values(goal.params for goal in task.goals)
    hidden: list[str] = []
    calls: list[Action | Cell] = [action for action in task.actions or () if domain.tools[action.name].kind == "write"]
    for call in (*calls, *(cell for one in task.certificates for cell in one.cells)):
        words = domain.tools[call.name].words
        for path, value in atoms(call.arguments):
            number = isinstance(value, int | float)
            text = f"{value:g}" if number else str(value)
            if value in words or str(value) in said or text in said or len(text) < 4 or value in (True, False, None):
                continue
            if not (number and abs(value) <= SMALL) and not path.startswith("passengers"):
                hidden.append(text)
    if not hidden:
        return None
    leak = rng.choice(hidden)
    scenario = task.scenario
    return replace(task, scenario=replace(scenario, request=f"{scenario.request} It is {leak}, by the way."))


def policy_breach(task: Task, domain: Domain, world: World) -> World | None:
    """A world in which the policy forbids the gold write."""
    write = _gold_write(task, domain)
    if "order_id" in write.arguments:
        order = world.tables["orders"][write.arguments["order_id"]]
        return changed_world(world, (("orders", order.order_id, replace(order, status="processed")),))
    if "reservation_id" in write.arguments:
        trip = world.tables["reservations"][write.arguments["reservation_id"]]
        return changed_world(world, (("reservations", trip.reservation_id, replace(trip, status="cancelled")),))
    return None
