"""The gate at the model call: who goes next when only so many calls may be under way."""

from __future__ import annotations

from heapq import heappop, heappush

from writ_async.scheduler.ticket import Stage, Ticket

HEAD_START = 64
"""A call may overtake at most this many that were asked for before it."""


class CallQueue:
    """Calls that wait, those of conversations that have made more calls a little ahead: finish what was begun.

    The n-th call that is asked for has the rank n less its head start, which is at most `HEAD_START`; the least rank
    goes first. So a call waits for those that waited when it came, and for at most `HEAD_START` that come later:
    none starves. `limit` 0 lets all calls go at once.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.busy = 0
        self._asked = 0
        self._heap: list[tuple[int, int, Ticket]] = []

    def __len__(self) -> int:
        return len(self._heap)

    def ask_for_call(self, ticket: Ticket) -> bool:
        """Take a place at once when there is one and nobody waits; else wait for `grant_next`."""
        if not self.limit or (self.busy < self.limit and not self._heap):
            self.busy += 1
            ticket.stage = Stage.LIVE
            ticket.calls += 1
            return True
        self._asked += 1
        heappush(self._heap, (self._asked - min(ticket.calls, HEAD_START), self._asked, ticket))
        ticket.stage = Stage.CALLING
        return False

    def call_ended(self) -> None:
        """A call has ended."""
        self.busy -= 1

    def grant_next(self) -> Ticket | None:
        """The next call that may go, if there is a place for one."""
        while self._heap and (not self.limit or self.busy < self.limit):
            ticket = heappop(self._heap)[2]
            if ticket.stage is Stage.CALLING:  # others have left while they waited
                self.busy += 1
                ticket.stage = Stage.LIVE
                ticket.calls += 1
                return ticket
        return None
