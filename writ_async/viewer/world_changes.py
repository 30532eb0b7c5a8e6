"""What the calls of a conversation changed in its world, and how its end differs from the one that is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from writ_async.conversation.calls import walk_calls
from writ_async.conversation.machine import run_call
from writ_async.core.acting import open_state
from writ_async.core.domain import Domain
from writ_async.core.message import Message, Requestor
from writ_async.core.state import State, World
from writ_async.core.task import Task
from writ_async.verify.outcome import ReplayMismatchError, gold_state

_ABSENT: Any = object()
MOST_CHANGES = 200
"""Changed values that are told of one call; what is beyond is counted."""


class Change(msgspec.Struct, frozen=True):
    """One value of a record that is another one now, as JSON; None where there was or is none."""

    table: str
    record: str
    path: str
    before: str | None
    after: str | None


class WorldChanges(msgspec.Struct):
    """The changes by the place of the call: index of the message and number of the call in it.

    `against_gold` is what differs in the end: `before` as it should be, `after` as it is; None where no right end is
    known. `note` says why something is missing.
    """

    calls: dict[tuple[int, int], tuple[Change, ...]] = {}
    against_gold: tuple[Change, ...] | None = None
    note: str = ""


def world_changes(messages: Sequence[Message], domain: Domain, world: World, task: Task | None) -> WorldChanges:
    """Make all calls again on a fresh state and look at what each leaves. Costs the tools' work, and O(written)."""
    state = open_state(None if task is None else task.initial, domain, world)
    found = WorldChanges(calls={})
    for step in walk_calls(messages):
        if step.call is None:
            continue
        requestor: Requestor = "user" if step.by_user else "assistant"
        tool = domain.tools_of(requestor).get(step.call.function.name)
        if tool is None or tool.kind != "write":
            continue
        before = state.fork()
        run_call(domain, state, step.call, requestor)
        changes = tuple(_between(before, state))
        if changes:
            found.calls[step.message, step.number] = changes[:MOST_CHANGES]
    if task is not None and task.actions is not None:
        try:
            found.against_gold = tuple(_between(gold_state(task, domain, world), state))[:MOST_CHANGES]
        except ReplayMismatchError as exc:
            found.note = f"the right end is not known: {exc}"
    return found


def _between(one: State, other: State) -> Iterator[Change]:
    """What differs between two states of a world, record by record."""
    slots = dict.fromkeys((table, key) for state in (one, other) for table, key, _ in state.touched())
    for table, key in slots:
        before, after = one.get(table, key), other.get(table, key)
        if before is not after and before != after:
            for path, old, new in differences(_plain(before), _plain(after)):
                yield Change(table, key, path, _text(old), _text(new))


def differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The places at which two JSON values differ, with both values; the absence of one is told by a mark of its own.

    >>> list(differences({"a": [1, 2]}, {"a": [1, 3]}))
    [('a[1]', 2, 3)]
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            yield from differences(before.get(key, _ABSENT), after.get(key, _ABSENT), f"{path}.{key}" if path else key)
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        for index in range(max(len(before), len(after))):
            old = before[index] if index < len(before) else _ABSENT
            new = after[index] if index < len(after) else _ABSENT
            yield from differences(old, new, f"{path}[{index}]")
    elif type(before) is not type(after) or before != after:
        yield path, before, after


def _plain(entity: Any) -> Any:
    """An entity as JSON values; the mark of absence for None, which stands for a record that is not there."""
    return _ABSENT if entity is None else msgspec.to_builtins(entity, str_keys=True)


def _text(value: Any) -> str | None:
    return None if value is _ABSENT else msgspec.json.encode(value).decode()
