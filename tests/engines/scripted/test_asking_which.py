"""The scripted agent asks which one is meant after it has looked, and the scripted user tells it only when asked."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from writ_engines.scripted.agent import AgentScript
from writ_engines.scripted.agent_plan import make_plan
from writ_engines.scripted.plain_user import SpeechStyle, reply_plainly
from writ_engines.scripted.user import UserScript

from tests.support.open_choices import FAMILIES, open_tasks, place_of
from writ_async import run
from writ_async.core.behaviour import Behaviour
from writ_async.core.engine import Request
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Seat
from writ_async.language.which import puts_choice
from writ_async.synthesis.behaviours import with_behaviours

ASKS = "I see more than one that fits. Which one do you mean?"
OTHERS = (
    "Sure. Could you give me your account details?",
    "I am about to make this change: order #W1234567. Do you confirm that I should go ahead (yes/no)?",
)


def request(task: Task, seat: Seat, turn: int, messages: Sequence[Message]) -> Request:
    return Request(
        id="r", session="s", seat=seat, task_id=task.id, trial=0, turn=turn, seed=0, messages=messages, tools=()
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_ask_once_all_is_read_that_shows_the_choice_and_before_the_write(family: str) -> None:
    place = place_of(FAMILIES[family])
    tasks, _ = with_behaviours(list(open_tasks(family)), {place.domain.name: place}, 4)
    for task, row in zip(tasks, run(tasks, "scripted", seed=2), strict=True):
        assert task.open_choice is not None
        asked = [
            index
            for index, message in enumerate(row.messages)
            if isinstance(message, AssistantMessage) and puts_choice(message.content or "", task.open_choice.nouns)
        ]
        calls = [
            (index, call.function.name)
            for index, message in enumerate(row.messages)
            if isinstance(message, AssistantMessage)
            for call in message.tool_calls
        ]
        writes = [index for index, name in calls if place.domain.tools[name].kind == "write"]
        assert asked[0] < writes[0]
        assert sum(index < asked[0] for index, _ in calls) >= task.open_choice.after
        assert not any(
            task.scenario.choice in (message.content or "")
            for message in row.messages[: asked[0]]
            if isinstance(message, UserMessage)
        )
        assert row.verdict is not None
        assert row.verdict.kept, row.verdict.findings


@pytest.mark.parametrize("family", FAMILIES)
def test_a_user_tells_which_one_when_asked_and_not_before(family: str) -> None:
    for task in open_tasks(family):
        user = UserScript(task, Behaviour(), Random(3))
        before = [user.reply(said) for said in ("", *OTHERS)]
        assert all(task.scenario.choice not in said for said in before)
        assert task.scenario.choice in user.reply(ASKS)


def test_a_plain_user_does_the_same() -> None:
    task = open_tasks("which_order")[0]
    style = SpeechStyle.draw(Random(1))

    def reply(said: str) -> str:
        messages = (AssistantMessage("Hello."), UserMessage(said))
        return reply_plainly(task, request(task, "user", 1, messages), style).message.content or ""

    assert reply(ASKS) == task.scenario.choice
    assert all(task.scenario.choice not in reply(said) for said in OTHERS)


def test_an_agent_that_gets_no_answer_asks_again_in_other_words() -> None:
    task = open_tasks("which_order")[0]
    domain = place_of("retail").domain
    first = request(task, "agent", 0, (UserMessage(task.scenario.said),))
    agent = AgentScript(task, domain, make_plan(task, domain, first, None, Random(1)), Random(2))
    turn = agent.next_turn(" ".join((task.scenario.request, *(fact.text for fact in task.scenario.facts))))
    while not turn.asks_which:
        turn = agent.next_turn(None if turn.kind == "call" else "Yes.")
    again = agent.next_turn("What do you mean?")
    assert again.asks_which
    assert again.text != turn.text
    after = agent.next_turn(task.scenario.choice)
    assert not after.asks_which
