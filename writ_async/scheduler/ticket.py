"""What admission decides about: a conversation as it sees it, without tasks, clients or clocks."""

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


class Ticket:
    """One conversation, as admission sees it.

    number         its place in the order of the jobs
    kind, group    name the conversations that grow alike, and those that share more than their kind does
    prefixes       what it shares in the server's cache: keys with their tokens
    own_tokens     KV tokens that it shares with nobody, of both seats
    final_tokens   the forecast of `own_tokens` at its end, by the `cohort` that it began with
    stage          where it is
    server         the index of the server on which its context lies
    calls          model calls that were granted
    marked         whether it is to give its place up at its next call
    share          the quantile of the forecast that it takes, between 0 and 1
    contexts       by seat, its own tokens
    touched        by seat, the tokens that had been left behind on its server when the seat's context was last used
    left_at_call   those that had been left behind when its latest call was asked for
    bucket         where the books of its server's pool have it
    variance       of what it has to go, as those books have it, in tokens squared
    """

    __slots__ = (
        "bucket",
        "calls",
        "cohort",
        "contexts",
        "final_tokens",
        "group",
        "kind",
        "left_at_call",
        "marked",
        "number",
        "own_tokens",
        "prefixes",
        "server",
        "share",
        "stage",
        "touched",
        "variance",
    )

    def __init__(
        self, number: int, *, kind: str = "", group: Hashable = None, prefixes: tuple[Prefix, ...] = (), own: int = 0
    ) -> None:
        self.number = number
        self.kind = kind
        self.group = group
        self.prefixes = prefixes
        self.own_tokens = own
        self.stage = Stage.WAITING
        self.server = 0
        self.calls = 0
        self.cohort: Cohort | None = None
        self.final_tokens = own
        self.bucket = 0
        self.variance = 0
        self.marked = False
        self.contexts: dict[Seat, int] = {}
        self.touched: dict[Seat, int] = {}
        self.left_at_call = 0
        # A point of (0, 1) that fills it evenly over tickets: each ticket takes its own quantile of the forecast, so
        # that all together have the distribution that was learned.
        self.share = (0.5 + number * 0.6180339887498949) % 1.0
