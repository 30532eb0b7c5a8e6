"""Conversations of others made again in a world: where a recorded result is another one than the tools give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from writ_async.conversation.calls import ExecutedCall
from writ_async.core.acting import act, open_state
from writ_async.core.domain import Domain
from writ_async.core.message import Requestor
from writ_async.core.state import World
from writ_async.core.task import InitialState
from writ_async.core.trajectory import Finding, Severity

RESULT_DIFFERS = "result_differs"

_CENT = 0.005
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def replay_all(
    domain: Domain,
    world: World,
    calls: Sequence[ExecutedCall],
    by_user: Sequence[ExecutedCall] = (),
    *,
    same_program: bool = True,
    initial: InitialState | None = None,
) -> tuple[int, list[Finding]]:
    """Make all calls again on a world: how many were made, and where a result is another one.

    `calls` are the agent's, those `by_user` the user's; all are made in the order of their messages. The text of an
    error is not compared: it may stem from another program. Where all results do (not `same_program`), only what both
    show is compared, and a difference is told as a remark. Calls of unknown tools are passed over. `initial` is what a
    task begins with.
    """
    state = open_state(initial, domain, world)
    severity: Severity = "error" if same_program else "remark"
    found: list[Finding] = []
    made = 0
    made_by: list[tuple[ExecutedCall, Requestor]] = [(call, "assistant") for call in calls]
    made_by += [(call, "user") for call in by_user]
    for call, requestor in sorted(made_by, key=lambda item: (item[0].message, item[0].number)):
        name = call.call.function.name
        if name not in domain.tools_of(requestor) or call.arguments is None or call.kind == "generic":
            continue
        made += 1
        result = act(domain, state, name, call.arguments, requestor)
        same = result.error == (not call.succeeded)
        if same and call.succeeded and result.content != call.result.content:
            same = not same_program and shows_the_same(result.content, call.result.content)
        if not same:
            detail = f"{name} gives another result in this world"
            found.append(Finding(RESULT_DIFFERS, detail, call.message, call.number, severity))
    return made, found


def shows_the_same(ours: str, theirs: str) -> bool:
    """Whether two results agree in all that both of them show; texts that are no JSON must be equal."""
    try:
        return _agree(msgspec.json.decode(ours), msgspec.json.decode(theirs))
    except _UNDECODABLE:
        return ours == theirs


def _agree(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return all(_agree(ours[key], theirs[key]) for key in ours.keys() & theirs.keys())
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_agree, ours, theirs))
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return abs(ours - theirs) < _CENT
    return bool(ours == theirs)
