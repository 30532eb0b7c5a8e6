"""What policies decide about: conversations as they see them, without tasks, clients or clocks."""

from __future__ import annotations

from collections.abc import Hashable
from enum import IntEnum

from writ_async.core.trajectory import Seat
from writ_async.scheduler.forecast import Cohort

Prefix = tuple[Hashable, int]
"""What conversations share in the server's cache: a key, and its tokens."""


class Stage(IntEnum):
    """Where a conversation is."""

    WAITING = 0
    """It has not begun."""
    LIVE = 1
    """It has begun; its context is to stay in the server's cache. A call of it is under way, or none is asked for."""
    CALLING = 2
    """It is live and waits for its next model call."""
    PARKED = 3
    """Its place in the cache was given up; it waits to come back with its next model call."""
    GONE = 4
    """It has ended."""


class Member:
    """One conversation. `number` is its place in the order of the jobs.

    `kind` names conversations that grow alike, `group` those that share more than their kind does. `own` counts the KV
    tokens that it shares with nobody, of both seats. `server` says where its context lies. `calls` counts the model
    calls that were granted. `final` is the forecast of `own` at its end, by the `cohort` that it began with. `touched`
    says, for each seat, how much had been left behind on its server when the seat's context was last used.
    """

    __slots__ = (
        "bucket",
        "calls",
        "cohort",
        "final",
        "group",
        "kind",
        "marked",
        "number",
        "own",
        "prefixes",
        "server",
        "share",
        "stage",
        "touched",
    )

    def __init__(
        self, number: int, *, kind: str = "", group: Hashable = None, prefixes: tuple[Prefix, ...] = (), own: int = 0
    ) -> None:
        self.number = number
        self.kind = kind
        self.group = group
        self.prefixes = prefixes
        self.own = own
        self.stage = Stage.WAITING
        self.server = 0
        self.calls = 0
        self.cohort: Cohort | None = None
        self.final = own
        self.bucket = 0
        self.marked = False
        self.touched: dict[Seat, int] = {}
        # A point of (0, 1) that fills it evenly over members: each member takes its own quantile of the forecast, so
        # that all together have the distribution that was learned.
        self.share = (0.5 + number * 0.6180339887498949) % 1.0
