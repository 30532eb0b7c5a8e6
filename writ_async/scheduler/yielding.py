"""Who gives its place up when a pool will be fuller than it may be: the youngest, while they are small."""

from __future__ import annotations

from heapq import heappop, heappush

from writ_async.scheduler.kv_pool import Pool
from writ_async.scheduler.ticket import Stage, Ticket

_SPARE = 64  # entries of the heap that may say nothing any more


class YieldingOrder:
    """The conversations on one server, the youngest first; a step of their forecasts is `width` tokens."""

    def __init__(self, server: int, pool: Pool, width: int) -> None:
        self._server = server
        self._pool = pool
        self._width = width
        self._young: list[tuple[int, Ticket]] = []

    def add_ticket(self, ticket: Ticket) -> None:
        """A conversation has come to live here."""
        heappush(self._young, (-ticket.number, ticket))
        self.forget_gone()

    def forget_gone(self) -> None:
        """Leave out what says nothing any more, where it is much; to be called when a conversation has gone."""
        if len(self._young) > 2 * self._pool.live + _SPARE:
            self._young = sorted({item for item in self._young if self._may_yield(item[1])})

    def mark_excess(self) -> None:
        """Choose who is to give its place up at its next call, until the rest will fit.

        The youngest go first, but not those that have less to go than the mean as long as others will do: they would
        free little.
        """
        pool, young = self._pool, self._young
        excess = pool.peak_tokens() - pool.most_held
        if excess <= 0:
            return
        freed = 0  # at most, since the peak was last looked for
        spared: list[tuple[int, Ticket]] = []
        for least in (pool.mean_growth(), 0.0):
            while len(young) > 1 and excess > 0:
                item = heappop(young)
                ticket = item[1]
                if not self._may_yield(ticket):
                    continue
                if ticket.final_tokens - ticket.own_tokens < least:
                    spared.append(item)
                    continue
                pool.mark_to_leave(ticket)
                freed += ticket.final_tokens + self._width
                if freed >= excess:
                    excess, freed = pool.peak_tokens() - pool.most_held, 0
            for item in spared:
                heappush(young, item)
            spared.clear()

    def _may_yield(self, ticket: Ticket) -> bool:
        """Whether an entry of the heap still says something."""
        return ticket.stage in (Stage.LIVE, Stage.CALLING) and ticket.server == self._server and not ticket.marked
