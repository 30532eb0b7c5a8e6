"""Where the arguments of a call came from: the read that showed a value first, and the user's message that said it.

This is told to people who follow a conversation; what the verifiers say of an argument (`verify/following.py`) stands
beside it, and is what a verdict rests on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from writ_async.conversation.calls import ExecutedCall, call_key
from writ_async.core.message import Message, UserMessage
from writ_async.core.task import Cell
from writ_async.language.said_values import says
from writ_async.verify.provenance import atoms

_LONGEST: Final = 200
"""Characters of a value that is looked for as it is said; a longer one is only looked for as it stands."""


class Supplied(msgspec.Struct, frozen=True):
    """One argument: its path and value, and the messages that gave it, -1 where none did.

    `read` is the message whose call showed it first, `tool` that call's; `said` is the user's message.
    """

    path: str
    value: str
    read: int = -1
    tool: str = ""
    said: int = -1


def supplied_arguments(
    call: ExecutedCall, messages: Sequence[Message], shown: Mapping[str, tuple[int, str]]
) -> tuple[Supplied, ...]:
    """Every value in the arguments of a call, with who gave it before. `shown` is what `ShownValues` found so far."""
    found = []
    for path, value in atoms(call.arguments or {}):
        text = _text(value)
        read, tool = shown.get(text, (-1, ""))
        found.append(Supplied(path, text, read, tool, _said(text, messages[: call.message])))
    return tuple(found)


def _said(value: str, before: Sequence[Message]) -> int:
    """The user's message that said a value first."""
    if not value:
        return -1
    for index, message in enumerate(before):
        if not isinstance(message, UserMessage) or not message.content or message.tool_calls:
            continue
        if value.lower() in message.content.lower() and len(value) > 2:
            return index
        if len(value) <= _LONGEST and says(value, message.content):
            return index
    return -1


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def shown_values(call: ExecutedCall) -> Iterator[str]:
    """The values in the result of a call, and the result itself where it is one value."""
    content = call.result.content
    try:
        value = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        yield content
        return
    yield from (_text(one) for _, one in atoms(value))
    if isinstance(value, dict):
        yield from _keys(value)


def _keys(value: Any) -> Iterator[str]:
    """The keys of objects, which are ids in tables by id."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)


def first_shown(calls: Sequence[ExecutedCall]) -> Iterator[tuple[ExecutedCall, dict[str, tuple[int, str]]]]:
    """Each call with the values that the results before its message showed: the message that called, and the tool."""
    shown: dict[str, tuple[int, str]] = {}
    waiting: list[ExecutedCall] = []
    for call in calls:
        while waiting and waiting[0].message < call.message:
            earlier = waiting.pop(0)
            if earlier.succeeded and earlier.kind != "write":
                for value in shown_values(earlier):
                    shown.setdefault(value, (earlier.message, earlier.call.function.name))
        yield call, shown
        waiting.append(call)


def read_at(cell: Cell, calls: Sequence[ExecutedCall]) -> int:
    """The message in which a cell was read first, or -1."""
    wanted = call_key(cell.name, cell.arguments)
    for call in calls:
        same = call.call.function.name == cell.name and call.succeeded and call.arguments is not None
        if same and call_key(cell.name, call.arguments or {}) == wanted:
            return call.message
    return -1
