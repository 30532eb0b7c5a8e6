"""Retries under a budget, with exponential backoff and full jitter; refusals for a limit wait at the server's gate.

The jitter is that of "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

import anyio
import msgspec

from writ_async import clock
from writ_async.core.engine import CallCounts
from writ_async.errors import EngineError
from writ_engines.http.errors import TransportError
from writ_engines.http.pace import Pace, Standing

T = TypeVar("T")

_MOST_DOUBLINGS = 30
_LITTLE = 2.0  # seconds; the longest wait that a call takes upon itself for a limit
_GRAIN = 1e-6  # seconds; sums of waits are not exact


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often and how long one call is tried. Times are in seconds.

    `attempts` counts the first one too. No attempt begins when its wait would end after `budget`; 0 is no such bound.
    The wait after the n-th failure is uniform in 0 .. min(`longest`, `first` * 2^n).

    Neither counts what a limit of the server costs: refusals for it, and the time until the call may start. The call
    waits as long as the server lets others pass, and gives up when it has let none pass for as long as the budget is.
    """

    attempts: int = 12
    budget: float = 550.0
    first: float = 0.5
    longest: float = 30.0

    @property
    def patience(self) -> float:
        """The longest wait for a server that lets no call pass."""
        return self.budget or float("inf")

    def wait(self, failures: int, rng: Random) -> float:
        """How long to wait after so many failures (0 for the first)."""
        return rng.uniform(0.0, min(self.longest, self.first * 2.0 ** min(failures, _MOST_DOUBLINGS)))


class Tries(msgspec.Struct):
    """How far one call has come. `number` of its attempts failed, `limits` of them at a limit; `spent` are the seconds
    that they took with their waits, those for limits left out.

    `failing` says whether it is counted among the calls that are failing now.
    """

    number: int = 0
    spent: float = 0.0
    begun: bool = False
    failing: bool = False
    limits: int = 0
    standing: Standing | None = None


async def retry(
    attempt: Callable[[int, float], Awaitable[T]],
    policy: RetryPolicy,
    rng: Random,
    statistics: CallCounts,
    *,
    tries: Tries | None = None,
    check: Callable[[], None] | None = None,
    gate: Callable[[], Awaitable[Pace]] | None = None,
    pace: Pace | None = None,
) -> T:
    """The result of the first attempt that succeeds.

    `attempt(number, seconds)` is given its number from 0 on, to make a new request id from, and the seconds that are
    left of the budget. Raises the last `EngineError` when the budget is spent, and at once one that cannot pass.

    `check` is called before each attempt, and after each failure that leaves something of the budget; what it raises
    ends the call here and now, uncounted. `gate` gives the pace of the server that the next attempt goes to, `pace` is
    that of the only one there is.
    With the same `tries` the call goes on later: its attempts are numbered on, under what is left of the budget.
    """
    tries = tries or Tries()
    statistics.calls += not tries.begun
    tries.begun = True
    now = clock.loop_time()
    since = now - tries.spent
    standing = tries.standing = tries.standing or Standing(since)
    held = standing.held  # what was waited for limits before is no part of `since`
    pace = pace or Pace()
    try:
        while True:
            if check is not None:
                check()
            if gate is not None:
                pace = await gate()
                now = clock.loop_time()
            if not pace.is_open(now):
                await _stand_in_line(pace, standing, policy, statistics)
                now = clock.loop_time()
                if check is not None:
                    check()
            pace.start(now)
            begun = now
            end = since + policy.budget + standing.held - held if policy.budget else float("inf")
            statistics.attempts += 1
            try:
                result = await attempt(tries.number, end - begun)
            except EngineError as exc:
                _count_failure(exc, statistics, tries)
                if isinstance(exc, TransportError) and exc.limited:
                    pace.limited(begun, exc.retry_after, rng)
                    _count_limit(exc, policy, statistics, tries, standing, others_pass=pace.last_passed >= begun)
                    if not exc.retry_after:
                        await _wait_a_little(policy.wait(tries.limits - 1, rng), standing)
                else:
                    pace.left()
                    await _wait(exc, policy, rng, statistics, tries, end, check)
                now = clock.loop_time()
            except BaseException:
                pace.left()
                raise
            else:
                now = clock.loop_time()
                pace.passed(now)
                statistics.recovered += tries.number > 0
                return result
    finally:
        statistics.failing -= tries.failing
        tries.failing = False
        tries.spent = clock.loop_time() - since - (standing.held - held)


def _count_failure(error: EngineError, statistics: CallCounts, tries: Tries) -> None:
    """A call has failed, and has not been answered since."""
    statistics.last_failure = str(error)
    statistics.failing += not tries.failing
    tries.failing = True


async def _stand_in_line(pace: Pace, standing: Standing, policy: RetryPolicy, statistics: CallCounts) -> None:
    statistics.held_back += 1
    try:
        await pace.wait(standing, policy.patience)
    finally:
        statistics.held_back -= 1


async def _wait_a_little(seconds: float, standing: Standing) -> None:
    """Wait after a refusal that does not say how long: as one alone, before the server's gate says more."""
    seconds = min(seconds, _LITTLE)
    standing.waits_since = clock.loop_time()
    try:
        await anyio.sleep(seconds)
    finally:
        standing.waits_since = None
    standing.held += seconds
    standing.starved += seconds


def _count_limit(
    exc: TransportError,
    policy: RetryPolicy,
    statistics: CallCounts,
    tries: Tries,
    standing: Standing,
    *,
    others_pass: bool,
) -> None:
    """Count a refusal for a limit. Raises when the server has let nobody pass for as long as the call may wait."""
    _count(statistics.failures, exc.kind)
    tries.number += 1
    tries.limits += 1
    standing.refused += 1
    if others_pass or standing.starved < policy.patience - _GRAIN:
        return
    _count(statistics.given_up, exc.kind)
    refused = f"refused {tries.limits} times; the server let no call pass for {policy.patience:.0f} s"
    text = f"{exc} ({refused}, and the option deadline allows no more)"
    raise TransportError(text, kind=exc.kind, status=exc.status, code=exc.code) from exc


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
    tries.number += 1
    failures = tries.number - tries.limits
    wait = policy.wait(failures - 1, rng)
    if check is not None and failures < policy.attempts and clock.loop_time() < end:
        check()
    spent = failures >= policy.attempts or clock.loop_time() + wait >= end
    if spent or not may_pass(exc):
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
    return TransportError(f"{error} ({attempts} attempts)", kind=error.kind, status=error.status, code=error.code)


def _count(counts: dict[str, int], kind: str) -> None:
    counts[kind] = counts.get(kind, 0) + 1
