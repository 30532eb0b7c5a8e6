"""Qwen3-Instruct-2507 and Qwen2.5-Instruct: ChatML turns, and tool calls between tags.

Their templates differ in three places, which are the fields of `_Dialect`.

Decisions on the templates' traps:

- *Default system prompt.* Qwen2.5's template makes up a system message where there is none. So does ours: the bytes are
  the template's. A seat of a conversation always has a system prompt of its own.
- *String arguments.* Qwen2.5's template encodes arguments given as a string a second time, Qwen3's prints them as they
  are. Ours is given the value of a call's JSON text (`arguments_value`), so that neither happens to a good call; for a
  call that was not JSON both do what their templates do.
- *No content.* An assistant message of calls alone may have no content or an empty one. Without calls, Qwen2.5's
  template fails on a missing content, and so does ours.
- *Tool results in a row* share one user turn. A row ends where the assistant speaks, so it is always rendered whole.
- *Look-alikes.* Qwen puts tool results into user turns, between tags that are tokens of their own. A customer who types
  such a tag, or `<|im_end|>`, gets ordinary text (see `parts`).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from writ_async.chat.completion import parser_of
from writ_async.chat.errors import TemplateRefusedError
from writ_async.chat.family import Family, Tools
from writ_async.chat.reading import CALL_CLOSE, CALL_OPEN
from writ_async.chat.rendered_parts import Parts, split_marks, splitter
from writ_async.chat.template_messages import arguments_value, to_json, tool_texts
from writ_async.core.message import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage

START, END = "<|im_start|>", "<|im_end|>"
RESULT_OPEN, RESULT_CLOSE = "<tool_response>", "</tool_response>"

_marks = splitter((START, END, CALL_OPEN, CALL_CLOSE, RESULT_OPEN, RESULT_CLOSE))
_TOOLS_BEFORE = split_marks(
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>",
    _marks,
)
_TOOLS_AFTER = split_marks(
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    '<tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n'
    "</tool_call>",
    _marks,
)
_GENERATION = Parts().mark(START).say("assistant\n")
_CLOSED = Parts().mark(END).say("\n")


class _Dialect(msgspec.Struct, frozen=True):
    """`system` stands where there is no system message; `verbatim` prints string arguments as they are; `silent` lets
    an assistant say nothing at all.
    """

    system: str | None
    verbatim: bool
    silent: bool


def _head(messages: Sequence[Message], tools: Tools, dialect: _Dialect) -> tuple[Parts, int]:
    if not messages:
        raise TemplateRefusedError("there is no message to render")
    first = messages[0]
    used = int(isinstance(first, SystemMessage))
    system = first.content if isinstance(first, SystemMessage) else dialect.system
    parts = Parts()
    if tools:
        parts.mark(START).say("system\n")
        if system is not None:
            parts.say(system + "\n\n")
        schemas = "".join("\n" + text for text in tool_texts(tools, None))
        parts.join(_TOOLS_BEFORE).say(schemas).join(_TOOLS_AFTER).join(_CLOSED)
    elif system is not None:
        parts.mark(START).say("system\n" + system).join(_CLOSED)
    return parts, used


def _body(messages: Sequence[Message], dialect: _Dialect) -> Parts:
    parts = Parts()
    last = len(messages) - 1
    for index, message in enumerate(messages):
        match message:
            case ToolMessage(content=content):
                if index == 0 or not isinstance(messages[index - 1], ToolMessage):
                    parts.mark(START).say("user")
                parts.say("\n").mark(RESULT_OPEN).say("\n" + content + "\n").mark(RESULT_CLOSE)
                if index == last or not isinstance(messages[index + 1], ToolMessage):
                    parts.join(_CLOSED)
            case AssistantMessage():
                parts.join(_GENERATION).join(_write(message, dialect)).join(_CLOSED)
            case UserMessage(content=content, tool_calls=calls):
                if calls or content is None:
                    raise TemplateRefusedError("a user's turn is text; the seat that calls tools is the assistant")
                parts.mark(START).say("user\n" + content).join(_CLOSED)
            case SystemMessage(content=content):
                parts.mark(START).say("system\n" + content).join(_CLOSED)
    return parts


def _write(message: AssistantMessage, dialect: _Dialect) -> Parts:
    content, calls = message.content, message.tool_calls
    if content is None and not calls and not dialect.silent:
        raise TemplateRefusedError("the template fails on an assistant message without content and without calls")
    parts = Parts().say(content or "")
    for index, call in enumerate(calls):
        if content or index:
            parts.say("\n")
        value = arguments_value(call.function.arguments)
        text = value if dialect.verbatim and isinstance(value, str) else to_json(value)
        parts.mark(CALL_OPEN).say(f'\n{{"name": "{call.function.name}", "arguments": {text}}}\n').mark(CALL_CLOSE)
    return parts


parse = parser_of("tags")


def _keep(messages: Sequence[Message], tools: Tools) -> Sequence[Message]:
    return messages


def _family(name: str, dialect: _Dialect) -> Family:
    return Family(
        name=name,
        head=lambda messages, tools: _head(messages, tools, dialect),
        body=lambda messages: _body(messages, dialect),
        generation=_GENERATION,
        end=END,
        after_end="\n",
        ends=frozenset({END}),
        required=(START, END),
        prepare=_keep,
        parse=parse,
        write=lambda message: _write(message, dialect),
    )


QWEN3 = _family("qwen3-instruct-2507", _Dialect(system=None, verbatim=True, silent=True))
QWEN25 = _family(
    "qwen2.5-instruct",
    _Dialect(
        system="You are Qwen, created by Alibaba Cloud. You are a helpful assistant.", verbatim=False, silent=False
    ),
)


def text_with_tools(family: Family, text: str, tools: Tools) -> str:
    """The content of a system message as the family's template writes it when it is given tools.

    For whoever renders messages without tools. `family` is one of this module's.
    """
    head = str(family.head([SystemMessage(text)], tools)[0])
    return head.removeprefix(f"{START}system\n").removesuffix(f"{END}\n")
