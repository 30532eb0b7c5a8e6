"""Admission by a number: so many conversations are live at once, on the servers that have the fewest."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence

from writ_async.core.engine import Gauges
from writ_async.core.trajectory import Seat
from writ_async.scheduler.call_gate import CallQueue
from writ_async.scheduler.ticket import Stage, Ticket

UNEVEN = 1.125
"""A server may have so many times as many conversations as another for the sake of a prefix, and `_FEW` more."""

_FEW = 4


class FixedAdmission:
    """A plain semaphore over conversations: `concurrency` of them are live at once, 0 for all.

    Conversations stay on a server. New ones go to the one with the fewest, or where their group is while that has not
    many more; live ones move when theirs is drained, or when another stands half as full. Model calls go at once, or in
    the order of `CallQueue` where `in_flight` bounds them.
    """

    def __init__(self, concurrency: int = 0, in_flight: int = 0, servers: int = 1) -> None:
        self._concurrency = concurrency
        self._calls = CallQueue(in_flight)
        self._live = [0] * servers
        self._closed: set[int] = set()
        self._homes: dict[Hashable, list[int]] = {}  # of groups: the server that was chosen last, tickets that live
        self._total = 0
        self._waiting: deque[Ticket] = deque()

    @property
    def counts_tokens(self) -> bool:
        """It counts conversations alone."""
        return False

    @property
    def wants_more(self) -> bool:
        """Whether there is a free place that nobody waits for."""
        return not self._concurrency or self._total + len(self._waiting) < self._concurrency

    def offer_conversation(self, ticket: Ticket) -> None:
        """A conversation could begin."""
        self._waiting.append(ticket)

    def ask_for_call(self, ticket: Ticket) -> bool:
        """A live conversation wants a model call."""
        if len(self._live) > 1 and self._must_move(ticket):
            self._leave_server(ticket)
            self._enter_server(ticket)
        return self._calls.ask_for_call(ticket)

    def call_ended(self, ticket: Ticket, seat: Seat, own_tokens: int | None = None) -> None:
        """A model call has ended."""
        self._calls.call_ended()

    def conversation_ended(self, ticket: Ticket) -> None:
        """A conversation has ended."""
        if ticket.stage in (Stage.LIVE, Stage.CALLING):
            self._leave_server(ticket)
            self._total -= 1
        ticket.stage = Stage.GONE

    def decide_next(self) -> Sequence[Ticket]:
        """Who may go now."""
        ready: list[Ticket] = []
        while (granted := self._calls.grant_next()) is not None:
            ready.append(granted)
        while self._waiting and (not self._concurrency or self._total < self._concurrency):
            ticket = self._waiting.popleft()
            if ticket.stage is Stage.WAITING:
                self._enter_server(ticket)
                self._total += 1
                ticket.stage = Stage.LIVE
                ready.append(ticket)
        return ready

    def prefix_measured(self, key: Hashable, tokens: int) -> None:
        """Nothing is made of it."""

    def server_observed(self, server: int, gauges: Gauges) -> None:
        """Nothing is made of it."""

    def drain_server(self, server: int) -> None:
        """Send nothing more to a server, as long as there is another."""
        self._closed.add(server)

    def restore_server(self, server: int) -> None:
        """Use a server that was drained again."""
        self._closed.discard(server)

    def _open_servers(self) -> Sequence[int]:
        """The servers to choose from: all of them where all are closed, for none is better than another then."""
        servers = range(len(self._live))
        return [server for server in servers if server not in self._closed] or servers

    def _enter_server(self, ticket: Ticket) -> None:
        """Give a conversation its server."""
        if len(self._live) > 1:
            servers = self._open_servers()
            ticket.server = min(servers, key=self._live.__getitem__)
            if ticket.group is not None:
                home = self._homes.setdefault(ticket.group, [ticket.server, 0])
                if home[0] in servers and self._live[home[0]] <= UNEVEN * self._live[ticket.server] + _FEW:
                    ticket.server = home[0]
                home[0] = ticket.server
                home[1] += 1
        self._live[ticket.server] += 1

    def _leave_server(self, ticket: Ticket) -> None:
        """Take it from its server."""
        self._live[ticket.server] -= 1
        home = self._homes.get(ticket.group)
        if home is not None:
            home[1] -= 1
            if not home[1]:
                del self._homes[ticket.group]

    def _must_move(self, ticket: Ticket) -> bool:
        """Whether a conversation's server is closed, or so full beside another that moving pays for a prefill anew."""
        servers = self._open_servers()
        if ticket.server not in servers:
            return True
        return min(self._live[server] for server in servers) + 1 < self._live[ticket.server] / 2
