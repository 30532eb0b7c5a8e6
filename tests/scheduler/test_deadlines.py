from collections.abc import Awaitable, Callable
from math import inf

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from writ_async.scheduler.deadlines import Deadline, Deadlines
from writ_async.virtual_time import DeadlockError, run_virtual

Play = Callable[[Deadlines, Deadline], Awaitable[None]]


def outcome(play: Play) -> tuple[bool, float]:
    """Whether a scope was cancelled while something was played in it, and when it was left."""

    async def main() -> tuple[bool, float]:
        deadlines = Deadlines()
        async with anyio.create_task_group() as group:
            group.start_soon(deadlines.watch_all)
            with anyio.CancelScope() as scope:
                deadline = deadlines.open_deadline(scope)
                try:
                    await play(deadlines, deadline)
                finally:
                    deadlines.close_deadline(deadline)
            left = anyio.current_time()
            group.cancel_scope.cancel()
        return scope.cancelled_caught, left

    return run_virtual(main)


def moves(*steps: tuple[float, float], rest: float) -> Play:
    """At each time the deadline is set to another one; then time passes."""

    async def play(deadlines: Deadlines, deadline: Deadline) -> None:
        for at, when in steps:
            await anyio.sleep_until(at)
            deadlines.move_deadline(deadline, when)
        await anyio.sleep(rest)

    return play


def put_off(when: float, latest: float, until: float, by: float, rest: float) -> Play:
    """What puts a deadline off grows with time, until a time, to a number of seconds."""

    async def play(deadlines: Deadlines, deadline: Deadline) -> None:
        deadlines.move_deadline(deadline, when, latest, lambda: by * min(anyio.current_time(), until) / until)
        await anyio.sleep(rest)

    return play


@pytest.mark.parametrize(
    ("play", "found"),
    [
        (put_off(10, inf, until=1, by=5, rest=14), (False, 14)),
        (put_off(10, inf, until=1, by=5, rest=50), (True, 15)),
        (put_off(10, inf, until=100, by=100, rest=105), (False, 105)),
        (put_off(10, 40, until=100, by=100, rest=105), (True, 40)),
        (put_off(10, inf, until=100, by=0, rest=105), (True, 10)),
    ],
)
def test_a_deadline_is_put_off_by_what_puts_it_off_and_no_longer(play: Play, found: tuple[bool, float]) -> None:
    cancelled, left = outcome(play)
    assert cancelled is found[0]
    assert found[1] <= left < found[1] + 0.6


@pytest.mark.parametrize(
    ("play", "found"),
    [
        (moves((0, 10), rest=5), (False, 5)),
        (moves((0, 10), rest=50), (True, 10)),
        (moves((0, 10), (9, 30), rest=50), (True, 30)),
        (moves((0, 100), (9, 12), rest=50), (True, 12)),
        (moves((0, 10), (9, inf), rest=50), (False, 59)),
        (moves((0, 10), (9, inf), (20, 25), rest=50), (True, 25)),
        (moves((0, 10), (5, 4), rest=50), (True, 5)),
    ],
    ids=["in time", "late", "later", "earlier", "none", "none and again", "past"],
)
def test_a_scope_is_cancelled_at_the_time_to_which_its_deadline_was_moved_last(
    play: Play, found: tuple[bool, float]
) -> None:
    assert outcome(play) == found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=6), max_size=90))
def test_many_scopes_end_as_with_timers_of_their_own(plans: list[list[tuple[int, int]]]) -> None:
    """Each works in steps, each step with so much time: as under a timeout of its own, to the moment."""

    async def shared() -> list[float]:
        deadlines = Deadlines()
        ends = [0.0] * len(plans)

        async def work(number: int) -> None:
            with anyio.CancelScope() as scope:
                deadline = deadlines.open_deadline(scope)
                try:
                    for needs, has in plans[number]:
                        deadlines.move_deadline(deadline, anyio.current_time() + has + 0.5)
                        await anyio.sleep(needs)
                finally:
                    deadlines.close_deadline(deadline)
                    ends[number] = anyio.current_time()

        async with anyio.create_task_group() as group:
            group.start_soon(deadlines.watch_all)
            async with anyio.create_task_group() as workers:
                for number in range(len(plans)):
                    workers.start_soon(work, number)
            group.cancel_scope.cancel()
        assert len(deadlines) == 0
        return ends

    expected = []
    for plan in plans:
        now = 0.0
        for needs, has in plan:
            now += min(needs, has + 0.5)
            if needs > has:
                break
        expected.append(now)
    assert run_virtual(shared) == expected


def test_no_deadline_is_no_timer() -> None:
    async def wait(deadlines: Deadlines, deadline: Deadline) -> None:
        await anyio.Event().wait()

    with pytest.raises(DeadlockError):
        outcome(wait)


def test_a_cut_ends_what_is_open_and_what_opens_later() -> None:
    async def main() -> tuple[int, bool]:
        deadlines = Deadlines()
        ended = 0

        async def work() -> None:
            nonlocal ended
            with anyio.CancelScope() as scope:
                deadline = deadlines.open_deadline(scope)
                deadlines.move_deadline(deadline, 1e6)
                try:
                    await anyio.Event().wait()
                finally:
                    deadlines.close_deadline(deadline)
            ended += scope.cancelled_caught

        async with anyio.create_task_group() as group:
            group.start_soon(deadlines.watch_all)
            async with anyio.create_task_group() as workers:
                for _ in range(300):
                    workers.start_soon(work)
                await anyio.sleep(5)
                deadlines.end_all()
            workers_ended = ended
            await work()
            group.cancel_scope.cancel()
        return workers_ended, ended == 301 and anyio.current_time() == 5

    assert run_virtual(main) == (300, True)


def test_what_has_ended_leaves_its_place_to_what_comes() -> None:
    async def main() -> int:
        deadlines = Deadlines()
        deadlines.move_deadline(deadlines.open_deadline(anyio.CancelScope()), 1e9)
        for number in range(5_000):
            deadline = deadlines.open_deadline(anyio.CancelScope())
            deadlines.move_deadline(deadline, 1e6 + number)
            deadlines.close_deadline(deadline)
        return len(deadlines._heap)

    assert run_virtual(main) == 2
