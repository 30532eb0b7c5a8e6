"""Every draft executes cleanly, rests on what was said or read, and has one answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from writ_domains.retail import DOMAIN
from writ_domains.retail.schema import Order

from tests.support.shared_data import TAU2_DATA, needs_shared
from writ_async.core.domain import Draft, Recipe, why_forbidden
from writ_async.core.environment import Environment
from writ_async.core.state import State, World
from writ_async.core.task import Action, Cell, Scenario, Task, WorldRef
from writ_async.core.tool import call_tool
from writ_async.synthesis.proof import prove_task
from writ_async.synthesis.task_maker import make_task

WORLD = DOMAIN.generate(5, 300)
RECIPES = {recipe.name: recipe for recipe in DOMAIN.recipes}
SEEDS = range(60)
_ID = re.compile(r"#W\d|\b\d{10}\b|_\d{4,}")
_AMOUNT = re.compile(r"\d+(\.\d{1,2})?")


@cache
def _drafts_of(name: str) -> tuple[Draft, ...]:
    made = [RECIPES[name].make(WORLD, Random(seed)) for seed in SEEDS]
    return tuple(draft for draft in made if draft is not None)


def _drafts(recipe: Recipe) -> tuple[Draft, ...]:
    """The drafts of a recipe that every test looks at; drawn once."""
    return _drafts_of(recipe.name)


def _atoms(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            # Whatever is reckoned with has to be known, each number of it.
            yield from re.findall(r"\d[\d.]*", item) if key == "expression" else _atoms(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _atoms(item)
    else:
        yield str(value)


def _said(scenario: Scenario) -> str:
    return scenario.said


def _told(scenario: Scenario) -> str:
    change = scenario.task_instructions if scenario.change else ""
    return " ".join([scenario.reason_for_call, scenario.known_info, change])


def _is_write(action: Action) -> bool:
    return DOMAIN.tools[action.name].kind == "write"


def _check_gold(draft: Draft, world: World) -> None:
    """No call fails, none is made twice, and whatever a call needs was said (in both persons) or read before."""
    state = State(world)
    seen, seen_by_model = [_said(draft.scenario).casefold()], [_told(draft.scenario).casefold()]
    read: list[Cell] = []
    for action in draft.actions:
        # What is told to the person who takes over is the agent's own words.
        for atom in _atoms(action.arguments) if action.name != DOMAIN.hand_over_tool else ():
            for texts in (seen, seen_by_model):
                assert any(atom.casefold() in text for text in texts), f"{action.name} needs {atom!r}"
        result = call_tool(DOMAIN.tools, state, action.name, action.arguments)
        assert not result.error, result.content
        if not _is_write(action):
            cell = Cell(action.name, action.arguments)
            assert cell not in read
            read.append(cell)
            seen.append(result.content.casefold())
            seen_by_model.append(result.content.casefold())
    writes = [number for number, action in enumerate(draft.actions) if _is_write(action)]
    assert sorted(write for goal in draft.goals for write in goal.writes) == writes


def _prove(recipe: Recipe, draft: Draft, world: World = WORLD) -> Task:
    """The task of a draft, with its proof."""
    place = Environment(DOMAIN, world, WorldRef("retail"))
    task, found = prove_task(make_task(draft, recipe, place, "t", 0), DOMAIN, world)
    assert task is not None, found.problems
    return task


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
    least, most = {"write-intensive": (2, 7), "refusal": (0, 0), "information": (0, 0)}.get(recipe.kind, (1, 1))
    for draft in _drafts(recipe):
        assert least <= sum(map(_is_write, draft.actions)) <= most


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_every_draft_but_a_few_is_proved(recipe: Recipe) -> None:
    drafts = _drafts(recipe)
    proved = [
        prove_task(make_task(draft, recipe, Environment(DOMAIN, WORLD, WorldRef("retail")), "t", 0), DOMAIN, WORLD)[0]
        for draft in drafts
    ]
    assert sum(task is not None for task in proved) >= 0.9 * len(drafts)


def _is_refused(state: State, write: Action) -> bool:
    forbidden = why_forbidden(DOMAIN, state, write.name, write.arguments)
    return bool(forbidden) or call_tool(DOMAIN.tools, state, write.name, write.arguments).error


@pytest.mark.parametrize("name", ["several_of_one_order", "refund_pays_next"])
def test_writes_in_a_fixed_order_fail_or_are_forbidden_in_another_one(name: str) -> None:
    for draft in _drafts(RECIPES[name])[:20]:
        writes = [action for action in draft.actions if _is_write(action)]
        state = State(WORLD)
        refused = [_is_refused(state, one) for one in reversed(writes)]
        assert any(refused)
        assert draft.pins
        assert draft.pins[0].text in draft.scenario.request


@pytest.mark.parametrize(
    "recipe", [one for one in RECIPES.values() if one.kind == "read-heavy"], ids=lambda one: one.name
)
def test_read_heavy_users_say_no_id_and_the_certificate_is_of_orders_of_theirs(recipe: Recipe) -> None:
    for draft in _drafts(recipe):
        scenario = draft.scenario
        assert not _ID.search(_said(scenario) + _told(scenario))
    task = _prove(recipe, _drafts(recipe)[0])
    (certificate,) = task.certificates
    user_id = next(cell.arguments["user_id"] for cell in certificate.cells if cell.name == "get_user_details")
    needed = {cell.arguments["order_id"] for cell in certificate.cells if cell.name == "get_order_details"}
    assert needed <= set(WORLD.tables["users"][user_id].orders)
    assert task.proof is not None
    assert task.proof.burden == len(certificate.cells) >= 3
    assert task.proof.path <= task.proof.burden


@pytest.mark.parametrize("recipe", [one for one in RECIPES.values() if one.kind == "refusal"], ids=lambda one: one.name)
def test_a_refusal_has_a_reason_that_reads_show_and_the_tools_or_the_policy_forbid_it(recipe: Recipe) -> None:
    for draft in _drafts(recipe)[:20]:
        task = _prove(recipe, draft)
        assert task.proof is not None
        assert task.proof.refused
        assert [certificate.write for certificate in task.certificates] == [None]
        assert task.gold_digest == WORLD.digest()


@pytest.mark.parametrize("name", ["cancel_extreme_order", "pay_extreme_order"])
def test_the_extreme_order_is_extreme_by_a_margin(name: str) -> None:
    for draft in _drafts(RECIPES[name]):
        chosen: Order = WORLD.tables["orders"][draft.actions[-1].arguments["order_id"]]
        others = [
            order
            for order in WORLD.tables["orders"].values()
            if order.user_id == chosen.user_id and order.status == "pending" and order is not chosen
        ]
        down = re.search(r"cheapest|the least|least expensive|lowest|smallest", draft.scenario.request)
        sign = -1 if down else 1
        total = chosen.payment_history[0].amount
        assert all(sign * (total - order.payment_history[0].amount) >= 5 for order in others)
        assert others


@pytest.mark.parametrize("name", ["exchange_for_savings", "modify_for_savings"])
def test_no_other_swap_saves_as_much(name: str) -> None:
    for draft in _drafts(RECIPES[name]):
        arguments = draft.actions[-1].arguments
        if "keep" in draft.goals[0].params["items"][0]["target"]:
            continue
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


def test_questions_have_an_answer_that_nobody_has_said_yet() -> None:
    for recipe in DOMAIN.recipes:
        if recipe.kind == "information":
            for draft in _drafts(recipe):
                assert 1 <= len(draft.communicate) <= len(draft.goals)
                assert all(answer not in _said(draft.scenario) for answer in draft.communicate if len(answer) > 2)


def test_amounts_beside_a_write_are_figures_that_the_user_asks_for() -> None:
    asked = 0
    for recipe in DOMAIN.recipes:
        if recipe.kind == "information":
            continue
        for draft in _drafts(recipe):
            asked += len(draft.communicate)
            for answer in draft.communicate:
                assert _AMOUNT.fullmatch(answer)
                assert re.search("refund|get back|difference|price changes", draft.scenario.request)
                assert re.search(rf"(?<![\w.#]){re.escape(answer)}(?![\d])", _said(draft.scenario)) is None
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
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "normal": 25,
        "write-intensive": 10,
        "read-heavy": 10,
        "refusal": 9,
        "information": 3,
    }
