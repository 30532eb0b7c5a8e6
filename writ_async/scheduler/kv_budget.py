"""Admission by KV tokens: as many conversations are live as the servers' caches will hold to their ends.

A conversation begins when, by the forecasts of all that are live on a server, its pool will hold it too, at every
moment until it ends (`Pool.can_hold`). What is live goes on at once, from seat to seat while both prefixes are hot.
When forecasts have grown and the pool will be fuller than it may be, the youngest of those that are to grow most give
their place up at their next call, while they are small. They come back oldest first, before anything new begins; only
what fits beside may overtake one that is too large for now, and only as much as one pool holds.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from heapq import heappop, heappush
from sys import maxsize

from writ_async.core.engine import Gauges
from writ_async.core.trajectory import Seat
from writ_async.scheduler.call_gate import CallQueue
from writ_async.scheduler.forecast import Forecast
from writ_async.scheduler.kv_pool import Pool
from writ_async.scheduler.placement import choose_server, must_move
from writ_async.scheduler.ticket import Stage, Ticket
from writ_async.scheduler.waiting_line import WINDOW, WaitingLine
from writ_async.scheduler.yielding import YieldingOrder

MARGIN = 0.03
"""The part of a pool that is left free when conversations begin, half of which they may fill before some must go."""

CHECKS = 16
"""How often the pools are looked at while each live conversation makes one call."""

_REFRESH = 4  # forecasts take in what was learned at every so many of these looks
_LOOK = 64  # so many parked conversations are looked at for one that fits


class KvAdmission:
    """Admission by KV budget; `kv_tokens` has the size of each server's pool.

    `concurrency` bounds live conversations all the same, 0 for none; `in_flight` bounds model calls.
    """

    def __init__(
        self, kv_tokens: Sequence[int], concurrency: int = 0, in_flight: int = 0, *, margin: float = MARGIN
    ) -> None:
        self.forecast = Forecast(min(kv_tokens))
        self.pools = [Pool(tokens, margin, self.forecast.width) for tokens in kv_tokens]
        self.parkings = 0
        self._concurrency = concurrency
        self._calls = CallQueue(in_flight)
        self._live = 0
        self._line = WaitingLine()
        self._parked: list[tuple[int, Ticket]] = []
        self._yielding = [YieldingOrder(server, pool, self.forecast.width) for server, pool in enumerate(self.pools)]
        self._blocked = False
        self._answers = 0
        self._checks = 0
        self._overtaken = 0  # tokens of what began while the first of the parked waited

    @property
    def counts_tokens(self) -> bool:
        """It counts KV tokens."""
        return True

    @property
    def wants_more(self) -> bool:
        """Whether the look-ahead has room."""
        return self._line.length < WINDOW

    def offer_conversation(self, ticket: Ticket) -> None:
        """A conversation could begin."""
        self._line.add_ticket(ticket)
        self._blocked = False

    def ask_for_call(self, ticket: Ticket) -> bool:
        """A live conversation wants a model call: it goes on, unless its place is needed by older ones."""
        if ticket.marked or (len(self.pools) > 1 and must_move(self.pools, ticket, waiting=self._line.length)):
            self._park_ticket(ticket)
            return False
        self.pools[ticket.server].call_began(ticket)
        return self._calls.ask_for_call(ticket)

    def call_ended(self, ticket: Ticket, seat: Seat, own_tokens: int | None = None) -> None:
        """A model call has ended."""
        self._calls.call_ended()
        if own_tokens is None or ticket.stage is not Stage.LIVE:
            return
        pool = self.pools[ticket.server]
        pool.use_context(ticket, seat, own_tokens - ticket.own_tokens)
        before, width = ticket.own_tokens, self.forecast.width
        final = ticket.final_tokens
        if before // width != own_tokens // width or own_tokens > final:
            assert ticket.cohort is not None
            ticket.cohort.conversation_grew(before, own_tokens)
            final = ticket.cohort.size_quantile(own_tokens, ticket.share)
        pool.resize_conversation(ticket, own_tokens, final)
        self._answers += 1
        if self._answers * CHECKS > self._live:
            # One answer changes little of what the pool will hold: looking anew some times a round is enough.
            self._answers = 0
            self._checks += 1
            if self._checks % _REFRESH == 0:
                self.forecast.refresh_forecasts()
            self._blocked = False
            self._yielding[ticket.server].mark_excess()

    def conversation_ended(self, ticket: Ticket) -> None:
        """A conversation has ended."""
        stage, ticket.stage = ticket.stage, Stage.GONE
        if stage is Stage.GONE:
            return
        if stage in (Stage.LIVE, Stage.CALLING):
            self.pools[ticket.server].remove_conversation(ticket)
            self._yielding[ticket.server].forget_gone()
            self._live -= 1
        elif stage is Stage.WAITING:
            self._line.has_left(ticket)
        if ticket.cohort is not None:
            ticket.cohort.conversation_ended(ticket.own_tokens)
        self._blocked = False

    def decide_next(self) -> Sequence[Ticket]:
        """Who may go now: parked ones first, then new ones, then calls that waited for the gate."""
        ready: list[Ticket] = []
        if not self._blocked:
            self._blocked = True
            self._unpark_tickets(ready)
            while self._may_overtake() and (ticket := self._line.next_ticket()) is not None and self._try_begin(ticket):
                ready.append(ticket)
        while (granted := self._calls.grant_next()) is not None:
            self.pools[granted.server].call_began(granted)
            ready.append(granted)
        return ready

    def prefix_measured(self, key: Hashable, tokens: int) -> None:
        """The true size of a prefix is known."""
        for pool in self.pools:
            pool.correct_prefix(key, tokens)

    def server_observed(self, server: int, gauges: Gauges) -> None:
        """Do less where a server had to take work back; begin nothing where it is behind."""
        self.pools[server].heed_gauges(gauges)
        self._blocked = False

    def drain_server(self, server: int) -> None:
        """Send nothing more to a server: what lives there goes elsewhere with its next call, if there is another."""
        self.pools[server].closed = True
        self._blocked = False

    def restore_server(self, server: int) -> None:
        """Use a server that was drained again."""
        self.pools[server].closed = False
        self._blocked = False

    def _try_begin(self, ticket: Ticket) -> bool:
        if self._concurrency and self._live >= self._concurrency:
            return False
        cohort = self.forecast.newest_cohort(ticket.kind)
        ticket.final_tokens = cohort.size_quantile(ticket.own_tokens, ticket.share)
        server = choose_server(self.pools, ticket)
        if server is None:
            return False
        cohort.conversation_began()
        ticket.cohort = cohort
        self._overtaken += ticket.final_tokens if self._parked else 0
        self._enter_server(ticket, server)
        self._line.has_begun(ticket)
        return True

    def _enter_server(self, ticket: Ticket, server: int) -> None:
        ticket.server = server
        ticket.stage = Stage.LIVE
        self.pools[server].add_conversation(ticket)
        self._yielding[server].add_ticket(ticket)
        self._live += 1

    def _park_ticket(self, ticket: Ticket) -> None:
        pool = self.pools[ticket.server]
        pool.remove_conversation(ticket)
        ticket.marked = False
        self._live -= 1
        self.parkings += 1
        ticket.stage = Stage.PARKED
        self._yielding[ticket.server].forget_gone()
        heappush(self._parked, (ticket.number, ticket))
        self._blocked = False

    def _may_overtake(self) -> bool:
        """Whether others may still begin before the first of the parked."""
        return not self._parked or self._overtaken < max(pool.tokens for pool in self.pools)

    def _unpark_tickets(self, ready: list[Ticket]) -> None:
        """Let parked conversations come back, oldest first, and past one that does not fit those that do."""
        blocked: list[tuple[int, Ticket]] = []
        own = final = maxsize  # of the least that did not fit
        may_overtake = self._may_overtake()
        while self._parked and len(blocked) < _LOOK and (not blocked or may_overtake):
            item = heappop(self._parked)
            ticket = item[1]
            if ticket.stage is not Stage.PARKED:
                continue
            if ticket.own_tokens < own or ticket.final_tokens < final:
                assert ticket.cohort is not None
                ticket.final_tokens = ticket.cohort.size_quantile(ticket.own_tokens, ticket.share)
                server = choose_server(self.pools, ticket)
                if server is not None:
                    self._overtaken = self._overtaken + ticket.final_tokens if blocked else 0
                    may_overtake = self._may_overtake()
                    self._enter_server(ticket, server)
                    self.pools[server].call_began(ticket)
                    if self._calls.ask_for_call(ticket):
                        ready.append(ticket)
                    continue
                own, final = min(own, ticket.own_tokens), min(final, ticket.final_tokens)
            blocked.append(item)
        for item in blocked:
            heappush(self._parked, item)
