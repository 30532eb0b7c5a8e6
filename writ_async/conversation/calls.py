"""The tool calls of a conversation, each with its arguments, kind and result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from writ_async.core.message import (
    AssistantMessage,
    MalformedArgumentsError,
    Message,
    ToolCall,
    ToolMessage,
    UserMessage,
    parse_arguments,
)
from writ_async.core.tool import Tool, ToolKind

_canonical = msgspec.json.Encoder(order="deterministic").encode


class ExecutedCall(msgspec.Struct, frozen=True):
    """One call and its result. `message` is the index of the message that called, `number` the call's place in it.

    `arguments` is None when malformed.
    """

    message: int
    call: ToolCall
    arguments: dict[str, Any] | None
    kind: ToolKind | Literal["unknown"]
    result: ToolMessage
    number: int = 0

    @property
    def succeeded(self) -> bool:
        """True when the tool did what it was asked to."""
        return not self.result.error


class CallStep(msgspec.Struct, frozen=True, gc=False):
    """One call and what stands where its result belongs, the message at `place`. `message` is the index of the caller.

    `number` is the call's place in its message. `result` is None where another message stands, `call` where a result
    answers no call.
    """

    message: int
    place: int
    by_user: bool
    call: ToolCall | None
    result: ToolMessage | None
    number: int = 0


def walk_calls(messages: Sequence[Message]) -> list[CallStep]:
    """All calls and results of a conversation, of both seats, in order; results follow their message at once."""
    # To ask a message for its very type costs a fifth of asking whether it is an instance of a Struct.
    steps: list[CallStep] = []
    after = 0
    for index, message in enumerate(messages):
        if index < after:
            continue
        if type(message) is ToolMessage:
            steps.append(CallStep(index, index, message.requestor == "user", None, message))
        elif (type(message) is AssistantMessage or type(message) is UserMessage) and message.tool_calls:
            after = index + 1
            for number, call in enumerate(message.tool_calls):
                answer = messages[after] if after < len(messages) else None
                result = answer if type(answer) is ToolMessage else None
                steps.append(CallStep(index, after, type(message) is UserMessage, call, result, number))
                after += result is not None
    return steps


def as_the_agent_hears(messages: Sequence[Message], *, results: bool = False) -> Sequence[Message]:
    """The messages at their places, without what the agent never hears: the user's tools, and words beside their calls.

    With `results` what the user's tools answered is left, for whoever judges the user. The same messages where a user
    calls nothing.
    """
    for message in messages:
        if type(message) is UserMessage and message.tool_calls:
            return [_as_heard(message, results) for message in messages]
    return messages


def _as_heard(message: Message, results: bool) -> Message:
    if type(message) is UserMessage and message.tool_calls:
        return UserMessage(None, message.tool_calls)
    if type(message) is ToolMessage and message.requestor == "user" and not results:
        return ToolMessage(message.tool_call_id, "", message.error, "user")
    return message


def executed_calls(
    messages: Sequence[Message],
    tools: Mapping[str, Tool],
    steps: Sequence[CallStep] | None = None,
    *,
    by_user: bool = False,
) -> list[ExecutedCall]:
    """All answered tool calls of the agent, or of the user, in order. A call that was never answered is left out.

    `steps` are those of the messages, where somebody has walked through them.
    """
    found: list[ExecutedCall] = []
    for step in walk_calls(messages) if steps is None else steps:
        if step.by_user is not by_user or step.call is None or step.result is None:
            continue
        try:
            arguments = parse_arguments(step.call.function.arguments)
        except MalformedArgumentsError:
            arguments = None
        tool = tools.get(step.call.function.name)
        kind = tool.kind if tool else "unknown"
        found.append(ExecutedCall(step.message, step.call, arguments, kind, step.result, step.number))
    return found


def call_key(name: str, arguments: Mapping[str, Any]) -> bytes:
    """A key under which two calls are the same: name and arguments, the order of keys aside."""
    return _canonical((name, arguments))


def last_agent_text(messages: Sequence[Message]) -> int:
    """The index of the agent's last message with text and no calls, or -1."""
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if type(message) is AssistantMessage and not message.tool_calls and (message.content or "").strip():
            return index
    return -1


def said_by_user(message: Message) -> str:
    """The text of a user's message, empty for any other."""
    return (message.content or "") if type(message) is UserMessage else ""
