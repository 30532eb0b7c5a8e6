"""What a conversation takes from an engine: a completion of the right types, whole text, and not too much of it."""

from __future__ import annotations

from typing import Any, Final

from writ_async.core.engine import Completion
from writ_async.core.message import AssistantMessage, FunctionCall, MalformedArgumentsError, ToolCall, call_arguments
from writ_async.core.trajectory import Note, Usage
from writ_async.errors import EngineError, EngineErrorKind

EMPTY: Final = "empty message"
"""The error of a conversation that ended with a completion without words or calls, which leaves no message."""

TOO_LONG: Final = "too long: "
"""The beginning of the error of one that ended with more than is taken, which leaves no message either."""

MOST_CHARACTERS: Final = 100_000
"""Characters of one message, calls included, that are taken: what is judged is bounded with it. Some 25,000 tokens."""

MOST_REASONING: Final = 1_000_000
"""Characters of one message's reasoning, which nobody hears."""

MOST_CALLS: Final = 128
"""Tool calls of one message."""

MOST_USED: Final = 1 << 40
"""Tokens, requests or billionths of a dollar that one completion can have cost."""


def require_completion(answer: Any) -> Completion:
    """The answer of an engine, which a type checker may never have seen.

    Raises `EngineError` where it is no `Completion`, or what stands in it is of another type than declared.
    """
    wrong = _what_is_wrong(answer)
    if wrong:
        raise EngineError(f"the engine gave {wrong}", kind=EngineErrorKind.TRUNCATED)
    completion: Completion = answer
    return completion


def _what_is_wrong(answer: Any) -> str:
    if not isinstance(answer, Completion):
        return f"{_kind(answer)} instead of a Completion"
    message: Any = answer.message
    if not isinstance(message, AssistantMessage):
        return f"{_kind(message)} instead of an AssistantMessage"
    content: Any = message.content
    if not (content is None or isinstance(content, str)) or not isinstance(message.reasoning, str):
        return "a message whose text is no str"
    calls: Any = message.tool_calls
    if (calls and not (isinstance(calls, tuple) and all(map(_is_call, calls)))) or calls is None:
        return "a message whose tool_calls are no tuple of ToolCall"
    notes: Any = answer.notes
    if (notes and not (isinstance(notes, tuple) and all(isinstance(note, Note) for note in notes))) or notes is None:
        return "a Completion whose notes are no tuple of Note"
    usage: Any = answer.usage
    if not isinstance(usage, Usage):
        return f"{_kind(usage)} instead of a Usage"
    return "" if _counts(usage) else f"a Usage with a field that is no whole number from 0 to {MOST_USED}"


def _counts(usage: Usage) -> bool:
    """Whether all fields are whole numbers within bounds; written out, for it is asked with every completion."""
    prompt, completion, cached = usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens
    requests, reasoning, cost = usage.requests, usage.reasoning_tokens, usage.nano_dollars
    try:
        return (
            0 <= prompt <= MOST_USED
            and 0 <= completion <= MOST_USED
            and 0 <= cached <= MOST_USED
            and 0 <= requests <= MOST_USED
            and 0 <= reasoning <= MOST_USED
            and 0 <= cost <= MOST_USED
            and isinstance(prompt + completion + cached + requests + reasoning + cost, int)
        )
    except TypeError:
        return False


def _is_call(call: Any) -> bool:
    return (
        isinstance(call, ToolCall)
        and isinstance(call.id, str)
        and isinstance(call.function, FunctionCall)
        and isinstance(call.function.name, str)
        and isinstance(call.function.arguments, str)
    )


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def why_too_long(message: AssistantMessage) -> str:
    """Why a message is more than a conversation takes; empty for one that is not."""
    calls = message.tool_calls
    if len(calls) > MOST_CALLS:
        return f"{TOO_LONG}a message with {len(calls):,} tool calls; {MOST_CALLS:,} are taken"
    length = len(message.content or "")
    for call in calls:
        length += len(call.id) + len(call.function.name) + len(call.function.arguments)
    if length > MOST_CHARACTERS:
        return f"{TOO_LONG}a message of {length:,} characters; {MOST_CHARACTERS:,} are taken"
    if len(message.reasoning) > MOST_REASONING:
        return f"{TOO_LONG}reasoning of {len(message.reasoning):,} characters; {MOST_REASONING:,} are taken"
    return ""


def left_out_last(error: str) -> bool:
    """Whether the error of a conversation is that its last completion was not taken as a message."""
    return error == EMPTY or error.startswith(TOO_LONG)


def why_unreadable(message: AssistantMessage) -> str:
    """Why an answer cannot be read: it says and calls nothing, or its arguments are no JSON object; empty if it can."""
    if not message.tool_calls:
        return "" if (message.content or "").strip() else EMPTY
    for call in message.tool_calls:
        try:
            call_arguments(call)
        except MalformedArgumentsError as exc:
            return f"the arguments of {call.function.name} {exc}"
    return ""


def whole_message(message: AssistantMessage) -> AssistantMessage:
    """The message without halves of surrogate pairs, which no file can hold; a model may emit one."""
    if (
        _is_whole(message.content or "")
        and _is_whole(message.reasoning)
        and all(
            _is_whole(call.id) and _is_whole(call.function.name) and _is_whole(call.function.arguments)
            for call in message.tool_calls
        )
    ):
        return message
    calls = tuple(
        ToolCall(whole_text(call.id), FunctionCall(whole_text(call.function.name), whole_text(call.function.arguments)))
        for call in message.tool_calls
    )
    content = None if message.content is None else whole_text(message.content)
    return AssistantMessage(content, calls, whole_text(message.reasoning))


def whole_note(note: Note) -> Note:
    """The same of a note, which may quote a message; a number of a turn that there cannot be is -1."""
    turn: Any = note.turn
    turn = turn if isinstance(turn, int) and 0 <= turn <= MOST_USED else -1
    return Note(whole_text(str(note.kind)), turn, whole_text(str(note.detail)), bool(note.matters), bool(note.planted))


def _is_whole(text: str) -> bool:
    return text.isascii() or text.encode("utf-8", "ignore").decode() == text


def whole_text(text: str) -> str:
    """A text without halves of surrogate pairs."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
