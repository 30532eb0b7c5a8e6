"""Deadlines of many tasks under one timer: to move one costs a comparison.

A timer per model call is made, put into the loop's heap and cancelled with each call, and nearly none ever rings. Here
a deadline stands in a heap at the earliest time at which it may have passed. When that comes it is looked at: it rings,
or stands there again at its time. One task sleeps until the first of them.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf

import anyio

from writ_async import clock

_AT_ONCE = 64
"""Deadlines that are looked at before others have their turn on the loop."""

_LOOK_AGAIN = 0.5
"""The fewest seconds until a deadline that was put off is looked at again."""


class Deadline:
    """When a cancel scope is cancelled, in seconds of the loop's clock. Made and moved by `Deadlines`.

    One that was closed is used again for another scope, and with it its entry in the heap: a deadline that was set
    later is later, as a rule. So the heap has about as many entries as there were deadlines at once.

    `put_off` tells, when its time has come, by how many seconds it is later than that; never later than `latest`.
    """

    __slots__ = ("_listed", "_scope", "latest", "put_off", "when")

    def __init__(self) -> None:
        self.when = self.latest = inf
        self.put_off: Callable[[], float] | None = None
        self._scope: anyio.CancelScope | None = None
        self._listed = inf  # where its one entry stands that counts


class Deadlines:
    """The deadlines of a task group: `watch_all` is a task of it, and cancels scopes whose time has come."""

    def __init__(self) -> None:
        self._open: dict[Deadline, None] = {}
        self._closed: list[Deadline] = []
        self._heap: list[tuple[float, int, Deadline]] = []
        self._number = 0
        self._cut = False
        self._alarm: anyio.CancelScope | None = None

    def __len__(self) -> int:
        return len(self._open)

    def open_deadline(self, scope: anyio.CancelScope) -> Deadline:
        """A deadline for a scope, which never comes until it is moved."""
        deadline = self._closed.pop() if self._closed else Deadline()
        deadline._scope = scope
        self._open[deadline] = None
        if self._cut:
            self._list_deadline(deadline, -inf)
        return deadline

    def move_deadline(
        self, deadline: Deadline, when: float, latest: float = inf, put_off: Callable[[], float] | None = None
    ) -> None:
        """Set the time, `inf` for none, and what may put it off until the latest."""
        deadline.when = when
        deadline.latest = latest
        deadline.put_off = put_off
        if when < deadline._listed:
            self._list_deadline(deadline, when)

    def close_deadline(self, deadline: Deadline) -> None:
        """Forget a deadline whose scope has been left."""
        del self._open[deadline]
        deadline.when = deadline.latest = inf
        deadline.put_off = None
        deadline._scope = None
        self._closed.append(deadline)

    def end_all(self) -> None:
        """Let all deadlines be past, those that are opened later too."""
        self._cut = True
        # All alike and numbered in order is a heap already: to push thousands would hold the loop up.
        self._heap = [(-inf, number, deadline) for number, deadline in enumerate(self._open)]
        self._number = len(self._heap)
        for deadline in self._open:
            deadline._listed = -inf
        if self._alarm is not None:
            self._alarm.deadline = -inf

    async def watch_all(self) -> None:
        """Cancel what is due, until cancelled."""
        while True:
            with anyio.CancelScope(deadline=self._heap[0][0] if self._heap else inf) as self._alarm:
                await anyio.Event().wait()
            self._look_at_due(clock.loop_time())

    def _list_deadline(self, deadline: Deadline, when: float) -> None:
        """Have a deadline looked at when a time has come."""
        deadline._listed = when
        self._number += 1
        heappush(self._heap, (when, self._number, deadline))
        if self._alarm is not None and when < self._alarm.deadline:
            self._alarm.deadline = when

    def _look_at_due(self, now: float) -> None:
        """Look at some of those whose time may have come."""
        heap = self._heap
        for _ in range(_AT_ONCE):
            if not heap or heap[0][0] > now:
                return
            when, _, deadline = heappop(heap)
            if when != deadline._listed:
                continue
            deadline._listed = inf
            if deadline._scope is None:
                continue
            comes = deadline.when
            if comes <= now and deadline.put_off is not None and not self._cut:
                comes = min(deadline.latest, comes + deadline.put_off())
            if self._cut or comes <= now:
                deadline._scope.cancel()
            elif comes < inf:
                self._list_deadline(deadline, comes if comes == deadline.when else max(comes, now + _LOOK_AGAIN))
