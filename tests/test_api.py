"""The library call, as a trainer's author uses it."""

import anyio
import anyio.lowlevel
import pytest

import writ_async
from writ_async import Completion, Limits, Request, Task, make_tasks, rollouts, run
from writ_async.core.message import AssistantMessage
from writ_async.core.trajectory import Termination, Trajectory


class Silent:
    """An engine of the caller's own: an agent that never helps."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.closed = False

    async def complete(self, request: Request) -> Completion:
        self.seen.append(request.id)
        await anyio.lowlevel.checkpoint()
        return Completion(message=AssistantMessage("I cannot help you."))

    def end_session(self, session: str) -> None:
        return None

    async def aclose(self) -> None:
        self.closed = True


def test_every_public_name_is_there() -> None:
    assert all(getattr(writ_async, name) is not None for name in writ_async.__all__)
    with pytest.raises(AttributeError):
        _ = writ_async.no_such_name


@pytest.mark.asyncio
async def test_trajectories_come_as_they_finish_with_their_verdicts(tasks: list[Task]) -> None:
    async with rollouts(tasks, trials=2, seed=1) as stream:
        rows = [row async for row in stream]
    assert sorted(row.id for row in rows) == sorted(f"{task.id}#{trial}" for task in tasks for trial in range(2))
    assert all(row.verdict is not None and row.verdict.kept for row in rows)


@pytest.mark.asyncio
async def test_an_engine_of_the_callers_own_plays_a_seat_and_stays_open(tasks: list[Task]) -> None:
    agent = Silent()
    async with rollouts(tasks[:4], agent=agent, user="scripted") as stream:
        rows = [row async for row in stream]
    assert len(agent.seen) == len(set(agent.seen)) == 4
    assert not agent.closed
    assert [row.verdict.reward.reward for row in rows if row.verdict] == [0.0] * 4


@pytest.mark.asyncio
async def test_cancelling_gives_what_is_whole_and_marks_what_is_partial(tasks: list[Task]) -> None:
    rows: list[Trajectory] = []
    async with rollouts(tasks, trials=20, limits=Limits(concurrency=8)) as stream:
        async for row in stream:
            rows.append(row)
            if len(rows) == 10:
                stream.cancel()
    assert 10 <= len(rows) < len(tasks) * 20
    for row in rows:
        assert (row.verdict is None) == (row.termination is Termination.CANCELLED)


def test_the_sync_call_gives_rows_in_the_order_of_tasks_and_trials(tasks: list[Task]) -> None:
    rows = run(tasks[:5], trials=2)
    assert [row.id for row in rows] == [f"{task.id}#{trial}" for trial in range(2) for task in tasks[:5]]


def test_tasks_are_the_same_for_the_same_seed() -> None:
    assert make_tasks("retail", 6, seed=3, world_size=60) == make_tasks("retail", 6, seed=3, world_size=60)
    assert make_tasks("retail", 6, seed=3, world_size=60) != make_tasks("retail", 6, seed=4, world_size=60)
