"""Runs conversations into a run folder: every finished one is judged and on disk before it is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import anyio
import msgspec

from writ_async.conversation import Rules, agent_system_prompt
from writ_async.core.engine import CallCounts, Counted, Engine
from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.core.trajectory import OUTSIDE, Seat, Termination, Trajectory, trajectory_id
from writ_async.errors import bare
from writ_async.runs.early_stop import (
    EarlyStop,
    SavedCount,
    StopSettled,
    failed_writes,
    settled_of,
    stop_of,
)
from writ_async.runs.folder import RunFolder
from writ_async.runs.manifest import Prompt, prompt_key, prompt_of
from writ_async.runs.row_selection import select_rows, write_selection
from writ_async.runs.summary import Summary
from writ_async.runs.worlds import world_key
from writ_async.scheduler import Counters, Job, Limits, Timing, quiet_gc, run_rollouts
from writ_async.scheduler.loop_lag import Lag, sample_lag
from writ_async.verify.judge import Judge
from writ_async.verify.verdict import judge_trajectory


class Progress(msgspec.Struct):
    """What a watcher may read at any time: how much there is to do, and what has happened.

    `done_before` conversations were in the run folder when the run was resumed. `cancel` ends the run in order.
    `notices` are lines about what was found in the folder. `calls` counts the calls of an engine that plays both seats
    once, as the agent's. `lag` says how late the event loop was. `lost` conversations
    were not played because the process died that was to play them.
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
    lost: int = 0


Watcher = Callable[[Progress], Coroutine[Any, Any, None]]


def plan_jobs(tasks: Sequence[Task], worlds: Mapping[str, Environment], trials: int, seed: int) -> list[Job]:
    """Every trial of every task: all first trials, then all second ones, so that a run cut short covers all tasks."""
    jobs: list[Job] = []
    for trial in range(trials):
        for task in tasks:
            opened = worlds[world_key(task.world)]
            jobs.append(Job(task, opened.domain, opened.world, trial, seed))
    return jobs


def prompts_of(worlds: Iterable[Environment]) -> dict[str, Prompt]:
    """What the agents of each world are told, for the run folder."""
    return {
        prompt_key(opened.ref): prompt_of(opened.domain, agent_system_prompt(opened.domain.policy).content)
        for opened in worlds
    }


class Standing(msgspec.Struct):
    """How far a run has got: the trials that are not to be played any more, and what is known of those that were.

    `ids` are trials that have a row. `skipped` counts those whose task was settled before they came to be played.
    """

    ids: set[str]
    skipped: int
    summary: Summary
    settled: StopSettled | None


def stand_of(run: RunFolder, trials: Mapping[str, int], early: EarlyStop) -> Standing:
    """Where a run stands. `trials` says how many there are to be of each task."""
    settled = settled_of(early, max(trials.values(), default=0))
    summary = Summary()
    for trajectory in run.trajectories():
        summary.add(trajectory)
        if settled is not None:
            settled.add(trajectory)
    ids = set(run.done_ids())
    skipped = 0
    if settled is not None:
        for task_id, number in trials.items():
            if settled.settles(task_id):
                skipped += sum(trajectory_id(task_id, trial) not in ids for trial in range(number))
    return Standing(ids, skipped, summary, settled)


def is_left(standing: Standing, task_id: str, trial: int) -> bool:
    """Whether a trial is still to be played."""
    if trajectory_id(task_id, trial) in standing.ids:
        return False
    return standing.settled is None or not standing.settled.settles(task_id)


def begin_progress(run: RunFolder, total: int, standing: Standing) -> Progress:
    """The progress of a run that is about to go on from where it stands."""
    done = len(standing.ids) + standing.skipped
    progress = Progress(total, done, Counters(), standing.summary, lambda: None, notices=run.notices)
    if done:
        progress.notices.append(f"{run.path}: {done:,} of {total:,} conversations were there")
    return progress


async def simulate(
    jobs: Sequence[Job],
    engines: Mapping[Seat, Engine],
    run: RunFolder,
    *,
    rules: Rules,
    limits: Limits,
    judge: Judge,
    early: EarlyStop | None = None,
    watch: Watcher | None = None,
) -> Progress:
    """Run all jobs that the folder does not hold yet, and write the summary.

    Raises `StorageError` when the folder cannot be written; the rows that were whole stay.
    """
    early = early or EarlyStop()
    trials = Counter(job.task.id for job in jobs)
    standing = stand_of(run, trials, early)
    left = [job for job in jobs if is_left(standing, job.task.id, job.trial)]
    progress = begin_progress(run, len(jobs), standing)
    with quiet_gc(0):  # for the rows that are read anew at the end, too
        await play(
            left, engines, run, progress, rules=rules, limits=limits, judge=judge, early=early,
            settled=standing.settled, watch=watch,
        )  # fmt: skip
        finish_run(run, progress, max(trials.values(), default=0), early)
    return progress


async def play(
    jobs: Sequence[Job],
    engines: Mapping[Seat, Engine],
    run: RunFolder,
    progress: Progress,
    *,
    rules: Rules,
    limits: Limits,
    judge: Judge,
    early: EarlyStop,
    settled: StopSettled | None,
    watch: Watcher | None,
) -> None:
    """Run jobs: each that has finished is judged, in the folder, and only then in `progress`.

    Raises `StorageError` when the folder cannot be written.
    """

    def record(job: Job, trajectory: Trajectory, timing: Timing) -> None:
        stopped = early.failed and trajectory.termination is Termination.STOPPED_EARLY
        if trajectory.termination not in OUTSIDE or (
            stopped and failed_writes(job.task, trajectory.messages, job.domain)
        ):
            trajectory.verdict = judge_trajectory(job.task, trajectory, job.domain, job.world, judge)
        if run.append(trajectory, timing):
            progress.summary.add(trajectory)
        if settled is not None:
            settled.add(trajectory)

    stop = stop_of(early, settled)
    try:
        with quiet_gc(limits.most_live(len(jobs))):
            async with anyio.create_task_group() as group:
                async with run_rollouts(
                    jobs, engines, rules=rules, limits=limits, on_finish=record, stop=stop
                ) as rollouts:

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
    progress.calls = {
        seat: engine.call_counts()
        for seat, engine in engines.items()
        if isinstance(engine, Counted) and (seat == "agent" or engine is not engines["agent"])
    }


def finish_run(run: RunFolder, progress: Progress, trials: int, early: EarlyStop, *, recount: bool = False) -> None:
    """Write what a run says of itself as a whole: calls, selection, summary, and what stopping early has saved.

    With `recount` the summary is made from the rows, for whoever has not seen each of them. Raises `StorageError`.
    """
    if progress.calls:
        run.write_calls(progress.calls)
    summary = Summary() if recount else progress.summary
    saved = SavedCount()
    settled = settled_of(early, trials)

    def see(row: Trajectory) -> None:
        if recount:
            summary.add(row)
        if early:
            saved.add(row)
        if settled is not None:
            settled.add(row)

    selection = select_rows(run, see=see if recount or early else None)
    write_selection(run, selection)
    summary.funnel = selection.funnel
    if early:
        summary.saved = saved.result(run.tasks(), trials, settled, run.failures())
    progress.summary = summary
    run.write_summary(summary)
