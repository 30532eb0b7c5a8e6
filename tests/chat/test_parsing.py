"""Whatever a model emits becomes a message, and what is wrong with a call reaches the model as an error."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.chat_plays import speech
from writ_async.chat import FAMILIES, Defect, FamilyFormat, Parsed
from writ_async.chat.format import parse_text, parser_for
from writ_async.chat.parsed import MALFORMED
from writ_async.core.message import AssistantMessage, MalformedArgumentsError, ToolCall, call_arguments, make_call

QWEN, LLAMA = "qwen3-instruct-2507", "llama-3.1-instruct"


def qwen(text: str) -> Parsed:
    return FAMILIES[QWEN].parse(text, 0)


def llama(text: str) -> Parsed:
    return FAMILIES[LLAMA].parse(text, 0)


def calls(parsed: Parsed) -> list[tuple[str, str]]:
    return [(call.function.name, call.function.arguments) for call in parsed.message.tool_calls]


def is_told(call: ToolCall) -> bool:
    """Whether a conversation answers this call with an error: it has no arguments, or no tool has its name."""
    try:
        call_arguments(call)
    except MalformedArgumentsError:
        return True
    return call.function.name == MALFORMED


FUZZ = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(
                    "<tool_call>",
                    "</tool_call>",
                    "<tool_call>\n",
                    "\n</tool_call>",
                    "<think>",
                    "</think>",
                    "\n",
                    " ",
                    ";",
                ),
                *('{"name": "f", "arguments": {"a": 1}}', '{"name": "f", "parameters": {}}', '{"name": "', '", '),
                *('"arguments": ', "{", "}", "[", '"', "\\", "null", "1e999", "\\ud800", "<|python_tag|>", "NaN"),
                *('{"name": 1}', '{"name":"f","arguments":"{\\"a\\": 1}"}', '{"type": "function", "name": "g"}'),
            ]
        ),
        st.text(max_size=8),
    ),
    max_size=14,
).map("".join)


@settings(max_examples=1500)
@given(text=FUZZ, turn=st.integers(0, 50), name=st.sampled_from([QWEN, LLAMA]))
def test_no_text_makes_a_parser_raise_and_no_call_is_lost(text: str, turn: int, name: str) -> None:
    parsed = FAMILIES[name].parse(text, turn)
    made = parsed.message.tool_calls
    assert [call.id for call in made] == [f"call_{turn}_{index}" for index in range(len(made))]
    assert all(call.function.name for call in made) or name  # a model may call a tool of no name: no tool has it
    if name == QWEN and "<tool_call>" in text and "think>" not in text:
        assert made
    if {Defect.BROKEN_JSON, Defect.WRONG_SHAPE, Defect.ARGUMENTS_NOT_OBJECT} & set(parsed.defects):
        assert any(is_told(call) or call.function.name == "f" for call in made)
    if Defect.BROKEN_JSON in parsed.defects:
        assert any(is_told(call) for call in made)
    json.dumps([parsed.message.content, [call.function.arguments for call in made]])


@pytest.mark.parametrize("depth", [10_000, 1_000_000])
def test_deep_nesting_is_one_malformed_call(depth: int) -> None:
    for parsed in (
        qwen('<tool_call>\n{"name": "f", "arguments": ' + "[" * depth),
        llama('{"name": "f", "parameters": ' + "[" * depth),
    ):
        assert is_told(parsed.message.tool_calls[0])


@settings(max_examples=200)
@given(st.data())
def test_what_a_family_writes_is_read_as_the_same_message(
    formats: dict[str, FamilyFormat], data: st.DataObject
) -> None:
    values = st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    )
    arguments = st.dictionaries(st.text(max_size=6), values, max_size=3)
    text = speech(data.draw(st.randoms(use_true_random=False)), [data.draw(st.text(max_size=30))])
    for name, chat in formats.items():
        several = 1 if name == LLAMA else 3
        drawn = data.draw(st.lists(arguments, max_size=several))
        made = tuple(make_call(f"call_3_{index}", "get_order", item) for index, item in enumerate(drawn))
        content = text if not made or (name != LLAMA and data.draw(st.booleans())) else None
        message = AssistantMessage(content, made)
        parsed = chat.parse(str(chat.write(message)), 3)
        assert parsed.defects == ()
        assert parsed.message.content == content
        assert [call.id for call in parsed.message.tool_calls] == [call.id for call in made]
        assert [call_arguments(call) for call in parsed.message.tool_calls] == [call_arguments(call) for call in made]
        assert str(chat.write(parsed.message)) == str(chat.write(message))


def test_text_alone_is_kept_to_the_letter() -> None:
    assert qwen(" Hello \n").message == AssistantMessage(" Hello \n")
    assert llama(" Hello {you} \n").message == AssistantMessage(" Hello {you} \n")
    assert qwen("").message == AssistantMessage("")


def test_arguments_stay_as_the_model_typed_them() -> None:
    parsed = qwen('<tool_call>\n{"name": "f", "arguments": {"b":1,"a": 2.50 , "c":"\\u00e9"}}\n</tool_call>')
    assert calls(parsed) == [("f", '{"b":1,"a": 2.50 , "c":"\\u00e9"}')]
    assert parsed.message.content is None
    assert parsed.defects == ()


def test_text_around_calls_is_kept() -> None:
    parsed = qwen('Let me see.\n<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>\nDone soon.')
    assert parsed.message.content == "Let me see.\nDone soon."
    assert parsed.defects == (Defect.TEXT_AFTER_CALL,)
    parsed = llama('Let me see. {"name": "f", "parameters": {}} Done soon.')
    assert (parsed.message.content, calls(parsed)) == ("Let me see.\nDone soon.", [("f", "{}")])


def test_several_calls_are_all_taken() -> None:
    one = '<tool_call>\n{"name": "f", "arguments": {"n": 1}}\n</tool_call>'
    assert calls(qwen(f"{one}\n{one}")) == [("f", '{"n": 1}')] * 2
    parsed = llama('{"name": "f", "parameters": {}}; {"name": "g", "parameters": {}}')
    assert calls(parsed) == [("f", "{}"), ("g", "{}")]
    assert parsed.defects == (Defect.SEVERAL_CALLS,)
    shared = qwen('<tool_call>{"name": "f", "arguments": {}}\n{"name": "g", "arguments": {}}</tool_call>')
    assert calls(shared) == [("f", "{}"), ("g", "{}")]
    assert shared.defects == (Defect.SHARED_TAG,)


def test_a_tag_inside_an_argument_ends_nothing() -> None:
    body = '{"name": "f", "arguments": {"note": "</tool_call><tool_call> </think>"}}'
    assert calls(qwen(f"<tool_call>\n{body}\n</tool_call>")) == [("f", '{"note": "</tool_call><tool_call> </think>"}')]


def test_broken_json_is_a_call_whose_arguments_are_the_whole_text() -> None:
    for body in ('{"name": "f", "arguments": {"a": 1}', "{'name': 'f'}", '{"name": "f", "arguments": {"a": NaN}}', ""):
        parsed = qwen(f"<tool_call>\n{body}\n</tool_call>")
        assert parsed.defects == (Defect.BROKEN_JSON,)
        [call] = parsed.message.tool_calls
        assert call.function.arguments == body
        assert call.function.name == ("f" if '"name"' in body else MALFORMED)
        assert is_told(call)
    parsed = llama('{"name": "f", "parameters": {"name": "Bob"')
    assert calls(parsed) == [("f", '{"name": "f", "parameters": {"name": "Bob"')]
    assert parsed.defects == (Defect.BROKEN_JSON,)


def test_json_of_another_shape_is_a_malformed_call() -> None:
    for body in ("[1]", "5", '"f"', '{"tool": "f"}', '{"name": 3, "arguments": {}}', '{"name": null}'):
        parsed = qwen(f"<tool_call>{body}</tool_call>")
        assert parsed.defects == (Defect.WRONG_SHAPE,)
        assert calls(parsed) == [(MALFORMED, body)]
        assert is_told(parsed.message.tool_calls[0])


def test_arguments_that_are_no_object_reach_the_model_as_an_error() -> None:
    for value in ("[1]", "5", '"text"'):
        parsed = qwen(f'<tool_call>{{"name": "f", "arguments": {value}}}</tool_call>')
        assert parsed.defects == (Defect.ARGUMENTS_NOT_OBJECT,)
        assert calls(parsed) == [("f", value)]
        assert is_told(parsed.message.tool_calls[0])


def test_a_string_that_holds_an_object_is_taken_for_the_object() -> None:
    parsed = qwen('<tool_call>{"name": "f", "arguments": "{\\"a\\": 1}"}</tool_call>')
    assert calls(parsed) == [("f", '{"a": 1}')]
    assert parsed.defects == (Defect.STRING_ARGUMENTS,)


def test_a_call_without_arguments_has_none() -> None:
    assert calls(qwen('<tool_call>{"name": "f"}</tool_call>')) == [("f", "{}")]
    assert calls(llama('{"name": "f"}')) == [("f", "{}")]


def test_parameters_and_arguments_mean_the_same() -> None:
    assert calls(qwen('<tool_call>{"name": "f", "parameters": {"a": 1}}</tool_call>')) == [("f", '{"a": 1}')]
    assert calls(llama('{"name": "f", "arguments": {"a": 1}}')) == [("f", '{"a": 1}')]


def test_a_call_that_was_never_closed_is_a_call() -> None:
    parsed = qwen('<tool_call>\n{"name": "f", "arguments": {}}')
    assert (calls(parsed), parsed.defects) == ([("f", "{}")], (Defect.UNCLOSED_CALL,))
    parsed = qwen('<tool_call>\n{"name": "f", "argu')
    assert parsed.defects == (Defect.UNCLOSED_CALL, Defect.BROKEN_JSON)
    assert is_told(parsed.message.tool_calls[0])
    parsed = qwen('<tool_call>{"name": "f", "arguments": {}}<tool_call>{"name": "g", "arguments": {}}</tool_call>')
    assert calls(parsed) == [("f", "{}"), ("g", "{}")]


def test_an_end_without_a_beginning_is_noted() -> None:
    parsed = qwen('{"name": "f", "arguments": {}}\n</tool_call>')
    assert (calls(parsed), parsed.defects) == ([], (Defect.STRAY_TAG,))


def test_reasoning_is_no_part_of_what_is_said() -> None:
    parsed = qwen("<think>\nHmm <tool_call>\n</think>\n\nHello")
    assert (parsed.reasoning, parsed.message.content) == ("Hmm <tool_call>", "Hello")
    assert qwen("Hmm\n</think>\n\nHello").reasoning == "Hmm"
    parsed = qwen("<think>\nHmm, so")
    assert (parsed.reasoning, parsed.message, parsed.defects) == (
        "Hmm, so",
        AssistantMessage("", reasoning="Hmm, so"),
        (Defect.UNCLOSED_REASONING,),
    )


def test_llamas_python_tag_begins_a_call() -> None:
    assert calls(llama('<|python_tag|>{"name": "f", "parameters": {"a": 1}}')) == [("f", '{"a": 1}')]
    assert calls(llama('{"type": "function", "name": "f", "parameters": {}}')) == [("f", "{}")]
    [call] = llama('<|python_tag|>search.call(query="x")').message.tool_calls
    assert is_told(call)
    assert llama('Your order is {"status": "sent"}.').message.tool_calls == ()


def test_a_templates_source_tells_how_its_model_writes_calls() -> None:
    assert parser_for('... "<tool_call>\\n{\\"name\\": ... \\"arguments\\": ') is FAMILIES[QWEN].parse
    assert parser_for('"parameters": ... ipython') is FAMILIES[LLAMA].parse
    assert parser_for("{{ messages }}") is parse_text
    assert parse_text("<tool_call>", 0).message == AssistantMessage("<tool_call>")
