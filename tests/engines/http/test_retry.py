"""Retries: what is tried again, how long it waits, and what is counted."""

from random import Random

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.http import RETRYABLE, RetryPolicy, TransportError, retry

from writ_async import clock
from writ_async.core.engine import CallCounts
from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind

pytestmark = pytest.mark.asyncio


class Flaky:
    """Fails with the given errors in turn, then answers with the number of the attempt that succeeded."""

    def __init__(self, *errors: EngineError) -> None:
        self.errors = list(errors)
        self.seen: list[tuple[int, float]] = []

    async def __call__(self, number: int, seconds: float) -> int:
        self.seen.append((number, seconds))
        if self.errors:
            raise self.errors.pop(0)
        return number


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long `retry` waits; nobody waits in these tests, but the clock they see goes on."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    monkeypatch.setattr(clock, "loop_time", lambda: sum(waited))
    return waited


def failure(kind: EngineErrorKind) -> TransportError:
    return TransportError("it failed", kind=kind)


@pytest.mark.parametrize("kind", sorted(EngineErrorKind))
async def test_only_what_may_pass_is_tried_again(kind: EngineErrorKind, sleeps: list[float]) -> None:
    flaky, statistics = Flaky(failure(kind)), CallCounts()
    if kind in RETRYABLE:
        assert await retry(flaky, RetryPolicy(), Random(1), statistics) == 1
        assert (statistics.recovered, statistics.given_up) == (1, {})
    else:
        with pytest.raises(TransportError) as caught:
            await retry(flaky, RetryPolicy(), Random(1), statistics)
        assert caught.value.kind == kind
        assert (sleeps, statistics.given_up) == ([], {kind: 1})
    assert statistics.failures == {kind: 1}


async def test_a_prompt_that_is_too_long_is_never_tried_again(sleeps: list[float]) -> None:
    flaky = Flaky(ContextWindowError("too long"))
    with pytest.raises(ContextWindowError):
        await retry(flaky, RetryPolicy(), Random(1), CallCounts())
    assert len(flaky.seen) == 1


async def test_attempts_are_numbered_and_bounded(sleeps: list[float]) -> None:
    flaky, statistics = Flaky(*(failure(EngineErrorKind.RESET) for _ in range(9))), CallCounts()
    with pytest.raises(TransportError, match=r"it failed \(4 attempts\)") as caught:
        await retry(flaky, RetryPolicy(attempts=4), Random(1), statistics)
    assert caught.value.kind is EngineErrorKind.RESET
    assert [number for number, _ in flaky.seen] == [0, 1, 2, 3]
    assert (statistics.attempts, statistics.failures, statistics.given_up) == (4, {"reset": 4}, {"reset": 1})


async def test_no_attempt_begins_after_the_budget(sleeps: list[float]) -> None:
    flaky = Flaky(*(failure(EngineErrorKind.REFUSED) for _ in range(500)))
    with pytest.raises(TransportError):
        await retry(flaky, RetryPolicy(attempts=500, budget=100.0), Random(3), CallCounts())
    assert sum(sleeps) < 100.0
    assert all(seconds > 0 for _, seconds in flaky.seen)


async def test_the_server_may_ask_for_a_longer_wait(sleeps: list[float]) -> None:
    flaky = Flaky(TransportError("busy", kind=EngineErrorKind.OVERLOADED, retry_after=17.0))
    await retry(flaky, RetryPolicy(), Random(1), CallCounts())
    assert sleeps == [17.0]


@given(st.integers(0, 2000), st.integers())
async def test_a_wait_is_drawn_from_zero_to_a_bound_that_doubles(failures: int, seed: int) -> None:
    policy = RetryPolicy()
    wait = policy.wait(failures, Random(seed))
    assert 0.0 <= wait <= min(30.0, 0.5 * 2.0 ** min(failures, 20))
    assert wait == policy.wait(failures, Random(seed))


async def test_a_call_counts_as_failing_from_its_first_failure_until_it_is_answered_or_given_up(
    sleeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    statistics, seen = CallCounts(), list[tuple[int, str]]()

    async def attempt(number: int, seconds: float) -> int:
        seen.append((statistics.failing, statistics.last_failure))
        if number < 2:
            raise TransportError(f"it failed for the {number}th time", kind=EngineErrorKind.OVERLOADED)
        return number

    assert await retry(attempt, RetryPolicy(), Random(1), statistics) == 2
    assert seen == [(0, ""), (1, "it failed for the 0th time"), (1, "it failed for the 1th time")]
    assert statistics.failing == 0
    with pytest.raises(TransportError):
        await retry(Flaky(failure(EngineErrorKind.NOT_FOUND)), RetryPolicy(), Random(1), statistics)
    assert (statistics.failing, statistics.last_failure) == (0, "it failed")


async def test_a_call_that_is_cancelled_while_it_waits_is_not_failing_any_more() -> None:
    statistics = CallCounts()
    flaky = Flaky(failure(EngineErrorKind.OVERLOADED))
    with anyio.move_on_after(0.05):
        await retry(flaky, RetryPolicy(first=60.0, longest=60.0), Random(1), statistics)
    assert statistics.failing == 0
