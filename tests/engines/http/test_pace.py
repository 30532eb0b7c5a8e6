"""The gate of a server: many calls on a server with a limit, in virtual time. None is lost, and little time is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from math import inf
from random import Random

import anyio
import msgspec
import pytest
from writ_engines.http import RetryPolicy, TransportError, retry
from writ_engines.http.pace import Pace
from writ_engines.http.waits import Allowance

from writ_async.core.engine import CallCounts
from writ_async.errors import EngineErrorKind
from writ_async.virtual_time import run_virtual

Limit = Callable[[float], float | None]
"""Asked at a time: None lets a call pass, a number refuses it and asks to wait so long, 0 without saying how long."""


def bucket(per_second: float, size: float, *, tells: bool) -> Limit:
    """A bucket of tokens that fills all the time."""
    room, since = size, 0.0

    def ask(now: float) -> float | None:
        nonlocal room, since
        room, since = min(size, room + (now - since) * per_second), now
        if room < 1:
            return (1 - room) / per_second if tells else 0.0
        room -= 1
        return None

    return ask


def window(calls: int, seconds: float, *, tells: bool) -> Limit:
    """So many calls in each window of time."""
    counts = Counter[int]()

    def ask(now: float) -> float | None:
        number = int(now // seconds)
        counts[number] += 1
        if counts[number] > calls:
            return (number + 1) * seconds - now if tells else 0.0
        return None

    return ask


def counting_all(calls: int, seconds: float) -> Limit:
    """So many calls in any such time, those that are refused included."""
    times: list[float] = []

    def ask(now: float) -> float | None:
        times[:] = [time for time in times if time > now - seconds]
        times.append(now)
        return 0.0 if len(times) > calls else None

    return ask


def counting_tokens(tokens: float, per_call: int) -> Limit:
    """A bucket of so many tokens a minute, of which a quarter may be spent at once; all calls take as many."""
    return bucket(tokens / 60 / per_call, tokens / 4 / per_call, tells=False)


def moody(share: float) -> Limit:
    """Refuses some calls, however slowly they come."""
    rng = Random(5)
    return lambda now: 0.0 if rng.random() < share else None


class Outcome(msgspec.Struct):
    """What came of it: when it was over, the calls that passed by their start, errors, the longest call."""

    seconds: float = 0.0
    passed: list[float] = []
    lost: list[str] = []
    longest: float = 0.0
    counts: CallCounts = msgspec.field(default_factory=CallCounts)


def play(
    limit: Limit, conversations: int, calls: int, *, latency: float = 2.0, policy: RetryPolicy | None = None,
    pace: Pace | None = None, tokens: Callable[[], int] = lambda: 0, allowances: Callable[[], list[Allowance]] = list,
) -> Outcome:  # fmt: skip
    """So many conversations at once with so many calls each."""
    outcome, rng, lengths = Outcome(), Random(1), Random(2)
    pace = pace or Pace()

    async def gate() -> Pace:
        return pace

    async def attempt(number: int, seconds: float) -> None:
        began = anyio.current_time()
        await anyio.sleep(0.05)
        told = limit(anyio.current_time())
        if told is not None:
            raise TransportError("no", kind=EngineErrorKind.OVERLOADED, status=429, retry_after=told)
        await anyio.sleep(lengths.uniform(0.5, 1.5) * latency)
        pace.hear(allowances())
        pace.used(tokens())
        outcome.passed.append(began)

    async def converse() -> None:
        for _ in range(calls):
            began = anyio.current_time()
            try:
                await retry(attempt, policy or RetryPolicy(attempts=40), rng, outcome.counts, gate=gate)
            except TransportError as exc:
                outcome.lost.append(str(exc))
                return
            outcome.longest = max(outcome.longest, anyio.current_time() - began)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(conversations):
                group.start_soon(converse)
        outcome.seconds = anyio.current_time()

    run_virtual(main)
    return outcome


@pytest.mark.parametrize(
    ("limit", "per_minute", "share"),
    [
        (bucket(2, 10, tells=True), 120, 0.95),
        (bucket(2, 10, tells=False), 120, 0.95),
        (bucket(1, 1, tells=False), 60, 0.7),
        (bucket(0.25, 5, tells=False), 15, 0.9),
        (window(120, 60, tells=True), 120, 0.9),
        (window(120, 60, tells=False), 120, 0.9),
        (window(20, 10, tells=False), 120, 0.8),
        (counting_all(120, 60), 120, 0.7),
        (counting_tokens(60_000, 2_000), 30, 0.8),
    ],
)
def test_a_limit_makes_calls_slower_and_loses_none(limit: Limit, per_minute: float, share: float) -> None:
    outcome = play(limit, 200, 3)
    assert outcome.lost == []
    assert len(outcome.passed) == 600
    assert outcome.seconds * per_minute / 60 * share < 600 + per_minute
    assert outcome.counts.given_up == {}
    assert (outcome.counts.failing, outcome.counts.held_back) == (0, 0)


def test_calls_have_their_turn_in_the_order_in_which_they_began() -> None:
    outcome = play(bucket(2, 10, tells=False), 200, 3)
    assert outcome.longest < 1.5 * 200 / 2


def test_who_is_refused_does_not_use_up_attempts() -> None:
    outcome = play(bucket(2, 10, tells=False), 60, 3, policy=RetryPolicy(attempts=1))
    assert outcome.lost == []
    assert outcome.counts.failures["overloaded"] > 20


def test_a_refusal_now_and_then_slows_only_its_call() -> None:
    pace = Pace()
    outcome = play(moody(1 / 8), 16, 30, latency=0.2, pace=pace)
    assert outcome.lost == []
    assert pace.rate == inf
    assert outcome.seconds < 3 * 30 * 0.25


def test_a_call_ends_when_the_server_lets_none_pass_for_as_long_as_the_deadline() -> None:
    outcome = play(moody(1.0), 5, 1, policy=RetryPolicy(attempts=3, budget=60.0))
    assert len(outcome.lost) == 5
    assert all("let no call pass for 60 s" in text for text in outcome.lost)
    assert 59 < outcome.seconds < 62
    assert outcome.counts.given_up == {"overloaded": 5}


def test_a_wait_longer_than_the_deadline_ends_with_it_and_one_more_attempt() -> None:
    asked: list[float] = []

    def limit(now: float) -> float | None:
        asked.append(now)
        return 120.0 if len(asked) == 1 else None

    outcome = play(limit, 1, 1, policy=RetryPolicy(budget=60.0))
    assert outcome.lost == []
    assert len(asked) == 2
    assert asked[1] - asked[0] == pytest.approx(60.0, abs=0.2)


@pytest.mark.parametrize(
    "limit",
    [bucket(2, 10, tells=True), bucket(2, 10, tells=False), bucket(2, 120, tells=True), counting_tokens(60_000, 2_000)],
)
def test_few_calls_are_refused_where_a_server_is_met_gently(limit: Limit) -> None:
    outcome = play(limit, 200, 12, pace=Pace(gently=True))
    assert outcome.lost == []
    assert outcome.counts.failures.get("overloaded", 0) < 0.05 * 2400


def test_a_server_without_limits_soon_has_all_calls_though_it_is_met_gently() -> None:
    slow = play(lambda now: None, 2000, 1, latency=10.0, pace=Pace(gently=True))
    assert slow.seconds < 15.0 + 5.0
    quick = play(lambda now: None, 2000, 1, latency=0.001, pace=Pace(gently=True))
    assert quick.seconds < 1.0


@pytest.mark.parametrize("budget", [60.0, 600.0])
def test_what_a_server_asks_for_is_waited_by_all(budget: float) -> None:
    times: list[float] = []

    def limit(now: float) -> float | None:
        times.append(now)
        return 30.0 if len(times) == 1 else None

    outcome = play(limit, 1, 1, policy=RetryPolicy(budget=budget), latency=0.1)
    assert times[1] >= 30.0
    first = 30.05

    async def later() -> float:
        pace = Pace()
        pace.start()
        pace.limited(0.0, 30.0, Random(1))

        async def gate() -> Pace:
            return pace

        async def attempt(number: int, seconds: float) -> float:
            return anyio.current_time()

        return await retry(attempt, RetryPolicy(budget=budget), Random(1), CallCounts(), gate=gate)

    assert run_virtual(later) == pytest.approx(30.0)
    assert outcome.passed[0] == pytest.approx(first, abs=0.1)


def test_a_bound_of_calls_a_minute_is_kept_from_the_first_call_on() -> None:
    outcome = play(lambda now: None, 50, 2, pace=Pace(per_minute=120.0))
    starts = sorted(outcome.passed)
    assert all(later - sooner >= 0.4999 for sooner, later in pairwise(starts))
    assert outcome.seconds < 100 / 2 + 5


@pytest.mark.parametrize(("failing", "longer"), [(0.0, 1.1), (0.3, 1.2)])
def test_a_bound_of_tokens_a_minute_is_kept_though_calls_are_of_many_lengths(failing: float, longer: float) -> None:
    sizes, spent = Random(7), list[tuple[float, int]]()

    def tokens() -> int:
        spent.append((anyio.current_time(), sizes.randrange(200, 5_000)))
        return spent[-1][1]

    outcome = play(moody(failing), 60, 5, pace=Pace(tokens_per_minute=60_000), tokens=tokens)
    assert outcome.lost == []
    total = sum(number for _, number in spent)
    assert total / 60_000 * 60 * 0.9 < outcome.seconds < total / 60_000 * 60 * longer
    for begin in range(60, int(outcome.seconds) - 60, 15):
        assert sum(number for time, number in spent if begin <= time < begin + 60) < 72_000


def test_headers_slow_calls_before_any_is_refused() -> None:
    limit = bucket(2, 120, tells=False)
    left, since = 120.0, 0.0

    def told() -> list[Allowance]:
        nonlocal left, since
        now = anyio.current_time()
        left = max(0.0, min(120.0, 120.0 + 2 * now - len(outcome_starts)))
        return [Allowance("requests", 120.0, float(int(left)), (120.0 - left) / 2)]

    outcome_starts: list[float] = []

    def counted(now: float) -> float | None:
        answer = limit(now)
        if answer is None:
            outcome_starts.append(now)
        return answer

    outcome = play(counted, 40, 8, allowances=told)
    assert outcome.lost == []
    assert outcome.counts.failures.get("overloaded", 0) < 40
    assert outcome.seconds < (320 - 120) / 2 + 40


def test_calls_that_leave_the_line_hold_nobody_up() -> None:
    async def main() -> list[float]:
        pace = Pace(per_minute=60.0)
        started: list[float] = []

        async def gate() -> Pace:
            return pace

        async def attempt(number: int, seconds: float) -> None:
            started.append(anyio.current_time())

        async def call(patience: float) -> None:
            with anyio.move_on_after(patience):
                await retry(attempt, RetryPolicy(), Random(1), CallCounts(), gate=gate)

        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(call, inf if number % 4 == 0 else 0.5 + number / 100)
        assert pace.waiting == 0
        return started

    assert run_virtual(main) == pytest.approx([0.0, 1.0, 2.0, 3.0, 4.0])


def test_the_same_seed_gives_the_same_times() -> None:
    first, second = (play(window(20, 10, tells=False), 50, 3) for _ in range(2))
    assert (first.seconds, first.passed) == (second.seconds, second.passed)


def test_headers_of_one_answer_slow_calls_until_the_limit_is_whole_again_by_what_they_said() -> None:
    told = iter([[Allowance("requests", None, 0.0, 5.0)]])
    outcome = play(lambda now: None, 20, 10, latency=0.1, allowances=lambda: next(told, []))
    assert outcome.lost == []
    assert outcome.seconds < 5.0 + 10.0
