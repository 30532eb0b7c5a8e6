"""The scripted engine plays gold calls, errs as asked, and notes what it did."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from writ_engines.scripted import MISTAKES, ScriptedEngine
from writ_engines.scripted.agent_mistakes import can_be_made, parse_rates
from writ_engines.scripted.agent_turns import with_wrong_leaf
from writ_engines.scripted.plain_user import SpeechStyle, answer_to, first_message

from writ_async.api import make_tasks, run
from writ_async.conversation import Conversation
from writ_async.core.engine import Request
from writ_async.core.environment import Environment
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, call_arguments
from writ_async.core.task import Fact, Scenario, Task
from writ_async.core.trajectory import Termination, Trajectory
from writ_async.errors import EngineError, InputError
from writ_async.runs.worlds import open_worlds, world_key

NEED_SUCH_TASKS = {"condition_ignored", "gave_in", "first_wish_written", "did_not_ask"}
"""Mistakes for which few tasks give room."""
STYLE = SpeechStyle(upfront=False, yes="Yes.", nothing_more="That is all.")


def calls_of(row: Trajectory) -> list[tuple[str, str]]:
    return [
        (call.function.name, call.function.arguments)
        for message in row.messages
        if isinstance(message, AssistantMessage)
        for call in message.tool_calls
    ]


def play(tasks: list[Task], mistakes: str, **settings: Any) -> list[Trajectory]:
    return run(tasks, "scripted", None, agent_options={"mistakes": mistakes}, **settings)


def test_without_mistakes_exactly_the_gold_calls_are_made_in_order(tasks: list[Task]) -> None:
    for task, row in zip(tasks, play(tasks, ""), strict=True):
        made = [
            (call.function.name, call_arguments(call))
            for message in row.messages
            if isinstance(message, AssistantMessage)
            for call in message.tool_calls
        ]
        assert made == [(action.name, action.arguments) for action in task.actions or ()]
        assert row.notes == ()
        assert row.verdict is not None
        assert row.verdict.kept, row.verdict.findings


def test_every_write_is_described_and_confirmed_before_it_is_made(
    tasks: list[Task], retail_environment: Environment
) -> None:
    for row in play(tasks, ""):
        messages = row.messages
        for place, message in enumerate(messages):
            if isinstance(message, AssistantMessage) and message.tool_calls:
                name = message.tool_calls[0].function.name
                if name in retail_environment.domain.tools and retail_environment.domain.tools[name].kind == "write":
                    question, reply = messages[place - 2], messages[place - 1]
                    assert isinstance(question, AssistantMessage)
                    verb, _, what = name.replace("_", " ").partition(" ")
                    assert re.search(rf"\b{verb} (?:the |your )?{what}\b", question.content or "")
                    assert isinstance(reply, UserMessage)
                    assert "yes" in (reply.content or "").lower()


@pytest.fixture(scope="module")
def many_kinds(tasks: list[Task]) -> list[Task]:
    """Tasks among which are wishes that the data decide, refusals, and changes of mind."""
    return [*tasks, *make_tasks("retail", 60, seed=4, mix="normal=2,refusal=1", world_size=80)]


@pytest.mark.parametrize("kind", sorted(MISTAKES))
def test_each_mistake_is_made_noted_and_no_other(many_kinds: list[Task], kind: str) -> None:
    tasks = many_kinds
    rows = play(tasks, f"{kind}=1")
    places = open_worlds(tasks, None)
    for task, row in zip(tasks, rows, strict=True):
        place = places[world_key(task.world)]
        expected = [kind] if can_be_made(kind, task, place.domain, place.world) else []
        assert [note.kind for note in row.notes] == expected
    assert any(row.notes for row in rows)


def test_an_agent_that_talks_on_ends_at_the_limit_of_steps(tasks: list[Task]) -> None:
    for row in play(tasks[:3], "endless_talk=1"):
        assert row.termination is Termination.MAX_STEPS
        assert len(row.notes) == 1


def test_a_rate_is_spread_over_all_kinds() -> None:
    tasks = make_tasks("retail", 300, seed=9, world_size=150)
    counts = Counter(note.kind for row in play(tasks, "0.8", seed=1) for note in row.notes)
    assert set(counts) >= set(MISTAKES) - NEED_SUCH_TASKS
    assert not NEED_SUCH_TASKS.isdisjoint(counts)
    assert 0.6 * 300 < sum(counts.values()) < 0.95 * 300


def test_trials_of_a_task_differ_and_the_same_trial_does_not(tasks: list[Task]) -> None:
    first, again = (play(tasks[:6], "0.5", trials=4, seed=3) for _ in range(2))
    assert [calls_of(row) for row in first] == [calls_of(row) for row in again]
    by_task: dict[str, set[str]] = {}
    for row in first:
        by_task.setdefault(row.task_id, set()).add(str(row.messages))
    assert any(len(versions) > 1 for versions in by_task.values())


@pytest.mark.parametrize(
    "text", ["1.1", "-0.1", "x", "wrong_write", "wrong_write=x", "no_such=0.1", "wrong_write=.6,giving_up=.6"]
)
def test_rates_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="mistakes"):
        parse_rates(text)


@pytest.mark.asyncio
async def test_a_task_that_the_script_does_not_have_is_an_engine_error(
    tasks: list[Task], retail_environment: Environment
) -> None:
    request = Conversation(tasks[0], retail_environment.domain, retail_environment.world).request()
    assert isinstance(request, Request)
    with pytest.raises(EngineError, match="has no task"):
        await ScriptedEngine({}, {}, 0).complete(request)


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("Could you tell me your name?", "I am Ann. My zip is 1."),
        ("Shall I proceed (yes/no)?", "Yes."),
        ("Do you confirm these details?", "Yes."),
        ("All done. Is there anything else I can help you with?", "###STOP###"),
        ("I am sorry, I cannot help.", "###STOP###"),
        ("You are being transferred to a human agent, please hold on.", "###TRANSFER###"),
    ],
)
def test_the_user_goes_by_the_agents_words(said: str, reply: str) -> None:
    facts = (Fact("name", "Ann", "I am Ann."), Fact("zip", "1", "My zip is 1."))
    assert answer_to(Scenario("You want help.", request="Help me.", facts=facts), said, STYLE) == reply


def test_a_scenario_without_a_request_is_said_as_it_stands() -> None:
    scenario = Scenario("You want a refund.", known_info="You are Ann.", task_instructions="Be brief.")
    assert first_message(scenario, STYLE) == "You want a refund.\nYou are Ann.\nBe brief."


def test_a_spoiled_argument_is_another_value_of_the_same_shape_where_one_was_read() -> None:
    seen: Sequence[Message] = [ToolMessage("c", '{"orders": ["#W1234567", "#W7654321"], "zip": "12345"}')]
    assert with_wrong_leaf({"order_id": "#W1234567", "reason": "no longer needed"}, seen, "user_id") == {
        "order_id": "#W7654321",
        "reason": "no longer needed",
    }
    assert with_wrong_leaf({"user_id": "a_b_1", "amount": 7}, seen, "user_id") == {"user_id": "a_b_1", "amount": 8}
    assert with_wrong_leaf({"flights": [{"date": "x"}]}, seen, "user_id") == {"flights": [{"date": "x0"}]}


@pytest.mark.parametrize("domain", ["retail", "airline"])
def test_a_read_that_is_left_out_brings_no_later_wish_before_the_customer_says_it(domain: str) -> None:
    fit = [task for task in make_tasks(domain, 150, seed=1, behaviours="off") if task.first_wish is not None]
    rows = [row for row in play(fit, "skipped_evidence=1") if any(note.planted for note in row.notes)]
    assert len(rows) > 1
    for row in rows:
        assert row.verdict is not None
        assert "unconfirmed_write" not in {finding.reason for finding in row.verdict.findings}, row.id
