"""Engines: whatever completes a chat. A model server, a script, a recording; all behind one protocol.

An engine is made by a factory that is registered as an entry point of the group `writ_async.engines`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from writ_async.domain import Domain
from writ_async.message import AssistantMessage, Message
from writ_async.task import Task
from writ_async.trajectory import Note, Seat, TokenSequence, Usage

FinishReason = Literal["stop", "tool_calls", "length"]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One model call. `id` is unique in a run; all requests of one seat of one conversation share `session`.

    `messages` is the seat's whole view, system prompt first, and only grows from one request of a session to the next;
    for the user's seat the roles are flipped, so that the seat that is to speak is always `assistant`. It is the
    conversation's own list: read it during the call, do not keep it. `turn` counts the seat's earlier completions.
    """

    id: str
    session: str
    seat: Seat
    task_id: str
    trial: int
    turn: int
    seed: int
    messages: Sequence[Message]
    tools: Sequence[dict[str, Any]]


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine answered. The message is the speaking seat's, as an assistant message."""

    message: AssistantMessage
    finish_reason: FinishReason = "stop"
    usage: Usage = msgspec.field(default_factory=lambda: Usage(requests=1))
    notes: tuple[Note, ...] = ()


class Engine(Protocol):
    """Completes chats. One instance serves all conversations of a run at once."""

    async def complete(self, request: Request) -> Completion:
        """Answer one request.

        Raises `ContextWindowError` when the prompt is too long, `EngineError` when no answer can be had.
        """

    def end_session(self, session: str) -> TokenSequence | None:
        """Forget whatever is kept for a session; called once, when its conversation has ended.

        An engine that works on token ids gives the session's whole sequence; others, and unknown sessions, None.
        """

    async def aclose(self) -> None:
        """Close connections."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a factory may use to make an engine: the run's tasks, its domains by name, and its seed."""

    tasks: Mapping[str, Task]
    domains: Mapping[str, Domain]
    seed: int


class EngineFactory(msgspec.Struct, frozen=True, kw_only=True):
    """How to make an engine. `options` is a Struct type: its fields are the engine's options, its docstring their help.

    `make(options, setting)` may raise `InputError`. `seats` says who the engine can play.
    """

    name: str
    options: type[msgspec.Struct]
    make: Callable[[Any, Setting], Engine]
    seats: frozenset[Seat] = frozenset({"agent", "user"})
