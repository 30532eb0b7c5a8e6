"""Levels on demand: recipes aim at them, what they declare holds, and worlds grow where they have too little."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.core.domain import Recipe
from writ_async.core.environment import Environment
from writ_async.core.level import ANY_EXTENT, BURDEN_LEVELS, WRITE_LEVELS, Extent, extent_of, level_of
from writ_async.core.task import Kind, Proof
from writ_async.registry import load_domain
from writ_async.runs.worlds import further_environment, generate_world
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.synthesis.aims import TaskWishes
from writ_async.synthesis.mix import AIMS, assign_extents
from writ_async.synthesis.proof import prove_task
from writ_async.synthesis.task_maker import make_task

GRID = [f"{writes}{burden}" for writes in WRITE_LEVELS for burden in BURDEN_LEVELS]
PLACES = {name: generate_world(load_domain(name), 51, 300) for name in ("retail", "airline")}
DRAWS = 6
AIMED = {
    "retail": ("cancel_extreme_order", "pay_extreme_order", "ship_like_extreme_order"),
    "airline": ("book_cheapest", "book_cheapest_nonstop", "bags_on_soonest_trip", "ask_for_fare"),
}


@given(st.integers(0, 8), st.integers(0, 40))
def test_the_extent_of_a_level_bounds_what_is_of_it_and_nothing_else(writes: int, burden: int) -> None:
    found = Extent((writes, writes), (burden, burden))
    meeting = [level for level in GRID if extent_of(level).meets(found)]
    assert meeting == [level_of(writes, burden)]
    assert extent_of(meeting[0][:2]).meets(found)
    assert extent_of(meeting[0][2:]).meets(found)
    assert extent_of("") == ANY_EXTENT


@pytest.mark.parametrize("domain", PLACES)
@pytest.mark.parametrize("level", ["W1R4", "W4R4", "W2R4", "W4R1"])
def test_a_hard_corner_is_filled_from_one_world(domain: str, level: str) -> None:
    tasks, report = synthesise_tasks([PLACES[domain]], 30, 3, parse_mix(""), TaskWishes(levels={level: 1.0}))
    assert [task.proof.level for task in tasks if task.proof] == [level] * 30
    assert report.unsound <= 30


@pytest.mark.parametrize("domain", PLACES)
def test_every_level_can_be_had(domain: str) -> None:
    wanted = TaskWishes(levels=dict.fromkeys(GRID, 1.0))
    tasks, report = synthesise_tasks(
        [PLACES[domain]], 4 * len(GRID), 3, parse_mix(""), wanted, further=further_environment
    )
    levels = [task.proof.level for task in tasks if task.proof]
    assert {level: levels.count(level) for level in GRID} == dict.fromkeys(GRID, 4)
    assert report.off_level < 12 * len(tasks)


def _prove(recipe: Recipe, place: Environment, seed: str, extent: Extent = ANY_EXTENT) -> tuple[int, Proof] | None:
    """How many writes a draw has, and its proof."""
    draft = recipe.draw(place.world, Random(seed), extent)
    if draft is None:
        return None
    task, _ = prove_task(make_task(draft, recipe, place, "t", 0), place.domain, place.world)
    if task is None or task.proof is None:
        return None
    return sum(place.domain.tools[action.name].kind == "write" for action in draft.actions), task.proof


@pytest.mark.parametrize("domain", PLACES)
def test_what_a_recipe_declares_it_can_come_to_is_so(domain: str) -> None:
    place = PLACES[domain]
    for recipe in place.domain.recipes:
        assert recipe.reach is not None
        for number in range(DRAWS):
            found = _prove(recipe, place, f"{recipe.name}/{number}")
            if found is not None:
                writes, proof = found
                here = Extent((writes, writes), (proof.burden, proof.burden))
                assert recipe.reach.extent.meets(here), (recipe.name, here)


@pytest.mark.parametrize(("domain", "name"), [(domain, name) for domain, names in AIMED.items() for name in names])
def test_a_recipe_keeps_its_kind_and_varies_its_burden(domain: str, name: str) -> None:
    """The same family at a burden of a few cells and of many, at the first draw more often than not."""
    place = PLACES[domain]
    recipe = next(one for one in place.domain.recipes if one.name == name)
    for level in ("R2", "R3", "R4"):
        extent = extent_of(level)
        found = [_prove(recipe, place, f"{level}/{number}", extent) for number in range(12)]
        burdens = [one[1].burden for one in found if one is not None]
        assert len(burdens) >= 8
        assert sum(extent.cells[0] <= burden <= extent.cells[1] for burden in burdens) >= 0.5 * len(burdens)


def test_a_draw_that_aims_at_nothing_is_of_a_customer_like_most() -> None:
    most = {"retail": ("orders", 6), "airline": ("reservations", 9)}
    for domain, (listed, limit) in most.items():
        place = PLACES[domain]
        users = place.world.tables["users"].values()
        regulars = {user.user_id for user in users if len(getattr(user, listed)) > limit}
        assert 0.05 < len(regulars) / len(users) < 0.16
        tasks, _ = synthesise_tasks([place], 60, 5, {"normal": 1.0})
        ids = {
            value
            for task in tasks
            for action in task.actions or ()
            for value in action.arguments.values()
            if isinstance(value, str)
        }
        theirs = {key for user in users if user.user_id in regulars for key in (user.user_id, *getattr(user, listed))}
        assert not ids & theirs


@pytest.mark.parametrize("domain", PLACES)
def test_the_default_mix_is_as_hard_as_the_benchmark(domain: str) -> None:
    """Writes and burdens as often high as in the benchmark's tasks of the domain (bench/levels.py prints both)."""
    tasks, _ = synthesise_tasks([PLACES[domain]], 240, 8, parse_mix(""), further=further_environment)
    proofs = [task.proof for task in tasks if task.proof]
    heavy = [task.proof.burden for task in tasks if task.proof and task.kind == "read-heavy"]
    assert sum(burden >= 9 for burden in heavy) >= 0.4 * len(heavy)
    assert sum(proof.level[:2] in ("W3", "W4") for proof in proofs) >= 0.183 * len(proofs)
    assert sum(proof.level[2:] in ("R3", "R4") for proof in proofs) >= 0.158 * len(proofs)
    assert len({task.world.seed for task in tasks}) == 1


def test_where_nothing_comes_to_what_is_aimed_at_tasks_are_drawn_as_they_come() -> None:
    place = generate_world(load_domain("airline"), 53, 10)
    tasks, _ = synthesise_tasks([place], 8, 9, {"write-intensive": 1.0})
    assert len(tasks) == 8


@given(st.lists(st.sampled_from(["normal", "read-heavy", "write-intensive", "refusal"]), max_size=60))
def test_what_kinds_are_to_come_to_is_spread_evenly_over_each(kinds: list[Kind]) -> None:
    found = assign_extents(kinds)
    for kind in set(kinds):
        aims = AIMS.get(kind, {ANY_EXTENT: 1.0})
        mine = [extent for one, extent in zip(kinds, found, strict=True) if one == kind]
        for extent, weight in aims.items():
            assert abs(mine.count(extent) - len(mine) * weight / sum(aims.values())) < len(aims)


def test_a_small_world_is_joined_by_larger_ones_where_a_corner_is_rare() -> None:
    place = generate_world(load_domain("retail"), 52, 12)
    tasks, _ = synthesise_tasks(
        [place], 60, 6, parse_mix(""), TaskWishes(levels={"W1R4": 1.0}), further=further_environment
    )
    assert {task.proof.level for task in tasks if task.proof} == {"W1R4"}
    sizes = [task.world.size for task in tasks]
    assert max(sizes) > 12
    assert all(size % 12 == 0 for size in sizes)
