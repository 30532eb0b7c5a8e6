"""Golds are what the words say: a second reading of requests agrees with them, and with no wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.independent import plants
from tests.independent.plants import distorted, gold_of
from tools.rereading.compare import rederive
from tools.rereading.sample import tasks_of_families
from writ_async.core.environment import Environment
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.registry import load_domain
from writ_async.runs.worlds import open_world

DOMAINS = ("airline", "retail")
Sample = dict[str, list[Task]]


def world_of(task: Task) -> World:
    return open_world(task.world, None).world


@pytest.fixture(scope="module")
def sample() -> Sample:
    """A few tasks of every family, by domain."""
    return {
        name: [task for _, tasks in tasks_of_families(load_domain(name), 4, 21, 200, 1) for task in tasks]
        for name in DOMAINS
    }


@pytest.mark.parametrize("name", DOMAINS)
def test_the_words_alone_give_the_golds_of_every_family(name: str, sample: Sample) -> None:
    domain = load_domain(name)
    findings = [rederive(task, world_of(task), domain) for task in sample[name]]
    assert [(one.task.recipe, one.what) for one in findings if one.what and not one.unread] == []
    unread = {one.task.recipe for one in findings if one.unread}
    assert len(unread) <= 0.1 * len(domain.recipes), f"tools/rereading does not know the words of {sorted(unread)}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [31, 32])
@pytest.mark.parametrize("name", DOMAINS)
def test_the_words_of_many_tasks_of_two_worlds_give_their_golds(name: str, seed: int) -> None:
    domain = load_domain(name)
    for _, tasks in tasks_of_families(domain, 12, seed):
        findings = [rederive(task, world_of(task), domain) for task in tasks]
        assert [(one.task.id, one.what) for one in findings if one.what] == []


WRONG: dict[str, tuple[str, Callable[[World], World]]] = {
    "a landing on the next day taken for an early one": (
        "airline", lambda world: distorted(world, "flights", plants.without_next_day)),
    "a wish for the time of departure dropped": (
        "airline", lambda world: distorted(world, "flights", plants.leaving_at_noon)),
    "the dearest flights for the cheapest": (
        "airline", lambda world: distorted(world, "flight_dates", plants.dear_for_cheap)),
    "another cabin": ("airline", lambda world: distorted(world, "flight_dates", plants.cabins_swapped)),
    "seats for one instead of all": (
        "airline", lambda world: distorted(world, "flight_dates", plants.seats_for_one)),
    "one passenger counted instead of all": (
        "airline", lambda world: distorted(world, "reservations", plants.one_passenger)),
    "the day after instead of the day": ("airline", plants.days_shifted),
    "delivered orders for pending ones": (
        "retail", lambda world: distorted(world, "orders", plants.statuses_swapped)),
    "what is out of stock": ("retail", lambda world: distorted(world, "products", plants.all_in_stock)),
    "the dearest variant for the cheapest": (
        "retail", lambda world: distorted(world, "products", plants.cheap_for_dear)),
}  # fmt: skip
"""Wrong predicates: the domain, and what world they would be right in."""


@pytest.mark.parametrize("wrong", WRONG)
def test_a_gold_of_a_wrong_predicate_is_found(wrong: str, sample: Sample) -> None:
    name, distort = WRONG[wrong]
    tasks = [task for task in sample[name] if task.goals]
    environments: dict[str, tuple[Environment, World]] = {}
    planted = found = 0
    for task in tasks:
        if task.world.digest not in environments:
            environment = open_world(task.world, None)
            environments[task.world.digest] = environment, distort(environment.world)
        environment, world = environments[task.world.digest]
        plant = gold_of(task, environment, world)
        if plant is not None:
            planted += 1
            found += bool(rederive(plant, environment.world, environment.domain).what)
    assert planted >= 1
    assert found == planted


def _with_other_method(task: Task) -> Task | None:
    """The task with a gold that pays by another method of the customer's."""
    users = world_of(task).tables["users"].values()
    for index, action in enumerate(task.actions or ()):
        for name in ("payment_id", "payment_method_id"):
            paying = action.arguments.get(name)
            others = [
                key for one in users if paying in one.payment_methods for key in one.payment_methods if key != paying
            ]
            if others:
                return _with_action(task, index, {**action.arguments, name: others[0]})
    return None


def _with_either_option(task: Task) -> Task | None:
    """The task with a gold that meets one of the options asked for and not the other: "or" for "and"."""
    products = world_of(task).tables["products"].values()
    for index, action in enumerate(task.actions or ()):
        for new in action.arguments.get("new_item_ids", ())[:1]:
            variants = next(one.variants for one in products if new in one.variants)
            wanted = variants[new].options.items()
            near = [
                key
                for key, one in variants.items()
                if key not in (new, action.arguments["item_ids"][0])
                and 0 < len(wanted & one.options.items()) < len(wanted)
            ]
            if near:
                ids = [near[0], *action.arguments["new_item_ids"][1:]]
                return _with_action(task, index, {**action.arguments, "new_item_ids": ids})
    return None


def _with_one_write_less(task: Task) -> Task | None:
    """The task with a gold that drops one of several wishes."""
    tools = load_domain(task.domain).tools
    writes = [one for one in task.actions or () if tools[one.name].kind == "write"]
    return msgspec.structs.replace(task, actions=tuple(writes[:-1])) if len(writes) > 1 else None


def _with_other_candidate(task: Task) -> Task | None:
    """The task with a gold for another one than the customer says they mean, or for one where they mean all."""
    if task.open_choice is None or len(task.certified_writes) != 1:
        return None
    (index,) = task.certified_writes
    gold = (task.actions or ())[index]
    other = next(one.writes[0] for one in task.open_choice.candidates if one.writes[0] != gold)
    return _with_action(task, index, other.arguments)


def _with_action(task: Task, index: int, arguments: dict[str, Any]) -> Task:
    actions = list(task.actions or ())
    actions[index] = msgspec.structs.replace(actions[index], arguments=arguments)
    return msgspec.structs.replace(task, actions=tuple(actions))


ALTERED: dict[str, tuple[str, Callable[[Task], Task | None]]] = {
    "another payment method": ("retail", _with_other_method),
    "another payment method of a change": ("airline", _with_other_method),
    "one option or the other for both": ("retail", _with_either_option),
    "another one than the one that is meant": ("retail", _with_other_candidate),
    "one wish of several dropped": ("airline", _with_one_write_less),
    "one wish of several dropped in the shop": ("retail", _with_one_write_less),
}
"""Golds that break a rule: the domain, and what makes one of a right gold."""


@pytest.mark.parametrize("wrong", ALTERED)
def test_an_altered_gold_is_found(wrong: str, sample: Sample) -> None:
    name, alter = ALTERED[wrong]
    planted = [plant for task in sample[name] if (plant := alter(task)) is not None]
    found = [bool(rederive(plant, world_of(plant), load_domain(name)).what) for plant in planted]
    assert len(planted) >= 5
    assert all(found)


def test_a_tie_has_no_single_answer(sample: Sample) -> None:
    """Every order of a customer costs the same: which is the dearest, or the cheapest, is open."""
    level = [task for task in sample["retail"] if task.recipe in ("cancel_extreme_order", "pay_extreme_order")]
    assert level
    for task in level:
        world = distorted(world_of(task), "orders", plants.all_alike)
        assert "no single answer" in rederive(task, world, load_domain("retail")).what
