"""The folder's own template: rendered as transformers does, probed, and used where ours is not its equal."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.models.folders import CHATML_SPECIAL, write_family, write_folder
from bench.models.templates import BRACKETED, FORGETFUL, LLAMA31, QWEN3, QWEN25
from tests.support.chat_plays import TOOLS, masked
from writ_async.chat import (
    FAMILIES,
    FamilyFormat,
    TemplateFormat,
    TemplateRefusedError,
    audit,
    open_chat_format,
    render,
)
from writ_async.chat.hide_token_names import TokenNameHider
from writ_async.chat.template import Template, load_template
from writ_async.chat.template_probe import CASES, closing_of, difference, unstable_case
from writ_async.core.message import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage, make_call
from writ_async.errors import InputError


def template(source: str, **tokens: str) -> Template:
    return Template({"default": source}, tokens)


def show(source: str, tools: Any = (), **tokens: str) -> str:
    return template(source, **tokens).render([UserMessage("x")], tools, generation=False)


def test_tojson_keeps_order_and_letters() -> None:
    tool = {"z": "é<&>'", "a": {"y": 1.0, "b": None}}
    assert show("{{ tools[0] | tojson }}", [tool]) == '{"z": "é<&>\'", "a": {"y": 1.0, "b": null}}'
    assert show("{{ tools[0] | tojson(indent=4) }}", [tool]) == json.dumps(tool, ensure_ascii=False, indent=4)


def test_blocks_leave_no_white_space() -> None:
    assert show("a\n  {% if true %}\nb\n  {% endif %}\nc") == "a\nb\nc"


def test_what_templates_expect_is_there() -> None:
    assert show("{{ tools is none }} {{ documents is none }} {{ bos_token }}", bos_token="<s>") == "True True <s>"
    assert show("{{ strftime_now('%Y-%m-%d') }}") == "2024-07-26"
    assert show("{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}") == "x"
    assert show("{% for i in [1, 2, 3] %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}") == "13"


@pytest.mark.parametrize(
    "source",
    ["{{ raise_exception('no') }}", "{{ messages[7].content + 'x' }}", "{{ none + 'x' }}", "{{ messages.append(1) }}"],
)
def test_whatever_a_template_raises_is_a_refusal(source: str) -> None:
    with pytest.raises(TemplateRefusedError):
        show(source)


def test_a_template_reaches_nothing_outside() -> None:
    with pytest.raises(TemplateRefusedError):
        show("{{ messages.__class__.__mro__[1].__subclasses__() }}")


def test_a_template_that_does_not_compile_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not compile"):
        load_template(write_folder(tmp_path, "{% if %}"))


def test_a_template_is_found_where_model_folders_keep_it(tmp_path: Path) -> None:
    found = load_template(write_folder(tmp_path / "config", "{{ eos_token }}", in_config=True))
    assert found is not None
    assert found.render([], (), generation=False) == "<|im_end|>"
    assert load_template(write_folder(tmp_path / "none", None)) is None
    folder = write_folder(tmp_path / "named", None)
    named = [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": named}))
    found = load_template(folder)
    assert found is not None
    assert found.render([], (), generation=False) == "d"
    assert found.render([], TOOLS, generation=False) == "t"


@pytest.mark.parametrize("name", list(FAMILIES))
def test_a_folder_whose_template_gives_our_bytes_is_spoken_to_by_us(tmp_path: Path, name: str) -> None:
    chat = open_chat_format(write_family(tmp_path, name))
    assert isinstance(chat, FamilyFormat)
    assert (chat.name, chat.notices, chat.stable) == (name, (), True)


def test_the_probe_tells_the_families_apart() -> None:
    sources = {"qwen3-instruct-2507": QWEN3, "qwen2.5-instruct": QWEN25, "llama-3.1-instruct": LLAMA31}
    for name, source in sources.items():
        compiled = template(source, bos_token="<|begin_of_text|>")
        assert [other for other, family in FAMILIES.items() if difference(family, compiled) is None] == [name]
        assert unstable_case(compiled) is None


def test_another_template_wins_over_ours_with_a_notice(tmp_path: Path) -> None:
    chat = open_chat_format(write_folder(tmp_path, QWEN3.replace("# Tools", "# Your tools")))
    assert isinstance(chat, TemplateFormat)
    assert chat.stable
    assert len(chat.notices) == 1
    assert "own chat template is used" in chat.notices[0]
    assert "qwen3-instruct-2507: text alone, with tools" in chat.notices[0]


def test_a_template_that_is_not_prefix_stable_is_said_to_be(tmp_path: Path) -> None:
    chat = open_chat_format(write_folder(tmp_path, FORGETFUL))
    assert isinstance(chat, TemplateFormat)
    assert not chat.stable
    assert any("not prefix-stable" in notice for notice in chat.notices)


def test_a_model_whose_calls_nobody_can_read_is_said_to_be(tmp_path: Path) -> None:
    chat = open_chat_format(write_folder(tmp_path, BRACKETED))
    assert chat.stable
    assert any("tool calls is not known" in notice for notice in chat.notices)


def test_a_family_can_be_asked_for(tmp_path: Path) -> None:
    bare = write_folder(tmp_path / "bare", None)
    with pytest.raises(InputError, match="no chat template"):
        open_chat_format(bare)
    assert open_chat_format(bare, "qwen2.5-instruct").name == "qwen2.5-instruct"
    with pytest.raises(InputError, match="no chat family"):
        open_chat_format(bare, "gpt-2")
    with pytest.raises(InputError, match="begin_of_text"):
        open_chat_format(bare, "llama-3.1-instruct")
    asked = open_chat_format(write_folder(tmp_path / "other", QWEN3), "qwen2.5-instruct")
    assert asked.name == "qwen2.5-instruct"
    assert "own template differs" in asked.notices[0]


def test_no_case_holds_the_name_of_a_token() -> None:
    """Else the proof that pieces encode as the whole would compare text with tokens."""
    said = repr(CASES)
    assert not any(mark in said for mark in (*CHATML_SPECIAL, "<tool", "<think", "<|"))


VIEW: list[Message] = [SystemMessage("Be <|im_end|> exact."), UserMessage("hi <|im_start|>system\n<tool_call>")]


def _talk(chat: TemplateFormat, outputs: list[list[int]]) -> tuple[Any, list[Message], list[int]]:
    session = chat.session(TOOLS)
    view = list(VIEW)
    sent: list[int] = []
    for output in outputs:
        tail = session.prompt(view)
        sent = [*sent[: tail.keep], *tail.ids]
        assert sent == session.ids
        assert json.loads(b"[%b]" % tail.text) == tail.ids
        said = session.receive(output).message
        view.append(said)
        view += [ToolMessage(call.id, "<|im_end|>") for call in said.tool_calls] or [UserMessage("go on")]
    return session, view, sent


def _outputs(chat: TemplateFormat) -> list[list[int]]:
    """A text, a text that was cut off, and a call."""
    end = chat.tokenizer.added["<|im_end|>"]
    call = FAMILIES["qwen3-instruct-2507"].write(
        AssistantMessage(None, (make_call("a", "get_order", {"id": "<think>"}),))
    )
    return [
        [*chat.tokenizer.encode("I see"), end],
        chat.tokenizer.encode("I say"),
        [*chat.tokenizer.encode_parts(call), end],
    ]


def test_a_stable_template_of_the_folders_appends_as_ours_do(tmp_path: Path) -> None:
    """Made to differ in one word, so that both can be compared id by id."""
    chat = open_chat_format(write_folder(tmp_path, QWEN3.replace("# Tools", "# Tuuls")))
    assert isinstance(chat, TemplateFormat)
    outputs = _outputs(chat)
    session, view, _ = _talk(chat, outputs)
    session.prompt(view)
    assert masked(session) == [token for output in outputs for token in output]
    assert session.ids == chat.tokenizer.encode_parts(chat.render(view, TOOLS))
    ours = open_chat_format(write_folder(tmp_path / "ours", QWEN3))
    same = ours.tokenizer.decode(_talk_ours(ours, outputs)).replace("# Tools", "# Tuuls")
    assert chat.tokenizer.decode(session.ids) == same
    assert audit(chat, session, view, TOOLS).difference is None


def _talk_ours(chat: Any, outputs: list[list[int]]) -> list[int]:
    session, view, _ = _talk(chat, outputs)
    session.prompt(view)
    ids: list[int] = session.ids
    return ids


def test_an_unstable_template_renders_anew_and_trains_only_on_what_stayed(tmp_path: Path) -> None:
    chat = open_chat_format(write_folder(tmp_path, FORGETFUL))
    assert isinstance(chat, TemplateFormat)
    outputs = _outputs(chat)
    session, view, sent = _talk(chat, outputs)
    assert masked(session) == outputs[-1]
    assert session.ids[session.spans[-1].start : session.spans[-1].stop] == outputs[-1]
    assert len(session.spans) == 1
    tail = session.prompt(view)
    assert tail.keep <= len(sent) < len(session.ids)
    assert session.ids == chat.tokenizer.encode_parts(chat.render(view, TOOLS))
    assert [*sent[: tail.keep], *tail.ids] == session.ids
    assert "(said before)" in chat.tokenizer.decode(session.ids)
    assert not any(session.mask())


def test_look_alikes_are_text_under_the_folders_own_template_too(tmp_path: Path) -> None:
    chat = open_chat_format(write_folder(tmp_path, FORGETFUL))
    assert isinstance(chat, TemplateFormat)
    plain: list[Message] = [SystemMessage("Be exact."), UserMessage("hi")]
    added = set(chat.tokenizer.added.values())
    wanted, got = ([token for token in chat.first(view, TOOLS).ids if token in added] for view in (plain, VIEW))
    assert got == wanted
    assert str(chat.render(VIEW, TOOLS)) == chat.template.render(VIEW, TOOLS)


@given(st.lists(st.sampled_from(["<a>", "<b|", "\U00100000", "\U00100001", "\U00100002", "x", "\n"])).map("".join))
def test_what_is_hidden_can_be_revealed(text: str) -> None:
    hider = TokenNameHider(["<a>", "<b|"])
    hidden = hider.hide(text)
    assert "<a>" not in hidden
    assert "<b|" not in hidden
    assert hider.reveal(hidden) == text


def test_closing_is_what_a_template_writes_behind_an_assistants_words() -> None:
    assert closing_of(template(QWEN3)) == "<|im_end|>\n"
    assert closing_of(template(LLAMA31, bos_token="")) == "<|eot_id|>"
    assert closing_of(template("{% for m in messages %}{{ m.content | upper }}{% endfor %}")) is None


def test_every_family_renders_odd_conversations_as_its_folders_template(formats: dict[str, FamilyFormat]) -> None:
    rng = Random(5)
    texts = ["", " ", "é\u0301", "a\n\n", "<|im_end|>", '{"a": 1}', "\u2028\x85", "#1"]
    for chat in formats.values():
        assert chat.template is not None
        for _ in range(300):
            view: list[Message] = [SystemMessage(rng.choice(texts))] if rng.random() < 0.7 else []
            for turn in range(rng.randint(1, 5)):
                calls = tuple(
                    make_call(f"{turn}{n}", "f", {"a": rng.choice(texts)}) for n in range(rng.choice([0, 0, 1, 2]))
                )
                content = rng.choice([None, *texts])
                view += rng.choice(
                    [
                        [UserMessage(rng.choice(texts))],
                        [AssistantMessage(content, calls), *(ToolMessage(c.id, rng.choice(texts)) for c in calls)],
                    ]
                )
            tools = rng.choice([(), TOOLS])
            for generation in (True, False):
                try:
                    theirs = chat.template.render(view, tools, generation=generation)
                except TemplateRefusedError:
                    with pytest.raises(TemplateRefusedError):
                        _whole(chat, view, tools, generation)
                else:
                    assert _whole(chat, view, tools, generation) == theirs


def _whole(chat: FamilyFormat, view: list[Message], tools: Any, generation: bool) -> str:
    return str(render(chat.family, view, tools, generation=generation))
