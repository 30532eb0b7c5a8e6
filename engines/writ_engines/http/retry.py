"""Retries under a budget, with exponential backoff and full jitter.

The jitter is that of "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

import anyio
import msgspec

from writ_async.core.engine import CallCounts
from writ_async.errors import EngineError
from writ_engines.http.errors import TransportError

T = TypeVar("T")

_MOST_DOUBLINGS = 30


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often and how long one call is tried. Times are in seconds.

    `attempts` counts the first one too. No attempt begins when its wait would end after `budget`; 0 is no such bound.
    The wait after the n-th failure is uniform in 0 .. min(`longest`, `first` * 2^n), or what the server asks for.
    """

    attempts: int = 12
    budget: float = 550.0
    first: float = 0.5
    longest: float = 30.0

    def wait(self, failures: int, rng: Random) -> float:
        """How long to wait after so many failures (0 for the first)."""
        return rng.uniform(0.0, min(self.longest, self.first * 2.0 ** min(failures, _MOST_DOUBLINGS)))


class Tries(msgspec.Struct):
    """How far one call has come: attempts that failed, and the seconds that they took with their waits.

    `failing` says whether it is counted among the calls that are failing now.
    """

    number: int = 0
    spent: float = 0.0
    begun: bool = False
    failing: bool = False


async def retry(
    attempt: Callable[[int, float], Awaitable[T]],
    policy: RetryPolicy,
    rng: Random,
    statistics: CallCounts,
    *,
    tries: Tries | None = None,
    check: Callable[[], None] | None = None,
) -> T:
    """The result of the first attempt that succeeds.

    `attempt(number, seconds)` is given its number from 0 on, to make a new request id from, and the seconds that are
    left of the budget. Raises the last `EngineError` when the budget is spent, and at once one that cannot pass.

    `check` is called before each attempt, and after each failure that leaves something of the budget; what it raises
    ends the call here and now, uncounted.
    With the same `tries` the call goes on later: its attempts are numbered on, under what is left of the budget.
    """
    tries = tries or Tries()
    statistics.calls += not tries.begun
    tries.begun = True
    since = anyio.current_time() - tries.spent
    end = since + policy.budget if policy.budget else float("inf")
    try:
        while True:
            if check is not None:
                check()
            statistics.attempts += 1
            try:
                result = await attempt(tries.number, end - anyio.current_time())
            except EngineError as exc:
                await _wait(exc, policy, rng, statistics, tries, end, check)
            else:
                statistics.recovered += tries.number > 0
                return result
    finally:
        statistics.failing -= tries.failing
        tries.failing = False
        tries.spent = anyio.current_time() - since


async def _wait(
    exc: EngineError,
    policy: RetryPolicy,
    rng: Random,
    statistics: CallCounts,
    tries: Tries,
    end: float,
    check: Callable[[], None] | None,
) -> None:
    """Wait until the next attempt may begin. Raises the error when there is to be none."""
    _count(statistics.failures, exc.kind)
    statistics.last_failure = str(exc)
    statistics.failing += not tries.failing
    tries.failing = True
    wait = policy.wait(tries.number, rng)
    tries.number += 1
    if check is not None and tries.number < policy.attempts and anyio.current_time() < end:
        check()
    if isinstance(exc, TransportError):
        wait = max(wait, exc.retry_after)
    if not may_pass(exc) or tries.number >= policy.attempts or anyio.current_time() + wait >= end:
        _count(statistics.given_up, exc.kind)
        told = _told(exc, tries.number)
        if told is exc:
            raise exc
        raise told from exc
    await anyio.sleep(wait)


def may_pass(error: EngineError) -> bool:
    """Whether another attempt may help."""
    return isinstance(error, TransportError) and error.retryable


def _told(error: EngineError, attempts: int) -> EngineError:
    """The error, with the number of attempts in its text where there was more than one."""
    if attempts == 1 or not isinstance(error, TransportError):
        return error
    return TransportError(f"{error} ({attempts} attempts)", kind=error.kind, status=error.status)


def _count(counts: dict[str, int], kind: str) -> None:
    counts[kind] = counts.get(kind, 0) + 1
