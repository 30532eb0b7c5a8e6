"""Messages of a conversation, in the shapes of OpenAI chat completions, tagged by `role`.

They hold texts and each other, never in a circle: the garbage collector need not walk them (`gc=False`).
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

Requestor = Literal["assistant", "user"]


class FunctionCall(msgspec.Struct, frozen=True, gc=False):
    """The name of a tool and its arguments as the JSON text that the model wrote."""

    name: str
    arguments: str


class ToolCall(msgspec.Struct, frozen=True, gc=False):
    """One tool call of a message; `id` is answered by a `ToolMessage.tool_call_id`."""

    id: str
    function: FunctionCall
    type: Literal["function"] = "function"


class SystemMessage(msgspec.Struct, frozen=True, gc=False, tag_field="role", tag="system"):
    """What a seat is told before the first turn."""

    content: str


class UserMessage(msgspec.Struct, frozen=True, gc=False, tag_field="role", tag="user", omit_defaults=True):
    """A user's turn; `tool_calls` only where a domain gives its users tools."""

    content: str | None
    tool_calls: tuple[ToolCall, ...] = ()


class AssistantMessage(msgspec.Struct, frozen=True, gc=False, tag_field="role", tag="assistant", omit_defaults=True):
    """An agent's turn: text, tool calls, or both; `reasoning` is what the model thought before, which nobody hears."""

    content: str | None
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""


class ToolMessage(msgspec.Struct, frozen=True, gc=False, tag_field="role", tag="tool", omit_defaults=True):
    """The result of one tool call; `error` is true when the tool refused or the call was malformed."""

    tool_call_id: str
    content: str
    error: bool = False
    requestor: Requestor = "assistant"


Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage


class MalformedArgumentsError(ValueError):
    """The arguments of a tool call are not a JSON object, or go beyond what any tool could ask for.

    Its text says of the arguments what they are: "are not a JSON object: ..."."""


DEEPEST: Final = 64
"""How many lists and objects may stand in each other in a tool call's arguments."""

_decode_arguments = msgspec.json.Decoder(dict[str, Any]).decode
_pack = msgspec.msgpack.Encoder().encode


def call_arguments(call: ToolCall) -> dict[str, Any]:
    """The arguments of a call as a dict. Raises `MalformedArgumentsError` as `parse_arguments` does."""
    return parse_arguments(call.function.arguments)


def parse_arguments(text: str) -> dict[str, Any]:
    """The text of a call's arguments as a dict.

    Raises `MalformedArgumentsError` when the model's text is not a JSON object, or holds an integer beyond 64 bits or
    more than `DEEPEST` levels.
    """
    try:
        arguments = _decode_arguments(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as exc:
        raise MalformedArgumentsError(f"are not a JSON object: {exc}") from None
    if len(text) > DEEPEST and text.count("[") + text.count("{") > DEEPEST and is_deeper(arguments, DEEPEST):
        raise MalformedArgumentsError(f"are nested more than {DEEPEST} levels deep")
    try:
        _pack(arguments)  # holds what 64 bits hold, and is faster than to look at each number
    except OverflowError:
        raise MalformedArgumentsError("hold a number beyond 64 bits") from None
    return arguments


def is_deeper(value: Any, levels: int) -> bool:
    """Whether more than so many lists and objects stand in each other in a JSON value."""
    level = [value] if isinstance(value, dict | list) else []
    while level and levels:
        levels -= 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


def make_call(call_id: str, name: str, arguments: dict[str, Any]) -> ToolCall:
    """A well-formed tool call with its arguments encoded as JSON."""
    return ToolCall(call_id, FunctionCall(name, msgspec.json.encode(arguments).decode()))
