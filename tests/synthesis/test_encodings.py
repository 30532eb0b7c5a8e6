"""Which writes may change places, and which ways of writing a call are the same."""

from __future__ import annotations

from writ_async.pipelines.worlds import Opened
from writ_async.state import State
from writ_async.synthesis.encodings import WRITES, Step, Tracing, open_choices
from writ_async.synthesis.solver import apply, rules_of
from writ_async.task import Action


def _steps(opened: Opened, actions: list[Action]) -> list[Step]:
    steps: list[Step] = []
    state = State(opened.world)
    for action in actions:
        before = state.fork()
        assert apply(opened.domain, state, action)
        steps.append(Step(action, {}, before, state.fork()))
    return steps


def _pending(opened: Opened, card: bool) -> list[Action]:
    """Cancellations of two pending orders of one customer, both paid with a gift card or neither."""
    for user in opened.world.tables["users"].values():
        orders = [opened.world.tables["orders"][key] for key in user.orders]
        fit = [
            order
            for order in orders
            if order.status == "pending" and order.payment_history[0].payment_method_id.startswith("gift_card") is card
        ]
        if len(fit) > 1:
            reason = {"reason": "no longer needed"}
            return [Action("cancel_pending_order", {"order_id": order.order_id, **reason}) for order in fit[:2]]
    raise AssertionError("no customer with two such orders")


def test_writes_on_different_entities_need_no_replay(opened: Opened) -> None:
    counts, differ = open_choices(
        rules_of(opened.domain), opened.domain, opened.world, _steps(opened, _pending(opened, card=False))
    )
    assert counts == {}
    assert differ == set()


def test_writes_on_one_gift_card_are_replayed_in_both_orders(opened: Opened) -> None:
    try:
        actions = _pending(opened, card=True)
    except AssertionError:
        return
    counts, differ = open_choices(rules_of(opened.domain), opened.domain, opened.world, _steps(opened, actions))
    assert counts == {WRITES: 1}
    assert differ == set()


def test_two_certificates_of_different_worth_depend_on_their_order(opened_airline: Opened) -> None:
    rules = rules_of(opened_airline.domain)
    user_id = next(iter(opened_airline.world.tables["users"]))
    actions = [Action("send_certificate", {"user_id": user_id, "amount": amount}) for amount in (100, 200)]
    steps = _steps(opened_airline, actions)
    free = type(rules)(
        objectives=rules.objectives,
        fetch=rules.fetch,
        changes=rules.changes,
        permitted=lambda state, action, params: "",
        plans=lambda state, action: iter(()),
    )
    counts, differ = open_choices(free, opened_airline.domain, opened_airline.world, steps)
    assert counts == {WRITES: 1}
    assert differ == {WRITES}


def test_a_traced_state_knows_what_was_looked_at_and_written(opened: Opened) -> None:
    state = Tracing(opened.world)
    key = next(iter(opened.world.tables["users"]))
    user = state.get("users", key)
    state.put("users", key, user)
    assert state.looked == state.written == {("users", key)}
    assert state.get("users", "nobody") is None
    assert ("users", "nobody") in state.looked
