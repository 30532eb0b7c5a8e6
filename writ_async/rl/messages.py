"""Messages as the dicts of chat completions, and back: trainers hand an agent's turn over in many shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from writ_async.core.message import AssistantMessage, FunctionCall, Message, SystemMessage, ToolCall, ToolMessage
from writ_async.errors import InputError


def chat_message(message: Message) -> dict[str, Any]:
    """A message as a dict of chat completions; the arguments of calls are JSON text.

    >>> from writ_async import make_call
    >>> chat_message(AssistantMessage(None, (make_call("c1", "get_user", {"id": 7}),)))["tool_calls"][0]["function"]
    {'name': 'get_user', 'arguments': '{"id":7}'}
    """
    if isinstance(message, ToolMessage):
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.content}
    if isinstance(message, SystemMessage):
        return {"role": "system", "content": message.content}
    role = "assistant" if isinstance(message, AssistantMessage) else "user"
    plain: dict[str, Any] = {"role": role, "content": message.content}
    if message.tool_calls:
        plain["tool_calls"] = [msgspec.to_builtins(call) for call in message.tool_calls]
    return plain


def read_message(given: Any, turn: int = 0) -> AssistantMessage:
    """An agent's turn: a text, an `AssistantMessage`, or a dict of chat completions with arguments as text or object.

    A call without an id gets one that depends on the turn and its place. Raises `InputError` for what is none of them.
    """
    if isinstance(given, AssistantMessage):
        return given
    if isinstance(given, str):
        return AssistantMessage(given)
    if not isinstance(given, Mapping):
        raise InputError(f"an agent's turn is a text, a message or token ids, not a {type(given).__name__}")
    content, calls = given.get("content"), given.get("tool_calls") or ()
    if not isinstance(content, str | None) or not isinstance(calls, Sequence) or isinstance(calls, str):
        raise InputError("an agent's turn: content must be a text or None, and tool_calls a list")
    reasoning = given.get("reasoning_content") or ""
    return AssistantMessage(
        content, tuple(_read_call(call, f"call_{turn}_{index}") for index, call in enumerate(calls)), str(reasoning)
    )


def _read_call(given: Any, known_as: str) -> ToolCall:
    if isinstance(given, ToolCall):
        return given
    function = given.get("function", given) if isinstance(given, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise InputError("a tool call must have a function with a name")
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        arguments = msgspec.json.encode({} if arguments is None else arguments).decode()
    return ToolCall(str(given.get("id") or known_as), FunctionCall(function["name"], arguments))
