"""What a reasoning model thought: kept beside what it said, given to templates that take it, and honest about ids."""

from pathlib import Path
from typing import Any

import pytest

from bench.models.folders import write_folder
from bench.models.templates import LLAMA31, QWEN3
from tests.support.chat_plays import TOOLS, masked
from tests.support.thinking_template import HYBRID
from writ_async.chat import FAMILIES, TemplateFormat, open_chat_format
from writ_async.chat.rendered_parts import split_marks, splitter
from writ_async.chat.template import Template
from writ_async.chat.template_messages import plain_messages
from writ_async.chat.template_probe import needs_of
from writ_async.core.message import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage, make_call

STRICT = """
{%- set rest = messages[1:] if messages[0].role == "system" else messages %}
{%- for m in rest %}
{%- if (m.role == "user") != (loop.index0 % 2 == 0) and not tools %}
{{- raise_exception("roles must alternate, user first") }}{% endif %}
{{- "<|im_start|>" ~ m.role ~ "\\n" ~ m.content ~ "<|im_end|>\\n" }}
{%- endfor %}
{%- if add_generation_prompt %}{{ "<|im_start|>assistant\\n" }}{% endif %}"""


def template(source: str) -> Template:
    return Template({"default": source}, {"bos_token": ""})


def opened(path: Path, source: str) -> TemplateFormat:
    chat = open_chat_format(write_folder(path, source))
    assert isinstance(chat, TemplateFormat)
    return chat


def test_templates_are_given_what_was_thought_where_something_was() -> None:
    call = make_call("a", "f", {})
    plain = plain_messages([AssistantMessage("Hi.", reasoning="Hm"), AssistantMessage(None, (call,), "So")])
    assert plain[0] == {"role": "assistant", "content": "Hi.", "reasoning_content": "Hm"}
    assert (plain[1]["reasoning_content"], plain[1]["thinking"]) == ("So", "So")
    assert plain_messages([AssistantMessage("Hi.")]) == [{"role": "assistant", "content": "Hi."}]


@pytest.mark.parametrize("family", FAMILIES)
def test_families_that_do_not_think_render_the_same_with_and_without(family: str) -> None:
    view: list[Message] = [SystemMessage("s"), UserMessage("u")]
    with_, without = (
        FAMILIES[family].body([*view, AssistantMessage("Hi.", reasoning=thought)]) for thought in ("Hm", "")
    )
    assert str(with_) == str(without)


def completion(chat: TemplateFormat, text: str) -> list[int]:
    """The ids of a text that a model wrote, with the token that ends its turn."""
    parts = split_marks(text, splitter(chat.tokenizer.added))
    return [*chat.tokenizer.encode_parts(parts), chat.tokenizer.added["<|im_end|>"]]


def test_a_template_that_drops_old_thinking_keeps_ids_and_masks_honest(tmp_path: Path) -> None:
    chat = opened(tmp_path, HYBRID)
    assert any("drops what was thought" in notice for notice in chat.notices)
    session = chat.session(TOOLS)
    view: list[Message] = [SystemMessage("s"), UserMessage("u")]
    call = '<tool_call>\n{"name": "get_order", "arguments": {"id": "1"}}\n</tool_call>'
    texts = [
        f"<think>\nlook\n</think>\n\n{call}",
        "<think>\nsay\n</think>\n\nDone.",
        "Plain.",
        "<think>\nx\n</think>\n\nBye.",
    ]
    outputs = [completion(chat, text) for text in texts]
    followups: list[Message] = [ToolMessage("call_0_0", "found"), UserMessage("and?"), UserMessage("more?")]
    for output, following in zip(outputs, [*followups, UserMessage("end")], strict=True):
        session.prompt(view)
        assert session.ids == chat.tokenizer.encode_parts(chat.render(view, TOOLS))
        said = session.receive(output).message
        view += [said, following]
    turns = [message for message in view if isinstance(message, AssistantMessage)]
    assert [message.reasoning for message in turns] == ["look", "say", "", "x"]
    assert [message.content for message in turns] == [None, "Done.", "Plain.", "Bye."]
    # When the user spoke again, the thoughts of both turns went, and with them what had been sampled behind them.
    assert session.moved == [0, 1]
    assert [span.turn for span in session.spans] == [2, 3]
    assert masked(session) == [token for output in outputs[2:] for token in output]
    for span, output in zip(session.spans, outputs[2:], strict=True):
        assert session.ids[span.start : span.stop] == output
    session.prompt(view)
    assert session.moved == [0, 1, 3]
    assert "say" not in chat.tokenizer.decode(session.ids)


def test_within_a_users_turn_what_was_thought_stays(tmp_path: Path) -> None:
    chat = opened(tmp_path, HYBRID)
    session = chat.session(TOOLS)
    view: list[Message] = [SystemMessage("s"), UserMessage("u")]
    session.prompt(view)
    text = '<think>\nlook\n</think>\n\n<tool_call>\n{"name": "get_order", "arguments": {"id": "1"}}\n</tool_call>'
    output = completion(chat, text)
    said = session.receive(output).message
    session.prompt([*view, said, ToolMessage(said.tool_calls[0].id, "found")])
    assert (session.moved, masked(session)) == ([], output)
    assert "look" in chat.tokenizer.decode(session.ids)


def test_a_template_that_opens_the_thought_itself_is_read_from_inside_it(tmp_path: Path) -> None:
    opening = '{{ "<|im_start|>assistant\\n'
    chat = opened(tmp_path, HYBRID.replace(opening, f"{opening}<think>\\n"))
    assert chat.needs.thinks
    assert chat.parse("Hm", 0).message == AssistantMessage("", reasoning="Hm")
    assert chat.parse("Hm\n</think>\n\nHi.", 0).message == AssistantMessage("Hi.", reasoning="Hm")
    assert chat.parse("<think>\nHm\n</think>\n\nHi.", 0).message == AssistantMessage("Hi.", reasoning="Hm")


def test_a_template_that_wants_the_user_first_gets_no_greeting(tmp_path: Path) -> None:
    chat = opened(tmp_path, STRICT)
    assert any("greeting is left out" in notice for notice in chat.notices)
    session = chat.session([])
    view: list[Message] = [SystemMessage("s"), AssistantMessage("Hi!"), UserMessage("hi")]
    session.prompt(view)
    assert "Hi!" not in chat.tokenizer.decode(session.ids)
    said = session.receive([*chat.tokenizer.encode("Well."), chat.tokenizer.added["<|im_end|>"]]).message
    session.prompt([*view, said, UserMessage("bye")])
    assert len(session.spans) == 1
    assert not needs_of(template(QWEN3)).user_begins


@pytest.mark.parametrize(
    ("content", "empty"),
    [
        ('{{ raise_exception("no content") if m.content is none else m.content }}', True),
        ("{{ m.content }}", True),  # which prints the word None
        ("{{ m.content.strip() }}", True),
        ('{{ m.content or "" }}', False),
        ("{% if m.content %}{{ m.content }}{% endif %}", False),
    ],
)
def test_a_template_that_fails_on_no_content_beside_a_call_gets_an_empty_one(content: str, empty: bool) -> None:
    source = "{% for m in messages %}<|im_start|>{{ m.role }} " + content + "{% endfor %}"
    needs = needs_of(template(source))
    assert needs.empty_content == empty
    call = AssistantMessage(None, (make_call("a", "f", {}),))
    view: list[Message] = [UserMessage("u"), call, ToolMessage("a", "x")]
    assert "None" not in template(source).render(needs.prepare(view), TOOLS)


def test_known_templates_need_nothing_else() -> None:
    for source in (QWEN3, LLAMA31):
        needs: Any = needs_of(template(source))
        assert not needs.empty_content
        assert not needs.thinks
