"""Completions in every published form are read alike: what was said, what was thought, and the calls."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from writ_async.chat import FAMILIES, Defect, Parsed
from writ_async.chat.completion import parser_of, split_thinking
from writ_async.chat.format import parser_for
from writ_async.chat.notes import notes_on
from writ_async.chat.parsed import MALFORMED, known_tools
from writ_async.chat.reading import Form
from writ_async.core.message import AssistantMessage, MalformedArgumentsError, call_arguments

QWEN, LLAMA = "qwen3-instruct-2507", "llama-3.1-instruct"
ARGUMENTS = {"order_id": "#W1", "items": ["1", "2"], "quantity": 2, "note": 'it\'s <b>\n"x"'}
SCHEMAS: tuple[dict[str, Any], ...] = (
    {
        "type": "function",
        "function": {
            "name": "change_order",
            "parameters": {
                "type": "object",
                "properties": {
                    "order_id": {"type": "string"},
                    "items": {"type": "array", "items": {"type": "string"}},
                    "quantity": {"type": "integer"},
                    "note": {"type": "string"},
                    "zip": {"type": "string"},
                    "input": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                },
            },
        },
    },
    {"type": "function", "function": {"name": "list_types"}},
)
TOOLS = known_tools(SCHEMAS)
JSON = json.dumps(ARGUMENTS)
OPEN, CLOSE = "<tool_call>\n", "\n</tool_call>"


def tagged(body: str) -> str:
    return f"{OPEN}{body}{CLOSE}"


def as_function_tags(name: str, arguments: dict[str, Any]) -> str:
    given = "".join(f"<parameter={key}>\n{plain(value)}\n</parameter>\n" for key, value in arguments.items())
    return f"<function={name}>\n{given}</function>"


def as_keys(name: str, arguments: dict[str, Any]) -> str:
    given = "".join(
        f"<arg_key>{key}</arg_key>\n<arg_value>{plain(value)}</arg_value>\n" for key, value in arguments.items()
    )
    return f"<tool_call>{name}\n{given}</tool_call>"


def as_invoke(name: str, arguments: dict[str, Any], mark: str = "") -> str:
    def flag(value: Any) -> str:
        return f' string="{"true" if isinstance(value, str) else "false"}"' if mark else ""

    given = "".join(
        f'<{mark}parameter name="{key}"{flag(value)}>{plain(value)}</{mark}parameter>\n'
        for key, value in arguments.items()
    )
    return f'<{mark}invoke name="{name}">\n{given}</{mark}invoke>'


def plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def as_python(name: str, arguments: dict[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"


FORMS: dict[Form, str] = {
    "tags": tagged(f'{{"name": "change_order", "arguments": {JSON}}}'),
    "function": tagged(as_function_tags("change_order", ARGUMENTS)),
    "keys": as_keys("change_order", ARGUMENTS),
    "invoke": "<｜DSML｜function_calls>\n"
    f"{as_invoke('change_order', ARGUMENTS, '｜DSML｜')}\n</｜DSML｜function_calls>",
    "deepseek": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>change_order\n"
    f"```json\n{JSON}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "kimi": "<|tool_calls_section_begin|><|tool_call_begin|>functions.change_order:0<|tool_call_argument_begin|>"
    f"{JSON}<|tool_call_end|><|tool_calls_section_end|>",
    "mistral": f'[TOOL_CALLS][{{"name": "change_order", "arguments": {JSON}}}]',
    "bare": f'{{"name": "change_order", "parameters": {JSON}}}',
    "python": f"<|python_tag|>{as_python('change_order', ARGUMENTS)}",
    "harmony": "<|channel|>commentary to=functions.change_order <|constrain|>json<|message|>" + JSON + "<|call|>",
}
OTHERS: dict[str, tuple[Form, str]] = {
    "function tag with JSON": ("function", f"<function=change_order>{JSON}</function>"),
    "function tag without a call's tag": ("function", as_function_tags("change_order", ARGUMENTS)),
    "deepseek-v3.1": ("deepseek", f"<｜tool▁call▁begin｜>change_order<｜tool▁sep｜>{JSON}<｜tool▁call▁end｜>"),
    "minimax": ("invoke", f"<minimax:tool_call>\n{as_invoke('change_order', ARGUMENTS)}\n</minimax:tool_call>"),
    "mistral's newer": ("mistral", f"[TOOL_CALLS]change_order[ARGS]{JSON}"),
    "glm-4.7, on one line": ("keys", as_keys("change_order", ARGUMENTS).replace("</arg_key>\n", "</arg_key>")),
    "keys in another order": ("bare", f'{{"parameters": {JSON}, "name": "change_order"}}'),
    "with an id": ("bare", f'{{"id": "1", "name": "change_order", "parameters": {JSON}}}'),
    "with a type": ("bare", f'{{"type": "function", "name": "change_order", "parameters": {JSON}}}'),
    "python tag with JSON": ("python", f'<|python_tag|>{{"name": "change_order", "parameters": {JSON}}}'),
    "recipient behind the role": (
        "harmony",
        f" to=functions.change_order<|channel|>commentary json<|message|>{JSON}<|call|>",
    ),
}
ALL = [*FORMS.items(), *OTHERS.values()]


def calls(parsed: Parsed) -> list[tuple[str, Any]]:
    return [(call.function.name, call_arguments(call)) for call in parsed.message.tool_calls]


@pytest.mark.parametrize(("form", "text"), ALL, ids=[*FORMS, *OTHERS])
def test_every_published_form_is_read_by_its_own_reader_without_a_defect(form: Form, text: str) -> None:
    parsed = parser_of(form)(text, 2, TOOLS)
    assert calls(parsed) == [("change_order", ARGUMENTS)]
    assert parsed.defects == ()
    assert parsed.message.content is None
    assert parsed.message.tool_calls[0].id == "call_2_0"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("form", "text"), ALL, ids=[*FORMS, *OTHERS])
def test_a_form_of_another_family_is_read_and_noted(form: Form, text: str, family: str) -> None:
    parsed = FAMILIES[family].parse(f"Let me see.\n{text}", 0, TOOLS)
    assert calls(parsed) == [("change_order", ARGUMENTS)]
    own = {QWEN: {"tags"}, LLAMA: {"bare", "python"}}.get(family, {"tags"})
    assert (Defect.OTHER_FORM in parsed.defects) == (form not in own)
    if form != "harmony":
        assert parsed.message.content == "Let me see."


@pytest.mark.parametrize(
    ("body", "arguments", "defects"),
    [
        ('{"name": "change_order", "argument": {"order_id": "#W1"}}', {"order_id": "#W1"}, {Defect.OTHER_KEY}),
        ('{"name": "change_order", "args": {"order_id": "#W1"}}', {"order_id": "#W1"}, {Defect.OTHER_KEY}),
        ('{"name": "change_order", "input": {"order_id": "#W1"}}', {"input": {"order_id": "#W1"}}, None),
        ('{"name": "other", "input": {"order_id": "#W1"}}', {"order_id": "#W1"}, {Defect.OTHER_KEY}),
        ('{"name": "change_order", "kwargs": "{\\"zip\\": \\"1\\"}"}', {"zip": "1"}, None),
        ('{"name": "change_order", "order_id": "#W1"}', {"order_id": "#W1"}, {Defect.FLAT_ARGUMENTS}),
        ('{"name": "change_order", "input": "x", "zip": "1"}', {"input": "x", "zip": "1"}, {Defect.FLAT_ARGUMENTS}),
        ('{"name": "list_types", "arguments": ""}', {}, {Defect.EMPTY_ARGUMENTS}),
        ('{"name": "list_types", "arguments": null}', {}, {Defect.EMPTY_ARGUMENTS}),
        ('{"name": "list_types", "args": null}', {}, {Defect.EMPTY_ARGUMENTS, Defect.OTHER_KEY}),
        ('{"name": "list_types"}', {}, set()),
        ('{"arguments": {"zip": "1"}, "name": "change_order"}', {"zip": "1"}, set()),
        ('{"function": "change_order", "arguments": {"zip": "1"}}', {"zip": "1"}, {Defect.OTHER_KEY}),
        ('{"name": "f", "arguments": {"zip": "1"}, "why": "so"}', {"zip": "1"}, {Defect.EXTRA_KEYS}),
        (
            '{"type": "function", "function": {"name": "change_order", "arguments": {"zip": "1"}}}',
            {"zip": "1"},
            {Defect.WRAPPED_CALL},
        ),
        ('{"tool_call": {"name": "f", "parameters": {"zip": "1"}}}', {"zip": "1"}, {Defect.WRAPPED_CALL}),
        ('[{"name": "f", "arguments": {"zip": "1"}}]', {"zip": "1"}, {Defect.WRAPPED_CALL}),
        ('"{\\"name\\": \\"f\\", \\"arguments\\": {\\"zip\\": \\"1\\"}}"', {"zip": "1"}, {Defect.WRAPPED_CALL}),
        ('{"name": "f", "arguments": "\\"{\\\\\\"a\\\\\\": 1}\\""}', {"a": 1}, {Defect.STRING_ARGUMENTS}),
    ],
)
def test_arguments_in_another_shape_are_taken_and_noted(
    body: str, arguments: dict[str, Any], defects: set[Defect] | None
) -> None:
    parsed = FAMILIES[QWEN].parse(tagged(body), 0, TOOLS)
    [(name, given)] = calls(parsed)
    assert name in ("change_order", "list_types", "other", "f")
    assert given == arguments
    if defects is not None:
        assert set(parsed.defects) == defects
    else:
        assert parsed.defects


@pytest.mark.parametrize(
    "text",
    [
        'I found {"name": "Water Bottle", "price": 42.5}. Shall I order it?',
        'Your record: {"name": "Alice", "zip": "19122"}',
        'Options:\n- {"name": "Desk Lamp"}\n- {"name": "Kettle"}\nWhich one?',
        '{"name": "Kettle"}',
        'I found {"name": "Water Bottle", "pri',
        'The fields are {"name": "Lamp", "parameters": 3 and more',
        'Here:\n```json\n{"name": "Alice", "zip": "19122"}\n```\nIs it right?',
        "A list: [list_things(1), f(x)] and {curly} and [{}] and {}.",
        "Use <think> tags, or list_types() if you like.",
        "[1, 2]",
        "{" * 5000,
        '{"a": ' * 3000,
        "[{" * 2000,
        "[a(" * 20_000,
    ],
)
@pytest.mark.parametrize("family", FAMILIES)
def test_what_only_looks_like_a_call_stays_text(text: str, family: str) -> None:
    for tools in (TOOLS, {"look_up": {}}):
        parsed = FAMILIES[family].parse(text, 0, tools)
        assert parsed.message == AssistantMessage(text)
        assert not set(parsed.defects) - {Defect.CALL_AS_TEXT}


@pytest.mark.parametrize("family", FAMILIES)
def test_bare_and_fenced_json_of_a_known_tool_is_a_call(family: str) -> None:
    parse = FAMILIES[family].parse
    for text in (
        'Sure:\n```json\n{"name": "change_order", "parameters": {"zip": "1"}}\n```',
        'Sure:\n```\n{"name": "change_order", "arguments": {"zip": "1"}}\n```',
        'Sure: {"name": "change_order", "arguments": {"zip": "1"}}',
        'Sure: {"name": "change_order", "args": {"zip": "1"}}',
        'Sure: {"name": "change_order", "zip": "1"}',
        'Sure: {"type": "function", "function": {"name": "change_order", "parameters": {"zip": "1"}}}',
        'Sure: [{"name": "change_order", "arguments": {"zip": "1"}}]',
        "Sure: [change_order(zip='1')]",
    ):
        parsed = parse(text, 0, TOOLS)
        assert calls(parsed) == [("change_order", {"zip": "1"})], text
        assert parsed.message.content == "Sure:"
        if family == QWEN:
            assert Defect.OTHER_FORM in parsed.defects
    unknown = parse('Sure: {"name": "chnge_order", "arguments": {"zip": "1"}}', 0, TOOLS)
    assert bool(unknown.message.tool_calls) == (family == LLAMA)
    assert (Defect.CALL_AS_TEXT in unknown.defects) == (family != LLAMA)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_bare_call_before_words_is_leaked_where_the_family_writes_calls_otherwise(family: str) -> None:
    call = '{"name": "change_order", "arguments": {"zip": "1"}}'
    for text in (f"{call}\nShall I?", f"```json\n{call}\n```\nShall I?", f"{call}\n{call}\nShall I?"):
        parsed = FAMILIES[family].parse(text, 0, TOOLS)
        if family == LLAMA:
            assert parsed.message.tool_calls
            assert parsed.message.content == "Shall I?"
        else:
            assert parsed.message == AssistantMessage(text)
            assert parsed.defects == (Defect.CALL_AS_TEXT,)
    several = FAMILIES[family].parse(f"Let me see.\n{call}\n{call}", 0, TOOLS)
    assert calls(several) == [("change_order", {"zip": "1"})] * 2
    assert several.message.content == "Let me see."


def test_pythons_calls_are_read_as_far_as_they_are_literal() -> None:
    parse = FAMILIES[LLAMA].parse
    assert calls(parse('<|python_tag|>f(a="(,)", b=[1, {"c": None}], d=true, e=-1.5)', 0)) == [
        ("f", {"a": "(,)", "b": [1, {"c": None}], "d": True, "e": -1.5})
    ]
    assert calls(parse('<|python_tag|>search.call(query="x")', 0, {"search": {}})) == [("search", {"query": "x"})]
    assert calls(parse("<|python_tag|>f(); g(a=1)", 0, {"f": {}, "g": {}}))[0] == ("f", {})
    for text in ("f(1)", "f(a=b)", "f(**{})", "search.call(query='x')", "print('x", "1 + 1", "f(a=1e999)", "f(a={1})"):
        [call] = parse(f"<|python_tag|>{text}", 0).message.tool_calls
        with pytest.raises(MalformedArgumentsError):
            call_arguments(call)


def test_values_between_tags_have_the_types_of_the_schema() -> None:
    given = {"order_id": "12", "zip": "01234", "quantity": 3, "items": ["a"], "input": None}
    for text in (tagged(as_function_tags("change_order", given)), as_keys("change_order", given)):
        assert calls(parser_of("function", "keys")(text, 0, TOOLS)) == [("change_order", given)]
    unknown = parser_of("keys")(as_keys("other", {"zip": "01234", "items": ["a"], "n": 3}), 0, TOOLS)
    assert calls(unknown) == [("other", {"zip": "01234", "items": ["a"], "n": "3"})]


def test_one_odd_call_costs_that_call_alone() -> None:
    good = '{"name": "change_order", "arguments": {"zip": "1"}}'
    for odd in ('{"name": "list_types", "arguments": {', "nonsense", "<function=f><parameter=a>1</function>"):
        for text in (f"{tagged(odd)}\n{tagged(good)}", f"{tagged(good)}\n{tagged(odd)}"):
            parsed = FAMILIES[QWEN].parse(f"Hello.\n{text}\nBye.", 0, TOOLS)
            assert len(parsed.message.tool_calls) == 2, text
            assert ("change_order", '{"zip": "1"}') in [
                (call.function.name, call.function.arguments) for call in parsed.message.tool_calls
            ]
            assert parsed.message.content == "Hello.\nBye."


def test_an_unfinished_call_is_told_as_malformed() -> None:
    for form, text in FORMS.items():
        parsed = parser_of(form)(text[: text.index("quantity") + 3], 0, TOOLS)
        assert parsed.message.tool_calls or form in ("bare", "mistral"), form
        for call in parsed.message.tool_calls:
            with pytest.raises(MalformedArgumentsError):
                call_arguments(call)


@pytest.mark.parametrize(
    ("text", "said", "thought", "defects"),
    [
        ("<think>\na\n</think>\n\nHi.", "Hi.", "a", ()),
        ("a\n</think>\n\nHi.", "Hi.", "a", ()),
        ("<think>\n\n</think>\n\nHi.", "Hi.", "", ()),
        ("<think>a</think>\n\n<think>\nb\n</think>\n\nHi.", "Hi.", "a\n\nb", ()),
        ("Hm. <think>a</think> Hi.", "Hm.\n Hi.", "a", (Defect.SEVERAL_THOUGHTS,)),
        ("Hi.\n<think>\nnow wait\n</think>", "Hi.", "now wait", (Defect.SEVERAL_THOUGHTS,)),
        ("<think>a</think>\nHi.\n<think>b</think>\nBye.", "Hi.\nBye.", "a\n\nb", (Defect.SEVERAL_THOUGHTS,)),
        ("<think>a", "", "a", (Defect.UNCLOSED_REASONING,)),
        ("Hi.\n<think>a", "Hi.", "a", (Defect.SEVERAL_THOUGHTS, Defect.UNCLOSED_REASONING)),
        ("<think>a</think>b</think>Hi.", "b</think>Hi.", "a", (Defect.STRAY_TAG,)),
        ('I could call {"name": "list_types", "arguments": {}}\n</think>\nHi.', "Hi.", None, ()),
    ],
)
def test_thoughts_are_taken_out_of_what_is_said(
    text: str, said: str, thought: str | None, defects: tuple[Defect, ...]
) -> None:
    parsed = FAMILIES[QWEN].parse(text, 0, TOOLS)
    assert parsed.message.content == said
    assert parsed.message.tool_calls == ()
    assert thought is None or parsed.reasoning == thought
    assert set(parsed.defects) - {Defect.SEVERAL_THOUGHTS} == set(defects) - {Defect.SEVERAL_THOUGHTS}
    if thought is not None:
        assert split_thinking(text).message == parsed.message


def test_a_thought_and_words_and_calls_keep_their_order() -> None:
    one = tagged('{"name": "list_types", "arguments": {}}')
    text = f"<think>first</think>\nLet me see.\n<think>again</think>\nNow.\n{one}\n<think>third</think>\n{one}\nDone."
    parsed = FAMILIES[QWEN].parse(text, 0, TOOLS)
    assert parsed.reasoning == "first\n\nagain\n\nthird"
    assert parsed.message.content == "Let me see.\nNow.\nDone."
    assert calls(parsed) == [("list_types", {})] * 2
    inside = FAMILIES[QWEN].parse(tagged('{"name": "f", "arguments": {"a": "<think>x</think>"}}'), 0)
    assert (calls(inside), inside.reasoning) == ([("f", {"a": "<think>x</think>"})], "")


def test_harmonys_channels_are_told_apart() -> None:
    call = '<|start|>assistant<|channel|>commentary to=functions.change_order <|constrain|>json<|message|>{"zip": "1"}'
    text = (
        "<|channel|>analysis<|message|>Let me think.<|end|>"
        "<|start|>assistant<|channel|>commentary<|message|>I look it up.<|end|>" + call
    )
    for family in ("harmony", "tags"):
        parsed = parser_of(family)(text, 0, TOOLS)
        assert parsed.reasoning == "Let me think."
        assert parsed.message.content == "I look it up."
        assert calls(parsed) == [("change_order", {"zip": "1"})]
    final = parser_of("harmony")(
        "<|channel|>analysis<|message|>Hm<|end|><|start|>assistant<|channel|>final<|message|>Hi.", 0
    )
    assert (final.message, final.defects) == (AssistantMessage("Hi.", reasoning="Hm"), ())
    assert parser_of("harmony")("Hi.", 0).message == AssistantMessage("Hi.")
    cut = parser_of("harmony")("<|channel|>analysis<|message|>Hm", 0)
    assert (cut.reasoning, cut.defects) == ("Hm", (Defect.UNCLOSED_REASONING,))
    broken = parser_of("harmony")("<|channel|>commentary to=functions.f <|constrain|>json<|message|>{oops<|call|>", 0)
    assert broken.defects == (Defect.BROKEN_JSON,)
    assert (
        FAMILIES[QWEN].parse("Say <|message|> or <|channel|>.", 0).message.content == "Say <|message|> or <|channel|>."
    )


def test_a_templates_source_tells_the_reader() -> None:
    sources: dict[Form, str] = {
        "function": "<tool_call>\\n<function=' + name + '>\\n<parameter=' + key",
        "keys": "<tool_call>{{ name }}\\n<arg_key>",
        "deepseek": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>",
        "kimi": "<|tool_call_begin|>",
        "mistral": '"[TOOL_CALLS]["',
        "harmony": "<|start|>assistant<|channel|>final",
    }
    for form, source in sources.items():
        assert parser_for(source)(FORMS[form], 0, TOOLS).defects == ()


def test_an_agents_departures_matter_and_a_users_do_not() -> None:
    def kinds(text: str, seat: Any = "agent") -> dict[str, bool]:
        return {note.kind: note.matters for note in notes_on(FAMILIES[QWEN].parse(text, 1, TOOLS), seat, 1)}

    call = tagged('{"name": "list_types", "arguments": {}}')
    assert kinds("Hello.") == {}
    assert kinds(call) == {}
    assert kinds(f"{call}\nI have cancelled it.") == {"text_after_call": True}
    assert kinds(f"{call}\n<tool_response>\n{{}}\n</tool_response>")["format_token"]
    assert kinds("Done.<|im_start|>user\nyes, thanks") == {"format_token": True}
    assert kinds("Done.<|im_start|>user\nyes, thanks", "user") == {"format_token": False}
    assert kinds('{"name": "list_types", "arguments": {}}') == {"other_form": True}
    assert kinds('{"name": "list_types", "arguments": {}}\nHello.') == {"call_as_text": True}
    assert kinds(tagged('{"name": "list_types", "args": {}}')) == {"other_key": True}
    assert kinds(tagged("{oops")) == {"broken_json": False}


WORDS = st.lists(
    st.sampled_from(["Let", "me", "look", "at", "order", "five", "now", "please", "thanks"]), max_size=5
).map(" ".join)
SPACE = st.sampled_from(["", " ", "\n", "\n\n", "\t"])
VALUE = st.text("abc#1 .'é", max_size=6) | st.integers(0, 99) | st.booleans() | st.lists(st.just("x"), max_size=2)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, dict[str, Any], list[str], bool]:
    """A completion of one call in a form, its arguments, the words around it, and whether the call must be read."""
    arguments = draw(st.dictionaries(st.sampled_from(["a", "b", "zipcode"]), VALUE, max_size=3))
    written = json.dumps(arguments, indent=draw(st.sampled_from([None, 1])), ensure_ascii=draw(st.booleans()))
    keys = [("name", '"list_types"'), (draw(st.sampled_from(["arguments", "parameters", "args"])), written)]
    if draw(st.booleans()):
        keys.append(("id", '"call_1"'))
    space = draw(SPACE)
    body = (
        f"{{{space}" + f",{space}".join(f'"{key}":{space}{value}' for key, value in draw(st.permutations(keys))) + "}"
    )
    if draw(st.booleans()):
        body = f'{{"type": "function", "function": {body}}}'
    wrap = draw(st.sampled_from(["tags", "fence", "bare", "python", "mistral", "function"]))
    text = {
        "tags": f"<tool_call>{space}{body}{space}</tool_call>",
        "fence": f"```json\n{body}\n```",
        "bare": body,
        "python": f"<|python_tag|>{body}",
        "mistral": f"[TOOL_CALLS]{space}[{body}]",
        "function": f"<function=list_types>{space}{written}{space}</function>",
    }[wrap]
    before, after = draw(WORDS), draw(WORDS) if wrap not in ("fence", "bare") else ""
    thought = draw(st.sampled_from(["", "<think>hm</think>\n", "<think>\nhm\n</think>\n\n"]))
    whole = f"{thought}{before}\n{text}\n{after}"
    if draw(st.integers(0, 3)):
        return whole, arguments, [before, after], True
    return whole[: draw(st.integers(0, len(whole)))], arguments, [], False


@settings(max_examples=1000)
@given(mutated(), st.sampled_from(list(FAMILIES)), st.integers(0, 3))
def test_mutations_of_a_call_lose_nothing(
    made: tuple[str, dict[str, Any], list[str], bool], family: str, turn: int
) -> None:
    text, arguments, words, whole = made
    parsed = FAMILIES[family].parse(text, turn, TOOLS)
    said = (parsed.message.content or "") + parsed.reasoning
    written = "".join(call.function.name + call.function.arguments for call in parsed.message.tool_calls)
    if whole:
        assert calls(parsed) == [("list_types", arguments)]
        assert (parsed.message.content or "").split() == [word for part in words for word in part.split()]
        assert parsed.reasoning == ("hm" if "<think>" in text else "")
        return
    for call in parsed.message.tool_calls:
        try:
            given = call_arguments(call)
        except MalformedArgumentsError:
            continue
        assert given == arguments or call.function.name == MALFORMED or given == {}
    for word in ("order", "please", "thanks", "hm"):
        assert text.count(word) == (said + written).count(word)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["</tool_call>", "<think>", "}"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "a", "id"]), inner, max_size=2)
    ),
    max_leaves=6,
)
CALL_KEYS = st.sampled_from(["name", "arguments", "parameters", "id"])
BODIES = st.one_of(
    st.builds(
        lambda name, arguments: json.dumps({"name": name, "arguments": arguments}), st.text(max_size=5) | VALUES, VALUES
    ),
    st.dictionaries(CALL_KEYS, VALUES, max_size=3).map(json.dumps),
    st.lists(st.sampled_from(['{"name": "f", "arguments": {', "}", "}}", ",", '"x": NaN', '"x": 1', " ", "{"])).map(
        "".join
    ),
    st.sampled_from(['{"name": "f", "name": "g", "arguments": {}}', '{"name": "f", "arguments": {"x": "\\ud800"}}']),
)


@settings(max_examples=400)
@given(body=BODIES)
def test_a_call_alone_is_read_as_one_among_other_things_is(body: str) -> None:
    """A newline behind the tag says nothing, and keeps the text from being taken for one call at once."""
    parse = parser_of("tags")
    text = f"<tool_call>\n{body}\n</tool_call>"
    assert parse(text, 3, {"f": {}}) == parse(f"{text}\n", 3, {"f": {}})
