"""One server's KV pool as the client knows it: what is in it, and what will be.

Live conversations grow, and leave when they end. What the pool will have to hold at its fullest is found as in
"past-future" schedulers (LightLLM, arXiv 2507.10150): at the moment when conversations with x tokens to go end, those
with more to go are each x tokens longer. Remaining growth stands for time, since all decode at the same pace.
Conversations are counted in buckets by what they have to go, so a question costs the same for ten and ten thousand.
"""

from __future__ import annotations

from collections.abc import Hashable
from math import sqrt

from writ_async.core.engine import Gauges
from writ_async.core.trajectory import Seat
from writ_async.scheduler.forecast import WIDTH
from writ_async.scheduler.ticket import Ticket

BACK_OFF = 0.9
"""After a look at a server that had to take work back, so much of what it may hold is left."""

RECOVER = 0.01
"""What of its pool comes back with each look at which it had not."""

LEAST_SCALE = 0.5
"""It never becomes less than so much of the pool."""

_FULL = 0.98  # of a pool that running requests hold
_FEW_WAITING = 8  # requests, that never mean that a server is behind
_BUCKETS = 256
_AGAIN = 0.02  # so many tokens may be computed again for each that is new
_STALE_STEP = 0.1
_MOST_STALE = 0.25  # of a pool; to reserve more than that costs more than it saves
_MOST_STALE_TOLD = 0.05  # of the pool of a server that hears of ends, for forecasts that are wrong together
_LENT = 0.125  # of the reserve, which those that live may grow into before some must go


class Pool:
    """Unique KV tokens of the live conversations on one server.

    `tokens` is the server's pool, at most the `most` that it was made with. `limit` is what live conversations may
    hold of it at most: less half of a margin for what is in flight, and less again by `scale` after the server has
    shown that it was too much. `held` stops new conversations, `closed` all that come. `giving` counts the tokens of
    those that are marked to give their place up; they are in no forecast.

    What ended conversations leave in the cache goes only when it is the least recently used. A seat's context that has
    been idle while the other seat worked is older than what ended meanwhile, and goes first. So room is kept for what
    ends (`left` counts it) while a context is idle: `stale`, as much as pays by what was seen, the most to begin with.
    A server that hears when a conversation has ended lets go of that first, and little room is kept.
    """

    def __init__(self, tokens: int, margin: float, width: int = WIDTH) -> None:
        self._width = width
        self.most = tokens
        self.tokens = tokens
        self.margin = margin
        self.scale = 1.0
        self.held = False
        self.closed = False
        self.live = 0
        self.own = 0
        self.shared = 0
        self.giving = 0
        self.left = 0
        self.stale = tokens * _MOST_STALE
        self._most_stale = _MOST_STALE
        self.retractions: int | None = None
        self._prefixes: dict[Hashable, list[int]] = {}
        self._counts = [0] * _BUCKETS
        self._sizes = [0] * _BUCKETS
        self._variance = 0  # of what all conversations have to go, in tokens squared
        self._top = 0

    @property
    def limit(self) -> float:
        """Tokens that live conversations may hold together, at any time."""
        return self.tokens * (1.0 - self.margin / 2) * self.scale - self.stale

    @property
    def most_held(self) -> float:
        """Tokens beyond which some of those that live must go: a little of the reserve too, as each costs a context."""
        return self.limit + _LENT * self.stale

    @property
    def used(self) -> int:
        """Tokens that they hold now."""
        return self.own + self.shared

    @property
    def load(self) -> float:
        """The part of the pool that they hold now."""
        return self.used / self.tokens

    def set_capacity(self, tokens: int) -> None:
        """The server has said how large its pool is, which after a restart may be another size."""
        before, self.tokens = self.tokens, min(self.most, tokens)
        self.stale *= self.tokens / before

    def heed_gauges(self, gauges: Gauges) -> None:
        """Do less where the server had to take work back; begin nothing where it is behind."""
        if gauges.capacity_tokens:
            self.set_capacity(gauges.capacity_tokens)
        self._most_stale = _MOST_STALE_TOLD if gauges.hears_of_ends else _MOST_STALE
        self.stale = min(self.stale, self.tokens * self._most_stale)
        more = 0 if self.retractions is None else gauges.retractions - self.retractions
        self.retractions = gauges.retractions
        self.scale = max(LEAST_SCALE, self.scale * BACK_OFF) if more > 0 else min(1.0, self.scale + RECOVER)
        full = gauges.capacity_tokens and gauges.used_tokens > _FULL * gauges.capacity_tokens
        self.held = bool(more > 0 or full or gauges.waiting > max(_FEW_WAITING, gauges.running))

    def has_prefix(self, key: Hashable) -> bool:
        """Whether a live conversation holds a prefix."""
        return key in self._prefixes

    def can_hold(self, ticket: Ticket) -> bool:
        """Whether the pool will hold all live conversations and this one to their ends, if forecasts come true.

        Whoever comes must leave room for errors of the forecasts: the other half of the margin, and the standard
        deviation of all that is yet to grow. Few large conversations vary more than many small ones, and it costs more
        to take one back.
        """
        need = self.shared + ticket.own_tokens + self.tokens * self.margin / 2 * self.scale
        for key, tokens in ticket.prefixes:
            if key not in self._prefixes:
                need += tokens
        last = min((ticket.final_tokens - ticket.own_tokens) // self._width, _BUCKETS - 1)
        counts, sizes = self._counts, self._sizes
        alive = held = 0
        top = self._top
        while top and not counts[top]:
            top -= 1
        self._top = top
        limit = self.limit - need - sqrt(self._variance)
        for bucket in range(top, last, -1):
            alive += counts[bucket]
            held += sizes[bucket]
        for bucket in range(last, -1, -1):
            alive += counts[bucket]
            held += sizes[bucket]
            # Those in the bucket are half a bucket's width longer, on average, when they end.
            if held + (alive + 1) * (bucket * self._width + self._width // 2) > limit:
                return False
        return True

    def peak_tokens(self) -> int:
        """The most tokens that the pool will hold if nobody comes, the marked go, and forecasts come true."""
        alive = held = most = 0
        for bucket in range(self._top, -1, -1):
            alive += self._counts[bucket]
            held += self._sizes[bucket]
            most = max(most, held + alive * (bucket * self._width + self._width // 2))
        return most + self.shared

    def mean_growth(self) -> float:
        """The mean of the tokens that live conversations have to go."""
        alive = steps = 0
        for bucket in range(self._top + 1):
            alive += self._counts[bucket]
            steps += self._counts[bucket] * bucket
        return self._width * (steps / alive + 0.5) if alive else 0.0

    def add_conversation(self, ticket: Ticket) -> None:
        """A conversation comes to live here."""
        self.live += 1
        for key, tokens in ticket.prefixes:
            entry = self._prefixes.get(key)
            if entry is None:
                self._prefixes[key] = [1, tokens]
                self.shared += tokens
            else:
                entry[0] += 1
        self._count_in(ticket)

    def remove_conversation(self, ticket: Ticket) -> None:
        """A conversation gives its place up; what it leaves behind is not wanted any more."""
        self.live -= 1
        self.left += ticket.own_tokens
        ticket.touched.clear()
        for key, _ in ticket.prefixes:
            entry = self._prefixes[key]
            entry[0] -= 1
            if not entry[0]:
                self.shared -= entry[1]
                del self._prefixes[key]
        self._count_out(ticket)

    def resize_conversation(self, ticket: Ticket, own: int, final: int) -> None:
        """A conversation that lives here has another size, or another forecast."""
        self._count_out(ticket)
        ticket.own_tokens = own
        ticket.final_tokens = final
        self._count_in(ticket)

    def call_began(self, ticket: Ticket) -> None:
        """A call of a conversation that lives here is asked for: from now on its context does not lie idle."""
        ticket.left_at_call = self.left

    def use_context(self, ticket: Ticket, seat: Seat, growth: int) -> None:
        """A seat's call has ended, and its context is so many tokens longer.

        A context that lay idle while more than `stale` was left behind had to be computed anew. `stale` follows what it
        has to be for that to be `_AGAIN` of the tokens that are new: a stochastic estimate, as of a quantile.
        """
        context = ticket.contexts.get(seat, 0)
        before = ticket.touched.get(seat)
        if before is not None:
            again = context if ticket.left_at_call - before > self.stale else 0
            mean = max(self.own / max(self.live, 1), 1.0)
            step = _STALE_STEP * (self.stale + self._width) * (again - _AGAIN * max(growth, 0)) / mean
            self.stale = min(max(0.0, self.stale + step), self.tokens * self._most_stale)
        ticket.contexts[seat] = context + growth
        ticket.touched[seat] = self.left

    def correct_prefix(self, key: Hashable, tokens: int) -> None:
        """The size of a prefix has been measured."""
        entry = self._prefixes.get(key)
        if entry is not None:
            self.shared += tokens - entry[1]
            entry[1] = tokens

    def mark_to_leave(self, ticket: Ticket) -> None:
        """A conversation that lives here is to give its place up at its next call."""
        self._count_out(ticket)
        ticket.marked = True
        self._count_in(ticket)

    def _count_in(self, ticket: Ticket) -> None:
        self.own += ticket.own_tokens
        if ticket.marked:
            self.giving += ticket.own_tokens
            return
        bucket = (ticket.final_tokens - ticket.own_tokens) // self._width
        bucket = bucket if bucket < _BUCKETS else _BUCKETS - 1
        ticket.bucket = bucket
        self._counts[bucket] += 1
        growth = ticket.final_tokens - ticket.own_tokens
        # Without a cohort its growth is taken for exponentially distributed.
        ticket.variance = growth * growth if ticket.cohort is None else ticket.cohort.growth_variance(ticket.own_tokens)
        self._variance += ticket.variance
        self._sizes[bucket] += ticket.own_tokens
        if bucket > self._top:
            self._top = bucket

    def _count_out(self, ticket: Ticket) -> None:
        self.own -= ticket.own_tokens
        if ticket.marked:
            self.giving -= ticket.own_tokens
            return
        self._counts[ticket.bucket] -= 1
        self._variance -= ticket.variance
        self._sizes[ticket.bucket] -= ticket.own_tokens
