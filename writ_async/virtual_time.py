"""An event loop whose clock jumps: whole runs in seconds, in the same order every time.

    result = run_virtual(main)

The clock stands still while anything is ready to run, and jumps to the next timer when nothing is. Timers with the
same deadline fire in the order in which they were set. Code under it takes time from the loop alone
(`clock.loop_time`, `anyio.sleep`) and uses no threads, sockets or subprocesses: to wait for those is a
`DeadlockError`.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import TypeVar, TypeVarTuple, Unpack

import anyio

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class DeadlockError(RuntimeError):
    """Nothing is ready and no timer is set: whatever is waited for can never come."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop. `steps` counts the callbacks that ran."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._order = 0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self.steps = 0

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call at a virtual time; one that has passed means at once."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._order += 1
        heapq.heappush(self._timers, (when, self._order, timer))
        return timer

    def call_later(
        self, delay: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call after some virtual seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer stays in the heap until its turn comes."""

    def _run_once(self) -> None:
        """One round of the loop: the base class calls it until the loop is stopped."""
        timers, ready = self._timers, self._ready  # type: ignore[attr-defined]
        if not ready and not self._stopping:  # type: ignore[attr-defined]
            while timers and timers[0][2].cancelled():
                heapq.heappop(timers)
            if not timers:
                raise DeadlockError(f"at {self._now:.6f} virtual seconds nothing is ready and no timer is set")
            self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            timer = heapq.heappop(timers)[2]
            if not timer.cancelled():
                ready.append(timer)
        count = len(ready)
        self.steps += count
        for _ in range(count):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()


def run_virtual(main: Callable[[], Awaitable[T]]) -> T:
    """Run an async function in virtual time and give what it returns.

    Raises `DeadlockError` when it waits for what can never come.
    """
    return anyio.run(main, backend_options={"loop_factory": VirtualLoop})
