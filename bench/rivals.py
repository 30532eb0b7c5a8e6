"""Two published ways to let conversations in, as policies beside ours for `bench/admission.py`. One server alone.

Both go by what a server says of itself, or by what conversations hold now; neither forecasts what they will hold. They
are written anew from what their authors say of them. Where a number of theirs is not known or has no meaning here, that
is said beside it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence

import msgspec

from writ_async.core.engine import Gauges
from writ_async.core.trajectory import Seat
from writ_async.scheduler.call_gate import CallQueue
from writ_async.scheduler.fixed_admission import FixedAdmission
from writ_async.scheduler.server_watch import GAUGE_SECONDS
from writ_async.scheduler.ticket import Stage, Ticket

TARGET, HIGH_WATER = 0.80, 0.95
"""Of the pool in use: below the first more may live, from the second on fewer (prime-rl #2908)."""

CUT, SECOND_CUT = 0.75, 0.50
"""What is left of the live ones after a cut, and after one that follows before a look was clear (prime-rl)."""

STEP = 8
"""The most that is added at a look, far from the target; ours, as theirs is not published as a number."""

SETTLED = 0.01
"""Use of the pool that rises by no more from look to look has settled; ours as well."""

CHECK_SECONDS = 5.0
"""How often ThunderAgent looks at what is live, pauses and resumes."""

BUFFER = 100
"""Tokens that it keeps free for each live conversation."""

FORCED_SECONDS = 1800.0
"""Whoever was paused for so long comes back, whether there is room or not (ThunderAgent)."""

_AHEAD = 512  # conversations that wait to begin; more than begin at one check


class AimdAdmission(FixedAdmission):
    """Additive increase, multiplicative decrease of how many live, by the use of the KV pool that the server reports.

    Published in prime-rl (adaptive concurrency of its orchestrator, pull requests 2908 and 3285) and, with agents for
    episodes, in CONCUR (arXiv 2601.22705). As in prime-rl it begins with as many as the pool holds at the `longest`
    context. As long as use is below the target, has settled, and all places are taken, some are added, fewer the nearer
    the target is. At the high water mark, or when the server has taken work back, a part of what is live may stay, and
    nothing is cut again before so few live; nobody who lives is stopped. Taken from there: the target of 80 %, the high
    water mark of 95 %, cuts to 0.75 and then 0.5.
    """

    def __init__(self, kv_tokens: int, longest: int, in_flight: int = 0) -> None:
        super().__init__(max(1, kv_tokens // longest), in_flight)
        self.cuts = 0
        self._use = 0.0
        self._factor = CUT
        self._retractions = 0

    @property
    def limit(self) -> int:
        """How many may live."""
        return self._concurrency

    @property
    def live(self) -> int:
        """How many live."""
        return self._total

    @property
    def counts_tokens(self) -> bool:
        """It counts none, but servers are looked at only for those that do."""
        return True

    def server_observed(self, server: int, gauges: Gauges) -> None:
        """Raise or cut the limit by what the server says."""
        use, before = gauges.used_tokens / max(gauges.capacity_tokens, 1), self._use
        taken_back = gauges.retractions > self._retractions
        self._use, self._retractions = use, gauges.retractions
        if taken_back or use >= HIGH_WATER:
            if self._total <= self._concurrency:  # what was cut before has gone
                self._concurrency = max(1, int(self._factor * self._total))
                self._factor = SECOND_CUT
                self.cuts += 1
            return
        self._factor = CUT
        if use < TARGET and use - before <= SETTLED and self._total >= self._concurrency:
            self._concurrency += max(1, round(STEP * (1.0 - use / TARGET)))


class _Program(msgspec.Struct):
    """A conversation as ThunderAgent sees it: all tokens of its contexts, shared ones too; it waits since a look."""

    ticket: Ticket
    tokens: int
    since: int = 0


class PausingAdmission:
    """Whole conversations are paused when they hold more than the pool, and resumed when there is room.

    Published as ThunderAgent (arXiv 2602.13692; also in SkyRL and Dynamo). As there, a new conversation begins at once
    as long as nobody waits and its prompt fits; else it waits. Every five seconds the paused ones that fit come back,
    the smallest first, and new ones after them. Then, while what lives, with 100 tokens more for each, is more than the
    pool, the smallest is paused: at its next call, as there where a call is under way. Its context may then be evicted,
    and is computed anew. Taken from there: the five seconds, the 100 tokens, the order, and the half hour after which a
    paused one comes back in any case.

    As it stands in Dynamo, pausing begins above 95 % of the pool and ends at 80 %, and others come in up to 85 %:
    that is what `pause_above`, `pause_to` and `fill_to` say, as parts of the pool.

    Two things differ. What conversations share is counted here, where ThunderAgent works it out from the server's
    gauges; that is in its favour. And tools take no time in these loads: nobody is ever found at a tool, whom it would
    pause first and at once.
    """

    def __init__(
        self,
        kv_tokens: int,
        in_flight: int = 0,
        *,
        pause_above: float = 1.0,
        pause_to: float = 1.0,
        fill_to: float = 1.0,
    ) -> None:
        self.kv_tokens = kv_tokens
        self.parkings = 0
        self._pause_above = pause_above * kv_tokens
        self._pause_to = pause_to * kv_tokens
        self._fill_to = fill_to * kv_tokens
        self._calls = CallQueue(in_flight)
        self._live: dict[int, _Program] = {}
        self._paused: dict[int, _Program] = {}
        self._new: deque[Ticket] = deque()
        self._ready: list[Ticket] = []
        self._sizes: dict[Hashable, int] = {}  # of prefixes that were measured
        self._saved = 0  # tokens that live conversations share, as of the last check
        self._looks = 0
        self._queueing = False

    @property
    def counts_tokens(self) -> bool:
        """It counts what conversations hold."""
        return True

    @property
    def wants_more(self) -> bool:
        """Whether the look-ahead has room."""
        return len(self._new) < _AHEAD

    @property
    def needed(self) -> int:
        """Tokens of the pool that those which live, and are not to be paused, need now."""
        staying = [program.tokens for program in self._live.values() if not program.ticket.marked]
        return sum(staying) + BUFFER * len(staying) - self._saved

    def offer_conversation(self, ticket: Ticket) -> None:
        """A conversation could begin."""
        self._new.append(ticket)

    def ask_for_call(self, ticket: Ticket) -> bool:
        """A live conversation wants a model call; one that is to be paused is, here."""
        if not ticket.marked:
            return self._calls.ask_for_call(ticket)
        ticket.marked = False
        ticket.stage = Stage.PARKED
        program = self._paused[ticket.number] = self._live.pop(ticket.number)
        program.since = self._looks
        self.parkings += 1
        self._queueing = True
        return False

    def call_ended(self, ticket: Ticket, seat: Seat, own_tokens: int | None = None) -> None:
        """A model call has ended."""
        self._calls.call_ended()
        program = self._live.get(ticket.number)
        if program is not None and own_tokens is not None:
            ticket.own_tokens = own_tokens
            program.tokens = self._all_tokens(ticket)

    def conversation_ended(self, ticket: Ticket) -> None:
        """A conversation has ended."""
        ticket.stage = Stage.GONE
        self._live.pop(ticket.number, None)
        self._paused.pop(ticket.number, None)

    def decide_next(self) -> Sequence[Ticket]:
        """Who may go now: those that the last check let in, and new ones as long as nobody waits."""
        while self._new and not self._queueing:
            self._queueing = not self._begin_if_it_fits(self._fill_to - self.needed)
        ready, self._ready = self._ready, []
        while (granted := self._calls.grant_next()) is not None:
            ready.append(granted)
        return ready

    def prefix_measured(self, key: Hashable, tokens: int) -> None:
        """The true size of a prefix is known."""
        self._sizes[key] = tokens

    def server_observed(self, server: int, gauges: Gauges) -> None:
        """Every five seconds: resume, then pause."""
        self._looks += 1
        if self._looks % round(CHECK_SECONDS / GAUGE_SECONDS) == 0:
            self._saved = self._shared_tokens()
            self._resume_paused()
            self._pause_some()

    def drain_server(self, server: int) -> None:
        """There is no other server."""

    def restore_server(self, server: int) -> None:
        """There is no other server."""

    def _all_tokens(self, ticket: Ticket) -> int:
        return ticket.own_tokens + sum(self._sizes.get(key, tokens) for key, tokens in ticket.prefixes)

    def _shared_tokens(self) -> int:
        """What live conversations would need more of the pool if each had its prefixes to itself."""
        once: dict[Hashable, int] = {}
        every = 0
        for program in self._live.values():
            for key, tokens in program.ticket.prefixes:
                once[key] = self._sizes.get(key, tokens)
                every += once[key]
        return every - sum(once.values())

    def _begin_if_it_fits(self, room: float) -> bool:
        """Let the first new one begin if it fits, or nobody lives; gives whether it did."""
        ticket = self._new[0]
        tokens = self._all_tokens(ticket)
        if tokens + BUFFER > room and self._live:
            return False
        self._new.popleft()
        if ticket.stage is Stage.WAITING:
            ticket.stage = Stage.LIVE
            self._live[ticket.number] = _Program(ticket, tokens)
            self._ready.append(ticket)
        return True

    def _resume_paused(self) -> None:
        """Let paused ones come back, the smallest first, and then new ones begin, as far as they fit."""
        room = self._fill_to - self.needed
        for program in sorted(self._paused.values(), key=lambda one: (one.tokens, one.ticket.number)):
            forced = (self._looks - program.since) * GAUGE_SECONDS >= FORCED_SECONDS
            if program.tokens + BUFFER > room and self._live and not forced:
                continue
            room -= program.tokens + BUFFER
            self._live[program.ticket.number] = self._paused.pop(program.ticket.number)
            if self._calls.ask_for_call(program.ticket):
                self._ready.append(program.ticket)
        while self._new and self._begin_if_it_fits(room):
            room = self._fill_to - self.needed
        self._queueing = bool(self._paused or self._new)

    def _pause_some(self) -> None:
        """Mark the smallest, until what is left fits; the largest of them goes on in any case."""
        staying = [program for program in self._live.values() if not program.ticket.marked]
        staying.sort(key=lambda one: (one.tokens, one.ticket.number))
        needed = self.needed
        excess = needed - self._pause_to if needed > self._pause_above else 0
        for program in staying[:-1]:
            if excess <= 0:
                break
            program.ticket.marked = True
            excess -= program.tokens + BUFFER
