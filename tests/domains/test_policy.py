"""The policy as a predicate on a state: what gold calls do is allowed, what the policy forbids is named."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.support import samples
from tests.support.shared_data import SHARED, needs_shared
from writ_async.core.domain import Domain, why_forbidden
from writ_async.core.environment import Environment
from writ_async.core.message import AssistantMessage, Message, ToolMessage, make_call
from writ_async.core.state import State
from writ_async.core.task import Task
from writ_async.core.tool import call_tool
from writ_async.registry import load_benchmark
from writ_async.verify.evidence import write_evidence


def breach(domain: Domain, state: State, name: str, arguments: dict[str, Any]) -> str:
    return why_forbidden(domain, state, name, arguments)


def breaches(domain: Domain, state: State, task: Task) -> list[str]:
    found: list[str] = []
    for action in task.actions or ():
        if domain.tools[action.name].kind == "write":
            why = breach(domain, state, action.name, action.arguments)
            if not call_tool(domain.tools, state, action.name, action.arguments).error:
                found.append(why)
    return [why for why in found if why]


def test_gold_writes_breach_nothing(
    tasks: list[Task], retail_environment: Environment, airline_environment: Environment
) -> None:
    for task in tasks:
        place = retail_environment if task.domain == "retail" else airline_environment
        assert breaches(place.domain, State(place.world), task) == []


@needs_shared
@pytest.mark.parametrize("subset", ["airline", "retail"])
def test_the_gold_writes_of_the_benchmark_breach_nothing(subset: str) -> None:
    assert SHARED is not None
    loaded = load_benchmark("tau2").load(subset, str(SHARED / "tau2" / "data"))
    for task in loaded.tasks:
        assert breaches(loaded.environment.domain, State(loaded.environment.world), task) == []


def reservation(retail_environment: Environment, **changes: Any) -> tuple[State, Any]:
    """A state with one reservation that the policy lets nobody cancel, changed as asked."""
    state = State(retail_environment.world)
    user, found = next(
        (retail_environment.world.tables["users"][row.user_id], row)
        for _, row in state.items("reservations")
        if row.status is None and row.flights and row.flights[0].date > "2024-05-16" and len(row.passengers) == 1
    )
    base: dict[str, Any] = {"created_at": "2024-05-01T10:00:00", "cabin": "economy", "insurance": "no"}
    found = msgspec.structs.replace(found, **{**base, "total_baggages": 1, "nonfree_baggages": 0, **changes})
    state.put("reservations", found.reservation_id, found)
    state.put("users", user.user_id, msgspec.structs.replace(user, membership="regular"))
    return state, found


def test_cancelling_needs_a_ground(airline_environment: Environment) -> None:
    domain = airline_environment.domain
    for changes, allowed in (
        ({}, False),
        ({"insurance": "yes"}, True),
        ({"cabin": "business"}, True),
        ({"created_at": "2024-05-15T10:00:00"}, True),
        ({"status": "cancelled", "cabin": "business"}, False),
    ):
        state, row = reservation(airline_environment, **changes)
        why = breach(domain, state, "cancel_reservation", {"reservation_id": row.reservation_id})
        assert (not why) == allowed


def test_flights_of_basic_economy_stay_and_trips_keep_their_ends(airline_environment: Environment) -> None:
    domain = airline_environment.domain
    state, row = reservation(airline_environment, cabin="basic_economy")
    same = [{"flight_number": leg.flight_number, "date": leg.date} for leg in row.flights]
    base = {"reservation_id": row.reservation_id, "cabin": "economy", "flights": same, "payment_id": "x"}
    assert breach(domain, state, "update_reservation_flights", base) == ""
    other = [{**same[0], "date": "2024-05-29"}, *same[1:]]
    assert "may not be changed" in breach(domain, state, "update_reservation_flights", {**base, "flights": other})
    state, row = reservation(airline_environment)
    away = next(f for f in airline_environment.world.tables["flights"].values() if f.origin != row.origin)
    elsewhere = [{"flight_number": away.flight_number, "date": "2024-05-29"}]
    assert "from and to" in breach(domain, state, "update_reservation_flights", {**base, "flights": elsewhere})


def test_bags_are_only_added_and_paid_as_due(airline_environment: Environment) -> None:
    domain = airline_environment.domain
    state, row = reservation(airline_environment, total_baggages=2, nonfree_baggages=1)
    base = {"reservation_id": row.reservation_id, "payment_id": "x"}

    def why(total: int, nonfree: int) -> str:
        arguments = {**base, "total_baggages": total, "nonfree_baggages": nonfree}
        return breach(domain, state, "update_reservation_baggages", arguments)

    assert why(3, 2) == ""
    assert why(1, 0) == "bags may be added but not taken away"
    assert why(3, 1) == "2 of 3 bags must be paid for"


def test_certificates_need_a_reason(airline_environment: Environment) -> None:
    state, row = reservation(airline_environment)
    why = breach(airline_environment.domain, state, "send_certificate", {"user_id": row.user_id, "amount": 100})
    assert "earns a certificate" in why


def test_a_changed_order_is_left_alone_and_an_item_is_not_its_own_exchange(retail_environment: Environment) -> None:
    state, domain = State(retail_environment.world), retail_environment.domain
    order = next(order for _, order in state.items("orders") if order.status == "pending")
    arguments = {"order_id": order.order_id, **msgspec.to_builtins(order.address)}
    assert breach(domain, state, "modify_pending_order_address", arguments) == ""
    state.put("orders", order.order_id, msgspec.structs.replace(order, status="pending (item modified)"))
    assert "may not be changed" in breach(domain, state, "modify_pending_order_address", arguments)
    order = next(order for _, order in state.items("orders") if order.status == "delivered")
    item = order.items[0].item_id
    same = {"order_id": order.order_id, "item_ids": [item], "new_item_ids": [item], "payment_method_id": "x"}
    assert f"item {item}" in breach(domain, state, "exchange_delivered_order_items", same)


@pytest.mark.parametrize(
    "arguments", [{}, {"reservation_id": []}, {"reservation_id": None, "flights": 3}, {"order_id": {}}]
)
def test_whatever_a_model_wrote_is_no_error(
    retail_environment: Environment, airline_environment: Environment, arguments: dict[str, Any]
) -> None:
    for place in (retail_environment, airline_environment):
        for name, tool in place.domain.tools.items():
            if tool.kind == "write":
                assert breach(place.domain, State(place.world), name, arguments) == ""


def test_a_bug_in_a_rule_is_not_read_as_allowed(
    airline_environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def buggy(*_: object) -> bool:
        raise KeyError("a key that the rule's author got wrong")

    state, row = reservation(airline_environment)
    arguments = {"reservation_id": row.reservation_id}
    monkeypatch.setattr("writ_domains.airline.policy.may_cancel", buggy)
    with pytest.raises(KeyError):
        breach(airline_environment.domain, state, "cancel_reservation", arguments)
    call = make_call("1", "cancel_reservation", arguments)
    messages: list[Message] = [AssistantMessage(None, (call,)), ToolMessage("1", "done", False)]
    with pytest.raises(KeyError):
        list(write_evidence(samples.task("a"), messages, airline_environment.domain, airline_environment.world))


def test_rules_stand_what_a_model_had_stored(airline_environment: Environment) -> None:
    state, row = reservation(airline_environment, total_baggages="two")
    arguments = {"reservation_id": row.reservation_id, "total_baggages": 3.0, "nonfree_baggages": 2, "payment_id": "x"}
    assert breach(airline_environment.domain, state, "update_reservation_baggages", arguments) == ""
    wrong = {**arguments, "nonfree_baggages": 0}
    assert "must be paid for" in breach(airline_environment.domain, state, "update_reservation_baggages", wrong)
