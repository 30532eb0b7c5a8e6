"""Replies, whole and broken: each becomes a completion or a typed error."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.http import TransportError
from writ_engines.openai.failures import explain
from writ_engines.openai.options import Endpoint
from writ_engines.openai.reply import read_reply, reasoning_key

from tests.support.chat_double import chat
from tests.support.shared_data import SHARED, needs_shared
from writ_async.core.engine import Completion
from writ_async.core.message import AssistantMessage, FunctionCall, ToolCall, make_call
from writ_async.core.prices import Price
from writ_async.core.trajectory import Note, Seat, Usage
from writ_async.errors import EngineError, EngineErrorKind

ENDPOINT = Endpoint("http://h/v1", "MY_KEY", "sk-test-Zq81xV0pLmN3")
CALL = make_call("call_a", "look", {"city": "Paris"})


HELLO = AssistantMessage("Hello.")


def read(message: AssistantMessage = HELLO, **more: Any) -> Completion:
    return read_reply(chat(message, **more).body, 3)


def raw_calls(*calls: Any) -> bytes:
    """A reply whose tool calls are exactly these values."""
    body = json.loads(chat(AssistantMessage(None)).body)
    body["choices"][0]["message"]["tool_calls"] = list(calls)
    return json.dumps(body).encode()


def raw_call(arguments: Any, name: Any = "look", **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **fields}


def test_a_text_is_said() -> None:
    assert read() == Completion(
        message=AssistantMessage("Hello."),
        usage=Usage(requests=1, prompt_tokens=316, completion_tokens=13, cached_tokens=295),
    )


def test_several_calls_are_kept_in_order_beside_the_text() -> None:
    calls = (CALL, make_call("call_b", "look", {"city": "Rome"}))
    completion = read(AssistantMessage("Let me check.", calls))
    assert completion.message == AssistantMessage("Let me check.", calls)
    assert completion.finish_reason == "tool_calls"


@pytest.mark.parametrize("content", [None, ""])
def test_no_text_beside_calls_is_no_text(content: str | None) -> None:
    assert read(AssistantMessage(content, (CALL,))).message.content is None


def test_an_empty_answer_stays_empty() -> None:
    assert read(AssistantMessage("")).message == AssistantMessage("")
    assert read(AssistantMessage(None)).message == AssistantMessage(None)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('{"city": "Paris"}', '{"city": "Paris"}'),
        ('{"city" :  "Paris" }', '{"city" :  "Paris" }'),
        ({"city": "Paris"}, '{"city": "Paris"}'),
        ("", "{}"),
        ("  ", "{}"),
        ("null", "{}"),
        (None, "{}"),
        ('": {"', '": {"'),
        ('{"city": "Pa', '{"city": "Pa'),
        ("city=Paris", "city=Paris"),
        ([1, 2], "[1, 2]"),
        (7, "7"),
    ],
)
def test_arguments_are_kept_as_the_model_wrote_them(sent: Any, kept: str) -> None:
    message = read_reply(raw_calls(raw_call(sent, id="a")), 0).message
    assert message.tool_calls == (ToolCall("a", FunctionCall("look", kept)),)


def test_a_call_without_any_arguments_has_none() -> None:
    body = raw_calls({"id": "a", "type": "function", "function": {"name": "look"}})
    assert read_reply(body, 0).message.tool_calls[0].function.arguments == "{}"


def test_a_call_without_a_name_is_one_of_no_known_tool() -> None:
    for name in (None, ""):
        assert read_reply(raw_calls(raw_call("{}", name)), 0).message.tool_calls[0].function.name == "unnamed"


def test_missing_and_repeated_ids_are_made_unique_always_alike() -> None:
    body = raw_calls(
        raw_call("{}", id="a"),
        raw_call("{}", id="a"),
        raw_call("{}"),
        raw_call("{}", id=""),
        raw_call("{}", id=7),
        raw_call("{}", id="call_4_6"),
        raw_call("{}", id="a"),
        raw_call("{}", id="old"),
    )
    for _ in range(2):
        ids = [call.id for call in read_reply(body, 4, {"old", "call_4_2"}).message.tool_calls]
        assert ids == ["a", "call_4_1", "call_4_2_1", "call_4_3", "call_4_4", "call_4_6", "call_4_6_1", "call_4_7"]


@pytest.mark.parametrize(
    ("finish", "calls", "meant"),
    [
        ("stop", (), "stop"),
        ("length", (), "length"),
        ("length", (CALL,), "length"),
        ("stop", (CALL,), "tool_calls"),
        ("tool_calls", (CALL,), "tool_calls"),
        ("tool_calls", (), "stop"),
        ("function_call", (CALL,), "tool_calls"),
    ],
)
def test_finish_reasons(finish: str, calls: tuple[ToolCall, ...], meant: str) -> None:
    assert read(AssistantMessage("x", calls), finish=finish).finish_reason == meant


def failure(body: bytes) -> EngineError:
    with pytest.raises(EngineError) as raised:
        read_reply(body, 0)
    return raised.value


def test_a_content_filter_is_an_error_that_no_retry_mends() -> None:
    error = failure(chat(AssistantMessage("Partly"), finish="content_filter").body)
    assert error.kind is EngineErrorKind.CONTENT_FILTER
    assert not isinstance(error, TransportError)


@pytest.mark.parametrize("finish", ["abort", "error"])
def test_an_answer_that_the_server_broke_off_may_be_asked_for_again(finish: str) -> None:
    error = failure(chat(AssistantMessage("Partly"), finish=finish).body)
    assert error.kind is EngineErrorKind.ABORTED_BY_SERVER
    assert isinstance(error, TransportError)
    assert error.retryable


@pytest.mark.parametrize("finish", [None, "", "eos", 7, ["stop"], {"type": "stop"}])
def test_an_answer_without_a_known_end_is_not_taken_for_whole(finish: Any) -> None:
    body = json.loads(chat(AssistantMessage("Hm")).body)
    body["choices"][0]["finish_reason"] = finish
    assert failure(json.dumps(body).encode()).kind == "truncated"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": null, "finish_reason": "stop"}]}',
        b'{"choices": [{"message": {"content": 7}, "finish_reason": "stop"}]}',
        b'{"choices": [{"message": {"content": "\xff"}, "finish_reason": "stop"}]}',
        b'{"choices": [{"message": {"tool_calls": [{"function": null}]}, "finish_reason": "stop"}]}',
        b"[" * 100_000,
        b'{"usage": ' + b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_completion_is_told_as_such(body: bytes) -> None:
    assert failure(body).kind == "truncated"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ({"error": {"message": "busy", "code": 503}}, "overloaded", 503),
        ({"error": {"message": "slow down", "code": "429"}, "choices": []}, "overloaded", 429),
        ({"error": "out of memory"}, "server_error", 500),
        ({"error": {"message": "no", "code": "bad_thing"}}, "server_error", 500),
        ({"object": "error", "message": "The request queue is full.", "type": "503", "code": 503}, "overloaded", 503),
        ({"object": "error", "message": "no", "code": 400}, "bad_request", 400),
    ],
)
def test_an_error_inside_a_success_is_the_error_that_it_says_it_is(body: Any, kind: str, status: int) -> None:
    error = failure(json.dumps(body).encode())
    assert isinstance(error, TransportError)
    assert (error.kind, error.status) == (kind, status)


def test_what_was_thought_is_kept_apart_from_what_is_said() -> None:
    thinking = AssistantMessage("Hello.", reasoning="Let me think.")
    for key in ("reasoning_content", "reasoning"):
        assert read(HELLO, **{key: "Let me think."}).message == thinking
        assert reasoning_key(chat(HELLO, **{key: "Let me think."}).body) == key
        nothing: Any
        for nothing in (None, "", " ", 7, []):
            assert read(HELLO, **{key: nothing}).message == HELLO
    assert reasoning_key(chat(HELLO).body) == ""


@pytest.mark.parametrize(
    ("content", "text", "thought"),
    [
        ("<think>\nHm.\n</think>\n\nHello.", "Hello.", "Hm."),
        ("Hm.\n</think>\n\nHello.", "Hello.", "Hm."),
        ("<think>a</think><think>b</think>Hello.", "Hello.", "a\n\nb"),
        ("Hello.\n<think>now wait</think>\nBye.", "Hello.\nBye.", "now wait"),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"text": "Hello."}], "Hello.", "Hm."),
        ([{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hello."}], "Hello.", "Hm."),
    ],
)
def test_thinking_left_in_the_text_is_kept_apart(content: Any, text: str, thought: str) -> None:
    body = json.loads(chat(AssistantMessage("")).body)
    body["choices"][0]["message"]["content"] = content
    assert read_reply(json.dumps(body).encode(), 0).message == AssistantMessage(text, reasoning=thought)


TOOLS = {"look": {"city": {"type": "string"}}}


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>\n{"name": "look", "arguments": {"city": "Paris"}}\n</tool_call>',
        'Let me see.\n{"name": "look", "arguments": {"city": "Paris"}}',
        '```json\n{"name": "look", "parameters": {"city": "Paris"}}\n```',
        '{"name": "look", "parameters": {"city": "Paris"}}\nShall I look?',
        "<tool_call>\n<function=look>\n<parameter=city>\nParis\n</parameter>\n</function>\n</tool_call>",
        '<|python_tag|>look(city="Paris")',
        '[TOOL_CALLS][{"name": "look", "arguments": {"city": "Paris"}}]',
    ],
)
def test_a_call_that_the_server_left_in_the_text_stays_there_and_is_noted(text: str) -> None:
    for seat in ("agent", "user"):
        completion = read_reply(chat(AssistantMessage(text)).body, 3, seat=seat, tools=TOOLS)
        assert completion.message == AssistantMessage(text)
        [note] = [note for note in completion.notes if note.kind == "call_as_text"]
        assert (note.turn, note.matters, bool(note.detail)) == (3, seat == "agent", True)
    assert read_reply(chat(AssistantMessage('I found {"name": "Lamp", "price": 3}.')).body, 0, tools=TOOLS).notes == ()


@pytest.mark.parametrize(
    ("function", "kept", "noted"),
    [
        ({"name": "look", "parameters": {"city": "Paris"}}, '{"city": "Paris"}', []),
        ({"name": "look", "args": {"city": "Paris"}}, '{"city": "Paris"}', ["other_key"]),
        ({"name": "look", "input": '{"city": "Paris"}'}, '{"city": "Paris"}', ["other_key", "string_arguments"]),
        ({"name": "look", "city": "Paris"}, '{"city": "Paris"}', ["flat_arguments"]),
        ({"name": "look", "arguments": '"{\\"city\\": \\"Paris\\"}"'}, '{"city": "Paris"}', ["string_arguments"]),
        ({"name": "look", "arguments": None}, "{}", ["empty_arguments"]),
        ({"name": "look", "arguments": ""}, "{}", ["empty_arguments"]),
        ({"name": "look"}, "{}", []),
    ],
)
def test_arguments_in_another_shape_are_taken_and_noted(function: Any, kept: str, noted: list[str]) -> None:
    completion = read_reply(raw_calls({"id": "a", "function": function}), 0, tools=TOOLS)
    assert completion.message.tool_calls == (ToolCall("a", FunctionCall("look", kept)),)
    assert [note.kind for note in completion.notes] == noted


def test_one_odd_call_costs_that_call_and_not_the_answer() -> None:
    body = raw_calls(raw_call("{}", name=7, id="a"), raw_call('{"city": "Paris"}', id="b"))
    calls = read_reply(body, 0).message.tool_calls
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("unnamed", "{}"),
        ("look", '{"city": "Paris"}'),
    ]


def test_the_older_shape_of_one_call_is_read() -> None:
    body = json.loads(chat(AssistantMessage(None), finish="function_call").body)
    body["choices"][0]["message"]["function_call"] = {"name": "look", "arguments": '{"city": "Paris"}'}
    [call] = read_reply(json.dumps(body).encode(), 2).message.tool_calls
    assert call == ToolCall("call_2_0", FunctionCall("look", '{"city": "Paris"}'))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<think>\nHm.\n</think>\n\nHello.", "Hello."),
        ("Hm.\n</think>\n\nHello.", "Hello."),
        ("<think>Hm. I wonder", ""),
        ("Use <think> tags.", "Use <think> tags."),
        ([{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo."}], "Hello."),
        ([{"type": "thinking", "thinking": []}, {"type": "text", "text": "Hello."}, 7], "Hello."),
    ],
)
def test_thinking_left_in_the_text_is_taken_out(content: Any, text: str) -> None:
    body = json.loads(chat(AssistantMessage("")).body)
    body["choices"][0]["message"]["content"] = content
    assert read_reply(json.dumps(body).encode(), 0).message.content == text


def test_a_refusal_is_said_and_noted() -> None:
    completion = read(AssistantMessage(None), refusal="I cannot help with that.")
    assert completion.message == AssistantMessage("I cannot help with that.")
    assert completion.notes == (Note("refusal", 3, "I cannot help with that."),)
    assert read(refusal=None).notes == ()


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "prompt_tokens_details": {"cached_tokens": 60, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 12},
            },
            Usage(1, 100, 20, 60, 12),
        ),
        ({"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": None}, Usage(1, 100, 20)),
        ({"prompt_tokens": 100, "completion_tokens": 20, "reasoning_tokens": 5}, Usage(1, 100, 20, 0, 5)),
        ({"prompt_tokens": "many", "completion_tokens": -4, "prompt_tokens_details": 3}, Usage(1)),
        ({"prompt_tokens": 10**30, "completion_tokens": True, "prompt_tokens_details": []}, Usage(1)),
        ([1], Usage(1)),
        ("none", Usage(1)),
    ],
)
def test_usage_is_what_the_server_counted(given: Any, counted: Usage) -> None:
    assert read(usage=given).usage == counted


def test_a_known_price_makes_a_cost() -> None:
    body = chat(AssistantMessage("Hello.")).body
    usage = read_reply(body, 0, price=Price(input=1.25, cached=0.125, output=10.0)).usage
    assert usage.nano_dollars == 1250 * (316 - 295) + 125 * 295 + 10_000 * 13
    total = Usage()
    total.add(usage)
    total.add(usage)
    assert total.dollars == pytest.approx(2 * usage.nano_dollars / 1e9)


@needs_shared
def test_the_captured_answers_of_sglang_are_read() -> None:
    assert SHARED is not None
    read_as: dict[str, Completion] = {}
    for file in sorted((SHARED / "sglang" / "captures").glob("chat_*.json")):
        response = json.loads(file.read_text())["response"]
        if "body" in response:
            read_as[file.stem] = read_reply(json.dumps(response["body"]).encode(), 0)
    tools = read_as["chat_tools_again_cached"]
    assert tools.message.content == "Let me check."
    assert [call.function for call in tools.message.tool_calls] == [FunctionCall("get_weather", '{"city": "Paris"}')]
    assert tools.usage == Usage(1, 259, 37, 258)
    assert read_as["chat_tool_choice_required"].message.tool_calls[0].function.arguments == '": {"'
    assert read_as["chat_max_tokens_length"].finish_reason == "length"
    assert read_as["chat_tools_turn2_cached"].message == AssistantMessage("It is sunny in Paris.")
    aborted = json.loads((SHARED / "sglang" / "captures" / "abort_target_chat.json").read_text())["response"]["body"]
    assert failure(json.dumps(aborted).encode()).kind == "aborted_by_server"


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "choices", "message", "content", "tool_calls", "function", "name", "arguments", "id", "usage",
                    "finish_reason", "error", "code", "object", "refusal", "prompt_tokens", "prompt_tokens_details",
                    "cached_tokens", "detail",
                ]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=20,
)  # fmt: skip
choices = st.fixed_dictionaries(
    {
        "choices": st.lists(
            st.fixed_dictionaries(
                {
                    "message": st.fixed_dictionaries(
                        {"content": json_values, "refusal": json_values},
                        optional={
                            "tool_calls": st.lists(
                                st.fixed_dictionaries(
                                    {
                                        "id": json_values,
                                        "function": st.fixed_dictionaries(
                                            {"name": st.one_of(st.none(), st.text()), "arguments": json_values}
                                        ),
                                    }
                                ),
                                max_size=4,
                            )
                        },
                    ),
                    "finish_reason": st.one_of(st.sampled_from(["stop", "length", "tool_calls"]), json_values),
                }
            ),
            min_size=1,
            max_size=2,
        ),
        "usage": json_values,
    }
)


def whole(body: bytes) -> None:
    """A body gives a completion that a file can hold, or an EngineError."""
    try:
        completion = read_reply(body, 1, {"a"})
    except EngineError as error:
        explain(error, ENDPOINT, "m")
    else:
        assert msgspec.json.encode(completion)
        ids = [call.id for call in completion.message.tool_calls]
        assert len({*ids, "a"}) == len(ids) + 1


@given(st.one_of(json_values, choices))
def test_whatever_json_is_answered_gives_a_completion_or_an_engine_error(value: Any) -> None:
    whole(json.dumps(value).encode())


@given(st.binary(max_size=60))
def test_whatever_bytes_are_answered_give_an_engine_error(body: bytes) -> None:
    whole(body)


@given(st.integers(0, 600), st.integers(0, 255))
def test_whatever_is_torn_or_flipped_in_an_answer_gives_a_completion_or_an_engine_error(at: int, byte: int) -> None:
    body = chat(AssistantMessage("Let me check.", (CALL,))).body
    whole(body[:at])
    whole(body[:at] + bytes([byte]) + body[at + 1 :])


@pytest.mark.parametrize(("seat", "matters"), [("agent", True), ("user", False)])
def test_an_answer_that_was_cut_at_its_length_says_so(seat: Seat, matters: bool) -> None:
    completion = read_reply(chat(AssistantMessage("Shall I"), finish="length").body, 3, seat=seat)
    assert completion.notes == (Note("cut_at_length", 3, f"the {seat}, after 13 tokens", matters),)
