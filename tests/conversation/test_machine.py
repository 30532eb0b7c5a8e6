from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.conversation import Conversation, Rules
from writ_async.core.engine import Completion
from writ_async.core.environment import Environment
from writ_async.core.message import (
    AssistantMessage,
    FunctionCall,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
    make_call,
)
from writ_async.core.task import Scenario, Task
from writ_async.core.trajectory import Signal, Termination, Usage


def make_task(retail_environment: Environment, **changes: Any) -> Task:
    scenario = Scenario("You want to cancel an order.", known_info="You are Ann.")
    task = Task(id="t", domain="retail", kind="normal", world=retail_environment.ref, scenario=scenario)
    return msgspec.structs.replace(task, **changes)


def start(retail_environment: Environment, *, rules: Rules | None = None, **changes: Any) -> Conversation:
    return Conversation(
        make_task(retail_environment, **changes), retail_environment.domain, retail_environment.world, rules=rules
    )


def text(content: str | None) -> Completion:
    return Completion(message=AssistantMessage(content))


def calls(*made: ToolCall) -> Completion:
    return Completion(message=AssistantMessage(None, made), finish_reason="tool_calls")


def some_user(retail_environment: Environment) -> str:
    return next(iter(retail_environment.world.tables["users"]))


def roles(messages: Sequence[Message]) -> list[str]:
    names = {SystemMessage: "system", UserMessage: "user", AssistantMessage: "assistant", ToolMessage: "tool"}
    return [names[type(message)] for message in messages]


def test_the_agent_greets_and_the_user_is_asked_first(retail_environment: Environment) -> None:
    conversation = start(retail_environment)
    request = conversation.request()
    assert request is not None
    assert request.seat == "user"
    assert roles(request.messages) == ["system", "user"]
    assert "You are Ann." in (request.messages[0].content or "")
    assert request.tools == ()


def test_without_a_greeting_the_rules_say_who_speaks_first(retail_environment: Environment) -> None:
    conversation = start(retail_environment, rules=Rules(greeting=None, first="agent"))
    request = conversation.request()
    assert request is not None
    assert request.seat == "agent"
    assert roles(request.messages) == ["system"]


def test_each_seat_sees_what_is_its_own_and_what_was_said_to_it(retail_environment: Environment) -> None:
    conversation = start(retail_environment)
    conversation.receive(text("Hello, I am Ann."))
    conversation.receive(calls(make_call("c0", "get_user_details", {"user_id": some_user(retail_environment)})))
    conversation.receive(text("I found you."))
    user_request = conversation.request()
    assert user_request is not None
    assert roles(user_request.messages) == ["system", "user", "assistant", "user"]
    conversation.receive(text("Good."))
    agent_request = conversation.request()
    assert agent_request is not None
    assert roles(agent_request.messages) == [
        "system", "assistant", "user", "assistant", "tool", "assistant", "user",
    ]  # fmt: skip
    assert agent_request.tools == retail_environment.domain.schemas


def test_what_was_thought_stands_in_the_row_and_in_the_seats_own_view_alone(retail_environment: Environment) -> None:
    conversation = start(retail_environment)
    said = [AssistantMessage("Hi.", reasoning="u\ud800"), AssistantMessage("Hello.", reasoning="a")]
    for message in said:
        conversation.receive(Completion(message=message))
    request = conversation.request()
    assert request is not None
    assert request.seat == "user"
    assert list(request.messages)[-2:] == [AssistantMessage("Hi.", reasoning="u?"), UserMessage("Hello.")]
    conversation.receive(text("###STOP###"))
    row = conversation.trajectory()
    assert [message for message in row.messages if isinstance(message, AssistantMessage)][-1] == said[1]
    assert b"u?" not in msgspec.json.encode(row)
    assert msgspec.json.decode(msgspec.json.encode(row), type=type(row)) == row


def test_several_calls_of_one_message_are_answered_in_their_order(retail_environment: Environment) -> None:
    conversation = start(retail_environment)
    conversation.receive(text("Hello"))
    user = some_user(retail_environment)
    made = (make_call("a", "get_user_details", {"user_id": user}), make_call("b", "calculate", {"expression": "1 + 2"}))
    conversation.receive(calls(*made))
    request = conversation.request()
    assert request is not None
    first, second = request.messages[-2:]
    assert isinstance(first, ToolMessage)
    assert isinstance(second, ToolMessage)
    assert (first.tool_call_id, second.tool_call_id, second.content) == ("a", "b", "3.0")
    assert conversation.steps == 3


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("get_user_details", '{"user_id": '),
        ("get_user_details", "[1]"),
        ("get_user_details", ""),
        ("get_user_details", "{}"),
        ("get_user_details", '{"user_id": "nobody"}'),
        ("get_user_details", '{"user_id": "x", "more": 1}'),
        ("get_user_details", '{"user_id": {"deep": []}}'),
        ("look_up_everything", "{}"),
    ],
)
def test_whatever_is_wrong_with_a_call_comes_back_as_an_error_message(
    retail_environment: Environment, name: str, arguments: str
) -> None:
    conversation = start(retail_environment)
    conversation.receive(text("Hello"))
    conversation.receive(calls(ToolCall("c", FunctionCall(name, arguments))))
    request = conversation.request()
    assert request is not None
    answer = request.messages[-1]
    assert isinstance(answer, ToolMessage)
    assert answer.error
    assert answer.content.startswith("Error: ")
    assert request.seat == "agent"


@pytest.mark.parametrize(
    ("token", "signal"),
    [("###STOP###", Signal.STOP), ("###TRANSFER###", Signal.TRANSFER), ("###OUT-OF-SCOPE###", Signal.OUT_OF_SCOPE)],
)
def test_the_user_ends_a_conversation_with_a_token(retail_environment: Environment, token: str, signal: Signal) -> None:
    conversation = start(retail_environment)
    conversation.receive(text(f"Thanks. {token}"))
    assert conversation.request() is None
    row = conversation.trajectory()
    assert (row.termination, row.signal) == (Termination.USER_STOP, signal)


def test_the_agent_cannot_end_a_conversation_unless_the_rules_let_it(retail_environment: Environment) -> None:
    conversation = start(retail_environment)
    conversation.receive(text("Hi"))
    conversation.receive(text("Bye ###STOP###"))
    assert not conversation.ended
    allowed = start(retail_environment, rules=Rules(agent_may_stop=True))
    allowed.receive(text("Hi"))
    allowed.receive(text("Bye ###STOP###"))
    assert allowed.trajectory().termination is Termination.AGENT_STOP


def test_an_empty_message_ends_the_conversation_as_an_error_of_its_seat(retail_environment: Environment) -> None:
    user = start(retail_environment)
    user.receive(text("  "))
    assert user.trajectory().termination is Termination.USER_ERROR
    agent = start(retail_environment)
    agent.receive(text("Hi"))
    agent.receive(text(None))
    assert agent.trajectory().termination is Termination.AGENT_ERROR


def test_steps_count_completions_and_tool_rounds(retail_environment: Environment) -> None:
    conversation = start(retail_environment, rules=Rules(max_steps=4))
    conversation.receive(text("Hi"))
    conversation.receive(calls(make_call("c", "calculate", {"expression": "1"})))
    assert not conversation.ended
    conversation.receive(text("One."))
    assert conversation.trajectory().termination is Termination.MAX_STEPS


def test_a_limit_reached_in_the_step_of_the_users_stop_counts_as_the_limit(retail_environment: Environment) -> None:
    conversation = start(retail_environment, rules=Rules(max_steps=1))
    conversation.receive(text("###STOP###"))
    assert conversation.trajectory().termination is Termination.MAX_STEPS


def test_too_many_failed_calls_end_a_conversation(retail_environment: Environment) -> None:
    conversation = start(retail_environment, rules=Rules(max_errors=2))
    conversation.receive(text("Hi"))
    conversation.receive(calls(make_call("a", "nothing", {}), make_call("b", "nothing", {})))
    assert conversation.trajectory().termination is Termination.TOO_MANY_ERRORS


def test_a_user_without_tools_is_told_so_and_goes_on(retail_environment: Environment) -> None:
    conversation = start(retail_environment)
    conversation.receive(calls(make_call("u", "get_user_details", {"user_id": some_user(retail_environment)})))
    request = conversation.request()
    assert request is not None
    assert request.seat == "user"
    answer = request.messages[-1]
    assert isinstance(answer, ToolMessage)
    assert answer.error
    assert answer.requestor == "user"


def test_receiving_after_the_end_is_refused(retail_environment: Environment) -> None:
    conversation = start(retail_environment)
    conversation.stop(Termination.CANCELLED)
    with pytest.raises(RuntimeError, match="has ended"):
        conversation.receive(text("Hi"))


def test_a_trajectory_of_a_conversation_that_goes_on_is_refused(retail_environment: Environment) -> None:
    with pytest.raises(RuntimeError, match="has not ended"):
        start(retail_environment).trajectory()


def test_a_recorded_history_is_executed_and_said_before_the_first_request(retail_environment: Environment) -> None:
    user = some_user(retail_environment)
    history: tuple[Message, ...] = (
        UserMessage("My address is wrong."),
        AssistantMessage(None, (make_call("h", "modify_user_address", _address(user)),)),
        ToolMessage("h", "recorded elsewhere"),
    )
    conversation = start(retail_environment, message_history=history)
    request = conversation.request()
    assert request is not None
    assert request.seat == "agent"
    assert roles(request.messages) == ["system", "user", "assistant", "tool"]
    assert conversation.state.digest() != retail_environment.world.digest()


def _address(user: str) -> dict[str, str]:
    place = {"address1": "1 Elm", "address2": "", "city": "Rome", "state": "NY", "country": "USA", "zip": "1"}
    return {"user_id": user, **place}


def test_a_fork_goes_its_own_way(retail_environment: Environment) -> None:
    user = some_user(retail_environment)
    conversation = start(retail_environment)
    conversation.receive(text("Hi"))
    fork = conversation.fork()
    fork.receive(calls(make_call("c", "modify_user_address", _address(user))))
    fork.receive(text("Done."))
    assert fork.state.digest() != conversation.state.digest() == retail_environment.world.digest()
    request = conversation.request()
    assert request is not None
    assert roles(request.messages) == ["system", "assistant", "user"]
    conversation.receive(text("What can I do?"))
    conversation.receive(text("###STOP###"))
    fork.receive(text("###STOP###"))
    assert len(fork.trajectory().chain) == 1
    assert conversation.trajectory().chain == ()


def test_usage_is_summed_per_seat(retail_environment: Environment) -> None:
    conversation = start(retail_environment)
    usage = Usage(requests=1, prompt_tokens=10, completion_tokens=2, cached_tokens=4)
    for _ in range(2):
        conversation.receive(Completion(message=AssistantMessage("Hi"), usage=usage))
    conversation.receive(Completion(message=AssistantMessage("###STOP###"), usage=usage))
    row = conversation.trajectory()
    assert row.usage["user"] == Usage(requests=2, prompt_tokens=20, completion_tokens=4, cached_tokens=8)
    assert row.usage["agent"].requests == 1


def test_halves_of_surrogate_pairs_are_replaced_so_that_a_row_can_be_written(retail_environment: Environment) -> None:
    conversation = start(retail_environment)
    conversation.receive(text("Hi \ud83d there ☃"))
    conversation.receive(calls(ToolCall("c\udc00", FunctionCall("calculate", '{"expression": "\ud800"}'))))
    conversation.stop(Termination.CANCELLED)
    row = conversation.trajectory()
    assert msgspec.json.decode(msgspec.json.encode(row), type=type(row)) == row
    assert row.messages[1] == UserMessage("Hi ? there ☃")


_TEXTS = st.sampled_from(["Hello.", "Yes.", "Done ###STOP###", "", "###TRANSFER###", "ünï ☃ \U0001f600"])
_CALLS = st.lists(
    st.builds(
        lambda name, arguments: (name, arguments),
        st.sampled_from(["calculate", "modify_user_address", "get_user_details", "no_such_tool"]),
        st.sampled_from(['{"expression": "2*3"}', "{", "null", '{"user_id": "x"}', "ADDRESS"]),
    ),
    min_size=1,
    max_size=3,
)


@given(st.lists(st.one_of(_TEXTS, _CALLS), max_size=25), st.integers(1, 12), st.integers(1, 5))
def test_any_sequence_of_completions_keeps_the_machine_whole(
    retail_environment: Environment, script: list[Any], max_steps: int, max_errors: int
) -> None:
    def play() -> tuple[Conversation, list[str]]:
        conversation = start(retail_environment, rules=Rules(max_steps=max_steps, max_errors=max_errors))
        ids: list[str] = []
        lengths = {"agent": 0, "user": 0}
        for number, item in enumerate(script):
            request = conversation.request()
            if request is None:
                break
            ids.append(request.id)
            assert len(request.messages) > lengths[request.seat]
            lengths[request.seat] = len(request.messages)
            if isinstance(item, str):
                conversation.receive(text(item))
            else:
                address = msgspec.json.encode(_address(some_user(retail_environment))).decode()
                made = tuple(
                    ToolCall(f"{number}_{place}", FunctionCall(name, address if arguments == "ADDRESS" else arguments))
                    for place, (name, arguments) in enumerate(item)
                )
                conversation.receive(calls(*made))
        conversation.stop(Termination.CANCELLED)
        return conversation, ids

    conversation, ids = play()
    row = conversation.trajectory()
    assert len(set(ids)) == len(ids)
    assert row.steps <= max_steps + 1
    made = [call for m in row.messages if isinstance(m, AssistantMessage | UserMessage) for call in m.tool_calls]
    answers = [m for m in row.messages if isinstance(m, ToolMessage)]
    assert [call.id for call in made] == [answer.tool_call_id for answer in answers]
    assert len(row.chain) == len(made)
    assert row.errors == sum(answer.error for answer in answers)
    again, _ = play()
    assert msgspec.json.encode(again.trajectory()) == msgspec.json.encode(row)
    assert msgspec.json.decode(msgspec.json.encode(row), type=type(row)) == row
