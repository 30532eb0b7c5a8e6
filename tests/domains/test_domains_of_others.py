"""Domains that others wrote wrong: what fails is said with its place, once, and costs no more than it must."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
import pytest

from writ_async import registry
from writ_async.api import make_tasks, run
from writ_async.core import tool as core_tool
from writ_async.core.domain import Domain, Recipe
from writ_async.core.tool import Tool
from writ_async.core.trajectory import Termination
from writ_async.errors import InputError
from writ_async.registry import load_domain, make_engine
from writ_async.runs import worlds
from writ_async.runs.worlds import generate_world


@pytest.fixture(autouse=True)
def own_domains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "domains_of_program", dict(registry.domains_of_program))
    monkeypatch.setattr(core_tool, "_told", set())
    monkeypatch.setattr(worlds, "domains_of_program", registry.domains_of_program)


def mine(**changes: Any) -> Domain:
    """The retail domain under a name of our own, with something else in it."""
    return msgspec.structs.replace(load_domain("retail"), name="mine", **changes)


def fail(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("a bug of mine")


@pytest.mark.parametrize(
    ("generate", "words"),
    [
        (fail, "its generator draws no world of 60 users: ZeroDivisionError: a bug of mine (domains/test_domains_of"),
        (lambda seed, size: {"users": {}}, "its generator gives a dict, not a World"),
    ],
)
def test_a_generator_that_fails_is_one_line_with_its_place(generate: Any, words: str) -> None:
    with pytest.raises(InputError, match="domain 'mine': ") as caught:
        generate_world(mine(generate=generate), 1, 60)
    assert words in str(caught.value)


def test_a_recipe_that_fails_is_left_out_and_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    recipes = load_domain("retail").recipes
    broken = tuple(Recipe(one.name, one.kind, fail) if place % 3 == 0 else one for place, one in enumerate(recipes))
    with caplog.at_level(logging.WARNING):
        tasks = make_tasks(mine(recipes=broken), 12, seed=1, world_size=60, behaviours="off")
    assert len(tasks) == 12
    names = {one.name for place, one in enumerate(recipes) if place % 3 == 0}
    assert not {task.recipe for task in tasks} & names
    told = [record.getMessage() for record in caplog.records]
    assert told
    assert len(told) == len(set(told))
    assert all(
        "failed and is left out: ZeroDivisionError: a bug of mine (domains/test_domains" in line for line in told
    )


def test_objectives_that_all_fail_end_in_one_line_that_names_the_recipes(caplog: pytest.LogCaptureFixture) -> None:
    goals = load_domain("retail").goals
    assert goals is not None
    objectives = dict.fromkeys(goals.objectives, fail)
    wrong = mine(goals=msgspec.structs.replace(goals, objectives=objectives))
    with pytest.raises(InputError, match=r"domain 'mine' can draw no task 1: recipe '\w+' failed: ZeroDivisionError"):
        make_tasks(wrong, 2, seed=1, mix="write-intensive=1", world_size=60, behaviours="off")


def test_a_tool_that_fails_on_good_arguments_is_an_error_to_the_model_and_told_to_its_author_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tools = dict(load_domain("retail").tools)
    tasks = make_tasks(mine(), 6, seed=2, world_size=60, mix="normal=1", behaviours="off")
    name = "get_user_details"
    fields = {field: getattr(tools[name], field) for field in Tool.__struct_fields__ if field != "words"}
    registry.register_domain(mine(tools={**tools, name: Tool(**{**fields, "function": fail})}))
    with caplog.at_level(logging.WARNING):
        rows = run(tasks, "scripted", seed=2)
    assert len(rows) == 6
    failed = [record.getMessage() for record in caplog.records if repr(name) in record.getMessage()]
    assert len(failed) == 1
    assert "fails on arguments of its declared types: ZeroDivisionError: a bug of mine (domains/test_dom" in failed[0]


def test_a_policy_that_fails_costs_the_conversations_that_it_judges(caplog: pytest.LogCaptureFixture) -> None:
    tasks = make_tasks(mine(), 6, seed=2, world_size=60, mix="information=1,write-intensive=1", behaviours="off")
    registry.register_domain(mine(why_forbidden=fail))
    with caplog.at_level(logging.WARNING):
        rows = run(tasks, "scripted", seed=2)
    lost = [row for row in rows if row.termination is Termination.UNEXPECTED_ERROR]
    assert 0 < len(lost) < len(rows) == 6
    assert all(row.verdict is not None for row in rows if row not in lost)
    assert all("could not be judged: ZeroDivisionError: a bug of mine (domains/test_do" in row.error for row in lost)
    assert sum("could not be judged" in record.getMessage() for record in caplog.records) == 1


def test_an_engine_that_cannot_be_made_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    factory = msgspec.structs.replace(registry.load_engine("scripted"), make=fail)
    monkeypatch.setattr(registry, "_load", lambda kind, name: factory)
    with pytest.raises(InputError, match=r"engine 'mine' cannot be made: ZeroDivisionError: a bug of mine \(domains/"):
        make_engine("mine", {}, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "load"), [("Domain", load_domain), ("EngineFactory", registry.load_engine)])
def test_an_entry_point_to_something_else_is_one_line(monkeypatch: pytest.MonkeyPatch, kind: str, load: Any) -> None:
    monkeypatch.setattr(registry, "_load", lambda kind, name: fail)
    with pytest.raises(InputError, match=f"its entry point is a function, not an? {kind}"):
        load("mine")
