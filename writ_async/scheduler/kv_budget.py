"""Admission by KV tokens: as many conversations are live as the servers' caches will hold to their ends.

A conversation begins when, by the forecasts of all that are live on a server, its pool will hold it too, at every
moment until it ends (`Pool.fits`). What is live goes on at once, from seat to seat while both prefixes are hot. When
forecasts have grown and the pool will be fuller than it may be, the youngest of those that are to grow most give their
place up at their next call, while they are small. They come back oldest first, before anything new begins; only what
fits beside may overtake one that is too large for now, and only as much as one pool holds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from heapq import heappop, heappush
from sys import maxsize

from writ_async.core.engine import Gauges
from writ_async.core.trajectory import Seat
from writ_async.scheduler.call_gate import CallQueue
from writ_async.scheduler.candidates import Member, Stage
from writ_async.scheduler.forecast import Forecast
from writ_async.scheduler.kv_pool import Pool

WINDOW = 64
"""How many conversations are looked at ahead, so that those that share a prefix can begin together."""

PATIENCE = 64
"""How many others may begin before the one that has waited longest, for the sake of a prefix that is hot."""

MARGIN = 0.03
"""The part of a pool that is left free when conversations begin, half of which they may fill before some must go."""

CHECKS = 16
"""How often the pools are looked at while each live conversation makes one call."""

_REFRESH = 4  # forecasts take in what was learned at every so many of these looks
_LOOK = 64  # so many parked conversations are looked at for one that fits

BACK_OFF = 0.9
RECOVER = 0.01
LEAST_SCALE = 0.5


class BudgetPolicy:
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
        self._queued = 0
        self._waiting: deque[Member] = deque()
        self._groups: dict[Hashable, deque[Member]] = {}
        self._hot: Hashable = None
        self._passed = 0
        self._parked: list[tuple[int, Member]] = []
        self._young: list[list[tuple[int, Member]]] = [[] for _ in kv_tokens]
        self._blocked = False
        self._answers = 0
        self._checks = 0
        self._overtaken = 0  # tokens of what began while the first of the parked waited

    @property
    def counts(self) -> bool:
        """It counts KV tokens."""
        return True

    @property
    def wants(self) -> bool:
        """Whether the look-ahead has room."""
        return self._queued < WINDOW

    def offer(self, member: Member) -> None:
        """A conversation could begin."""
        self._queued += 1
        self._waiting.append(member)
        self._groups.setdefault(member.group, deque()).append(member)
        self._blocked = False

    def ask(self, member: Member) -> bool:
        """A live conversation wants a model call: it goes on, unless its place is needed by older ones."""
        pool = self.pools[member.server]
        if member.marked or (len(self.pools) > 1 and self._must_move(member, pool)):
            self._park(member)
            return False
        return self._calls.ask(member)

    def answered(self, member: Member, seat: Seat, own: int | None = None) -> None:
        """A model call has ended."""
        self._calls.release()
        if own is None or member.stage is not Stage.LIVE:
            return
        pool = self.pools[member.server]
        pool.touch(member, seat)
        before, width = member.own, self.forecast.width
        final = member.final
        if before // width != own // width or own > final:
            assert member.cohort is not None
            member.cohort.grow(before, own)
            final = member.cohort.quantile(own, member.share)
        pool.resize(member, own, final)
        self._answers += 1
        if self._answers * CHECKS > self._live:
            # One answer changes little of what the pool will hold: looking anew some times a round is enough.
            self._answers = 0
            self._checks += 1
            if self._checks % _REFRESH == 0:
                self.forecast.refresh()
            self._blocked = False
            self._mark(member.server, pool)

    def leave(self, member: Member) -> None:
        """A conversation has ended."""
        stage, member.stage = member.stage, Stage.GONE
        if stage is Stage.GONE:
            return
        if stage in (Stage.LIVE, Stage.CALLING):
            self.pools[member.server].remove(member)
            self._live -= 1
        elif stage is Stage.WAITING:
            self._queued -= 1
            self._first(member.group)
        if member.cohort is not None:
            member.cohort.end(member.own)
        self._blocked = False

    def decide(self) -> Sequence[Member]:
        """Who may go now: parked ones first, then new ones, then calls that waited for the gate."""
        ready: list[Member] = []
        if not self._blocked:
            self._blocked = True
            self._unpark(ready)
            while self._may_overtake() and (member := self._next()) is not None and self._begin(member):
                ready.append(member)
        while (granted := self._calls.grant()) is not None:
            ready.append(granted)
        return ready

    def measured(self, key: Hashable, tokens: int) -> None:
        """The true size of a prefix is known."""
        for pool in self.pools:
            pool.correct(key, tokens)

    def observe(self, server: int, gauges: Gauges) -> None:
        """Do less where a server had to take work back; begin nothing where it is behind."""
        pool = self.pools[server]
        if gauges.capacity_tokens:
            pool.holds(gauges.capacity_tokens)
        more = gauges.retractions - pool.retractions if pool.retractions >= 0 else 0
        pool.retractions = gauges.retractions
        if more > 0:
            pool.scale = max(LEAST_SCALE, pool.scale * BACK_OFF)
        else:
            pool.scale = min(1.0, pool.scale + RECOVER)
        full = gauges.capacity_tokens and gauges.used_tokens > 0.98 * gauges.capacity_tokens
        pool.held = bool(more > 0 or full or gauges.waiting > max(8, gauges.running))
        self._blocked = False

    def drain(self, server: int) -> None:
        """Send nothing more to a server: what lives there goes elsewhere with its next call, if there is another."""
        self.pools[server].closed = True
        self._blocked = False

    def restore(self, server: int) -> None:
        """Use a server that was drained again."""
        self.pools[server].closed = False
        self._blocked = False

    def _next(self) -> Member | None:
        """Who is to begin next: one of the group that began last, as long as the head of the queue has patience."""
        if self._hot is not None and self._passed < PATIENCE:
            sibling = self._first(self._hot)
            if sibling is not None:
                return sibling
        waiting = self._waiting
        while waiting and waiting[0].stage is not Stage.WAITING:
            waiting.popleft()
        return waiting[0] if waiting else None

    def _begin(self, member: Member) -> bool:
        if self._concurrency and self._live >= self._concurrency:
            return False
        cohort = self.forecast.newest(member.kind)
        member.final = cohort.quantile(member.own, member.share)
        server = self._place(member)
        if server is None:
            return False
        cohort.join()
        member.cohort = cohort
        self._overtaken += member.final if self._parked else 0
        self._passed = 0 if member is self._waiting[0] else self._passed + 1
        self._hot = member.group
        self._queued -= 1
        self._enter(member, server)
        self._first(member.group)
        return True

    def _first(self, group: Hashable) -> Member | None:
        """The first of a group that waits; a group of which none does is forgotten."""
        siblings = self._groups.get(group)
        while siblings:
            if siblings[0].stage is Stage.WAITING:
                return siblings[0]
            siblings.popleft()
        self._groups.pop(group, None)
        return None

    def _enter(self, member: Member, server: int) -> None:
        member.server = server
        member.stage = Stage.LIVE
        self.pools[server].add(member)
        young = self._young[server]
        heappush(young, (-member.number, member))
        self._live += 1
        if len(young) > 2 * self.pools[server].live + WINDOW:
            self._young[server] = sorted({item for item in young if self._lives(item[1], server)})

    def _place(self, member: Member) -> int | None:
        """The server that a conversation is to live on: one that has its group's prefix, else the emptiest it fits.

        One that comes back prefills its own context, beside which the group's prefix is little: the emptiest for it.
        """
        key = member.prefixes[-1][0] if member.prefixes and member.stage is Stage.WAITING else None
        best, least = None, 0.0
        # Where all are closed none is better than another, and what waits must not wait for ever.
        shut = all(pool.closed for pool in self.pools)
        for server, pool in enumerate(self.pools):
            if pool.closed and not shut:
                continue
            if pool.live and (pool.held or not pool.fits(member)):
                continue
            load = pool.load - (1.0 if key is not None and pool.has(key) else 0.0)
            if best is None or load < least:
                best, least = server, load
        return best

    def _park(self, member: Member) -> None:
        pool = self.pools[member.server]
        pool.remove(member)
        member.marked = False
        self._live -= 1
        self.parkings += 1
        member.stage = Stage.PARKED
        heappush(self._parked, (member.number, member))
        self._blocked = False

    def _may_overtake(self) -> bool:
        """Whether others may still begin before the first of the parked."""
        return not self._parked or self._overtaken < max(pool.tokens for pool in self.pools)

    def _unpark(self, ready: list[Member]) -> None:
        """Let parked conversations come back, oldest first, and past one that does not fit those that do."""
        blocked: list[tuple[int, Member]] = []
        own = final = maxsize  # of the least that did not fit
        may_overtake = self._may_overtake()
        while self._parked and len(blocked) < _LOOK and (not blocked or may_overtake):
            item = heappop(self._parked)
            member = item[1]
            if member.stage is not Stage.PARKED:
                continue
            if member.own < own or member.final < final:
                assert member.cohort is not None
                member.final = member.cohort.quantile(member.own, member.share)
                server = self._place(member)
                if server is not None:
                    self._overtaken = self._overtaken + member.final if blocked else 0
                    may_overtake = self._may_overtake()
                    self._enter(member, server)
                    if self._calls.ask(member):
                        ready.append(member)
                    continue
                own, final = min(own, member.own), min(final, member.final)
            blocked.append(item)
        for item in blocked:
            heappush(self._parked, item)

    def _mark(self, server: int, pool: Pool) -> None:
        """Choose who is to give its place up at its next call, until the rest will fit.

        The youngest go first, but not those that have less to go than the mean as long as others will do: they would
        free little.
        """
        excess = pool.peak() - pool.limit
        if excess <= 0:
            return
        young = self._young[server]
        freed = 0  # at most, since the peak was last looked for
        spared: list[tuple[int, Member]] = []
        for least in (pool.growth(), 0.0):
            while len(young) > 1 and excess > 0:
                item = heappop(young)
                member = item[1]
                if not self._lives(member, server):
                    continue
                if member.final - member.own < least:
                    spared.append(item)
                    continue
                pool.mark(member)
                freed += member.final + self.forecast.width
                if freed >= excess:
                    excess, freed = pool.peak() - pool.limit, 0
            for item in spared:
                heappush(young, item)
            spared.clear()

    def _lives(self, member: Member, server: int) -> bool:
        """Whether an entry of the heap of the young still says something."""
        return member.stage in (Stage.LIVE, Stage.CALLING) and member.server == server and not member.marked

    def _must_move(self, member: Member, pool: Pool) -> bool:
        """Whether a conversation is to leave its server for another one, at the price of prefilling anew."""
        if pool.closed:
            return any(not other.closed for other in self.pools)
        return self._lopsided(member, pool)

    def _lopsided(self, member: Member, pool: Pool) -> bool:
        """Whether another server stands so empty, with nothing left to begin, that moving pays."""
        if self._queued:
            return False
        load = pool.load - member.own / pool.tokens
        return any(
            not (other.closed or other.held)
            and other.live + 1 < pool.live / 2
            and other.load < load
            and other.fits(member)
            for other in self.pools
        )
