"""Every draft executes cleanly, rests on what was said or read, and has one answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_data import TAU2_DATA, needs_shared

from domains.retail import DOMAIN
from domains.retail.recipes.heavy import best
from domains.retail.schema import Order
from writ_async.domain import Draft, Recipe, call_tool
from writ_async.state import State, World
from writ_async.task import Action, Cell, Scenario

WORLD = DOMAIN.generate(5, 300)
RECIPES = {recipe.name: recipe for recipe in DOMAIN.recipes}
SEEDS = range(60)
_ID = re.compile(r"#W\d|\b\d{10}\b|_\d{4,}")
_AMOUNT = re.compile(r"\d+(\.\d{1,2})?")


def _drafts(recipe: Recipe, world: World = WORLD) -> list[Draft]:
    made = [recipe.make(world, Random(seed)) for seed in SEEDS]
    return [draft for draft in made if draft is not None]


def _atoms(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _atoms(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _atoms(item)
    else:
        yield str(value)


def _said(scenario: Scenario) -> str:
    return " ".join([scenario.request, *(fact.text for fact in scenario.facts)])


def _told(scenario: Scenario) -> str:
    return " ".join([scenario.reason_for_call, scenario.known_info])


def _is_write(action: Action) -> bool:
    return DOMAIN.tools[action.name].kind == "write"


def _check_gold(draft: Draft, world: World) -> None:
    """No call fails, none is made twice, and whatever a call needs was said (in both persons) or read before."""
    state = State(world)
    seen, seen_by_model = [_said(draft.scenario).casefold()], [_told(draft.scenario).casefold()]
    read: list[Cell] = []
    certificates = {certificate.write: certificate for certificate in draft.certificates}
    for number, action in enumerate(draft.actions):
        for atom in _atoms(action.arguments):
            for texts in (seen, seen_by_model):
                assert any(atom.casefold() in text for text in texts), f"{action.name} needs {atom!r}"
        result = call_tool(DOMAIN.tools, state, action.name, action.arguments)
        assert not result.error, result.content
        if _is_write(action):
            cells = certificates[number].cells
            assert cells
            assert all(cell in read for cell in cells)
            assert len({repr(cell) for cell in cells}) == len(cells)
        else:
            cell = Cell(action.name, action.arguments)
            assert cell not in read
            read.append(cell)
            seen.append(result.content.casefold())
            seen_by_model.append(result.content.casefold())
    assert sorted(certificates) == [number for number, action in enumerate(draft.actions) if _is_write(action)]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_gold_executes_and_rests_on_what_was_said_or_read(recipe: Recipe) -> None:
    drafts = _drafts(recipe)
    assert len(drafts) >= len(SEEDS) // 2
    for draft in drafts:
        _check_gold(draft, WORLD)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_gold_is_sound_in_any_world(seed: int, size: int) -> None:
    world = DOMAIN.generate(seed, size)
    for recipe in DOMAIN.recipes:
        draft = recipe.make(world, Random(seed))
        if draft is not None:
            _check_gold(draft, world)


@needs_shared
def test_recipes_also_draw_from_the_benchmarks_database() -> None:
    world = DOMAIN.load((cast(Path, TAU2_DATA) / "tau2" / "domains" / "retail" / "db.json").read_bytes())
    for recipe in DOMAIN.recipes:
        for seed in range(10):
            draft = recipe.make(world, Random(seed))
            if draft is not None:
                _check_gold(draft, world)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_the_kind_bounds_the_number_of_writes(recipe: Recipe) -> None:
    least, most = (2, 4) if recipe.kind == "write-intensive" else (1, 1)
    for draft in _drafts(recipe):
        assert least <= sum(map(_is_write, draft.actions)) <= most


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_no_order_is_changed_twice(recipe: Recipe) -> None:
    for draft in _drafts(recipe):
        changed = [a.arguments["order_id"] for a in draft.actions if _is_write(a) and "order_id" in a.arguments]
        assert len(set(changed)) == len(changed)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_the_writes_lead_to_one_state_in_either_order(recipe: Recipe) -> None:
    for draft in _drafts(recipe):
        writes = [action for action in draft.actions if _is_write(action)]
        digests = set()
        for order in (writes, writes[::-1]):
            state = State(WORLD)
            assert not any(call_tool(DOMAIN.tools, state, one.name, one.arguments).error for one in order)
            digests.add(state.digest())
        assert len(digests) == 1


@pytest.mark.parametrize(
    "recipe", [one for one in RECIPES.values() if one.kind == "read-heavy"], ids=lambda one: one.name
)
def test_read_heavy_users_say_no_id_and_every_order_is_compared(recipe: Recipe) -> None:
    for draft in _drafts(recipe):
        (certificate,) = draft.certificates
        scenario = draft.scenario
        assert not _ID.search(_said(scenario) + _told(scenario))
        assert len(certificate.cells) >= 4
        user_id = next(cell.arguments["user_id"] for cell in certificate.cells if cell.name == "get_user_details")
        compared = [cell.arguments["order_id"] for cell in certificate.cells if cell.name == "get_order_details"]
        assert tuple(compared) == WORLD.tables["users"][user_id].orders


@pytest.mark.parametrize("name", ["cancel_extreme_order", "pay_extreme_order"])
def test_the_extreme_order_is_extreme_by_a_margin(name: str) -> None:
    for draft in _drafts(RECIPES[name]):
        chosen: Order = WORLD.tables["orders"][draft.actions[-1].arguments["order_id"]]
        others = [
            order
            for order in WORLD.tables["orders"].values()
            if order.user_id == chosen.user_id and order.status == "pending" and order is not chosen
        ]
        down = re.search(r"cheapest|the least|lowest|smallest", draft.scenario.request)
        sign = -1 if down else 1
        total = chosen.payment_history[0].amount
        assert all(sign * (total - order.payment_history[0].amount) >= 1 for order in others)
        assert others


@pytest.mark.parametrize("name", ["exchange_for_savings", "modify_for_savings"])
def test_no_other_swap_saves_as_much(name: str) -> None:
    for draft in _drafts(RECIPES[name]):
        arguments = draft.actions[-1].arguments
        chosen: Order = WORLD.tables["orders"][arguments["order_id"]]
        savings = {}
        for order in WORLD.tables["orders"].values():
            if order.user_id != chosen.user_id or order.status != chosen.status:
                continue
            for item in order.items:
                for variant in WORLD.tables["products"][item.product_id].variants.values():
                    if variant.available and variant.item_id != item.item_id:
                        savings[order.order_id, item.item_id, variant.item_id] = item.price - variant.price
        best_key = max(savings, key=lambda key: savings[key])
        assert best_key == (arguments["order_id"], arguments["item_ids"][0], arguments["new_item_ids"][0])
        assert savings[best_key] > 0
        runner_up = max((value for key, value in savings.items() if key != best_key), default=0.0)
        assert savings[best_key] - runner_up > 0.25


def test_an_optimum_within_the_margin_is_none() -> None:
    assert best([1.0, 5.0, 3.0], lambda value: value, 1.0) == 5.0
    assert best([1.0, 5.0, 3.0], lambda value: value, 1.0, most=False) == 1.0
    for options in ([], [5.0, 4.5]):
        with pytest.raises(Exception, match="optimum"):
            best(options, lambda value: value, 1.0)


def test_answers_are_figures_that_the_user_asks_for() -> None:
    asked = 0
    for recipe in DOMAIN.recipes:
        for draft in _drafts(recipe):
            asked += len(draft.communicate)
            for answer in draft.communicate:
                assert _AMOUNT.fullmatch(answer)
                assert re.search("refund|get back|difference|price changes", draft.scenario.request)
                assert answer not in _said(draft.scenario)
    assert asked > 50


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_no_two_users_talk_alike(recipe: Recipe) -> None:
    scenarios = [draft.scenario for draft in _drafts(recipe)]
    assert len({scenario.request for scenario in scenarios}) > 0.9 * len(scenarios)
    assert len({scenario.reason_for_call for scenario in scenarios}) > 0.8 * len(scenarios)
    for scenario in scenarios:
        assert "{" not in _said(scenario) + _told(scenario)
        assert "  " not in _said(scenario)
        assert not re.search(r"\b(my|I'm|I|myself)\b", _told(scenario))
        assert scenario.task_instructions


def test_there_are_recipes_of_every_kind() -> None:
    kinds = [recipe.kind for recipe in DOMAIN.recipes]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"normal": 7, "write-intensive": 5, "read-heavy": 9}
