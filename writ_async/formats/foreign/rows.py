"""One row of somebody else's file, by whatever format it shows, as a conversation of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from writ_async.conversation.rules import find_signal
from writ_async.core.message import (
    AssistantMessage,
    FunctionCall,
    Message,
    Requestor,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from writ_async.core.trajectory import Signal, Termination

TAU2, CHAT, SHAREGPT, WRIT2K = "tau2", "chat", "sharegpt", "writ-2k"

_ERROR = re.compile(r"^\s*\{?\W{0,2}error\b", re.IGNORECASE)
_SPEAKERS = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "function_call": "call",
    "observation": "tool",
    "tool": "tool",
    "system": "system",
}


class UnreadableRowError(ValueError):
    """A row is not a conversation in any format that is known; the text says what is wrong."""


class Foreign(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation that somebody else made.

    `tools` are the schemas that the row brings along. `task_id` and `reward` are what the file says, for τ²-bench.
    `repaired` counts calls that had no id, or whose results had none: they were paired by their order.
    """

    id: str
    format: str
    messages: tuple[Message, ...]
    domain: str = ""
    kind: str = ""
    task_id: str = ""
    tools: tuple[dict[str, Any], ...] = ()
    termination: Termination = Termination.AGENT_STOP
    signal: Signal | None = None
    reward: float | None = None
    repaired: int = 0


def read_row(row: Any, row_id: str) -> Foreign:
    """The conversation of one row. Raises `UnreadableRowError` when there is none in it."""
    if not isinstance(row, dict):
        raise UnreadableRowError(f"expected a JSON object, got {type(row).__name__}")
    if isinstance(row.get("conversations"), list):
        return _conversation(row, row_id, SHAREGPT, _sharegpt(row["conversations"]))
    messages = row.get("messages")
    if isinstance(messages, str):
        messages = _json(messages, "messages")
    if not isinstance(messages, list):
        raise UnreadableRowError("has neither `messages` nor `conversations`")
    form = WRIT2K if "trajectory_type" in row else CHAT
    return _conversation(row, row_id, form, messages)


def read_simulation(row: Mapping[str, Any], row_id: str, domain: str) -> Foreign:
    """The conversation of one simulation of a τ²-bench results file. Raises `UnreadableRowError`."""
    messages = row.get("messages")
    if not isinstance(messages, list):
        raise UnreadableRowError("the simulation has no list of `messages`")
    found, repaired = _messages(messages)
    info = row.get("reward_info")
    reward = info.get("reward") if isinstance(info, dict) else None
    task_id = str(row.get("task_id", ""))
    return Foreign(
        id=f"{task_id or row_id}#{row.get('trial') or 0}",
        format=TAU2,
        messages=found,
        domain=domain,
        kind="benchmark",
        task_id=task_id,
        termination=_termination(row.get("termination_reason")),
        signal=_signal(found),
        reward=float(reward) if isinstance(reward, int | float) else None,
        repaired=repaired,
    )


def _conversation(row: Mapping[str, Any], row_id: str, form: str, messages: Sequence[Any]) -> Foreign:
    found, repaired = _messages(messages)
    if not found:
        raise UnreadableRowError("the conversation is empty")
    signal = _signal(found)
    last = found[-1]
    ended = isinstance(last, AssistantMessage) and not last.tool_calls
    termination = Termination.USER_STOP if signal is not None else Termination.AGENT_STOP
    given = row.get("id", row.get("task_id"))
    return Foreign(
        id=given if isinstance(given, str) and given else row_id,
        format=form,
        messages=found,
        domain=_text(row.get("domain")),
        kind=_text(row.get("trajectory_type", row.get("kind"))),
        tools=_tools(row.get("tools")),
        termination=termination if ended or signal is not None else Termination.UNEXPECTED_ERROR,
        signal=signal,
        repaired=repaired,
    )


def _sharegpt(turns: Sequence[Any]) -> list[dict[str, Any]]:
    """ShareGPT turns as chat messages; calls get ids by their order."""
    messages: list[dict[str, Any]] = []
    for place, turn in enumerate(turns):
        if not isinstance(turn, dict) or not isinstance(turn.get("value"), str):
            raise UnreadableRowError(f"turn {place} is no object with `from` and `value`")
        speaker = _SPEAKERS.get(str(turn.get("from")))
        if speaker is None:
            raise UnreadableRowError(f"turn {place} is from {turn.get('from')!r}, which is nobody known")
        if speaker != "call":
            messages.append({"role": speaker, "content": turn["value"]})
            continue
        try:
            calls = msgspec.json.decode(turn["value"])
        except (msgspec.DecodeError, RecursionError):
            calls = {"name": "", "arguments": turn["value"]}
        messages.append(
            {"role": "assistant", "content": None, "tool_calls": calls if isinstance(calls, list) else [calls]}
        )
    return messages


def _messages(given: Sequence[Any]) -> tuple[tuple[Message, ...], int]:
    """Chat messages as ours, without system messages, and how many calls or results had to be paired by order."""
    found: list[Message] = []
    waiting: list[ToolCall] = []
    requestor: Requestor = "assistant"
    repaired = 0
    for place, message in enumerate(given):
        if not isinstance(message, dict):
            raise UnreadableRowError(f"message {place} is no object")
        role, content = message.get("role"), _content(message.get("content"), place)
        if role in ("assistant", "user"):
            calls, made_up = _calls(message.get("tool_calls"), place)
            repaired += made_up
            # What an unanswered call waited for never comes.
            waiting = list(calls) or waiting
            requestor = role if calls else requestor
            kind = AssistantMessage if role == "assistant" else UserMessage
            found.append(kind(content, calls))
        elif role in ("tool", "function"):
            call_id = message.get("tool_call_id") or message.get("id")
            if not isinstance(call_id, str) or not any(call.id == call_id for call in waiting):
                if not waiting:
                    raise UnreadableRowError(f"message {place} is the result of no call")
                repaired += 1
                call_id = waiting[0].id
            waiting = [call for call in waiting if call.id != call_id]
            error = message.get("error")
            failed = error if isinstance(error, bool) else bool(_ERROR.match(content or ""))
            found.append(ToolMessage(call_id, content or "", failed, requestor))
        elif role not in ("system", "developer"):
            raise UnreadableRowError(f"message {place} has the role {role!r}")
    return tuple(found), repaired


def _calls(given: Any, place: int) -> tuple[tuple[ToolCall, ...], int]:
    if not given:
        return (), 0
    if not isinstance(given, list):
        raise UnreadableRowError(f"message {place}: `tool_calls` is no list")
    calls: list[ToolCall] = []
    made_up = 0
    for number, call in enumerate(given):
        if not isinstance(call, dict):
            raise UnreadableRowError(f"message {place}: call {number} is no object")
        function = call.get("function")
        body = function if isinstance(function, dict) else call
        call_id = call.get("id")
        if not isinstance(call_id, str) or not call_id:
            call_id, made_up = f"call_{place}_{number}", made_up + 1
        calls.append(ToolCall(call_id, FunctionCall(_text(body.get("name")), _arguments(body.get("arguments")))))
    return tuple(calls), made_up


def _arguments(given: Any) -> str:
    """Arguments as JSON text. Text that was encoded twice is taken out of its quotes once."""
    if not isinstance(given, str):
        return msgspec.json.encode({} if given is None else _without_nulls(given)).decode()
    try:
        inner = msgspec.json.decode(given)
    except (msgspec.DecodeError, RecursionError):
        return given
    return inner if isinstance(inner, str) else given


def _without_nulls(value: Any) -> Any:
    """An object without the nulls at its top, which a table gives it for the keys of all other calls."""
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value


def _content(given: Any, place: int) -> str | None:
    if given is None or isinstance(given, str):
        return given
    if isinstance(given, list):
        parts = [part.get("text") for part in given if isinstance(part, dict)]
        return "".join(text for text in parts if isinstance(text, str))
    raise UnreadableRowError(f"message {place} has a content that is no text")


def _tools(given: Any) -> tuple[dict[str, Any], ...]:
    """The tool schemas of a row, in the shape of OpenAI's `tools`; what does not fit is left out."""
    try:
        value = _json(given, "tools") if isinstance(given, str) and given.strip() else given
    except UnreadableRowError:
        return ()
    found: list[dict[str, Any]] = []
    for tool in value if isinstance(value, list) else []:
        if isinstance(tool, dict):
            function = tool.get("function")
            body = function if isinstance(function, dict) else tool
            if isinstance(body.get("name"), str):
                found.append({"type": "function", "function": body})
    return tuple(found)


def _json(text: str, what: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise UnreadableRowError(f"`{what}` is text, but no JSON: {exc}") from None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _signal(messages: Sequence[Message]) -> Signal | None:
    """What the user's last words say about the end."""
    for message in reversed(messages):
        if isinstance(message, UserMessage):
            text = message.content or ""
            return find_signal(text)
    return None


def _termination(given: Any) -> Termination:
    try:
        return Termination(given)
    except ValueError:
        return Termination.UNEXPECTED_ERROR
