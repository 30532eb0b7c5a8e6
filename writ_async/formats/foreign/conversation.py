"""One conversation of somebody else's file, and how it ended where the file does not say it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from writ_async.conversation.rules import find_signal
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage
from writ_async.core.trajectory import Signal, Termination
from writ_async.formats.foreign.contents import plain_text, read_tools
from writ_async.formats.foreign.turns import Joined, UnreadableRowError

TAU2, TAU1, CHAT, SHAREGPT, WRIT2K = "tau2", "tau-bench", "chat", "sharegpt", "writ-2k"
ANTHROPIC, RESPONSES, TRL, INSPECT = "anthropic", "responses", "trl", "inspect"

_MOST_GOODBYES = 2
_HAND_OVER = re.compile(
    r"(?:hand_?off|hand_?over|escalate|transfer$|(?:transfer|forward|connect|route)\w*?"
    r"(?:human|agent|operator|person|support|specialist|representative))",
    re.IGNORECASE,
)


class Foreign(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation that somebody else made.

    `tools` are the schemas that the row brings along, `task` its task as the file has it. `task_id`, `reward` and
    `agent` are what the file says. `repaired` counts calls that had no id, and results that were paired by their order.
    `places` says for each message where the file has it, `call_places` for each of its calls the message and which
    call in it.
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


def read_ending(messages: Sequence[Message]) -> tuple[Termination, Signal | None]:
    """How a conversation ended, told by its last messages: a closing token, a transfer, the last word of the agent."""
    signal = find_last_signal(messages) or (Signal.TRANSFER if _was_handed_over(messages) else None)
    if signal is not None:
        return Termination.USER_STOP, signal
    return (Termination.AGENT_STOP if _has_last_word(messages) else Termination.UNEXPECTED_ERROR), None


def find_last_signal(messages: Sequence[Message]) -> Signal | None:
    """What the user's last words say about the end: a goodbye after it takes nothing back, a call of the agent does."""
    goodbyes = 0
    for message in reversed(messages):
        if goodbyes > _MOST_GOODBYES or (isinstance(message, AssistantMessage) and message.tool_calls):
            return None
        if isinstance(message, UserMessage):
            signal = find_signal(message.content or "")
            if signal is not None:
                return signal
            goodbyes += 1
    return None


def hands_over(message: Message) -> bool:
    """Whether the agent calls a tool that hands the customer over to a human, by its name."""
    return isinstance(message, AssistantMessage) and any(_HAND_OVER.match(c.function.name) for c in message.tool_calls)


def _was_handed_over(messages: Sequence[Message]) -> bool:
    """Whether the last thing done was to hand the customer over, and it worked."""
    last = messages[-1] if len(messages) > 1 else None
    return isinstance(last, ToolMessage) and not last.error and hands_over(messages[-2])


def _has_last_word(messages: Sequence[Message]) -> bool:
    """Whether the agent spoke last, what the user then looked up for itself aside."""
    for message in reversed(messages):
        own = isinstance(message, ToolMessage) and message.requestor == "user"
        if not own and not (isinstance(message, UserMessage) and message.tool_calls):
            return isinstance(message, AssistantMessage) and not message.tool_calls
    return False


def read_number(given: Any) -> float | None:
    """A number of a file as a float; None for anything else, truth values too."""
    return float(given) if isinstance(given, int | float) and not isinstance(given, bool) else None
