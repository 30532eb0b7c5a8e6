"""The tool calls of a conversation, each with its arguments, kind and result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from writ_async.core.domain import Tool, ToolKind
from writ_async.core.message import (
    AssistantMessage,
    MalformedArgumentsError,
    Message,
    ToolCall,
    ToolMessage,
    UserMessage,
    call_arguments,
)

_canonical = msgspec.json.Encoder(order="deterministic").encode


class ExecutedCall(msgspec.Struct, frozen=True):
    """One call and its result. `message` is the index of the message that called; `arguments` None when malformed."""

    message: int
    call: ToolCall
    arguments: dict[str, Any] | None
    kind: ToolKind | Literal["unknown"]
    result: ToolMessage

    @property
    def succeeded(self) -> bool:
        """True when the tool did what it was asked to."""
        return not self.result.error


def executed_calls(messages: Sequence[Message], tools: Mapping[str, Tool]) -> list[ExecutedCall]:
    """All answered tool calls of the agent, in order. A call that was never answered is left out."""
    found: list[ExecutedCall] = []
    for index, message in enumerate(messages):
        if not isinstance(message, AssistantMessage) or not message.tool_calls:
            continue
        for offset, call in enumerate(message.tool_calls, start=1):
            result = messages[index + offset] if index + offset < len(messages) else None
            if not isinstance(result, ToolMessage):
                break
            try:
                arguments = call_arguments(call)
            except MalformedArgumentsError:
                arguments = None
            tool = tools.get(call.function.name)
            found.append(ExecutedCall(index, call, arguments, tool.kind if tool else "unknown", result))
    return found


def call_key(name: str, arguments: Mapping[str, Any]) -> bytes:
    """A key under which two calls are the same: name and arguments, the order of keys aside."""
    return _canonical((name, arguments))


def last_agent_text(messages: Sequence[Message]) -> int:
    """The index of the agent's last message with text and no calls, or -1."""
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if isinstance(message, AssistantMessage) and not message.tool_calls and (message.content or "").strip():
            return index
    return -1


def said_by_user(message: Message) -> str:
    """The text of a user's message, empty for any other."""
    return (message.content or "") if isinstance(message, UserMessage) else ""
