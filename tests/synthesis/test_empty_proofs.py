"""A cell of which a domain offers no change proves nothing, on a library of one book."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import pytest

from writ_async.core.domain import Domain
from writ_async.core.goal import Decision, Edit, GoalRules, Key, Reader
from writ_async.core.state import State, World
from writ_async.core.task import Action, Goal, Scenario, Task, WorldRef
from writ_async.core.tool import ToolError, make_tools, read, write
from writ_async.synthesis.proof import Fault, examine_task


class Book(msgspec.Struct, frozen=True):
    title: str
    shelf: str
    lent: bool = False


@read
def look_up(state: State, title: str) -> Book:
    """Look a book up.

    Args:
        title: Its title.
    """
    book: Book | None = state.get("books", title)
    if book is None:
        raise ToolError("no such book")
    return book


@write
def lend(state: State, title: str, shelf: str) -> str:
    """Lend a book.

    Args:
        title: Its title.
        shelf: Where it stands.
    """
    state.put("books", title, msgspec.structs.replace(look_up(state, title), lent=True))
    return "lent"


Changes = Callable[[Reader, Key, Mapping[str, Any], Decision], Iterator[tuple[Edit, ...]]]


def other_shelf(reader: Reader, key: Key, params: Mapping[str, Any], decision: Decision) -> Iterator[tuple[Edit, ...]]:
    yield (("books", key[1], msgspec.structs.replace(reader.cells[key], shelf="B2")),)


def same_shelf(reader: Reader, key: Key, params: Mapping[str, Any], decision: Decision) -> Iterator[tuple[Edit, ...]]:
    yield (("books", key[1], msgspec.structs.replace(reader.cells[key])),)


def no_change(reader: Reader, key: Key, params: Mapping[str, Any], decision: Decision) -> Iterator[tuple[Edit, ...]]:
    return iter(())


def borrow(reader: Reader, params: Mapping[str, Any]) -> Decision:
    book = reader.read(("look_up", params["title"]))
    return Decision(writes=(Action("lend", {"title": book.title, "shelf": book.shelf}),))


def library(changes: Changes, standing_reads: frozenset[str] = frozenset()) -> Domain:
    rules = GoalRules(
        objectives={"borrow": borrow},
        fetch={"look_up": lambda state, title: state.get("books", title)},
        changes=changes,
        plans=lambda state, action: iter(()),
        standing_reads=standing_reads,
    )
    return Domain(
        name="library",
        policy="Lend what stands there.",
        tools=make_tools((look_up, lend)),
        generate=lambda seed, size: WORLD,
        load=lambda data: WORLD,
        dump=lambda state: {},
        goals=rules,
    )


WORLD = World("library", {"books": {"Emma": Book("Emma", "A1")}})
TASK = Task(
    id="a",
    domain="library",
    kind="normal",
    world=WorldRef("library"),
    scenario=Scenario("You want to borrow Emma.", request="I want to borrow Emma."),
    actions=(Action("look_up", {"title": "Emma"}), Action("lend", {"title": "Emma", "shelf": "A1"})),
    goals=(Goal("borrow", {"title": "Emma"}, (1,)),),
)


def test_a_cell_with_a_change_is_proved() -> None:
    found = examine_task(TASK, library(other_shelf), WORLD)
    assert found.problems == ()
    assert found.proof is not None
    assert found.proof.burden == 1


@pytest.mark.parametrize("changes", [no_change, same_shelf])
def test_a_cell_that_no_change_alters_is_a_fault_that_names_it(changes: Changes) -> None:
    (problem,) = examine_task(TASK, library(changes), WORLD).problems
    assert problem.fault is Fault.NO_COUNTER_WORLD
    assert "look_up('Emma')" in problem.detail
    assert "standing_reads" in problem.detail


def test_a_standing_read_needs_no_change() -> None:
    found = examine_task(TASK, library(no_change, frozenset({"look_up"})), WORLD)
    assert found.problems == ()
    assert [cell.name for cell in found.certificates[0].cells] == ["look_up"]
