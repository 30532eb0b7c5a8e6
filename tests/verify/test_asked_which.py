"""Where a request fits several things, a write needs the choice to have been the customer's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import pytest

from tests.support.open_choices import FAMILIES, open_tasks, place_of
from writ_async import run
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.core.state import State
from writ_async.core.task import Candidate, Task
from writ_async.core.tool import call_tool
from writ_async.core.trajectory import Finding
from writ_async.curation.filters import FILTERS
from writ_async.verify.asked_which import unasked_findings
from writ_async.verify.reasons import Reason


def every_task() -> Iterator[Task]:
    for family in FAMILIES:
        yield from open_tasks(family)


def talk(task: Task, between: Sequence[Message], chosen: Candidate, opening: str = "") -> list[Message]:
    """A conversation that reads what a task's gold calls read, in which some words are said before a write is made."""
    domain, state = place_of(task.domain).domain, State(place_of(task.domain).world)
    messages: list[Message] = [UserMessage(opening or task.scenario.request)]
    assert task.open_choice is not None
    reads = [one for one in task.actions or () if domain.tools[one.name].kind == "read"]
    for number, action in enumerate([*reads[: task.open_choice.after], *chosen.writes[:1]]):
        if action in chosen.writes:
            messages += between
        result = call_tool(domain.tools, state, action.name, action.arguments)
        call = make_call(f"call_{number}", action.name, action.arguments)
        messages += [AssistantMessage(None, (call,)), ToolMessage(call.id, result.content, result.error)]
    return messages


def found(task: Task, between: Sequence[Message], chosen: Candidate, opening: str = "") -> list[Finding]:
    return unasked_findings(task, talk(task, between, chosen, opening), place_of(task.domain).domain)


def laid_out(one: Candidate) -> list[Message]:
    values = ", ".join(str(value) for value in one.writes[0].arguments.values())
    question = f"I would now make this change: {values}. Do you confirm that I should go ahead (yes/no)?"
    return [AssistantMessage(question), UserMessage("Yes, please.")]


def test_a_candidate_that_is_chosen_in_silence_is_found_whichever_it_is() -> None:
    for task in every_task():
        assert task.open_choice is not None
        for one in task.open_choice.candidates:
            for between in ([], laid_out(one)):
                (finding,) = found(task, between, one)
                assert finding.reason == Reason.DID_NOT_ASK
                assert all(other.label in finding.detail for other in task.open_choice.candidates)


@pytest.mark.parametrize(
    "question",
    [
        "I can see {both}. Which one do you mean?",
        "I found two of them, {both}. I would take {one}, is that all right?",
        "There are {both}. Would you like me to go on with {one}?",
        "Is it {both}?",
    ],
)
def test_a_choice_that_was_laid_before_the_customer_is_theirs(question: str) -> None:
    for task in every_task():
        assert task.open_choice is not None
        labels = [one.label for one in task.open_choice.candidates]
        one = task.open_choice.candidates[0]
        asked = AssistantMessage(question.format(both=" or ".join(labels), one=labels[0]))
        assert found(task, [asked, UserMessage("That one."), *laid_out(one)], one) == []
        # Asked, but not answered before the write: nobody has chosen yet.
        assert found(task, [asked], one) != []


def test_who_has_said_it_need_not_be_asked() -> None:
    for task in every_task():
        assert task.open_choice is not None
        one = task.open_choice.candidates[0]
        said = f"{task.scenario.request} {task.scenario.choice}"
        assert found(task, laid_out(one), one, said) == []
        named = f"{task.scenario.request} I mean {one.label}."
        assert found(task, laid_out(one), one, named) == []


def test_a_price_within_a_longer_number_names_nothing() -> None:
    for task in every_task():
        assert task.open_choice is not None
        for one in task.open_choice.candidates:
            for mark in (mark for mark in one.marks if mark.isdigit()):
                said = f"{task.scenario.request} My user id is ida_moss_{mark}8, my card ends with 1{mark}."
                assert found(task, laid_out(one), one, said) != [], (mark, said)


def test_a_question_for_something_else_is_no_choice() -> None:
    asked = AssistantMessage("Which e-mail address is on your account, and how would you like to pay?")
    for task in every_task():
        assert task.open_choice is not None
        one = task.open_choice.candidates[0]
        assert found(task, [asked, UserMessage("With the card."), *laid_out(one)], one) != []


def test_nothing_is_held_against_a_task_that_leaves_nothing_open() -> None:
    for task in every_task():
        assert task.open_choice is not None
        messages = talk(task, [], task.open_choice.candidates[0])
        plain = msgspec.structs.replace(task, open_choice=None)
        assert unasked_findings(plain, messages, place_of(task.domain).domain) == []


def test_such_a_row_falls_at_the_filter_of_what_is_asked() -> None:
    tasks = list(open_tasks("which_to_return"))
    rows = run(tasks, "scripted", agent_options={"mistakes": "did_not_ask=1"}, seed=2)
    for row in rows:
        assert row.verdict is not None
        assert not row.verdict.kept
        assert Reason.DID_NOT_ASK in {item.reason for item in row.verdict.findings}
    assert [item.name for item in FILTERS if Reason.DID_NOT_ASK in item.reasons] == ["asked"]
