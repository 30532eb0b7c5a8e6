"""One conversation of somebody else's file."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import msgspec

from writ_async.core.message import Message
from writ_async.core.trajectory import Signal, Termination
from writ_async.formats.foreign.contents import plain_text, read_tools
from writ_async.formats.foreign.endings import read_ending
from writ_async.formats.foreign.turns import Joined, UnreadableRowError

TAU2, TAU1, CHAT, SHAREGPT, WRIT2K = "tau2", "tau-bench", "chat", "sharegpt", "writ-2k"
ANTHROPIC, RESPONSES, TRL, INSPECT = "anthropic", "responses", "trl", "inspect"


class Foreign(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation that somebody else made.

    `tools` are the schemas that the row brings along, `task` its task as the file has it. `task_id`, `reward` and
    `agent` are what the file says. `repaired` counts calls that had no id, and results that were paired by their order.
    `places` says for each message where the file has it, `call_places` for each of its calls the message and which
    call in it. `gold` are the names and arguments of the actions that the row's own checks name, None where it has
    none.
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
    places: tuple[int, ...] = ()
    call_places: tuple[tuple[tuple[int, int], ...], ...] = ()
    task: dict[str, Any] | None = None
    gold: tuple[tuple[str, Any], ...] | None = None
    agent: str = ""

    def place_of(self, message: int, call: int = 0) -> tuple[int, int]:
        """Where the file has a call of ours, or a message: the message, and which call in it."""
        calls = self.call_places[message] if 0 <= message < len(self.call_places) else ()
        if 0 <= call < len(calls):
            return calls[call]
        return (self.places[message] if 0 <= message < len(self.places) else message), call


def plain_conversation(row: Mapping[str, Any], row_id: str, form: str, read: Joined) -> Foreign:
    """A conversation without a record of its end: its last messages tell. Raises `UnreadableRowError`."""
    if not read.messages:
        raise UnreadableRowError("the conversation is empty")
    termination, signal = read_ending(read.messages)
    given = row.get("id", row.get("task_id"))
    return Foreign(
        id=given if isinstance(given, str) and given else row_id,
        format=form,
        messages=read.messages,
        domain=plain_text(row.get("domain")),
        kind=plain_text(row.get("trajectory_type", row.get("kind"))),
        tools=read_tools(row.get("tools") or row.get("functions")),
        termination=termination,
        signal=signal,
        reward=read_number(row.get("reward")),
        repaired=read.repaired,
        places=read.places,
        call_places=read.call_places,
        agent=plain_text(row.get("model")),
    )


def read_number(given: Any) -> float | None:
    """A number of a file as a float; None for anything else: truth values, and what no float can hold, too."""
    if not isinstance(given, int | float) or isinstance(given, bool):
        return None
    try:
        return float(given) if isfinite(given) else None
    except OverflowError:
        return None
