"""The simulated engine under the real scheduler, conversations and domains, in virtual time."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from writ_engines.scripted import ScriptedEngine
from writ_engines.simulated import Costs, Server, ServerOptions, SimulatedEngine, costs_of, machines

from writ_async.core.domain import Domain
from writ_async.core.engine import Gauged
from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.core.trajectory import ENDED_FROM_OUTSIDE, Termination, Trajectory
from writ_async.errors import InputError
from writ_async.runs.early_stop import StopSettled, any_of, stop_failed
from writ_async.runs.jobs import plan_jobs
from writ_async.runs.worlds import world_key
from writ_async.scheduler import Job, Limits, Stop, Timing, run_rollouts
from writ_async.scheduler.job import Counters
from writ_async.verify.verdict import judge_trajectory
from writ_async.virtual_time import run_virtual

COSTS = costs_of("qwen3-4b", "h200")
SMALL = msgspec.structs.replace(COSTS, kv_tokens=40_000)


class Ran(msgspec.Struct):
    rows: dict[str, bytes]
    trajectories: list[Trajectory]
    engine: Any
    counters: Counters
    servers: set[int]


def run(
    tasks: Sequence[Task],
    worlds: Sequence[Environment],
    limits: Limits,
    *,
    costs: Costs = SMALL,
    servers: int = 1,
    trials: int = 2,
    rates: dict[str, float] | None = None,
    stop: Stop | None = None,
    settled: StopSettled | None = None,
    cancel_after: int = 0,
    told: bool = False,
) -> Ran:
    by_key = {world_key(retail_environment.ref): retail_environment for retail_environment in worlds}
    domains: dict[str, Domain] = {
        retail_environment.domain.name: retail_environment.domain for retail_environment in worlds
    }
    options = ServerOptions(enable_session_radix_cache=told)
    inner = ScriptedEngine({task.id: task for task in tasks}, domains, 1, rates)
    engine = SimulatedEngine(inner, *(Server(costs, options) for _ in range(servers)))
    rows: list[Trajectory] = []

    def finished(job: Job, trajectory: Trajectory, timing: Timing) -> None:
        if trajectory.termination not in ENDED_FROM_OUTSIDE:
            trajectory.verdict = judge_trajectory(job.task, trajectory, job.domain, job.world)
        if settled is not None:
            settled.add(trajectory)

    async def main() -> Counters:
        jobs = plan_jobs(tasks, by_key, trials, 1)
        async with run_rollouts(
            jobs, {"agent": engine, "user": engine}, limits=limits, on_finish=finished, stop=stop
        ) as rollouts:
            async for trajectory in rollouts:
                rows.append(trajectory)
                if len(rows) == cancel_after:
                    rollouts.cancel()
        return rollouts.counters

    counters = run_virtual(main)
    used = {number for number, report in enumerate(engine.reports()) if report.requests}
    said = {}
    for row in rows:
        plain = msgspec.structs.replace(row, usage={})
        said[row.id] = msgspec.json.encode(plain)
    return Ran(said, rows, engine, counters, used)


@pytest.fixture(scope="module")
def worlds(retail_environment: Environment, airline_environment: Environment) -> list[Environment]:
    return [retail_environment, airline_environment]


def test_what_is_said_does_not_depend_on_the_policy_or_on_the_server(
    tasks: list[Task], worlds: list[Environment]
) -> None:
    one = run(tasks, worlds, Limits(concurrency=1, request_timeout=0))
    budget = run(tasks, worlds, Limits(kv_tokens=SMALL.kv_tokens, request_timeout=0))
    both = run(tasks, worlds, Limits(admission="kv-budget", request_timeout=0), servers=2)
    everything = run(tasks, worlds, Limits(admission="unbounded", request_timeout=0))
    assert len(one.rows) == 2 * len(tasks)
    assert one.rows == budget.rows == both.rows == everything.rows
    assert both.servers == {0, 1}


def test_the_same_run_gives_the_same_report_to_the_byte(tasks: list[Task], worlds: list[Environment]) -> None:
    limits = Limits(admission="kv-budget", request_timeout=0)
    reports = [msgspec.json.encode(run(tasks, worlds, limits).engine.reports()) for _ in range(2)]
    assert reports[0] == reports[1]


def test_a_budget_keeps_the_history_that_unbounded_clients_lose(tasks: list[Task], worlds: list[Environment]) -> None:
    budget = run(tasks, worlds, Limits(kv_tokens=SMALL.kv_tokens, request_timeout=0), trials=6)
    unbounded = run(tasks, worlds, Limits(admission="unbounded", concurrency=999, request_timeout=0), trials=6)
    kept, lost = budget.engine.reports()[0], unbounded.engine.reports()[0]
    assert kept.prompt_tokens == lost.prompt_tokens
    assert kept.hit_rate > lost.hit_rate + 0.1
    assert kept.seconds < lost.seconds


def test_a_server_that_is_told_of_ends_computes_less_anew_and_says_the_same(
    tasks: list[Task], worlds: list[Environment]
) -> None:
    limits = Limits(concurrency=24, request_timeout=0)  # some more than the pool holds
    plain = run(tasks, worlds, limits, trials=6)
    told = run(tasks, worlds, limits, trials=6, told=True)
    assert told.rows == plain.rows
    assert told.engine.reports()[0].prefilled_tokens < plain.engine.reports()[0].prefilled_tokens


@pytest.mark.parametrize("cancel_after", [0, 5])
def test_no_session_is_left_open_by_a_run_that_has_ended(
    cancel_after: int, tasks: list[Task], worlds: list[Environment]
) -> None:
    limits = Limits(concurrency=24, request_timeout=0)
    ran = run(tasks, worlds, limits, told=True, servers=2, cancel_after=cancel_after)
    assert [server.cache.sessions for server in ran.engine._servers] == [0, 0]
    assert ran.engine.reports()[0].cached_tokens


def test_usage_is_what_the_server_counted_and_the_cache_grows_by_turns(
    tasks: list[Task], worlds: list[Environment]
) -> None:
    ran = run(tasks[:4], worlds, Limits(concurrency=1, request_timeout=0), costs=COSTS, trials=1)
    report = ran.engine.reports()[0]
    usages = [usage for row in ran.trajectories for usage in row.usage.values()]
    assert report.prompt_tokens == sum(usage.prompt_tokens for usage in usages)
    assert report.cached_tokens == sum(usage.cached_tokens for usage in usages)
    assert report.output_tokens == sum(usage.completion_tokens for usage in usages)
    assert report.hit_rate > 0.8


def test_cancelling_a_run_that_holds_conversations_back_ends_it(tasks: list[Task], worlds: list[Environment]) -> None:
    limits = Limits(kv_tokens=SMALL.kv_tokens, in_flight=2, request_timeout=0)
    ran = run(tasks, worlds, limits, trials=4, cancel_after=5)
    assert len(ran.trajectories) < 4 * len(tasks)
    assert {row.termination for row in ran.trajectories} <= {Termination.CANCELLED, Termination.USER_STOP}
    assert ran.counters.live == ran.counters.in_flight == ran.counters.held == 0


def test_deadlines_hold_at_the_gate(tasks: list[Task], worlds: list[Environment]) -> None:
    limits = Limits(in_flight=1, conversation_timeout=3.0, request_timeout=0)
    ran = run(tasks, worlds, limits, trials=4)
    assert len(ran.trajectories) == 4 * len(tasks)
    assert Termination.TIMEOUT in {row.termination for row in ran.trajectories}


def test_conversations_that_have_failed_give_their_room_back(tasks: list[Task], worlds: list[Environment]) -> None:
    rates = {"wrong_write": 0.3, "extra_write": 0.2, "early_write": 0.2}
    limits = Limits(admission="kv-budget", request_timeout=0)
    whole = run(tasks, worlds, limits, rates=rates)
    ran = run(tasks, worlds, limits, rates=rates, stop=stop_failed)
    stopped = [row for row in ran.trajectories if row.termination is Termination.STOPPED_EARLY]
    verdicts = {row.id: row.verdict for row in whole.trajectories}
    assert stopped
    assert ran.counters.stopped == len(stopped)
    assert ran.counters.failed == 0
    for row in stopped:  # none that would have been kept is stopped
        verdict = verdicts[row.id]
        assert verdict is not None
        assert not verdict.kept
    for row in ran.trajectories:  # and what is not stopped is as it would have been
        if row.termination is not Termination.STOPPED_EARLY:
            assert ran.rows[row.id] == whole.rows[row.id]


def test_trials_of_a_settled_task_are_not_played_on(tasks: list[Task], worlds: list[Environment]) -> None:
    settled = StopSettled(trials=8, k=8)
    ran = run(
        tasks,
        worlds,
        Limits(concurrency=16, request_timeout=0),
        trials=8,
        rates={"giving_up": 0.5},
        stop=any_of(settled),
        settled=settled,
    )
    failed = {row.task_id for row in ran.trajectories if row.verdict is not None and row.verdict.reward.reward < 1}
    stopped = {row.task_id for row in ran.trajectories if row.termination is Termination.STOPPED_EARLY}
    assert stopped
    assert stopped <= failed
    assert ran.counters.saved_tokens > 0


def test_it_says_how_its_servers_are(tasks: list[Task], worlds: list[Environment]) -> None:
    engine = run(tasks[:2], worlds, Limits(), servers=3).engine
    assert isinstance(engine, Gauged)
    assert engine.servers == 3


def test_the_table_has_the_machines_and_names_them_when_asked_for_another() -> None:
    assert set(machines()) >= {"qwen3-4b", "qwen3-8b"}
    assert costs_of("Qwen3-8B", "H100").decode_base > costs_of("qwen3-4b", "h100").decode_base
    with pytest.raises(InputError, match="qwen3-4b on h200"):
        costs_of("qwen3-4b", "abacus")
