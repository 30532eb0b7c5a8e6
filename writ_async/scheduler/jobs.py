"""What the scheduler is given, how it is bounded, and what it counts."""

from __future__ import annotations

import msgspec

from writ_async.domain import Domain
from writ_async.state import World
from writ_async.task import Task
from writ_async.trajectory import Seat


class Job(msgspec.Struct, frozen=True):
    """One conversation to run: a trial of a task in its world. `seed` is the run's."""

    task: Task
    domain: Domain
    world: World
    trial: int = 0
    seed: int = 0


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds of a run. They change when things happen, never what is said.

    `concurrency`: conversations that are live at once. `in_flight`: model calls at once, 0 for no bound of its own.
    `request_timeout`, `conversation_timeout`: seconds, 0 for none.
    """

    concurrency: int = 256
    in_flight: int = 0
    request_timeout: float = 600.0
    conversation_timeout: float = 0.0


class Timing(msgspec.Struct, frozen=True):
    """How long one conversation took, and how long each seat's model calls took within it; seconds."""

    id: str
    started: float
    seconds: float
    agent_wait: float
    user_wait: float


class Counters(msgspec.Struct):
    """What is going on; read it whenever you like, it costs nothing to keep."""

    live: int = 0
    in_flight: int = 0
    requests: int = 0
    tool_calls: int = 0
    started: int = 0
    finished: int = 0
    failed: int = 0
    waits: dict[Seat, float] = msgspec.field(default_factory=lambda: {"agent": 0.0, "user": 0.0})
