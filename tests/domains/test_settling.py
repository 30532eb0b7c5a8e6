"""What an agent is told that a write comes to is what the tool then does with the money."""

from __future__ import annotations

import doctest
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import pytest
from writ_domains.airline.tools.booking import NEW_IDS
from writ_domains.kit import settling
from writ_engines.scripted.agent_money import settlement_of

from writ_async.core import settlement
from writ_async.core.domain import Domain
from writ_async.core.settlement import Settlement, ShownResult
from writ_async.core.state import State, World
from writ_async.core.task import Action
from writ_async.core.tool import call_tool
from writ_async.registry import load_domain

_FREE = {"modify_pending_order_address", "modify_user_address", "update_reservation_passengers"}
"""Writes that no money goes with."""


def _plays(domain: Domain, world: World) -> Iterator[tuple[Action, list[ShownResult], dict[str, Any], dict[str, Any]]]:
    """Every gold write of some drafts, with what was shown before, and the record before and after."""
    for recipe in domain.recipes:
        for number in range(12):
            draft = recipe.draw(world, Random(f"{recipe.name}/{number}"))
            state, shown = State(world), list[ShownResult]()
            for action in draft.actions if draft is not None else ():
                before = _record(state, action) if action.name != "book_reservation" else {}
                result = call_tool(domain.tools, state, action.name, action.arguments)
                assert not result.error
                if domain.tools[action.name].kind == "write":
                    yield action, list(shown), before, _record(state, action)
                try:
                    value = json.loads(result.content)
                except json.JSONDecodeError:
                    value = result.content
                shown.append(ShownResult(action.name, action.arguments, value))


def _record(state: State, action: Action) -> dict[str, Any]:
    """The record that a write is about, as plain data; that of a booking is the one which was made last."""
    if action.name == "book_reservation":
        made = [found for key in NEW_IDS if (found := state.get("reservations", key)) is not None]
        return plain(made[-1]) if made else {}
    tables = (("orders", "order_id"), ("reservations", "reservation_id"))
    table, key = next((pair for pair in tables if pair[1] in action.arguments), ("users", "user_id"))
    found = state.get(table, action.arguments.get(key, ""))
    return {} if found is None else plain(found)


def plain(record: Any) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(record)
    return found


def _moved(found: Settlement, before: dict[str, Any], after: dict[str, Any], name: str) -> float:
    """What the customer has paid through a write, by its record: negative for what came back."""
    rows = after["payment_history"][len(before.get("payment_history", ())) :]
    if name == "exchange_delivered_order_items":
        return float(after["exchange_price_difference"])
    if name == "return_delivered_order_items":
        left = list(after["return_items"])
        returned = [item["price"] for item in after["items"] if item["item_id"] in left]
        return -float(sum(returned))
    if found.kind == "transfer":
        assert [row["transaction_type"] for row in rows] == ["payment", "refund"]
        return float(rows[0]["amount"])
    signs = (-1 if row.get("transaction_type") == "refund" else 1 for row in rows)
    return float(sum(sign * row["amount"] for sign, row in zip(signs, rows, strict=True)))


@pytest.mark.parametrize("name", ["retail", "airline"])
def test_what_a_write_comes_to_is_what_the_tool_does(name: str) -> None:
    domain = load_domain(name)
    assert domain.settlement is not None
    kinds = set()
    for action, shown, before, after in _plays(domain, domain.generate(3, 60)):
        found = domain.settlement(shown, action.name, action.arguments)
        if action.name in _FREE:
            assert found is None
            continue
        if found is None:
            assert action.name == "send_certificate", (action, shown)
            continue
        kinds.add(found.kind)
        if found.kind == "gesture":
            assert found.amount == action.arguments["amount"]
            continue
        sign = -1 if found.kind == "back" else 1
        assert sign * found.amount == pytest.approx(_moved(found, before, after, action.name), abs=0.005)
        assert found.method
        if found.kind == "difference":
            times = found.amount / (sum(found.new) - sum(found.old)) if found.amount else 1
            assert times == pytest.approx(round(times), abs=1e-6)
            assert (str(round(times)) in found.each) == (round(times) > 1)
    assert (
        kinds
        == {
            "retail": {"back", "difference", "transfer"},
            "airline": {"back", "difference", "charge", "gesture"},
        }[name]
    )


@pytest.mark.parametrize("name", ["retail", "airline"])
def test_nothing_is_told_of_what_was_not_shown(name: str) -> None:
    domain = load_domain(name)
    assert domain.settlement is not None
    for action, _, _, _ in _plays(domain, domain.generate(4, 30)):
        if action.name != "book_reservation":  # Its call has all that it comes to.
            assert domain.settlement([], action.name, action.arguments) is None


@pytest.mark.parametrize("module", [settling, settlement])
def test_the_example_of_each_module_runs(module: Any) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


@pytest.mark.parametrize("name", ["retail", "airline"])
def test_a_write_that_lacks_an_argument_or_has_a_wrong_one_comes_to_nothing(name: str) -> None:
    domain = load_domain(name)
    known = 0
    for action, shown, _, _ in _plays(domain, domain.generate(5, 60)):
        known += settlement_of(domain, action, shown) is not None
        for key in domain.tools[action.name].required:
            lacking = {other: value for other, value in action.arguments.items() if other != key}
            for changed in (lacking, lacking | {key: {"odd": [None]}}, lacking | {key: None}):
                assert settlement_of(domain, msgspec.structs.replace(action, arguments=changed), shown) is None
    assert known > 20
