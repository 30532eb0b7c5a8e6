"""What the scheduler is given, how it is bounded, and what it counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Literal

import msgspec

from writ_async.conversation import Conversation
from writ_async.core.domain import Domain
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.core.trajectory import Seat, Trajectory

AdmissionName = Literal["auto", "fixed", "unbounded", "kv-budget"]
"""`fixed` keeps `concurrency` conversations live, `unbounded` all, `kv-budget` as many as the servers' caches hold."""


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
    `kv_tokens`: the KV pool of each server; 0 where nobody counts, or for what the server itself says.
    `admission`: who may begin when; `auto` is `kv-budget` where `kv_tokens` is given, else `fixed`.
    `request_timeout`, `conversation_timeout`: seconds, 0 for none.
    """

    concurrency: int = 256
    in_flight: int = 0
    kv_tokens: int = 0
    admission: AdmissionName = "auto"
    request_timeout: float = 600.0
    conversation_timeout: float = 0.0

    def most_live(self, jobs: int) -> int:
        """How many of so many conversations may be live at once."""
        return min(self.concurrency, jobs) if self.concurrency and self.admission != "unbounded" else jobs


class Timing(msgspec.Struct, frozen=True):
    """How long one conversation took, and how long each seat's model calls took within it; seconds.

    `gate_wait` is how long it waited until its calls could be made.
    """

    id: str
    started: float
    seconds: float
    agent_wait: float
    user_wait: float
    gate_wait: float = 0.0


OnFinish = Callable[[Job, Trajectory, Timing], None]
"""Called on the loop with each trajectory before it is counted and handed over."""

OnHalt = Callable[[str], None]
"""Told why a run ends before all is played."""

Stop = Callable[[Job, Conversation], str]
"""Asked before each model call of a conversation; a reason that is not empty ends it there."""


WhyAskAgain = Callable[[Job, Conversation, str], str]
"""Shown each answer of the user before it is taken; what is wrong with it, or an empty text."""


LookBack = Callable[[Job, Trajectory], Awaitable[None]]
"""Awaited with each trajectory before it is handed over, within the time of one model call; it may change it."""


Conclude = Callable[[Job, Trajectory], Iterator[None]]
"""What is left to be done with each trajectory before it is handed over, in slices: between two of them other
conversations have their turn. Nothing interrupts it, and what it raises ends the run."""


class Counters(msgspec.Struct):
    """What is going on; read it whenever you like, it costs nothing to keep.

    `held` conversations are live and wait at the gate. `stopped` ones were ended early, which saved `saved_tokens` by
    the mean of finished conversations of their kinds. `asked_again` counts answers that were not taken. `kv_used` of
    the `kv_tokens` of all servers are held by running requests, as those said last; 0 where none says it.
    """

    live: int = 0
    held: int = 0
    in_flight: int = 0
    requests: int = 0
    tool_calls: int = 0
    started: int = 0
    finished: int = 0
    failed: int = 0
    stopped: int = 0
    saved_tokens: int = 0
    asked_again: int = 0
    kv_used: int = 0
    kv_tokens: int = 0
    waits: dict[Seat, float] = msgspec.field(default_factory=lambda: {"agent": 0.0, "user": 0.0})
