"""Runs conversations into a run folder: every finished one is judged and on disk before it is counted."""

from __future__ import annotations

import gc
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import anyio
import msgspec

from writ_async.conversation import Rules, agent_system_prompt
from writ_async.data.manifest import Prompt, prompt_key, prompt_of
from writ_async.data.run_folder import RunFolder
from writ_async.data.summary import Summary
from writ_async.engine import CallCounts, Counted, Engine
from writ_async.errors import bare
from writ_async.pipelines.select import select_rows, write_selection
from writ_async.pipelines.worlds import Opened, world_key
from writ_async.scheduler import Counters, Job, Limits, Timing, run_rollouts
from writ_async.scheduler.lag import Lag, sample_lag
from writ_async.task import Task
from writ_async.trajectory import OUTSIDE, Seat, Trajectory, trajectory_id
from writ_async.verify.judge import Judge
from writ_async.verify.verdict import judge_trajectory


class Progress(msgspec.Struct):
    """What a watcher may read at any time: how much there is to do, and what has happened.

    `done_before` conversations were in the run folder when the run was resumed. `cancel` ends the run in order.
    `notices` are lines about what was found in the folder. `lag` says how late the event loop was.
    """

    total: int
    done_before: int
    counters: Counters
    summary: Summary
    cancel: Callable[[], None]
    cancelled: bool = False
    notices: list[str] = []
    calls: dict[Seat, CallCounts] = {}
    lag: Lag = msgspec.field(default_factory=Lag)


Watcher = Callable[[Progress], Coroutine[Any, Any, None]]


def plan_jobs(tasks: Sequence[Task], worlds: Mapping[str, Opened], trials: int, seed: int) -> list[Job]:
    """Every trial of every task: all first trials, then all second ones, so that a run cut short covers all tasks."""
    jobs: list[Job] = []
    for trial in range(trials):
        for task in tasks:
            opened = worlds[world_key(task.world)]
            jobs.append(Job(task, opened.domain, opened.world, trial, seed))
    return jobs


def prompts_of(worlds: Iterable[Opened]) -> dict[str, Prompt]:
    """What the agents of each world are told, for the run folder."""
    return {
        prompt_key(opened.ref): prompt_of(opened.domain, agent_system_prompt(opened.domain.policy).content)
        for opened in worlds
    }


async def simulate(
    jobs: Sequence[Job],
    engines: Mapping[Seat, Engine],
    run: RunFolder,
    *,
    rules: Rules,
    limits: Limits,
    judge: Judge,
    watch: Watcher | None = None,
) -> Progress:
    """Run all jobs that the folder does not hold yet, and write the summary.

    Raises `StorageError` when the folder cannot be written; the rows that were whole stay.
    """
    done = run.done_ids()
    left = [job for job in jobs if trajectory_id(job.task.id, job.trial) not in done]
    summary = Summary()
    for trajectory in run.trajectories():
        summary.add(trajectory)
    progress = Progress(len(jobs), len(jobs) - len(left), Counters(), summary, lambda: None, notices=run.notices)
    if progress.done_before:
        progress.notices.append(f"{run.path}: {progress.done_before:,} of {progress.total:,} conversations were there")

    def record(job: Job, trajectory: Trajectory, timing: Timing) -> None:
        if trajectory.termination not in OUTSIDE:
            trajectory.verdict = judge_trajectory(job.task, trajectory, job.domain, job.world, judge)
        run.append(trajectory, timing)
        if trajectory.termination not in OUTSIDE:
            summary.add(trajectory)

    _quiet_gc()
    try:
        async with anyio.create_task_group() as group:
            async with run_rollouts(left, engines, rules=rules, limits=limits, on_finish=record) as rollouts:

                def cancel() -> None:
                    progress.cancelled = True
                    rollouts.cancel()

                progress.counters = rollouts.counters
                progress.cancel = cancel
                group.start_soon(sample_lag, progress.lag)
                if watch is not None:
                    group.start_soon(watch, progress)
                async for _ in rollouts:
                    pass
            group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        raise bare(errors) from None
    progress.calls = {seat: engine.call_counts() for seat, engine in engines.items() if isinstance(engine, Counted)}
    if progress.calls:
        run.write_calls(progress.calls)
    selection = select_rows(run)
    write_selection(run, selection)
    summary.funnel = selection.funnel
    run.write_summary(summary)
    return progress


def _quiet_gc() -> None:
    """Keep the garbage collector from holding up the loop.

    Worlds and tasks live as long as the process and are frozen. Of what lives, only the youngest is walked as a rule:
    with ten thousand live conversations a walk over all takes half a second, and next to nothing of them is cyclic.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(3_000, 3_000, 1_000)
