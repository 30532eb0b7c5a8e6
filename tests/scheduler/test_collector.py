import gc
from collections.abc import Iterator

import pytest

from tests.scheduler.test_rollouts import Talker, make_jobs, seats
from writ_async.core.environment import Environment
from writ_async.scheduler import Limits, quiet_gc, run_rollouts
from writ_async.scheduler.garbage import PER_LIVE, SPARE


@pytest.fixture(autouse=True)
def nothing_frozen() -> Iterator[None]:
    """The collector as a program of its own has it, where nobody has frozen anything."""
    gc.unfreeze()
    yield
    gc.freeze()


def test_the_collector_is_quiet_in_the_block_and_as_it_was_after_it() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with quiet_gc(1000):
        assert gc.isenabled()
        assert gc.get_threshold()[0] == SPARE + 1000 * PER_LIVE
        assert gc.get_freeze_count() > frozen
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == frozen


def test_blocks_may_overlap_and_be_left_in_any_order() -> None:
    before = gc.get_threshold()
    first, second = quiet_gc(10), quiet_gc(300)
    first.__enter__()
    second.__enter__()
    assert gc.get_threshold()[0] == SPARE + 310 * PER_LIVE
    first.__exit__(None, None, None)
    assert gc.get_threshold()[0] == SPARE + 300 * PER_LIVE
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before


def test_what_was_frozen_by_others_stays_frozen() -> None:
    gc.freeze()
    try:
        with quiet_gc(1):
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


@pytest.mark.parametrize(
    ("limits", "jobs", "live"),
    [
        (Limits(concurrency=8), 100, 8),
        (Limits(concurrency=8), 5, 5),
        (Limits(concurrency=0), 100, 100),
        (Limits(concurrency=8, admission="unbounded"), 100, 100),
    ],
)
def test_limits_say_how_many_may_be_live(limits: Limits, jobs: int, live: int) -> None:
    assert limits.most_live(jobs) == live


@pytest.mark.asyncio
async def test_a_conversation_leaves_nothing_that_only_the_collector_could_free(
    retail_environment: Environment,
) -> None:
    """Else quiet_gc would let memory grow."""

    async def play(number: int) -> None:
        async with run_rollouts(
            make_jobs(retail_environment, number), seats(Talker(turns=3)), limits=Limits(concurrency=5)
        ) as run:
            async for _ in run:
                pass

    async def left_by(number: int) -> int:
        gc.collect()
        gc.disable()
        try:
            await play(number)
            return gc.collect()
        finally:
            gc.enable()

    await play(5)
    assert await left_by(400) - await left_by(200) < 100
