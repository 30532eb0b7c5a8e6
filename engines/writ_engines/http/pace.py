"""How fast one server may be called: its limits are learnt from what it says, and all calls keep to them together.

A refusal for a limit closes the gate for all, for as long as the server asks. Where a good part of the calls is
refused, they start one by one from then on, in the order in which they began. Their rate falls by a tenth with a
refusal and rises by so little with each answer that about one call in thirty is refused; a server that refuses all is
asked less and less often. A refusal now and then, as servers give that have more than one reason, slows nobody but its
call. Until a server refuses there is no rate; but the first calls are let go a few at first, and ever more of them,
since a thousand at once would all be refused before the first refusal is heard. Time is the loop's, randomness the
caller's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush
from math import ceil, inf, log2
from random import Random

import anyio
import msgspec

from writ_async import clock
from writ_engines.http.waits import Allowance

_DECREASE, _LARGE_DECREASE = 0.9, 0.8  # of the rate, with a refusal; the larger where it has only just fallen
_INCREASE = 0.0015  # of the rate, with an answer; as much again with each _CALM answers since it last fell
_CALM = 30  # answers without a refusal; one that comes sooner says that the rate has not fallen by enough
_FEW, _ENOUGH = 3, 10  # calls that were let pass, to tell the server's rate by, and to tell it well
_LARGEST_STEP = 0.5  # of the rate: so much at most, and at every _STEP seconds as long as the limit was not yet met
_STEP = 2.0
_BEST_SECONDS = 90.0  # how long the best minute counts: the rate does not fall below half of what passed in it
_FEWEST, _MANY = 8, 0.45  # refusals, and their share of the calls since the first, that show that there is a limit
_GRAIN = 1e-3  # seconds
_SLOWEST = 1 / 60  # calls a second; slower is what a server has to ask for
_FIRST_CALLS, _MOST_COUNTED = 8, 4096  # calls under way at first; from so many on there is no bound
_DOUBLING = 0.5  # seconds until twice as many may be under way
# Calls a second that start once one was refused and as long as no rate is known; more where more pass.
_AFTER_FIRST = 2.5
_LEARNING = 0.1  # how much of a call's tokens goes into what is usual
_SETTLING = 1.0  # seconds in which the refusals of a burst come in, before the rate is reckoned
_MOST_STRIKES = 2  # refusals in a row; after more of them pauses do what a lower rate would
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
_WINDOW = 60  # seconds in which answers are counted


class Standing(msgspec.Struct):
    """How one call stands at the gate. `began` orders calls; `starved` seconds it waited since the server let any pass.

    `refused` says how often it was, for a limit. `held` are the seconds it has waited for a limit in all, before the
    wait that goes on since `waits_since`.
    """

    began: float
    starved: float = 0.0
    refused: int = 0
    held: float = 0.0
    waits_since: float | None = None

    def held_by(self, now: float) -> float:
        """The seconds it has waited for a limit until now."""
        return self.held if self.waits_since is None else self.held + now - self.waits_since


class _Waiter:
    __slots__ = ("gone", "order", "turn")

    def __init__(self, order: tuple[float, int, int]) -> None:
        self.order = order
        self.turn = anyio.Event()
        self.gone = False

    def __lt__(self, other: _Waiter) -> bool:
        return self.order < other.order


class Pace:
    """The gate of one server. A call that finds it not open waits, starts, and says how it ended: `passed`, `limited`
    or `left`.

    `per_minute` bounds the calls that start, `tokens_per_minute` the tokens of prompts and answers; 0 leaves each
    unbounded until the server refuses. How many tokens a call takes is known once it is over: until then it counts for
    as many as calls took on average. `gently` has few calls begin at first.
    """

    def __init__(self, per_minute: float = 0.0, tokens_per_minute: float = 0.0, *, gently: bool = False) -> None:
        self._token_rate = self._most = inf  # a second
        self.bound(per_minute, tokens_per_minute)
        self._earned = -inf  # when all tokens that were spent or set aside are earned
        self._usual = 0.0  # tokens of a call, on average
        self._learnt = inf  # calls a second that the server took
        self._told = inf  # calls a second that its headers allow, until the limit is whole again by what they said
        self._told_until = -inf
        self._next = -inf  # when the next call may start, by the rate
        self._opens = -inf  # when the gate opens
        self._met = False  # whether a call was refused since the rate is known
        self._calm = 0  # answers since the rate last fell
        self._grown = -inf  # when it last rose by a large step
        self._best = self._best_since = 0.0  # calls a second in the best minute of late, and when that was
        self._window = float(_FIRST_CALLS) if gently else inf  # calls that may be under way, at the time `_widened`
        self._widened = -inf
        self._moved: anyio.Event | None = None  # set where the first in line waits for another call to end
        self._changed = -inf  # when a refusal was last acted upon: calls that started before say nothing new
        self._settling = False
        self._least = _SLOWEST  # the rate to begin with where no call has passed
        self._strikes = 0  # refusals since an answer, those of one burst counted once
        self._struck = -inf  # when the last came
        self._paused = 0.0  # seconds since then in which no call was let go though the server had not asked for that
        self._since = -inf  # a refusal from which on the calls that were let pass are counted
        self._tried = self._taken = 0  # calls that started since, and those of them that were not refused
        self._in_flight = 0
        self._first = inf  # when the first call started
        self._answers: deque[tuple[int, int]] = deque()  # the second, and the answers in it
        self._queue: list[_Waiter] = []
        self._gone = 0
        self._number = 0
        self.last_passed = -inf

    def bound(self, per_minute: float, tokens_per_minute: float) -> None:
        """Keep to these bounds as well; 0 is none."""
        if per_minute:
            self._most = min(self._most, per_minute / 60.0)
        if tokens_per_minute:
            self._token_rate = min(self._token_rate, tokens_per_minute / 60.0)

    @property
    def rate(self) -> float:
        """Calls a second that may start now; infinite where no limit is known."""
        return min(self._most, self._learnt, self._told)

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn."""
        return len(self._queue) - self._gone

    def is_open(self, now: float | None = None) -> bool:
        """Whether a call could start now; whoever has just asked for the time of the loop may tell it."""
        now = clock.loop_time() if now is None else now
        if self._queue or now < self._next or now < self._opens or now < self._earned:
            return False
        return self._window == inf or self._widens_at(now) <= now

    async def wait(self, standing: Standing, patience: float) -> None:
        """Return when a call may start, for it to start there and then. Only the first in line watches the clock.

        A call may also start when the server has let none pass for `patience` seconds, while this one waited: that is
        to be its last attempt (`standing.starved` says so).
        """
        begun = now = clock.loop_time()
        since = begun - standing.starved
        standing.waits_since = begun
        self._number += 1
        waiter = _Waiter((standing.began, -standing.refused, self._number))
        heappush(self._queue, waiter)
        try:
            while True:
                now = max(now, clock.loop_time())
                since = max(since, self.last_passed)
                if self._queue[0] is not waiter:
                    waiter.turn = anyio.Event()
                    await waiter.turn.wait()
                    continue
                widens = self._widens_at(now)
                until = min(max(self._next, self._opens, self._earned, widens), since + patience)
                if now >= until:
                    break
                if widens > now:
                    await self._wait_for_another(until - now)
                    continue
                parts = 1000.0 if until - now < 1.0 else 100.0  # of a second: nobody asks for finer waits
                await anyio.sleep(ceil((until - now) * parts) / parts)
                now = until  # what was waited for has come, whatever the clock's grain
        finally:
            standing.held += now - begun
            standing.waits_since = None
            standing.starved = max(0.0, now - since)
            self._leave(waiter)

    def _widens_at(self, now: float) -> float:
        """When one more call may be under way, at the latest: some time before now where it may already."""
        if self._window == inf or self._in_flight < self._window:
            return -inf
        if self._in_flight >= _MOST_COUNTED:
            self._window = inf
            return -inf
        if self._widened == -inf:
            self._widened = now
        return self._widened + _DOUBLING * log2((self._in_flight + 1) / self._window)

    async def _wait_for_another(self, seconds: float) -> None:
        """Wait until a call under way has ended, so long at most."""
        self._moved = anyio.Event()
        with anyio.move_on_after(seconds):
            await self._moved.wait()

    def _end(self) -> None:
        """A call that was under way has ended."""
        self._in_flight -= 1
        if self._moved is not None:
            self._moved.set()

    def start(self, now: float | None = None) -> None:
        """A call starts."""
        now = clock.loop_time() if now is None else now
        if now >= self._told_until:
            self._told = inf
        self._in_flight += 1
        self._tried += 1
        self._taken += 1
        if self._first == inf:
            self._first = now
        if self._settling:
            self._settling = False
            taken = self._answered_of_late(now) + self._in_flight - 1
            seen = self._rate_taken(now) if self._taken else taken / max(_SETTLING, min(_WINDOW, now - self._first))
            self._learnt = max(seen, self._least)
        rate = self.rate
        if self._since > -inf and self._learnt == inf:
            rate = min(
                rate, _AFTER_FIRST + 2.0 * self._answered_of_late(now) / max(_SETTLING, min(_WINDOW, now - self._first))
            )
        if rate < inf:
            self._next = max(now, self._next) + 1.0 / rate
        self._set_aside(self._usual)

    def used(self, tokens: int) -> None:
        """A call that passes has taken so many tokens."""
        usual = self._usual
        self._usual = tokens if not usual else usual + _LEARNING * (tokens - usual)
        self._set_aside(tokens - usual)

    def _set_aside(self, tokens: float) -> None:
        if self._token_rate < inf:
            self._earned = max(self._earned, clock.loop_time()) + tokens / self._token_rate

    def passed(self, now: float | None = None) -> None:
        """The server has taken a call and answered it."""
        now = clock.loop_time() if now is None else now
        self._end()
        self.last_passed = now
        self._strikes = 0
        second = int(now)
        if self._answers and self._answers[-1][0] == second:
            self._answers[-1] = (second, self._answers[-1][1] + 1)
        else:
            self._answers.append((second, 1))
            while self._answers[0][0] < second - _WINDOW:
                self._answers.popleft()
        self._calm += 1
        self._window += 1.0
        if self._learnt == inf:
            return
        if not self._queue and self._next <= now:  # a rate that nobody needs shows nothing
            self._since, self._taken = -inf, 0
        elif self._met or now - self._grown >= _STEP:
            if self._met:
                self._learnt *= 1.0 + min(_LARGEST_STEP, _INCREASE * (1.0 + self._calm / _CALM))
            else:
                self._learnt *= 1.0 + _LARGEST_STEP
                self._grown = now

    def left(self) -> None:
        """A call has ended in a way that says nothing of limits."""
        self._end()
        self._set_aside(-self._usual)

    def limited(self, started: float, asked: float, rng: Random) -> None:
        """The server has refused a call for a limit, and asks to wait so many seconds, 0 where it does not say."""
        now = clock.loop_time()
        self._end()
        self._set_aside(-self._usual)
        if asked:
            self._opens = max(self._opens, now + asked)
        if started >= self._since:
            self._taken -= 1
        if started <= self._changed:
            return
        self._strikes += started > self._struck
        self._struck = now
        if not asked and self._strikes > 1:
            longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._strikes - 2, 10))
            opens = max(self._opens, now + rng.uniform(longest / 2.0, longest))
            self._paused += opens - max(self._opens, now)
            self._opens = opens
        if self._learnt < inf:
            if self._strikes <= _MOST_STRIKES:
                self._slow_down(now)
            return
        self._window = inf
        if self._since == -inf or self._calm >= _CALM:
            self._count_from(now)
        self._calm = 0
        if self._tried - self._taken < max(_FEWEST, _MANY * self._tried):
            return
        self._changed = now
        self._settling = True
        self._least = max(_SLOWEST, 1.0 / asked if asked else 0.0)
        self._opens = max(self._opens, now + _SETTLING)

    def _count_from(self, now: float) -> None:
        """Count anew what the server lets pass: a refusal says that nothing is left of what it had saved up."""
        self._since = now
        self._paused = max(0.0, self._opens - now)
        self._tried = self._taken = self._calm = 0

    def _rate_taken(self, now: float) -> float:
        """Calls a second that the server has let pass since a refusal: its limit, where another one ends that time."""
        seconds = now - self._since
        return (self._taken + 1) / max(seconds - min(self._paused, seconds / 2.0), _GRAIN)

    def _slow_down(self, now: float) -> None:
        """The rate was too high, whether it has risen to there or has not yet fallen by enough."""
        calm = self._calm >= _CALM
        seen = self._answered_of_late(now) / _WINDOW
        if seen >= self._best or now - self._best_since > _BEST_SECONDS:
            self._best, self._best_since = seen, now
        least = max(self._best / 2.0, _SLOWEST)
        rate = self._learnt * (_DECREASE if calm else _LARGE_DECREASE)
        if not calm and self._taken >= _FEW:
            rate = min(rate, self._rate_taken(now))
        self._learnt = min(self._learnt, max(rate, least))
        self._met = True
        self._changed = now
        if calm or self._taken >= _ENOUGH or self._since == -inf:
            self._count_from(now)
        self._calm = 0

    def hear(self, allowances: Sequence[Allowance]) -> None:
        """Take what the headers of an answer say of the limits.

        Of one that is used up, the next call has to wait until some is there again. Of requests, as many as there are
        left may start at once; where more want to, they are spread over the time until the limit is whole again. That
        is right for a window that starts anew as well as for a bucket that fills all the time.
        """
        now = clock.loop_time()
        for allowance in allowances:
            left, reset = allowance.remaining, allowance.reset
            if left is None or not reset:
                continue
            used = max(0.0, (allowance.limit or 0.0) - left)
            if left < 1:
                self._opens = max(self._opens, now + reset / max(1.0, used))
            if "request" in allowance.resource or not allowance.resource:
                wanted = self.waiting + self._in_flight
                self._told = inf if left > wanted else max(used, left, 1.0) / reset
                self._told_until = now + reset

    def _answered_of_late(self, now: float) -> int:
        return sum(number for second, number in self._answers if second >= now - _WINDOW)

    def _leave(self, waiter: _Waiter) -> None:
        waiter.gone = True
        self._gone += 1
        while self._queue and self._queue[0].gone:
            heappop(self._queue)
            self._gone -= 1
        if self._queue:
            self._queue[0].turn.set()
