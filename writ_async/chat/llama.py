"""Llama-3.1-Instruct: header turns, and a tool call as a bare JSON object.

Decisions on the template's traps:

- *The greeting.* With tools the template moves the first message after the system prompt into a user turn, whatever its
  role, so that an agent's greeting would be put into the user's mouth. `render` gives those bytes; a session leaves the
  greeting out (`prepare`), which loses nothing that the model needs. Training data must leave it out too.
- *No first message.* With tools the template refuses an agent that speaks before anything was said; so do we.
- *One call a turn.* The template refuses a message of several calls; so does `render`. A model that emits several is
  taken at its word: all are run and answered, its own tokens stay in the prompt, and the turn is noted as
  `several_calls`, since no rendering of the finished conversation can show it.
- *Text beside a call* is dropped by the template. The model's own tokens keep it; a rendering from messages does not.
- *Results are encoded twice*: a string result becomes a JSON string. A model is trained and served so; we do the same.
- *`tool_calls: null`* breaks the template, which asks for the key alone: `plain_messages` leaves the key out.
- *String arguments* are encoded twice by the template: it is given the value of a call's JSON text instead.
- *An empty list of tools* would announce tools: it is taken for none.
- *The date* is 26 Jul 2024, the template's own default, and never the clock's: a prompt that changes at midnight is
  cached by no server and replayed by nobody. What day it is in a domain stands in its policy.
- *Content is stripped* of white space at both ends by the template; so it is here. Tokens that a model generated are
  not touched.
"""

from __future__ import annotations

from collections.abc import Sequence

from writ_async.chat.completion import parser_of
from writ_async.chat.errors import TemplateRefusedError
from writ_async.chat.family import Family, Tools
from writ_async.chat.rendered_parts import Parts
from writ_async.chat.template_messages import arguments_value, to_json, tool_texts, without_greeting
from writ_async.core.message import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage

BEGIN = "<|begin_of_text|>"
HEADER, HEADER_END = "<|start_header_id|>", "<|end_header_id|>"
END, END_OF_MESSAGE = "<|eot_id|>", "<|eom_id|>"
DATE = "26 Jul 2024"

_TOOLS_BEFORE = (
    "Given the following functions, please respond with a JSON for a function call with its proper arguments that best "
    'answers the given prompt.\n\nRespond in the format {"name": function name, "parameters": dictionary of argument '
    "name and its value}.Do not use variables.\n\n"
)


def _header(parts: Parts, role: str) -> Parts:
    return parts.mark(HEADER).say(role).mark(HEADER_END).say("\n\n")


def _head(messages: Sequence[Message], tools: Tools) -> tuple[Parts, int]:
    if not messages:
        raise TemplateRefusedError("there is no message to render")
    first = messages[0]
    used = int(isinstance(first, SystemMessage))
    system = first.content.strip() if isinstance(first, SystemMessage) else ""
    parts = _header(Parts().mark(BEGIN), "system")
    parts.say(
        ("Environment: ipython\n" if tools else "")
        + f"Cutting Knowledge Date: December 2023\nToday Date: {DATE}\n\n{system}"
    ).mark(END)
    if tools:
        if used == len(messages):
            raise TemplateRefusedError("the template puts the tools into the first user message, and there is none")
        schemas = "".join(text + "\n\n" for text in tool_texts(tools, 4))
        _header(parts, "user").say(_TOOLS_BEFORE + schemas + _text(messages[used])).mark(END)
        used += 1
    return parts, used


def _body(messages: Sequence[Message]) -> Parts:
    parts = Parts()
    for message in messages:
        match message:
            case ToolMessage(content=content):
                _header(parts, "ipython").say(to_json(content)).mark(END)
            case AssistantMessage():
                _header(parts, "assistant").join(_write(message)).mark(END)
            case UserMessage():
                if message.tool_calls:
                    raise TemplateRefusedError("a user's turn is text; the seat that calls tools is the assistant")
                _header(parts, "user").say(_text(message)).mark(END)
            case SystemMessage():
                _header(parts, "system").say(_text(message)).mark(END)
    return parts


def _text(message: Message) -> str:
    if message.content is None:
        raise TemplateRefusedError("a message without content would be rendered as the word None")
    return message.content.strip()


def _write(message: AssistantMessage) -> Parts:
    if not message.tool_calls:
        return Parts().say(_text(message))
    if len(message.tool_calls) > 1:
        raise TemplateRefusedError("the template renders one tool call a turn, and this message has several")
    function = message.tool_calls[0].function
    return Parts().say(f'{{"name": "{function.name}", "parameters": {to_json(arguments_value(function.arguments))}}}')


parse = parser_of("bare", "python")


def _prepare(messages: Sequence[Message], tools: Tools) -> Sequence[Message]:
    """The messages a session renders: with tools, an assistant's opening words are left out (see the module)."""
    return without_greeting(messages) if tools else messages


LLAMA31 = Family(
    name="llama-3.1-instruct",
    head=_head,
    body=_body,
    generation=_header(Parts(), "assistant"),
    end=END,
    after_end="",
    ends=frozenset({END, END_OF_MESSAGE}),
    required=(BEGIN, HEADER, HEADER_END, END),
    prepare=_prepare,
    parse=parse,
    write=_write,
)
