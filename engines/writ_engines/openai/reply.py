"""Replies: from the JSON text of a chat completion to a `Completion`, whatever a server or a model put into it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from writ_async.chat.completion import NO_TOOLS, read_completion, split_thinking
from writ_async.chat.json_calls import read_function
from writ_async.chat.notes import note_of_call_as_text, notes_on
from writ_async.chat.parsed import Defect, KnownTools, Parsed
from writ_async.core.engine import Completion, FinishReason
from writ_async.core.message import AssistantMessage, ToolCall
from writ_async.core.prices import Price
from writ_async.core.trajectory import Note, Seat, Usage
from writ_async.errors import EngineError, EngineErrorKind
from writ_engines.http import TransportError, status_error

_FINISHED: dict[str, FinishReason] = {
    **dict.fromkeys(("stop", "end_turn", "stop_sequence", "complete", "completed"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "max_completion_tokens", "model_length"), "length"),
    **dict.fromkeys(("tool_calls", "tool_call", "tool_use", "function_call"), "tool_calls"),
}
_WITHHELD = ("content_filter", "safety", "recitation", "prohibited_content", "blocklist")
UNKNOWN_FINISH = "unknown_finish_reason"
"""The code of the error of an answer whose finish reason says neither that it is whole nor that it is not."""
_UNNAMED = "unnamed"
_BROKEN_OFF = ("abort", "error")
_REASONING_KEYS = ("reasoning_content", "reasoning")
_LEAST_OF_ID = 16  # letters; those that servers draw or count up have 20 to 40
_MOST_TOKENS = 2**40  # no request has more; whatever a server reports, a run's sum stays a number that JSON can hold


class _Call(msgspec.Struct):
    function: dict[str, msgspec.Raw]
    id: Any = None


class _Message(msgspec.Struct):
    content: str | list[Any] | None = None
    tool_calls: list[_Call] | None = None
    function_call: dict[str, msgspec.Raw] | None = None
    refusal: Any = None
    reasoning_content: Any = None
    reasoning: Any = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: Any = None


class _Reply(msgspec.Struct):
    id: Any = None
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None
    object: Any = None
    code: Any = None


class _Identity(msgspec.Struct):
    id: Any = None


_decode_identity = msgspec.json.Decoder(_Identity).decode
_decode_reply = msgspec.json.Decoder(_Reply).decode


def read_reply(
    body: bytes,
    turn: int,
    taken: AbstractSet[str] = frozenset(),
    price: Price | None = None,
    *,
    seat: Seat = "agent",
    tools: KnownTools = NO_TOOLS,
    any_finish: bool = False,
) -> Completion:
    """The completion in a reply's body.

    `taken` are the ids of the session's earlier tool calls: a call whose id is missing or was there before gets one
    made of the seat's `turn` and its place. Arguments stay the text that the model wrote; where there is none at all,
    which is how calls without arguments are often sent, they are an empty object. What the model thought, by itself or
    between tags in the text, is the message's reasoning; the text of a refusal is what it said. Calls that the server
    left in the text, of one of the `tools`, stay there and are noted. With `any_finish` an answer whose finish reason
    is not known is taken for whole, where anything is said in it.

    Raises `EngineError` of the kind `content_filter`; `TransportError` where another attempt may help: when the server
    gave the answer up half-way, when the body is no completion, or when it holds an error in spite of its status.
    """
    defects: list[Defect] = []
    try:
        reply = _decode_reply(body)
        choice = _only_choice(reply, body)
        message = choice.message
        given = message.tool_calls or []
        if not given and message.function_call:
            given = [_Call(message.function_call)]
        calls = _calls(given, turn, taken, tools, defects)
        finish = _finish(choice.finish_reason, bool(calls), any_finish)
        usage = _usage(reply.usage, price)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        raise TransportError(f"the answer is no chat completion: {exc}", kind=EngineErrorKind.TRUNCATED) from None
    reasoning = next((told for told in map(_words, (message.reasoning_content, message.reasoning)) if told), "")
    text, thought = _text(message.content)
    said = split_thinking(text or "")
    content = None if text is None else said.message.content
    thoughts = [part for part in (reasoning, thought, said.reasoning) if part]
    notes: list[Note] = []
    if isinstance(message.refusal, str) and message.refusal:
        notes.append(Note("refusal", turn, message.refusal))
        content = content or message.refusal
    if calls:
        content = content or None
    whole = AssistantMessage(content, calls, "\n\n".join(thoughts))
    cut = usage.completion_tokens if finish == "length" else None
    notes += notes_on(Parsed(whole, tuple(dict.fromkeys([*defects, *said.defects]))), seat, turn, cut)
    if content and tools:
        leaked = note_of_call_as_text(read_completion(content, turn, tools, frozenset()), seat, turn)
        notes += [leaked] if leaked is not None else []
    return Completion(message=whole, finish_reason=finish, usage=usage, notes=tuple(notes))


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


def _finish(reason: Any, called: bool, any_finish: bool) -> FinishReason:
    word = reason.lower() if isinstance(reason, str) else None
    if word in _WITHHELD:
        raise EngineError("the server's content filter withheld the answer", kind=EngineErrorKind.CONTENT_FILTER)
    if word in _BROKEN_OFF:
        raise TransportError(
            f"the server broke the answer off (finish reason {reason!r})", kind=EngineErrorKind.ABORTED_BY_SERVER
        )
    known = _FINISHED.get(word) if word is not None else None
    if known is None and not any_finish:
        text = f"the answer is not known to be whole (finish reason {repr(reason)[:80]})"
        raise TransportError(text, kind=EngineErrorKind.TRUNCATED, code=UNKNOWN_FINISH)
    if known == "length":
        return known
    return "tool_calls" if called else "stop"


def reasoning_key(body: bytes) -> str:
    """The key under which a reply tells what the model thought; empty where it tells nothing."""
    reply = _decode_reply(body)
    message = reply.choices[0].message if reply.choices else _Message()
    return next((key for key in _REASONING_KEYS if _words(getattr(message, key))), "")


def is_of_its_own(body: bytes) -> bool:
    """Whether a reply has an id that no other has, as far as its length tells: some servers give all the same one."""
    try:
        told = _decode_identity(body).id
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return isinstance(told, str) and len(told) >= _LEAST_OF_ID


def _words(told: Any) -> str:
    return told if isinstance(told, str) and told.strip() else ""


def _text(content: str | list[Any] | None) -> tuple[str | None, str]:
    """What was said, and what was thought where a server gives a list of parts."""
    if not isinstance(content, list):
        return content, ""
    parts = [part for part in content if isinstance(part, dict)]
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
    thoughts = [thought for part in parts for thought in _thoughts(part.get("thinking"))]
    return "".join(texts), "\n\n".join(thoughts)


def _thoughts(given: Any) -> list[str]:
    if isinstance(given, str):
        return [given]
    parts = given if isinstance(given, list) else []
    return [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]


def _calls(
    calls: list[_Call], turn: int, taken: AbstractSet[str], tools: KnownTools, defects: list[Defect]
) -> tuple[ToolCall, ...]:
    made: list[ToolCall] = []
    seen = set(taken)
    for place, call in enumerate(calls):
        name = call.id if isinstance(call.id, str) and call.id.strip() else ""
        if not name or name in seen:
            name = _free_id(f"call_{turn}_{place}", seen)
        seen.add(name)
        made.append(ToolCall(name, read_function(call.function, tools, _UNNAMED, defects)))
    return tuple(made)


def _free_id(name: str, taken: AbstractSet[str]) -> str:
    number = 0
    free = name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _usage(given: Any, price: Price | None) -> Usage:
    if not isinstance(given, dict):
        return Usage(requests=1)
    prompt = _count(given.get("prompt_tokens"))
    completion = _count(given.get("completion_tokens"))
    cached = _detail(given, "prompt_tokens_details", "cached_tokens")
    reasoning = _detail(given, "completion_tokens_details", "reasoning_tokens")
    return Usage(
        requests=1,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        # SGLang counts them beside the details.
        reasoning_tokens=reasoning or _count(given.get("reasoning_tokens")),
        nano_dollars=price.nano_dollars(prompt, cached, completion) if price else 0,
    )


def _detail(given: dict[str, Any], part: str, name: str) -> int:
    details = given.get(part)
    return _count(details.get(name)) if isinstance(details, dict) else 0


def _count(value: Any) -> int:
    if value is None or isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST_TOKENS:
        return 0
    return int(value)
