from collections.abc import Callable, Iterator, Sequence

import anyio
import anyio.lowlevel
import msgspec
import pytest

from writ_async.core.engine import Completion, Engine, Request
from writ_async.core.environment import Environment
from writ_async.core.message import AssistantMessage
from writ_async.core.task import Scenario, Task
from writ_async.core.trajectory import Seat, Termination, Trajectory
from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind, StorageError
from writ_async.scheduler import Job, Limits, Timing, run_rollouts

pytestmark = pytest.mark.asyncio


class Talker:
    """A double of a model: answers after `delay`, and ends each conversation after `turns` of the user.

    No answer comes before the `gate` is open.
    """

    def __init__(
        self,
        turns: int = 2,
        delay: float = 0.0,
        fail: Callable[[Request], None] | None = None,
        gate: anyio.Event | None = None,
    ) -> None:
        self.gate = gate
        self.turns = turns
        self.delay = delay
        self.fail = fail
        self.in_flight = 0
        self.most_in_flight = 0
        self.sessions: set[str] = set()
        self.most_sessions = 0
        self.ended: list[str] = []

    async def complete(self, request: Request) -> Completion:
        self.sessions.add(request.session.rpartition("/")[0])
        self.most_sessions = max(self.most_sessions, len(self.sessions))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await anyio.sleep(self.delay)
            if self.gate is not None:
                await self.gate.wait()
            if self.fail is not None:
                self.fail(request)
        finally:
            self.in_flight -= 1
        over = request.seat == "user" and request.turn + 1 >= self.turns
        return Completion(message=AssistantMessage("###STOP###" if over else f"{request.seat} {request.turn}"))

    def end_session(self, session: str) -> None:
        self.sessions.discard(session.rpartition("/")[0])
        self.ended.append(session)

    async def aclose(self) -> None:
        pass


def make_jobs(retail_environment: Environment, n: int) -> list[Job]:
    scenario = Scenario("You want to talk.")
    return [
        Job(
            Task(id=f"t{i}", domain="retail", kind="normal", world=retail_environment.ref, scenario=scenario),
            retail_environment.domain,
            retail_environment.world,
        )
        for i in range(n)
    ]


def seats(engine: Engine) -> dict[Seat, Engine]:
    return {"agent": engine, "user": engine}


async def collect(jobs: Sequence[Job], engine: Engine, limits: Limits | None = None) -> list[Trajectory]:
    async with run_rollouts(jobs, seats(engine), limits=limits) as rollouts:
        return [trajectory async for trajectory in rollouts]


async def test_every_job_ends_in_exactly_one_trajectory(retail_environment: Environment) -> None:
    rows = await collect(make_jobs(retail_environment, 50), Talker(), Limits(concurrency=7))
    assert sorted(row.id for row in rows) == sorted(f"t{i}#0" for i in range(50))
    assert {row.termination for row in rows} == {Termination.USER_STOP}


async def test_no_jobs_give_no_trajectories(retail_environment: Environment) -> None:
    assert await collect([], Talker()) == []


async def test_live_conversations_and_model_calls_stay_within_their_bounds(retail_environment: Environment) -> None:
    engine = Talker(turns=4, delay=0.0005)
    await collect(make_jobs(retail_environment, 60), engine, Limits(concurrency=12, in_flight=5))
    assert engine.most_sessions == 12
    assert engine.most_in_flight == 5
    wide = Talker(turns=4, delay=0.0005)
    await collect(make_jobs(retail_environment, 60), wide, Limits(concurrency=12))
    assert wide.most_in_flight == 12


async def test_every_session_is_ended_for_both_seats(retail_environment: Environment) -> None:
    engine = Talker()
    await collect(make_jobs(retail_environment, 3), engine)
    assert sorted(set(engine.ended)) == sorted(f"t{i}#0/{seat}" for i in range(3) for seat in ("agent", "user"))


async def test_the_same_jobs_give_the_same_bytes_at_any_concurrency(retail_environment: Environment) -> None:
    jobs = make_jobs(retail_environment, 30)
    one = {row.id: msgspec.json.encode(row) for row in await collect(jobs, Talker(3), Limits(concurrency=1))}
    many = {row.id: msgspec.json.encode(row) for row in await collect(jobs, Talker(3, 0.0003), Limits(concurrency=30))}
    assert one == many


async def test_a_slow_model_call_ends_its_conversation_by_timeout(retail_environment: Environment) -> None:
    rows = await collect(make_jobs(retail_environment, 2), Talker(delay=5), Limits(request_timeout=0.01))
    assert [row.termination for row in rows] == [Termination.TIMEOUT] * 2


async def test_a_conversation_has_a_deadline_of_its_own(retail_environment: Environment) -> None:
    limits = Limits(request_timeout=1, conversation_timeout=0.03)
    rows = await collect(make_jobs(retail_environment, 1), Talker(turns=1000, delay=0.004), limits)
    assert rows[0].termination is Termination.TIMEOUT
    assert len(rows[0].messages) > 2


@pytest.mark.parametrize(
    ("error", "termination", "text"),
    [
        (EngineError("no route", kind=EngineErrorKind.REFUSED), Termination.INFRASTRUCTURE_ERROR, "refused: no route"),
        (ContextWindowError("9000 tokens"), Termination.CONTEXT_WINDOW_EXCEEDED, "9000 tokens"),
        (ValueError("a bug"), Termination.INFRASTRUCTURE_ERROR, "ValueError: a bug"),
    ],
)
async def test_an_engine_that_fails_costs_one_conversation_not_the_run(
    retail_environment: Environment, error: Exception, termination: Termination, text: str
) -> None:
    def fail(request: Request) -> None:
        if request.task_id == "t1" and request.turn == 1:
            raise error

    rows = {row.task_id: row for row in await collect(make_jobs(retail_environment, 4), Talker(turns=3, fail=fail))}
    assert rows["t1"].termination is termination
    assert rows["t1"].error == text
    assert [rows[f"t{i}"].termination for i in (0, 2, 3)] == [Termination.USER_STOP] * 3


async def test_cancelling_hands_over_what_is_finished_and_marks_what_is_partial(
    retail_environment: Environment,
) -> None:
    engine = Talker(turns=3, delay=0.001)
    seen: list[str] = []

    def finished(job: Job, trajectory: Trajectory, timing: Timing) -> None:
        seen.append(trajectory.id)

    rows: list[Trajectory] = []
    async with run_rollouts(
        make_jobs(retail_environment, 200), seats(engine), limits=Limits(concurrency=10), on_finish=finished
    ) as rollouts:
        async for trajectory in rollouts:
            rows.append(trajectory)
            if len(rows) == 25:
                rollouts.cancel()
    assert [row.id for row in rows] == seen
    whole = [row for row in rows if row.termination is Termination.USER_STOP]
    cut = [row for row in rows if row.termination is Termination.CANCELLED]
    assert len(whole) + len(cut) == len(rows) < 200
    assert len(whole) >= 25
    assert engine.sessions == set()


async def test_leaving_the_block_early_cancels_what_is_live(retail_environment: Environment) -> None:
    engine = Talker(turns=100, delay=0.001)
    with anyio.fail_after(5):
        async with run_rollouts(make_jobs(retail_environment, 20), seats(engine)):
            await anyio.sleep(0.01)
    assert engine.in_flight == 0
    assert engine.sessions == set()


async def test_what_on_finish_raises_ends_the_run_and_is_raised_bare(retail_environment: Environment) -> None:
    def full(job: Job, trajectory: Trajectory, timing: Timing) -> None:
        raise StorageError("no space left")

    with pytest.raises(StorageError, match="no space left"):
        async with run_rollouts(make_jobs(retail_environment, 20), seats(Talker()), on_finish=full) as rollouts:
            async for _ in rollouts:
                pass


async def test_what_the_callers_block_raises_is_raised_bare(retail_environment: Environment) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with run_rollouts(make_jobs(retail_environment, 3), seats(Talker())):
            raise KeyError("mine")


async def test_a_reader_that_is_slow_holds_the_run_back(retail_environment: Environment) -> None:
    engine = Talker(turns=1)
    async with run_rollouts(
        make_jobs(retail_environment, 100), seats(engine), limits=Limits(concurrency=4)
    ) as rollouts:
        await anyio.sleep(0.05)
        assert rollouts.counters.finished <= 4 + 4
        rows = [trajectory async for trajectory in rollouts]
    assert len(rows) == 100


async def test_counters_and_timings_agree_with_what_happened(retail_environment: Environment) -> None:
    timings: list[Timing] = []
    async with run_rollouts(
        make_jobs(retail_environment, 5),
        seats(Talker(turns=2)),
        on_finish=lambda job, row, timing: timings.append(timing),
    ) as rollouts:
        rows = [row async for row in rollouts]
    counters = rollouts.counters
    assert (counters.started, counters.finished, counters.live, counters.in_flight) == (5, 5, 0, 0)
    assert counters.requests == sum(usage.requests for row in rows for usage in row.usage.values())
    assert all(timing.seconds >= timing.agent_wait + timing.user_wait for timing in timings)


async def test_what_is_live_has_its_turn_while_thousands_begin(retail_environment: Environment) -> None:
    most = turns = 0
    before = 0
    gate = anyio.Event()

    async with run_rollouts(
        make_jobs(retail_environment, 400), seats(Talker(gate=gate)), limits=Limits(concurrency=400)
    ) as run:
        while run.counters.live < 400:
            await anyio.lowlevel.checkpoint()
            most = max(most, run.counters.live - before)
            before = run.counters.live
            turns += 1
        assert run.counters.started > 300  # those that were begun first are under way
        gate.set()
        rows = [row async for row in run]
    assert len(rows) == 400
    assert most <= 64
    assert turns >= 10


async def test_thousands_are_cancelled_and_all_are_handed_over(retail_environment: Environment) -> None:
    engine = Talker(turns=100, delay=30)
    with anyio.fail_after(20):
        async with run_rollouts(
            make_jobs(retail_environment, 600), seats(engine), limits=Limits(concurrency=500)
        ) as rollouts:
            while engine.in_flight < 500:
                await anyio.lowlevel.checkpoint()
            rollouts.cancel()
            rows = [row async for row in rollouts]
    assert [row.termination for row in rows] == [Termination.CANCELLED] * 500
    assert engine.sessions == set()


class _Slices:
    """What concludes conversations in so many slices; notes whose each is."""

    def __init__(self, slices: int) -> None:
        self.slices = slices
        self.made: list[str] = []

    def __call__(self, job: Job, trajectory: Trajectory) -> Iterator[None]:
        for number in range(self.slices):
            self.made.append(job.task.id)
            if number + 1 < self.slices:
                yield
        trajectory.error = "concluded"


async def test_between_the_slices_of_one_conversation_others_have_their_turn(retail_environment: Environment) -> None:
    slices = _Slices(5)
    async with run_rollouts(make_jobs(retail_environment, 4), seats(Talker()), conclude=slices) as rollouts:
        rows = [row async for row in rollouts]
    assert [row.error for row in rows] == ["concluded"] * 4
    assert slices.made[:8] == ["t0", "t1", "t2", "t3"] * 2


async def test_what_concludes_a_conversation_is_not_interrupted(retail_environment: Environment) -> None:
    finished: list[str] = []
    slices = _Slices(50)
    async with run_rollouts(
        make_jobs(retail_environment, 3),
        seats(Talker()),
        conclude=slices,
        on_finish=lambda job, row, timing: finished.append(row.error),
    ) as rollouts:
        while not slices.made:
            await anyio.lowlevel.checkpoint()
        rollouts.cancel()
        rows = [row async for row in rollouts]
    assert finished == ["concluded"] * 3
    assert {row.termination for row in rows} == {Termination.USER_STOP}
    assert len(slices.made) == 150


async def test_an_error_of_what_concludes_ends_the_run(retail_environment: Environment) -> None:
    def conclude(job: Job, trajectory: Trajectory) -> Iterator[None]:
        yield
        raise StorageError("no room")

    with pytest.raises(StorageError, match="no room"):
        async with run_rollouts(make_jobs(retail_environment, 2), seats(Talker()), conclude=conclude) as rollouts:
            async for _ in rollouts:
                pass


@pytest.mark.parametrize("end", ["let_end", "cancel", "drain"])
async def test_a_run_that_is_kept_open_takes_jobs_when_all_have_ended_until_it_is_let_go(
    retail_environment: Environment, end: str
) -> None:
    first, second, third = make_jobs(retail_environment, 3)
    async with run_rollouts([first], seats(Talker())) as rollouts:
        rollouts.keep_open()
        found = [(await anext(rollouts)).id]
        while rollouts.counters.live:
            await anyio.lowlevel.checkpoint()
        rollouts.add(second)
        found.append((await anext(rollouts)).id)
        while rollouts.counters.live:
            await anyio.lowlevel.checkpoint()
        getattr(rollouts, end)()
        found += [trajectory.id async for trajectory in rollouts]
        rollouts.add(third)
        assert not rollouts.counters.live
    assert found == ["t0#0", "t1#0"]
