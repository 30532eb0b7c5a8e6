"""How fast one server may be called: its limits are learnt from what it says, and all calls keep to them together.

A refusal for a limit closes the gate for all, for as long as the server asks. Where a good part of the calls is
refused, they start one by one from then on, in the order in which they began, at a rate that falls as long as so many
are refused and rises with the answers (additive increase, multiplicative decrease); a server that refuses all is asked
less and less often. A refusal now and then, as servers give that have more than one reason, slows nobody but its call.
Until a server refuses there is no gate at all. Time is the loop's, randomness the caller's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush
from math import ceil, inf
from random import Random

import anyio
import msgspec

from writ_engines.http.waits import Allowance

_DECREASE = 0.7
_INCREASE = 0.05  # of the rate, in a second; more with each second since it last fell
_FASTER = 0.01
_MEMORY = 0.9  # how much of an outcome's weight is left after the next
_FEWEST = 2.7  # the weight of three outcomes: fewer show nothing
_MANY = 1 / 3  # so many of the calls refused, and they come too fast
_FEWEST_AT_FIRST, _MANY_AT_FIRST = 4.0, 0.6  # the same, as long as no rate is known
_LARGEST_STEP = 0.5  # of the rate, with one answer
_SLOWEST = 1 / 60  # calls a second; slower is what a server has to ask for
_LEARNING = 0.1  # how much of a call's tokens goes into what is usual
_SETTLING = 1.0  # seconds in which the refusals of a burst come in, before the rate is reckoned
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
_WINDOW = 60  # seconds in which answers are counted
_SHORTEST_SPAN = 10.0  # seconds; a rate seen for less says little


class Standing(msgspec.Struct):
    """How one call stands at the gate. `began` orders calls; `starved` seconds it waited since the server let any pass.

    `held` are the seconds it has waited for a limit in all, before the wait that goes on since `waits_since`.
    """

    began: float
    starved: float = 0.0
    held: float = 0.0
    waits_since: float | None = None

    def held_by(self, now: float) -> float:
        """The seconds it has waited for a limit until now."""
        return self.held if self.waits_since is None else self.held + now - self.waits_since


class _Waiter:
    __slots__ = ("gone", "order", "turn")

    def __init__(self, order: tuple[float, int]) -> None:
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
    as many as calls took on average.
    """

    def __init__(self, per_minute: float = 0.0, tokens_per_minute: float = 0.0) -> None:
        self._token_rate = tokens_per_minute / 60.0 if tokens_per_minute else inf
        self._earned = -inf  # when all tokens that were spent or set aside are earned
        self._usual = 0.0  # tokens of a call, on average
        self._most = per_minute / 60.0 if per_minute else inf
        self._learnt = inf  # calls a second that the server took
        self._told = inf  # calls a second that its headers allow
        self._next = -inf  # when the next call may start, by the rate
        self._opens = -inf  # when the gate opens
        self._changed = -inf  # when a refusal was last acted upon: calls that started before say nothing new
        self._settling = False
        self._least = _SLOWEST  # the rate to begin with where no call has passed
        self._strikes = 0  # refusals since an answer
        self._outcomes = self._refusals = 0.0  # since the rate last fell, those long ago weighing less
        self._in_flight = 0
        self._first = inf  # when the first call started
        self._answers: deque[tuple[int, int]] = deque()  # the second, and the answers in it
        self._queue: list[_Waiter] = []
        self._gone = 0
        self._number = 0
        self.last_passed = -inf

    @property
    def rate(self) -> float:
        """Calls a second that may start now; infinite where no limit is known."""
        return min(self._most, self._learnt, self._told)

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn."""
        return len(self._queue) - self._gone

    def is_open(self) -> bool:
        """Whether a call could start now."""
        return not self._queue and anyio.current_time() >= max(self._next, self._opens, self._earned)

    async def wait(self, standing: Standing, patience: float) -> None:
        """Return when a call may start, for it to start there and then. Only the first in line watches the clock.

        A call may also start when the server has let none pass for `patience` seconds, while this one waited: that is
        to be its last attempt (`standing.starved` says so).
        """
        begun = now = anyio.current_time()
        since = begun - standing.starved
        standing.waits_since = begun
        self._number += 1
        waiter = _Waiter((standing.began, self._number))
        heappush(self._queue, waiter)
        try:
            while True:
                now = max(now, anyio.current_time())
                since = max(since, self.last_passed)
                if self._queue[0] is not waiter:
                    waiter.turn = anyio.Event()
                    await waiter.turn.wait()
                    continue
                until = min(max(self._next, self._opens, self._earned), since + patience)
                if now >= until:
                    break
                parts = 1000.0 if until - now < 1.0 else 100.0  # of a second: nobody asks for finer waits
                await anyio.sleep(ceil((until - now) * parts) / parts)
                now = until  # what was waited for has come, whatever the clock's grain
        finally:
            standing.held += now - begun
            standing.waits_since = None
            standing.starved = max(0.0, now - since)
            self._leave(waiter)

    def start(self) -> None:
        """A call starts."""
        now = anyio.current_time()
        self._in_flight += 1
        if self._first == inf:
            self._first = now
        if self._settling:
            self._settling = False
            self._learnt = max(self._seen_rate(now, self._in_flight - 1), self._least)
        if (rate := self.rate) < inf:
            self._next = max(now, self._next) + 1.0 / rate
        self._set_aside(self._usual)

    def used(self, tokens: int) -> None:
        """A call that passes has taken so many tokens."""
        usual = self._usual
        self._usual = tokens if not usual else usual + _LEARNING * (tokens - usual)
        self._set_aside(tokens - usual)

    def _set_aside(self, tokens: float) -> None:
        if self._token_rate < inf:
            self._earned = max(self._earned, anyio.current_time()) + tokens / self._token_rate

    def passed(self) -> None:
        """The server has taken a call and answered it."""
        now = anyio.current_time()
        self._in_flight -= 1
        self.last_passed = now
        self._strikes = 0
        self._count_outcome(0.0)
        second = int(now)
        if self._answers and self._answers[-1][0] == second:
            self._answers[-1] = (second, self._answers[-1][1] + 1)
        else:
            self._answers.append((second, 1))
            while self._answers[0][0] < second - _WINDOW:
                self._answers.popleft()
        if self._learnt < inf and (self._queue or self._next > now):  # a rate that nobody needs shows nothing
            growth = _INCREASE + _FASTER * (now - self._changed)
            self._learnt *= 1.0 + min(_LARGEST_STEP, growth / self._learnt)

    def left(self) -> None:
        """A call has ended in a way that says nothing of limits."""
        self._in_flight -= 1
        self._set_aside(-self._usual)

    def limited(self, started: float, asked: float, rng: Random) -> None:
        """The server has refused a call for a limit, and asks to wait so many seconds, 0 where it does not say."""
        now = anyio.current_time()
        self._in_flight -= 1
        self._set_aside(-self._usual)
        if asked:
            self._opens = max(self._opens, now + asked)
        if started <= self._changed:
            return
        self._strikes += 1
        if not asked and self._strikes > 1:
            longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._strikes - 2, 10))
            self._opens = max(self._opens, now + rng.uniform(longest / 2.0, longest))
        self._count_outcome(1.0)
        known = self._learnt < inf
        fewest, many = (_FEWEST, _MANY) if known else (_FEWEST_AT_FIRST, _MANY_AT_FIRST)
        if self._outcomes < fewest or self._refusals < many * self._outcomes:
            return
        self._changed = now
        self._outcomes = self._refusals = 0.0
        if known:
            # To ask as often as the server says is never too often.
            least = max(self._seen_rate(now, 0) / 2.0, _SLOWEST, 1.0 / asked if asked else 0.0)
            self._learnt = min(self._learnt, max(self._learnt * _DECREASE, least))
        else:
            self._settling = True
            self._least = max(_SLOWEST, 1.0 / asked if asked else 0.0)
            self._opens = max(self._opens, now + _SETTLING)

    def _count_outcome(self, refused: float) -> None:
        self._outcomes = self._outcomes * _MEMORY + 1.0
        self._refusals = self._refusals * _MEMORY + refused

    def hear(self, allowances: Sequence[Allowance]) -> None:
        """Take what the headers of an answer say of the limits.

        Of one that is used up, the next call has to wait until some is there again. Of requests, as many as there are
        left may start at once; where more want to, they are spread over the time until the limit is whole again. That
        is right for a window that starts anew as well as for a bucket that fills all the time.
        """
        now = anyio.current_time()
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

    def _seen_rate(self, now: float, under_way: int) -> float:
        """Calls a second that the server has taken of late."""
        taken = under_way + sum(number for second, number in self._answers if second >= now - _WINDOW)
        shortest = _SETTLING if under_way else _SHORTEST_SPAN
        return taken / max(shortest, min(_WINDOW, now - self._first))

    def _leave(self, waiter: _Waiter) -> None:
        waiter.gone = True
        self._gone += 1
        while self._queue and self._queue[0].gone:
            heappop(self._queue)
            self._gone -= 1
        if self._queue:
            self._queue[0].turn.set()
