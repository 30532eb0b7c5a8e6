"""Conversations made up from odd texts, played through a session with a model that writes its family's format."""

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from writ_async.chat import ChatFormat, FamilyFormat, Session, TemplateRefusedError
from writ_async.core.message import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolMessage,
    UserMessage,
    make_call,
)

TOOLS: tuple[dict[str, Any], ...] = (
    {
        "type": "function",
        "function": {
            "name": "get_order",
            "description": "Look up <one> order & its 'items'. Beware of <tool_call> and <|im_end|>.",
            "parameters": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
        },
    },
)
_TAGS = (
    *("<tool_call>", "</tool_call>", "<think>", "</think>", "<|python_tag|>", "{", "<function", "<invoke"),
    *("</function", "</parameter", "</arg_value", "</invoke", "<｜", "</｜", "[TOOL_CALLS]"),
    *("<|tool_call", "<|channel", "<|message"),
)


@dataclass
class Play:
    """What was played: the view, the tools, what the model returned turn by turn, and what was handed out."""

    session: Session
    view: list[Message]
    tools: tuple[dict[str, Any], ...]
    outputs: list[list[int]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)


def speech(rng: Random, texts: list[str]) -> str:
    """Something a model may say: no tag of a call, and nothing that a template strips."""
    text = rng.choice(texts)
    for tag in _TAGS:
        text = text.replace(tag, " ")
    return f"I {text}".strip()


def assistant(rng: Random, texts: list[str], *, calls: int) -> AssistantMessage:
    """A turn as a family writes it: text, or calls, or text and calls."""
    made = [
        make_call(
            f"x{index}", "get_order", {rng.choice("ab"): rng.choice(texts), "n": rng.choice([1, 2.5, None, [True]])}
        )
        for index in range(calls)
    ]
    return AssistantMessage(speech(rng, texts) if not calls or rng.random() < 0.3 else None, tuple(made))


def play(chat: FamilyFormat, rng: Random, texts: list[str], turns: int, check: bool = True) -> Play:
    """Play up to `turns` completions; after every prompt the session must be what a full rendering gives."""
    tools = TOOLS if rng.random() < 0.6 else ()
    llama = chat.name.startswith("llama")
    view: list[Message] = [SystemMessage(rng.choice(texts))] if rng.random() < 0.9 else []
    if rng.random() < 0.4:
        view.append(AssistantMessage(speech(rng, texts)))
    view.append(UserMessage(rng.choice(texts)))
    done = Play(chat.session(tools), view, tools)
    for _ in range(turns):
        tail = done.session.prompt(view)
        done.sent = [*done.sent[: tail.keep], *tail.ids]
        if check:
            full = chat.render(view, tools)
            assert done.session.ids == chat.tokenizer.encode_parts(full)
            assert done.sent == done.session.ids
            assert json.loads(b"[%b]" % tail.text) == tail.ids
        calls = 0 if rng.random() < 0.5 else 1 if llama else rng.randint(1, 3)
        message = assistant(rng, texts, calls=calls)
        if llama and calls:
            message = AssistantMessage(None, message.tool_calls)
        output = chat.tokenizer.encode_parts(chat.family.write(message))
        if rng.random() < 0.8:  # else the turn was cut off
            output.append(chat.tokenizer.added[chat.family.end])
        done.outputs.append(output)
        said = done.session.receive(output).message
        view.append(said)
        if said.tool_calls:
            view += [ToolMessage(call.id, rng.choice(texts)) for call in said.tool_calls]
        else:
            view.append(UserMessage(rng.choice(texts)))
    return done


def masked(session: Session) -> list[int]:
    """The ids under the loss mask."""
    return [token for token, on in zip(session.ids, session.mask(), strict=True) if on]


def refuses(chat: ChatFormat, view: list[Message], tools: tuple[dict[str, Any], ...]) -> bool:
    """Whether a conversation cannot be rendered."""
    try:
        chat.render(view, tools)
    except TemplateRefusedError:
        return True
    return False
