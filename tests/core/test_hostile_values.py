"""What a model may write that is no mistake of a program, but would end one: numbers without end, runs of marks."""

from __future__ import annotations

import re
import string
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.api import make_tasks, run
from writ_async.behaviour.pieces import words_of
from writ_async.core.engine import Completion, Request
from writ_async.core.message import AssistantMessage, Message, UserMessage, make_call
from writ_async.core.state import State, World
from writ_async.core.task import Task
from writ_async.core.tool import Tool, call_tool
from writ_async.core.trajectory import Signal, Termination, TokenSequence, Trajectory
from writ_async.errors import InputError
from writ_async.runs.task_sets import require_playable
from writ_async.runs.worlds import open_worlds, world_key
from writ_async.verify.provenance import Seen
from writ_async.verify.told_values import values_in
from writ_async.verify.verdict import judge_trajectory

_LONG = 20_000
_SECONDS = 1.0


@pytest.fixture(scope="module")
def task() -> Task:
    return make_tasks("airline", 1, seed=1, world_size=60)[0]


def _echo(state: State, value: Any) -> Any:
    return value


_SCHEMA = {"type": "function", "function": {"name": "echo"}}
_TOOL = Tool("echo", "read", _SCHEMA, _echo, frozenset(), frozenset({"value"}))


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, 10**309, -(10**400), 10**4299, [1, {"a": [10**500]}]])
def test_a_number_without_end_is_an_error_result(value: Any) -> None:
    result = call_tool({"echo": _TOOL}, State(World("none", {})), "echo", {"value": value})
    assert result.error
    assert "echo could not use an argument" in result.content


@given(st.one_of(st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False), st.booleans()))
def test_other_numbers_reach_the_tool(value: float) -> None:
    assert not call_tool({"echo": _TOOL}, State(World("none", {})), "echo", {"value": value}).error


def test_a_number_without_end_in_a_row_of_others_was_not_seen() -> None:
    assert not Seen().has_number(10**400)


class _Boaster:
    """An agent that calls a write with a number of hundreds of digits, then says that it is done."""

    async def complete(self, request: Request) -> Completion:
        if request.seat == "user":
            return Completion(message=AssistantMessage("###STOP###" if request.turn else "I want more bags."))
        if request.turn:
            return Completion(message=AssistantMessage("Done."))
        arguments = {"reservation_id": "ABC", "total_baggages": 10**309, "nonfree_baggages": 1, "payment_id": "x"}
        return Completion(message=AssistantMessage(None, (make_call("c", "update_reservation_baggages", arguments),)))

    def end_session(self, session: str) -> TokenSequence | None:
        return None

    async def aclose(self) -> None:
        return None


def test_such_a_call_costs_its_own_conversation_and_no_other(task: Task) -> None:
    rows = run([task], _Boaster(), trials=3)
    assert len(rows) == 3
    assert all(row.verdict is not None and not row.verdict.kept for row in rows)


_UNITS = [*string.punctuation, " ", "\n", "a", "7", "1,", "1.", "a.", "a'", "#W", "1/", "1:", "May ", "I am ", "A b "]


@pytest.mark.parametrize("unit", _UNITS)
def test_a_verdict_takes_no_longer_on_long_runs_of_anything(task: Task, unit: str) -> None:
    opened = open_worlds([task], None)[world_key(task.world)]
    text = "I need help" + unit * (_LONG // len(unit))
    talk: tuple[Message, ...] = (
        AssistantMessage("Hi!"),
        UserMessage(text),
        AssistantMessage(f"{text}?"),
        UserMessage("###STOP###"),
    )
    row = Trajectory(
        id="t#0", task_id=task.id, domain="airline", kind=task.kind, trial=0, seed=1, messages=talk,
        termination=Termination.USER_STOP, signal=Signal.STOP,
    )  # fmt: skip
    started = time.process_time()
    judge_trajectory(task, row, opened.domain, opened.world)
    assert time.process_time() - started < _SECONDS


_TEXTS = st.text(st.sampled_from("aZ9#@._$'+- \né"), max_size=60)


@given(_TEXTS)
def test_words_are_those_that_end_with_a_letter_or_digit(text: str) -> None:
    slow = re.findall(r"[#@\w.$'+-]*\w", text.casefold())
    assert words_of(text) == {word.lstrip("'.-+").removesuffix("'s") for word in slow}


@given(_TEXTS)
def test_values_hold_no_marks_at_their_end(text: str) -> None:
    assert not [value for value in values_in(text) if value.endswith(("'", "+", "-", "#"))]


def test_a_gold_solution_that_names_no_tool_is_refused_with_the_task_and_the_name(task: Task) -> None:
    opened = open_worlds([task], None)
    require_playable([task], opened)
    action, *others = task.actions or ()
    misspelt = msgspec.structs.replace(action, name=f"{action.name}s")
    wrong = msgspec.structs.replace(task, actions=(misspelt, *others))
    with pytest.raises(InputError, match=f"task '{task.id}': .*no tool '{action.name}s'; did you mean '{action.name}'"):
        require_playable([wrong], opened)
    cell = task.certificates[0].cells[0]
    strange = msgspec.structs.replace(task.certificates[0], cells=(msgspec.structs.replace(cell, name="look"),))
    with pytest.raises(InputError, match="no tool 'look'"):
        require_playable([msgspec.structs.replace(task, certificates=(strange,))], opened)
    far = msgspec.structs.replace(task.certificates[0], write=99)
    with pytest.raises(InputError, match="a certificate is of action 99"):
        require_playable([msgspec.structs.replace(task, certificates=(far,))], opened)
