"""Items of the Responses interface: messages, calls and their outputs, each an item of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from writ_async.core.message import Requestor
from writ_async.formats.foreign.contents import join_parts, plain_text, read_call, read_text, result_text
from writ_async.formats.foreign.turns import Answered, Called, Spoken, Turn, UnreadableRowError

_CALLS = frozenset({"function_call", "custom_tool_call", "mcp_call"})
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})
_SEATS: dict[Any, Requestor] = {"assistant": "assistant", "user": "user"}


def is_item(value: Any) -> bool:
    """Whether a value is an item that only Responses have."""
    kind = value.get("type") if isinstance(value, dict) else None
    return isinstance(kind, str) and (kind in _CALLS or kind in _OUTPUTS or kind in ("reasoning", "message"))


def response_items(row: Mapping[str, Any]) -> list[Any] | None:
    """The items of a request with its response, or of a list of `items`; None where the row has none."""
    items = row.get("items")
    if isinstance(items, list):
        return items if any(map(is_item, items)) else None
    before, after = row.get("input"), row.get("output")
    if isinstance(before, str) and isinstance(after, list):
        before = [{"role": "user", "content": before}]
    if not isinstance(before, list) and not isinstance(after, list):
        return None
    both = [*(before if isinstance(before, list) else ()), *(after if isinstance(after, list) else ())]
    return both if any(is_item(item) or (isinstance(item, dict) and "role" in item) for item in both) else None


def response_turns(items: Sequence[Any]) -> Iterator[Turn]:
    """The turns of items; what the agent says and the calls right after it are one. Raises `UnreadableRowError`."""
    pending: Spoken | None = None
    thought = ""
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            raise UnreadableRowError(f"message {place} is no object")
        kind = item.get("type", "message")
        if kind == "message":
            if pending is not None:
                yield pending
            pending = None
            role = item.get("role")
            if role in ("system", "developer"):
                continue
            if not isinstance(role, str) or role not in _SEATS:
                raise UnreadableRowError(f"message {place} has the role {role!r:.60}")
            pending = Spoken(place, _SEATS[role], read_text(item.get("content"), place), (), thought)
            thought = ""
            if role == "user":
                yield pending
                pending = None
        elif isinstance(kind, str) and kind in _CALLS:
            calls: list[Called] = list(pending.calls) if pending is not None else []
            pending = Spoken(
                place if pending is None else pending.place,
                "assistant",
                None if pending is None else pending.text,
                (*calls, read_call(item, place, 0)),
                "\n".join(filter(None, ("" if pending is None else pending.reasoning, thought))),
            )
            thought = ""
            if item.get("output") is not None or item.get("error"):
                yield pending
                pending = None
                told = item["output"] if item.get("output") is not None else item.get("error")
                call_id = plain_text(item.get("call_id") or item.get("id"))
                yield Answered(place, call_id, result_text(told), bool(item.get("error")) or None)
        elif isinstance(kind, str) and kind in _OUTPUTS:
            if pending is not None:
                yield pending
            pending = None
            yield Answered(place, plain_text(item.get("call_id")), result_text(item.get("output")))
        elif kind == "reasoning":
            told = [part for key in ("content", "summary") if isinstance(item.get(key), list) for part in item[key]]
            thought = join_parts(told)
        elif not isinstance(kind, str) or not (kind.endswith(("_call", "_output", "_tools")) or kind in _SILENT):
            raise UnreadableRowError(f"item {place} has the type {kind!r:.60}")
    if pending is not None:
        yield pending


_SILENT = frozenset({"item_reference", "compaction"})
"""Items in which nobody says anything; what a server's own tools do, such as searching, is passed over, too."""
