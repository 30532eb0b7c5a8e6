"""Plays conversations in this process: each that has finished is judged and kept before it is counted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from random import Random

import anyio
import msgspec
from anyio.lowlevel import cancel_shielded_checkpoint

from writ_async.conversation import Conversation
from writ_async.core.engine import CallCounts, Counted, Engine
from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.core.trajectory import ENDED_FROM_OUTSIDE, Seat, Termination, Trajectory, trajectory_id
from writ_async.errors import EngineError, OutOfServiceError, unwrap_group
from writ_async.runs.early_stop import StopSettled, failed_writes, stop_of
from writ_async.runs.failing import FailingWatch
from writ_async.runs.folder import RunFolder, leaves_row
from writ_async.runs.model_judge import JUDGE_ERROR, JudgeSpec, ModelJudge, needs_rulings
from writ_async.runs.open_files import fit_to_open_files
from writ_async.runs.play_settings import PlaySettings
from writ_async.runs.progress import Progress, Watcher
from writ_async.runs.worlds import world_key
from writ_async.scheduler import Job, Limits, Rollouts, Stop, Timing, quiet_gc, run_rollouts
from writ_async.scheduler.loop_lag import sample_lag
from writ_async.scheduler.mishaps import Mishaps
from writ_async.verify.judge import Judge, Ruling, StoredRulings
from writ_async.verify.user_answer import slip_in_answer
from writ_async.verify.verdict import judge_in_slices, judge_trajectory

logger = logging.getLogger(__name__)

Replace = Callable[[Trajectory], int]
"""Shown each judged trajectory before it is counted: how many further trials of its task are to be played for it?"""

_LARGEST_SEED = 1_000_000
"""Of a trial, where each has one."""

_LONG = 40
"""Messages from which on a verdict takes milliseconds, in which thousands of other conversations would wait."""


def plan_jobs(
    tasks: Sequence[Task],
    worlds: Mapping[str, Environment],
    trials: int,
    seed: int,
    *,
    seeded_by_trial: bool = False,
    first_trial: int = 0,
) -> list[Job]:
    """Every trial of every task: all first trials, then all second ones, so that a run cut short covers all tasks.

    A task that is there more than once has so many trials in each round: its k-th conversation is its trial k-1,
    or as many later as `first_trial` says.
    Seeded by trial, each trial has a seed of its own, drawn as τ²-bench's runner draws them.
    """
    jobs: list[Job] = []
    drawing = Random(seed)
    played: Counter[str] = Counter()
    for _ in range(trials):
        if seeded_by_trial:
            seed = drawing.randint(0, _LARGEST_SEED)
        for task in tasks:
            opened = worlds[world_key(task.world)]
            jobs.append(Job(task, opened.domain, opened.world, first_trial + played[task.id], seed))
            played[task.id] += 1
    return jobs


def judge_finished(
    job: Job, trajectory: Trajectory, settings: PlaySettings, judge: Judge, mishaps: Mishaps
) -> Iterator[None]:
    """Give a conversation its verdict, unless something outside cut it short before one could be known.

    That of a long one comes in slices, between which the loop may go on. Where judging it fails, it ends with that for
    its error, and leaves no row.
    """
    stopped = settings.early.failed and trajectory.termination is Termination.STOPPED_EARLY
    try:
        if trajectory.termination not in ENDED_FROM_OUTSIDE or (
            stopped and failed_writes(job.task, trajectory.messages, job.domain)
        ):
            if len(trajectory.messages) < _LONG:
                trajectory.verdict = judge_trajectory(job.task, trajectory, job.domain, job.world, judge)
            else:
                trajectory.verdict = yield from judge_in_slices(job.task, trajectory, job.domain, job.world, judge)
    except Exception as exc:
        trajectory.termination = Termination.UNEXPECTED_ERROR
        trajectory.error = mishaps.tell(f"{trajectory.id} could not be judged", exc)


class _FurtherTrials:
    """Counts the trials of each task, and makes further ones."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._last: dict[str, Job] = {}
        for job in jobs:
            self._keep(job)

    def make(self, trajectory: Trajectory, places: dict[str, int]) -> Job:
        """The next trial of a trajectory's task, which takes the trajectory's place, where it has one."""
        last = self._last[trajectory.task_id]
        further = msgspec.structs.replace(last, trial=last.trial + 1)
        self._keep(further)
        place = places.get(trajectory.id)
        if place is not None:
            places[trajectory_id(further.task.id, further.trial)] = place
        return further

    def _keep(self, job: Job) -> None:
        last = self._last.get(job.task.id)
        if last is None or last.trial < job.trial:
            self._last[job.task.id] = job


@asynccontextmanager
async def run_judged(
    jobs: Sequence[Job],
    engines: Mapping[Seat, Engine],
    settings: PlaySettings,
    progress: Progress,
    *,
    keep: Callable[[Trajectory, Timing], bool] | None = None,
    settled: StopSettled | None = None,
    stop: Stop | None = None,
    watch: Watcher | None = None,
    judge: ModelJudge | None = None,
    replace: Replace | None = None,
) -> AsyncIterator[Rollouts]:
    """`run_rollouts`, with a verdict for each trajectory and a progress that follows.

    `keep` is shown each judged trajectory before it is counted, and says whether it leaves a row. `stop` may end
    conversations early, beside the rules of the settings. `judge` is asked where the settings name a model. As many
    further trials of a trajectory's task as `replace` says are played, with its place (`Rollouts.places`).
    """
    trials = _FurtherTrials(jobs)
    failing = FailingWatch(settings.stop_when_failing)
    mishaps = Mishaps()
    rulings: dict[str, tuple[Ruling, ...]] = {}

    def conclude(job: Job, trajectory: Trajectory) -> Iterator[None]:
        decides = _deciding(job, trajectory, settings, rulings)
        return judge_finished(job, trajectory, settings, decides, mishaps)

    def play_further(trajectory: Trajectory) -> None:
        progress.total += 1
        rollouts.add(trials.make(trajectory, rollouts.places))

    def finish(job: Job, trajectory: Trajectory, timing: Timing) -> None:
        for _ in range(0 if replace is None else replace(trajectory)):
            play_further(trajectory)
        if leaves_row(trajectory) if keep is None else keep(trajectory, timing):
            progress.summary.add(trajectory)
        if diagnosis := failing.add(trajectory):
            progress.stopped = diagnosis
            progress.cancel()
        if settled is not None:
            settled.add(trajectory)

    def halted(why: str) -> None:
        progress.halted = why
        progress.cancelled = True

    try:
        async with anyio.create_task_group() as group:
            async with run_rollouts(
                jobs,
                engines,
                rules=settings.rules,
                limits=_fitting_limits(settings, len(jobs), engines),
                on_finish=finish,
                stop=stop_of(settings.early, settled, stop),
                why_ask_again=_why_ask_again,
                look_back=None if judge is None else partial(_ask_judge, judge, rulings),
                on_halt=halted,
                conclude=conclude,
            ) as rollouts:

                def cancel() -> None:
                    progress.cancelled = True
                    rollouts.cancel()

                rollouts.play_further = play_further
                progress.counters = rollouts.counters
                progress.cancel, progress.drain = cancel, rollouts.drain
                progress.calls = _call_counts(engines, mishaps)  # they go on counting
                group.start_soon(sample_lag, progress.lag)
                if watch is not None:
                    group.start_soon(watch, progress)
                yield rollouts
            group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        raise unwrap_group(errors) from None
    progress.calls = _call_counts(engines, mishaps)


def _deciding(
    job: Job, trajectory: Trajectory, settings: PlaySettings, rulings: dict[str, tuple[Ruling, ...]]
) -> Judge:
    """Who decides assertions on a conversation: the judge of the settings, or what a model has said of it."""
    said = rulings.pop(trajectory.id, ())
    if isinstance(settings.judge, JudgeSpec):
        return StoredRulings(trajectory.id, dict(zip(job.task.nl_assertions or (), said, strict=False)))
    return settings.judge


async def judge_one(
    job: Job, trajectory: Trajectory, settings: PlaySettings, asked: ModelJudge | None, mishaps: Mishaps
) -> None:
    """Give a conversation that somebody else has played its verdict."""
    rulings: dict[str, tuple[Ruling, ...]] = {}
    if asked is not None:
        await _ask_judge(asked, rulings, job, trajectory)
    decides = _deciding(job, trajectory, settings, rulings)
    for _ in judge_finished(job, trajectory, settings, decides, mishaps):
        await cancel_shielded_checkpoint()


def _fitting_limits(settings: PlaySettings, conversations: int, engines: Mapping[Seat, Engine]) -> Limits:
    """The limits as far as there are files for connections; a line says where that is less than was asked for."""
    on_servers = settings.seats.on_servers() + isinstance(settings.judge, JudgeSpec)
    limits, lowered = fit_to_open_files(settings.limits, conversations, engines.values(), on_servers)
    if lowered:
        logger.warning("%s", lowered)
    return limits


async def _ask_judge(
    judge: ModelJudge, rulings: dict[str, tuple[Ruling, ...]], job: Job, trajectory: Trajectory
) -> None:
    """Put the judge's rulings on a conversation to the others, where its reward needs some."""
    if not needs_rulings(job.task, trajectory):
        return
    try:
        rulings[trajectory.id] = await judge.ask(job.task, trajectory)
    except OutOfServiceError:  # no conversation's own
        raise
    except EngineError as exc:
        trajectory.termination = Termination.INFRASTRUCTURE_ERROR
        trajectory.error = f"{JUDGE_ERROR}: {exc.kind}: {exc}"


def _why_ask_again(job: Job, conversation: Conversation, said: str) -> str:
    """What is wrong with an answer of the user, which then may be asked for again."""
    return slip_in_answer(job.task, conversation.messages, said, job.domain, job.world)


def _call_counts(engines: Mapping[Seat, Engine], mishaps: Mishaps) -> dict[Seat, CallCounts]:
    counts: dict[Seat, CallCounts] = {}
    for seat, engine in engines.items():
        if isinstance(engine, Counted) and (seat == "agent" or engine is not engines["agent"]):
            try:
                counts[seat] = engine.call_counts()
            except Exception as exc:
                mishaps.tell("the engine does not say how its calls went", exc)
    return counts


async def play_jobs(
    jobs: Sequence[Job],
    engines: Mapping[Seat, Engine],
    settings: PlaySettings,
    progress: Progress,
    run: RunFolder,
    settled: StopSettled | None,
    watch: Watcher | None,
    judge: ModelJudge | None = None,
) -> None:
    """Run jobs: each that has finished is judged, in the folder, and only then in `progress`.

    Raises `StorageError` when the folder cannot be written.
    """
    with quiet_gc(settings.limits.most_live(len(jobs))):
        async with run_judged(
            jobs, engines, settings, progress, keep=run.append, settled=settled, watch=watch, judge=judge
        ) as rollouts:
            async for _ in rollouts:
                pass
