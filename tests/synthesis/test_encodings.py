"""Which writes may change places, and which ways of writing a call are the same."""

from __future__ import annotations

import msgspec

from writ_async.core.environment import Environment
from writ_async.core.state import State
from writ_async.core.task import Action
from writ_async.synthesis.encodings import WRITES, Step, TracingState, open_choices
from writ_async.synthesis.solver import apply_action, goal_rules_of


def _steps(retail_environment: Environment, actions: list[Action]) -> list[Step]:
    steps: list[Step] = []
    state = State(retail_environment.world)
    for action in actions:
        before = state.fork()
        assert apply_action(retail_environment.domain, state, action)
        steps.append(Step(action, {}, before, state.fork()))
    return steps


def _pending(retail_environment: Environment, card: bool) -> list[Action]:
    """Cancellations of two pending orders of one customer, both paid with a gift card or neither."""
    for user in retail_environment.world.tables["users"].values():
        orders = [retail_environment.world.tables["orders"][key] for key in user.orders]
        fit = [
            order
            for order in orders
            if order.status == "pending" and order.payment_history[0].payment_method_id.startswith("gift_card") is card
        ]
        if len(fit) > 1:
            reason = {"reason": "no longer needed"}
            return [Action("cancel_pending_order", {"order_id": order.order_id, **reason}) for order in fit[:2]]
    raise AssertionError("no customer with two such orders")


def test_writes_on_different_entities_need_no_replay(retail_environment: Environment) -> None:
    counts, differ = open_choices(
        goal_rules_of(retail_environment.domain),
        retail_environment.domain,
        retail_environment.world,
        _steps(retail_environment, _pending(retail_environment, card=False)),
    )
    assert counts == {}
    assert differ == set()


def test_writes_on_one_gift_card_are_replayed_in_both_orders(retail_environment: Environment) -> None:
    try:
        actions = _pending(retail_environment, card=True)
    except AssertionError:
        return
    counts, differ = open_choices(
        goal_rules_of(retail_environment.domain),
        retail_environment.domain,
        retail_environment.world,
        _steps(retail_environment, actions),
    )
    assert counts == {WRITES: 1}
    assert differ == set()


def test_two_certificates_of_different_worth_depend_on_their_order(airline_environment: Environment) -> None:
    rules = goal_rules_of(airline_environment.domain)
    user_id = next(iter(airline_environment.world.tables["users"]))
    actions = [Action("send_certificate", {"user_id": user_id, "amount": amount}) for amount in (100, 200)]
    steps = _steps(airline_environment, actions)
    free = msgspec.structs.replace(airline_environment.domain, why_forbidden=None)
    counts, differ = open_choices(rules, free, airline_environment.world, steps)
    assert counts == {WRITES: 1}
    assert differ == {WRITES}


def test_a_traced_state_knows_what_was_looked_at_and_written(retail_environment: Environment) -> None:
    state = TracingState(retail_environment.world)
    key = next(iter(retail_environment.world.tables["users"]))
    user = state.get("users", key)
    state.put("users", key, user)
    assert state.looked == state.written == {("users", key)}
    assert state.get("users", "nobody") is None
    assert ("users", "nobody") in state.looked
