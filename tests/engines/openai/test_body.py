"""Bodies of requests: their exact bytes, and that writing only what is new gives the bytes of writing all."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.openai.body import BodyWriter, encode_message
from writ_engines.openai.options import OpenAIOptions, parameters

from writ_async.core.domain import Domain
from writ_async.core.engine import Request
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
from writ_async.core.trajectory import Seat

URL = "http://127.0.0.1:30000/v1"
VENDOR = "https://api.openai.com/v1"
TOOLS = ({"type": "function", "function": {"name": "look", "description": "", "parameters": {"type": "object"}}},)
TALK: list[Message] = [
    SystemMessage("Help."),
    UserMessage("Where is my order?"),
    AssistantMessage(None, (make_call("call_a", "look", {"id": "#1"}),)),
    ToolMessage("call_a", "Error: no", True),
]


def request(
    messages: Sequence[Message] = TALK,
    tools: Sequence[dict[str, Any]] = TOOLS,
    session: str = "t#0/agent",
    seat: Seat = "agent",
) -> Request:
    return Request(
        id=f"{session}/0", session=session, seat=seat, task_id="t", trial=0, turn=0, seed=7, messages=messages,
        tools=tools,
    )  # fmt: skip


def writer(url: str = URL, **options: Any) -> BodyWriter:
    made = OpenAIOptions(**{"model": "qwen", **options})
    return BodyWriter(
        made.model, parameters(made, url), parallel_tool_calls=made.parallel_tool_calls, seeded=made.send_seed
    )


MESSAGES = (
    '"messages":[{"role":"system","content":"Help."},{"role":"user","content":"Where is my order?"},'
    '{"role":"assistant","content":null,"tool_calls":[{"id":"call_a","function":{"name":"look",'
    '"arguments":"{\\"id\\":\\"#1\\"}"},"type":"function"}]},'
    '{"role":"tool","tool_call_id":"call_a","content":"Error: no"}]'
)
TOOLS_TEXT = '"tools":[{"type":"function","function":{"name":"look","description":"","parameters":{"type":"object"}}}]'


@pytest.mark.parametrize(
    ("url", "options", "body"),
    [
        (
            URL,
            {"temperature": 0.0, "top_p": 0.9, "max_tokens": 512},
            f'{{"model":"qwen",{MESSAGES},{TOOLS_TEXT},"tool_choice":"auto","seed":7,'
            '"temperature":0.0,"top_p":0.9,"max_tokens":512}',
        ),
        (
            VENDOR,
            {"model": "gpt-5.1", "reasoning_effort": "none", "temperature": 0.0, "max_tokens": 512},
            f'{{"model":"gpt-5.1",{MESSAGES},{TOOLS_TEXT},"tool_choice":"auto","seed":7,'
            '"temperature":0.0,"max_completion_tokens":512,"reasoning_effort":"none"}',
        ),
        (
            VENDOR,
            {"model": "gpt-5.1", "reasoning_effort": "medium", "temperature": 0.0, "top_p": 1.0},
            f'{{"model":"gpt-5.1",{MESSAGES},{TOOLS_TEXT},"tool_choice":"auto","seed":7,"reasoning_effort":"medium"}}',
        ),
        (
            URL,
            {"send_seed": False, "parallel_tool_calls": False, "extra": '{"top_k": 20, "tool_choice": "required"}'},
            f'{{"model":"qwen",{MESSAGES},{TOOLS_TEXT},"tool_choice":"required","parallel_tool_calls":false,"top_k":20}}',
        ),
        (URL, {"send_seed": False}, f'{{"model":"qwen",{MESSAGES},{TOOLS_TEXT},"tool_choice":"auto"}}'),
    ],
)
def test_bodies_are_these_bytes(url: str, options: dict[str, Any], body: str) -> None:
    assert writer(url, **options).write(request()).decode() == body


def test_a_seat_without_tools_is_sent_nothing_about_tools() -> None:
    bodies = writer(parallel_tool_calls=True, extra={"tool_choice": "auto", "top_k": 1})
    body = json.loads(bodies.write(request(TALK[:2], tools=(), seat="user")))
    assert body == {"model": "qwen", "messages": body["messages"], "seed": 7, "top_k": 1}


def test_the_whole_schemas_of_a_domain_are_sent_as_they_are(retail: Domain) -> None:
    body = json.loads(writer().write(request(tools=retail.schemas)))
    assert body["tools"] == list(retail.schemas)


@pytest.mark.parametrize("arguments", ["{broken", '"text"', "[1]", "null", "3", "", '{"a": NaN}', '{"a": "\\ud800"}'])
def test_arguments_that_are_no_object_are_sent_inside_one(arguments: str) -> None:
    message = AssistantMessage("x", (ToolCall("i", FunctionCall("look", arguments)),))
    sent = json.loads(encode_message(message))
    assert json.loads(sent["tool_calls"][0]["function"]["arguments"]) == {"malformed_arguments": arguments}
    assert sent["tool_calls"][0]["id"] == "i"
    assert message.tool_calls[0].function.arguments == arguments


def test_the_arguments_of_a_whole_call_are_sent_as_they_were_written() -> None:
    written = '{"b":1 , "a": [ ]}'
    sent = json.loads(encode_message(AssistantMessage(None, (ToolCall("i", FunctionCall("look", written)),))))
    assert sent["tool_calls"][0]["function"]["arguments"] == written


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
calls = st.builds(ToolCall, texts, st.builds(FunctionCall, texts, st.one_of(texts, st.just('{"a": 1}'))))
messages = st.one_of(
    st.builds(SystemMessage, texts),
    st.builds(UserMessage, texts),
    st.builds(AssistantMessage, st.one_of(st.none(), texts), st.lists(calls, max_size=3).map(tuple)),
    st.builds(ToolMessage, texts, texts, st.booleans()),
)


@given(st.lists(st.lists(messages, min_size=1, max_size=4), min_size=1, max_size=6))
def test_what_is_appended_gives_the_bytes_of_writing_all(parts: list[list[Message]]) -> None:
    kept = writer()
    view: list[Message] = []
    for part in parts:
        view.extend(part)
        body = kept.write(request(view))
        assert body == writer().write(request(view))
        plain = json.loads(body)["messages"]
        assert plain == [json.loads(encode_message(message)) for message in view]
    ids = {call.id for message in view if isinstance(message, AssistantMessage) for call in message.tool_calls}
    assert kept.history("t#0/agent").call_ids == ids


@given(st.lists(messages, min_size=1, max_size=6), st.lists(messages, max_size=6))
def test_a_session_that_did_not_grow_but_changed_is_written_anew(first: list[Message], second: list[Message]) -> None:
    kept = writer()
    kept.write(request(first))
    forked = [*first[:-1], UserMessage("otherwise"), *second]
    assert kept.write(request(forked)) == writer().write(request(forked))
    assert kept.write(request(first[:1])) == writer().write(request(first[:1]))


def test_a_message_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[Message] = []

    def counting(message: Message) -> bytes:
        encoded.append(message)
        return encode_message(message)

    monkeypatch.setattr("writ_engines.openai.body.encode_message", counting)
    kept = writer()
    view: list[Message] = []
    for turn in range(50):
        view += [UserMessage(f"question {turn}"), AssistantMessage(f"answer {turn}")]
        kept.write(request(view))
    assert encoded == view


def test_sessions_are_apart_and_forgotten_when_they_end() -> None:
    kept = writer()
    one = kept.write(request(TALK, session="a#0/agent"))
    kept.write(request(TALK[:1], session="b#0/agent"))
    assert kept.write(request(TALK, session="a#0/agent")) == one
    history = kept.history("a#0/agent")
    assert history.call_ids == {"call_a"}
    kept.forget("a#0/agent")
    kept.forget("a#0/agent")
    assert kept.history("a#0/agent") is not history
