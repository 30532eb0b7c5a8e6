"""Chat messages: OpenAI's with `tool_calls` or the older `function_call`, Anthropic's blocks, τ²-bench's, tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from writ_async.core.message import Requestor
from writ_async.formats.foreign.contents import (
    join_parts,
    plain_text,
    read_call,
    read_list,
    read_text,
    result_text,
)
from writ_async.formats.foreign.hermes import CALL, RESULT, read_calls, read_results
from writ_async.formats.foreign.turns import Answered, Called, Spoken, Turn, UnreadableRowError

_CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_SEATS: dict[str, Requestor] = {"assistant": "assistant", "user": "user"}


def chat_turns(given: Sequence[Any]) -> Iterator[Turn]:
    """The turns of chat messages; system messages are passed over. Raises `UnreadableRowError`."""
    tagged = _is_tagged(given)
    for place, message in enumerate(given):
        if not isinstance(message, dict):
            raise UnreadableRowError(f"message {place} is no object")
        role = message.get("role")
        if role in ("tool", "function"):
            yield from _results(message, place)
        elif isinstance(role, str) and role in _SEATS:
            yield from _spoken(message, place, _SEATS[role], tagged)
        elif role not in ("system", "developer"):
            raise UnreadableRowError(f"message {place} has the role {role!r:.60}")


def has_blocks(given: Sequence[Any]) -> bool:
    """Whether any message has Anthropic's blocks of calls or results."""
    return any(_block_kind(block) for message in given for block in _parts(message))


def _parts(message: Any) -> list[Any]:
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, list) else []


def _block_kind(block: Any) -> str:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(kind, str):
        return ""
    return "call" if kind in _CALLS else "result" if kind.endswith("tool_result") else ""


def _is_tagged(given: Sequence[Any]) -> bool:
    """Whether tags in texts are this conversation's calls: they have results, and there are no other calls.

    Where a server parses calls, one in a text is a slip of the model, and stays text.
    """
    called = answered = False
    for message in given:
        if not isinstance(message, dict):
            continue
        if message.get("tool_calls") or message.get("function_call"):
            return False
        content = message.get("content")
        text = content if isinstance(content, str) else ""
        called = called or (message.get("role") == "assistant" and f"<{CALL}>" in text)
        answered = answered or message.get("role") == "tool" or text.lstrip().startswith(f"<{RESULT}>")
    return called and answered


def _spoken(message: Mapping[str, Any], place: int, role: Requestor, tagged: bool) -> Iterator[Turn]:
    parts = _parts(message)
    calls = [*_structured(message, place), *(block for block in parts if _block_kind(block) == "call")]
    results = [answer for block in parts for answer in _block_results(block, place)]
    text = read_text(message.get("content"), place)
    if tagged and text:
        if role == "user" and text.lstrip().startswith(f"<{RESULT}>"):
            yield from (Answered(place, "", result, None, name) for name, result in read_results(text))
            return
        if role == "assistant":
            text, found = read_calls(text)
            calls += found
    made: tuple[Called, ...] = tuple(read_call(call, place, number) for number, call in enumerate(calls))
    said = not results or bool(made or text)
    if role == "user":
        yield from results
    if said:
        yield Spoken(place, role, text or None if parts else text, made, _reasoning(message, parts))
    if role == "assistant":
        yield from results


def _reasoning(message: Mapping[str, Any], parts: list[Any]) -> str:
    """What the model thought: beside the content, or in parts of it."""
    beside = plain_text(message.get("reasoning_content")) or plain_text(message.get("reasoning"))
    inside = [part.get("thinking", part.get("reasoning")) for part in parts if isinstance(part, dict)]
    return beside or "\n".join(text for text in inside if isinstance(text, str) and text)


def _structured(message: Mapping[str, Any], place: int) -> list[Any]:
    """The calls of a message that stand beside its content."""
    given = message.get("tool_calls")
    if given:
        calls = [given] if isinstance(given, dict) else read_list(given, "tool_calls")
        if calls is None:
            raise UnreadableRowError(f"message {place}: `tool_calls` is no list")
        return calls
    older = message.get("function_call")
    return [older] if isinstance(older, dict) else []


def _block_results(block: Any, place: int) -> Iterator[Answered]:
    """The results in a block: Anthropic's, or that of a call which a server made itself."""
    if _block_kind(block) == "result":
        failed = True if block.get("is_error") is True else None
        yield Answered(place, plain_text(block.get("tool_use_id")), result_text(block.get("content")), failed)
    elif _block_kind(block) == "call" and block.get("result") is not None:
        yield Answered(
            place, plain_text(block.get("id")), result_text(block["result"]), bool(block.get("error")) or None
        )


def _results(message: Mapping[str, Any], place: int) -> Iterator[Answered]:
    several = message.get("tool_messages")
    for one in several if isinstance(several, list) else [message]:
        if not isinstance(one, dict):
            raise UnreadableRowError(f"message {place} has a result that is no object")
        call_id = plain_text(one.get("tool_call_id")) or plain_text(one.get("id"))
        error = one.get("error")
        failed = error if isinstance(error, bool) else True if error else None
        content = one.get("content")
        name = plain_text(one.get("name")) or plain_text(one.get("function"))
        if isinstance(content, str) and not call_id and content.lstrip().startswith(f"<{RESULT}>"):
            yield from (Answered(place, "", text, failed, told or name) for told, text in read_results(content))
            continue
        blocks = [block for block in _parts(one) if _block_kind(block) == "result"]
        if blocks:
            yield from (answer for block in blocks for answer in _block_results(block, place))
            continue
        text = result_text(content)
        if not text and isinstance(error, dict):
            text = join_parts([{"text": error.get("message")}])
        yield Answered(place, call_id, text, failed, name)
