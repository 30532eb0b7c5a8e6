"""Conversations in which both seats have tools: whoever calls what in whatever order, the record is what was done."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.router import DOMAIN, generate
from writ_async.commands.replay import replay_row
from writ_async.conversation import Conversation, Rules
from writ_async.core.engine import Completion, Request
from writ_async.core.environment import Environment
from writ_async.core.message import (
    AssistantMessage,
    FunctionCall,
    Message,
    ToolCall,
    ToolMessage,
    UserMessage,
    make_call,
)
from writ_async.core.task import Scenario, Task, WorldRef
from writ_async.core.trajectory import Signal, Termination, Trajectory
from writ_async.verify.verdict import judge_trajectory

WORLD = generate(3, 6)
PLACE = Environment(DOMAIN, WORLD, WorldRef("router", seed=3, size=6))
TASK = Task(id="t", domain="router", kind="normal", world=PLACE.ref, scenario=Scenario("Your box is broken."))
BOX, ACCOUNT = "box7000", "acc4000"

_AGENT_CALLS = (
    ("look_up_account", {"account_id": ACCOUNT}),
    ("unblock_account", {"account_id": ACCOUNT}),
    ("unblock_account", {"account_id": "nobody"}),
    ("check_light", {"box": BOX}),  # the user's, and not the agent's
    ("send_update", {"account_id": ACCOUNT, "code": 1}),
)
_USER_CALLS = (
    ("check_light", {"box": BOX}),
    ("press_button", {"box": BOX}),
    ("pull_cable", {"box": BOX, "side": "left"}),
    ("pull_cable", {"box": BOX, "side": "up"}),
    ("unblock_account", {"account_id": ACCOUNT}),  # the agent's, and not the user's
)
_MALFORMED = ToolCall("m", FunctionCall("press_button", '{"box": '))


def _message(which: Sequence[int], words: str, malformed: bool) -> tuple[tuple[int, ...], str, bool]:
    return tuple(which), words, malformed


_TURNS = st.lists(
    st.builds(_message, st.lists(st.integers(0, 4), max_size=3), st.sampled_from(("", "Fine.", "Wait")), st.booleans()),
    max_size=14,
)


def _completion(request: Request, turn: tuple[tuple[int, ...], str, bool]) -> Completion:
    which, words, malformed = turn
    listed = _AGENT_CALLS if request.seat == "agent" else _USER_CALLS
    calls = tuple(make_call(f"{request.id}/{place}", *listed[one]) for place, one in enumerate(which))
    if malformed:
        calls = (*calls, _MALFORMED)
    return Completion(message=AssistantMessage(words or (None if calls else "Yes."), calls))


def _play(turns: Sequence[tuple[tuple[int, ...], str, bool]], rules: Rules | None = None) -> Trajectory:
    """A conversation of these turns, in each of which every view only grows."""
    conversation = Conversation(TASK, DOMAIN, WORLD, rules=rules)
    views: dict[str, list[Message]] = {}
    for turn in turns:
        request = conversation.request()
        if request is None:
            break
        before = views.get(request.session, [])
        assert list(request.messages[: len(before)]) == before
        assert request.tools == (DOMAIN.schemas if request.seat == "agent" else DOMAIN.user_schemas)
        views[request.session] = list(request.messages)
        conversation.receive(_completion(request, turn))
    conversation.stop(Termination.CANCELLED)
    return conversation.trajectory()


@given(turns=_TURNS)
def test_any_order_of_both_seats_calls_replays_to_the_same_hashes(
    turns: list[tuple[tuple[int, ...], str, bool]],
) -> None:
    row = _play(turns)
    assert list(replay_row(TASK, row, PLACE)) == []
    again = msgspec.json.decode(msgspec.json.encode(row), type=Trajectory)
    assert list(replay_row(TASK, again, PLACE)) == []
    assert len(row.chain) == sum(isinstance(message, ToolMessage) for message in row.messages)
    assert row.errors == sum(isinstance(message, ToolMessage) and message.error for message in row.messages)
    assert msgspec.json.encode(_play(turns)) == msgspec.json.encode(row)
    judge_trajectory(TASK, row, DOMAIN, WORLD)


@given(turns=_TURNS)
def test_what_a_users_tool_shows_stays_with_the_user(turns: list[tuple[tuple[int, ...], str, bool]]) -> None:
    conversation = Conversation(TASK, DOMAIN, WORLD)
    for turn in turns:
        request = conversation.request()
        if request is None:
            break
        own = "assistant" if request.seat == "agent" else "user"
        results = [message for message in request.messages if isinstance(message, ToolMessage)]
        assert {message.requestor for message in results} <= {own}
        heard = [message for message in request.messages if isinstance(message, UserMessage)]
        assert not any(message.tool_calls for message in heard)
        conversation.receive(_completion(request, turn))


@given(turns=_TURNS, flip=st.integers(0, 40))
def test_a_changed_result_of_a_users_tool_does_not_replay(
    turns: list[tuple[tuple[int, ...], str, bool]], flip: int
) -> None:
    row = _play(turns)
    places = [
        place
        for place, message in enumerate(row.messages)
        if isinstance(message, ToolMessage) and message.requestor == "user"
    ]
    if not places:
        return
    place = places[flip % len(places)]
    message = row.messages[place]
    assert isinstance(message, ToolMessage)
    for changed in (
        msgspec.structs.replace(message, content=f"{message.content}."),
        msgspec.structs.replace(message, requestor="assistant"),
    ):
        messages = (*row.messages[:place], changed, *row.messages[place + 1 :])
        assert list(replay_row(TASK, msgspec.structs.replace(row, messages=messages), PLACE))


def _said(words: str | None, *calls: ToolCall) -> Completion:
    return Completion(message=AssistantMessage(words, calls))


def test_words_beside_a_users_call_are_heard_by_nobody_and_end_nothing() -> None:
    conversation = Conversation(TASK, DOMAIN, WORLD)
    conversation.receive(_said("I look. ###STOP###", make_call("u", "check_light", {"box": BOX})))
    request = conversation.request()
    assert request is not None
    assert request.seat == "user"
    conversation.receive(_said("It is on."))
    request = conversation.request()
    assert request is not None
    assert [message.content for message in request.messages[1:]] == ["Hi! How can I help you today?", "It is on."]


def test_a_user_may_end_right_after_a_call_and_the_call_is_in_the_row() -> None:
    conversation = Conversation(TASK, DOMAIN, WORLD)
    conversation.receive(_said(None, make_call("u", "press_button", {"box": BOX})))
    conversation.receive(_said("###STOP###"))
    row = conversation.trajectory()
    assert (row.termination, row.signal) == (Termination.USER_STOP, Signal.STOP)
    assert list(replay_row(TASK, row, PLACE)) == []


def test_a_limit_reached_by_a_users_call_ends_the_conversation_there() -> None:
    row = _play([((0,), "", False)] * 9, Rules(max_steps=4))
    assert row.termination is Termination.MAX_STEPS
    assert isinstance(row.messages[-1], ToolMessage)
    assert list(replay_row(TASK, row, PLACE)) == []


def test_failed_calls_of_both_seats_count_together() -> None:
    conversation = Conversation(TASK, DOMAIN, WORLD, rules=Rules(max_errors=2))
    conversation.receive(_said(None, make_call("u", "unblock_account", {"account_id": ACCOUNT})))
    assert not conversation.ended
    conversation.receive(_said("Well?"))
    conversation.receive(_said(None, make_call("a", "check_light", {"box": BOX})))
    assert conversation.trajectory().termination is Termination.TOO_MANY_ERRORS


def test_a_fork_in_the_middle_of_a_users_calls_goes_its_own_way() -> None:
    conversation = Conversation(TASK, DOMAIN, WORLD)
    conversation.receive(_said(None, make_call("u", "pull_cable", {"box": BOX, "side": "left"})))
    fork = conversation.fork()
    fork.receive(_said(None, make_call("v", "pull_cable", {"box": BOX, "side": "right"})))
    for one in (conversation, fork):
        one.receive(_said("###STOP###"))
    rows = [conversation.trajectory(), fork.trajectory()]
    assert rows[0].digest != rows[1].digest
    assert [list(replay_row(TASK, row, PLACE)) for row in rows] == [[], []]


def test_an_answer_of_a_user_that_was_not_taken_is_asked_for_again_in_a_session_of_its_own() -> None:
    conversation = Conversation(TASK, DOMAIN, WORLD)
    first = conversation.request()
    assert first is not None
    ended = conversation.ask_again(_said("No."), "a reason")
    request = conversation.request()
    assert request is not None
    assert ended == first.session != request.session
    assert request.tools == DOMAIN.user_schemas


@pytest.mark.parametrize("seat", ["agent", "user"])
def test_a_history_with_calls_of_both_seats_is_made_again(seat: str) -> None:
    history: tuple[Message, ...] = (
        UserMessage("My box is broken."),
        AssistantMessage("Please press the button."),
        UserMessage(None, (make_call("h", "press_button", {"box": BOX}),)),
        ToolMessage("h", "recorded elsewhere", requestor="user"),
    )
    if seat == "agent":
        history = (*history, UserMessage("I pressed it."))
    conversation = Conversation(msgspec.structs.replace(TASK, message_history=history), DOMAIN, WORLD)
    request = conversation.request()
    assert request is not None
    assert request.seat == seat
    shown = [message for message in request.messages if isinstance(message, ToolMessage)]
    assert bool(shown) == (seat == "user")
