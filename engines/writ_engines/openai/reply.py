"""Replies: from the JSON text of a chat completion to a `Completion`, whatever a server or a model put into it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from writ_async.core.engine import Completion, FinishReason
from writ_async.core.message import AssistantMessage, FunctionCall, ToolCall
from writ_async.core.trajectory import Note, Usage
from writ_async.errors import EngineError, EngineErrorKind
from writ_engines.http import TransportError, status_error
from writ_engines.openai.prices import Price

_FINISHED: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
_BROKEN_OFF = ("abort", "error")
_NULL = msgspec.Raw(b"null")
_MOST_TOKENS = 2**40  # no request has more; whatever a server reports, a run's sum stays a number that JSON can hold


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: msgspec.Raw = _NULL


class _Call(msgspec.Struct):
    function: _Function
    id: Any = None


class _Message(msgspec.Struct):
    content: str | list[Any] | None = None
    tool_calls: list[_Call] | None = None
    refusal: Any = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: Any = None


class _Reply(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None
    object: Any = None
    code: Any = None


_decode_reply = msgspec.json.Decoder(_Reply).decode
_decode_text = msgspec.json.Decoder(str).decode


def read_reply(body: bytes, turn: int, taken: AbstractSet[str] = frozenset(), price: Price | None = None) -> Completion:
    """The completion in a reply's body.

    `taken` are the ids of the session's earlier tool calls: a call whose id is missing or was there before gets one
    made of the seat's `turn` and its place. Arguments stay the text that the model wrote; where there is none at all,
    which is how calls without arguments are often sent, they are an empty object. What the model thought, by itself or
    before a closing `</think>`, is left out; the text of a refusal is what it said.

    Raises `EngineError` of the kind `content_filter`; `TransportError` where another attempt may help: when the server
    gave the answer up half-way, when the body is no completion, or when it holds an error in spite of its status.
    """
    try:
        reply = _decode_reply(body)
        choice = _only_choice(reply, body)
        message = choice.message
        calls = _calls(message.tool_calls or [], turn, taken)
        finish = _finish(choice.finish_reason, bool(calls))
        usage = _usage(reply.usage, price)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        raise TransportError(f"the answer is no chat completion: {exc}", kind=EngineErrorKind.TRUNCATED) from None
    content = _text(message.content)
    notes: tuple[Note, ...] = ()
    if isinstance(message.refusal, str) and message.refusal:
        notes = (Note("refusal", turn, message.refusal),)
        content = content or message.refusal
    if calls:
        content = content or None
    return Completion(message=AssistantMessage(content, calls), finish_reason=finish, usage=usage, notes=notes)


def _only_choice(reply: _Reply, body: bytes) -> _Choice:
    if reply.choices:
        return reply.choices[0]
    if reply.error or reply.object == "error":
        raise status_error(_status(reply), body)
    raise TransportError("the answer is no chat completion: it holds no choice", kind=EngineErrorKind.TRUNCATED)


def _status(reply: _Reply) -> int:
    """The HTTP status that an error in a reply of status 200 says it has; 500 where it says none."""
    code = reply.error.get("code") if isinstance(reply.error, dict) else reply.code
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:
        code = int(code)
    return code if isinstance(code, int) and 400 <= code < 600 else 500


def _finish(reason: Any, called: bool) -> FinishReason:
    if reason == "content_filter":
        raise EngineError("the server's content filter withheld the answer", kind=EngineErrorKind.CONTENT_FILTER)
    if reason in _BROKEN_OFF:
        raise TransportError(
            f"the server broke the answer off (finish reason {reason!r})", kind=EngineErrorKind.ABORTED_BY_SERVER
        )
    known = _FINISHED.get(reason) if isinstance(reason, str) else None
    if known is None:
        shown = repr(reason)[:80]
        raise TransportError(
            f"the answer is not known to be whole (finish reason {shown})", kind=EngineErrorKind.TRUNCATED
        )
    if known == "length":
        return known
    return "tool_calls" if called else "stop"


def _text(content: str | list[Any] | None) -> str | None:
    """What was said. Some servers give a list of parts; models without a parser for it leave their thinking in."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(part for part in parts if isinstance(part, str))
    if content is None:
        return None
    head, closing, said = content.partition("</think>")
    if closing:
        return said.lstrip()
    return "" if head.lstrip().startswith("<think>") else content


def _calls(calls: list[_Call], turn: int, taken: AbstractSet[str]) -> tuple[ToolCall, ...]:
    made: list[ToolCall] = []
    seen = set(taken)
    for place, call in enumerate(calls):
        name = call.id if isinstance(call.id, str) and call.id.strip() else ""
        if not name or name in seen:
            name = _free_id(f"call_{turn}_{place}", seen)
        seen.add(name)
        made.append(ToolCall(name, FunctionCall(call.function.name or "unnamed", _arguments(call.function.arguments))))
    return tuple(made)


def _free_id(name: str, taken: AbstractSet[str]) -> str:
    number = 0
    free = name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _arguments(raw: msgspec.Raw) -> str:
    """The arguments as text: a string's own, or, where a server gave the object itself, its JSON."""
    text = bytes(raw).decode()
    if text.startswith('"'):
        text = _decode_text(text)
    return "{}" if not text.strip() or text == "null" else text


def _usage(given: Any, price: Price | None) -> Usage:
    prompt = _count(given, "prompt_tokens")
    completion = _count(given, "completion_tokens")
    cached = _count(_part(given, "prompt_tokens_details"), "cached_tokens")
    reasoning = _count(_part(given, "completion_tokens_details"), "reasoning_tokens")
    return Usage(
        requests=1,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        # SGLang counts them beside the details.
        reasoning_tokens=reasoning or _count(given, "reasoning_tokens"),
        nano_dollars=price.nano_dollars(prompt, cached, completion) if price else 0,
    )


def _part(given: Any, name: str) -> Any:
    return given.get(name) if isinstance(given, dict) else None


def _count(given: Any, name: str) -> int:
    value = _part(given, name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST_TOKENS:
        return 0
    return int(value)
