"""One run by several worker processes: each plays all trials of its share of the tasks into the same run folder.

The process that was started owns the folder, deals out the tasks, shows the progress and writes the summary. Workers
open worlds and engines by themselves, and append finished rows to the folder one line at a time (`RunFolder.join`), so
the folder is at any moment what one process would have left: rows are never merged, and a run may go on with any other
number of workers. A worker that dies costs the conversations that it had begun and those it had not come to.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

import anyio
import msgspec

from writ_async.core.engine import CallCounts
from writ_async.core.task import Task
from writ_async.core.trajectory import Seat, trajectory_id
from writ_async.errors import WritError, unwrap_group
from writ_async.runs.early_stop import settled_of
from writ_async.runs.folder import RunFolder
from writ_async.runs.jobs import plan_jobs, play_jobs
from writ_async.runs.model_judge import open_engines_and_judge
from writ_async.runs.play_settings import PlaySettings
from writ_async.runs.progress import Progress, Watcher
from writ_async.runs.ray_servers import make_server_logs
from writ_async.runs.ray_workers import start_ray_workers
from writ_async.runs.resume import PlayedTrials, read_played_trials
from writ_async.runs.seats import Seats
from writ_async.runs.summary import Summary
from writ_async.runs.worker_processes import start_workers
from writ_async.runs.workers import Link, Worker, WorkerDiedError
from writ_async.runs.worlds import open_worlds, world_key
from writ_async.scheduler import Counters, Limits
from writ_async.scheduler.choose_admission import server_pool_tokens
from writ_async.scheduler.loop_lag import Lag

_REPORT_SECONDS = 0.25

logger = logging.getLogger(__name__)


class Share(msgspec.Struct, frozen=True):
    """What one of `workers` processes is to play: trials of tasks, less those that are `done`.

    `settings` are those of the run, with this worker's part of the limits. `failed` counts the trials that have failed
    before, by task, for stopping early. So many workers are `sharing` the model servers that this one calls. With a
    `segment` rows go to files of their own.
    """

    run: str
    settings: PlaySettings
    tasks: tuple[str, ...]
    done: frozenset[str]
    failed: dict[str, int]
    sharing: int
    segment: str = ""


class Report(msgspec.Struct):
    """How far a worker is, and at its end what it did."""

    counters: Counters
    summary: Summary
    lag: Lag
    calls: dict[Seat, CallCounts]
    stopped: str = ""
    halted: str = ""


def divide_limits(limits: Limits, workers: int) -> list[Limits]:
    """The limits of a run, divided evenly among so many workers; timeouts stay as they are.

    A limit below the number of workers cannot be divided: ask for fewer (see `useful_workers`).
    """

    def part(whole: int, index: int) -> int:
        return whole // workers + (index < whole % workers)

    return [
        msgspec.structs.replace(
            limits,
            concurrency=part(limits.concurrency, index),
            in_flight=part(limits.in_flight, index),
            kv_tokens=limits.kv_tokens and max(1, part(limits.kv_tokens, index)),  # 0 would mean that nobody counts
        )
        for index in range(workers)
    ]


def useful_workers(workers: int, tasks: int, limits: Limits) -> int:
    """How many of the workers that may be used can have a task, a live conversation and a model call each."""
    return max(1, min(workers, tasks, limits.concurrency, limits.in_flight or workers))


@asynccontextmanager
async def start_useful_workers(
    settings: PlaySettings, tasks: int, run: RunFolder, *, check: bool = False
) -> AsyncIterator[Sequence[Worker]]:
    """The workers of a run while the block lasts; none where this process is enough.

    With `check` the servers of each machine are tried first, where the workers have such; `WritError` says what is
    wrong with them, and where.
    """
    if settings.executor == "ray":
        logs = make_server_logs(run.path) if settings.servers is not None and settings.servers.launch else ""
        async with start_ray_workers(
            lambda nodes: useful_workers(settings.workers or nodes, tasks, settings.limits), settings.servers, logs
        ) as actors:
            if check and settings.servers is not None:
                await _try_servers(actors, settings)
            yield actors
        return
    count = useful_workers(settings.workers, tasks, settings.limits)
    if count == 1:
        yield []
    else:
        async with start_workers(count) as workers:
            yield workers


async def play_in_workers(
    workers: Sequence[Worker],
    tasks: Sequence[Task],
    settings: PlaySettings,
    run: RunFolder,
    played: PlayedTrials,
    progress: Progress,
    watch: Watcher | None = None,
) -> None:
    """Play in workers all trials that have not been played yet.

    Of the workers, as many are used as can have something to do. Raises `StorageError` when a worker cannot write;
    the rows that were whole stay. A worker that dies ends nothing but its own share, and is told of in the notices.
    """
    shares = deal_shares(tasks, settings, str(run.path.resolve()), played, len(workers))
    workers = workers[: len(shares)]
    reports: dict[int, Report] = {}
    lost: list[Share] = []
    before = played.summary

    async def keep_up() -> None:
        # Not with every report: the work would grow with the square of the number of workers.
        while True:
            await anyio.sleep(_REPORT_SECONDS)
            _sum_up(progress, before, reports)
            if (progress.stopped or progress.halted) and not progress.cancelled:
                progress.cancel()

    async def play_one(index: int, share: Share) -> None:
        try:
            heard = partial(reports.__setitem__, index)
            worker = workers[index]
            share = msgspec.structs.replace(_on_machine(share, index, workers, settings), segment=worker.segment)
            heard(await worker.call(play_share, share, on_report=heard))
        except WorkerDiedError as exc:
            progress.notices.append(f"{exc}; the other workers went on")
            if index in reports:
                counters = reports[index].counters
                counters.live = counters.held = counters.in_flight = 0
            lost.append(share)

    def cancel() -> None:
        progress.cancelled = True
        drain()

    def drain() -> None:
        # Workers know no other end than one in order: what is live in them is cut short.
        for worker in workers:
            worker.stop()

    progress.cancel, progress.drain = cancel, drain
    try:
        async with anyio.create_task_group() as watching:
            watching.start_soon(keep_up)
            if watch is not None:
                watching.start_soon(watch, progress)
            async with anyio.create_task_group() as playing:
                for index, share in enumerate(shares):
                    playing.start_soon(play_one, index, share)
            _sum_up(progress, before, reports)  # a watcher looks once more when it ends
            progress.cancelled = progress.cancelled or bool(progress.halted)
            watching.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        raise unwrap_group(errors) from None
    run.look_again()
    if lost:
        left = read_played_trials(run, tasks, settings, played.given_up)
        left.wanted = played.wanted
        progress.lost = _count_left(left, lost, settings.trials)


def _on_machine(share: Share, index: int, workers: Sequence[Worker], settings: PlaySettings) -> Share:
    """A share as the worker of this index plays it: against the model servers of its machine, where it has such."""
    own = workers[index]
    if not own.addresses:
        return share
    sharing = sum((other.machine, *other.addresses) == (own.machine, *own.addresses) for other in workers)
    kv_tokens = settings.limits.kv_tokens and max(1, settings.limits.kv_tokens // sharing)
    limits = msgspec.structs.replace(share.settings.limits, kv_tokens=kv_tokens)
    seats = share.settings.seats.at(own.addresses)
    return msgspec.structs.replace(
        share, settings=msgspec.structs.replace(share.settings, limits=limits, seats=seats), sharing=sharing
    )


async def _try_servers(workers: Sequence[Worker], settings: PlaySettings) -> None:
    """Try the servers of each machine, from there. Raises `WritError` for the first problem."""
    greeting = settings.rules.greeting is not None

    async def try_one(worker: Worker) -> None:
        said: list[str] = []

        def tell(line: str) -> None:
            if line not in said[-1:]:
                logger.warning("on %s: %s", worker.machine, line)
                said.append(line)

        try:
            await worker.call(
                _try_here, settings.seats.at(worker.addresses), settings.seed, greeting,
                on_report=tell,
            )  # fmt: skip
        except WritError as exc:
            raise type(exc)(f"on {worker.machine}: {exc}") from None

    try:
        async with anyio.create_task_group() as group:
            for worker in workers:
                group.start_soon(try_one, worker)
    except BaseExceptionGroup as errors:
        raise unwrap_group(errors) from None


def _try_here(link: Link, seats: Seats, seed: int, greeting: bool) -> None:
    """Try the agent's server from this process, and tell what is said meanwhile; called in a worker."""
    telling = logging.Handler(logging.WARNING)
    telling.emit = lambda record: link.report(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("writ_async").addHandler(telling)
    try:
        anyio.run(partial(seats.try_engines, seed, greeting=greeting))
    finally:
        logging.getLogger("writ_async").removeHandler(telling)


def _count_left(played: PlayedTrials, shares: Sequence[Share], trials: int) -> int:
    """How many trials of some shares are still to be played."""
    return sum(
        played.leaves_to_play(task_id, trial) for share in shares for task_id in share.tasks for trial in range(trials)
    )


def deal_shares(
    tasks: Sequence[Task], settings: PlaySettings, run: str, played: PlayedTrials, workers: int
) -> list[Share]:
    """What is left to play, in as many shares as can be used. All trials of a task are in one share.

    Tasks are dealt out in turn within their world and kind, so that shares are alike.
    """
    trials = range(settings.trials)
    left = [task for task in tasks if any(played.leaves_to_play(task.id, trial) for trial in trials)]
    workers = useful_workers(workers, len(left), settings.limits)
    turn = sorted(range(len(left)), key=lambda place: (world_key(left[place].world), left[place].kind, place))
    parts = [sorted(turn[index::workers]) for index in range(workers)] if left else []
    failed = played.settled.failed if played.settled is not None else {}
    shares: list[Share] = []
    for part, limits in zip(parts, divide_limits(settings.limits, workers), strict=False):
        ids = tuple(left[place].id for place in part)
        done = frozenset(
            trajectory_id(task_id, trial)
            for task_id in ids
            for trial in trials
            if not played.leaves_to_play(task_id, trial)
        )
        known = {task_id: failed[task_id] for task_id in ids if task_id in failed}
        shares.append(Share(run, msgspec.structs.replace(settings, limits=limits), ids, done, known, workers))
    return shares


def play_share(link: Link, share: Share) -> Report:
    """Play a share in this process, and report now and then how far it is; called in a worker."""
    return anyio.run(_play_share, link, share, backend_options={"use_uvloop": True})


async def _play_share(link: Link, share: Share) -> Report:
    progress = Progress()

    async def end_when_told() -> None:
        await link.stopped()
        progress.cancel()

    try:
        async with anyio.create_task_group() as group:
            progress.cancel = group.cancel_scope.cancel  # until there are conversations to end
            group.start_soon(end_when_told)
            await _play_in_folder(link, share, progress)
            group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        raise unwrap_group(errors) from None
    return _make_report(progress)


async def _play_in_folder(link: Link, share: Share, progress: Progress) -> None:
    async def watch(progress: Progress) -> None:
        while True:
            link.report(_make_report(progress))
            await anyio.sleep(_REPORT_SECONDS)

    settings = share.settings
    with RunFolder.join(share.run, share.segment) as run:
        tasks = run.tasks_among(frozenset(share.tasks))
        worlds = open_worlds(tasks, settings.data, settings.tools, told=run.prompts())
        opened = open_engines_and_judge(
            settings.seats, settings.judge, tasks, worlds.values(), settings.seed, processes=share.sharing
        )
        async with opened as (engines, judge):
            limits = settings.limits
            if limits.admission == "kv-budget" and not limits.kv_tokens:
                pools = await server_pool_tokens(limits, engines["agent"])
                limits = msgspec.structs.replace(limits, kv_tokens=max(1, min(pools) // share.sharing))
                settings = msgspec.structs.replace(settings, limits=limits)
            jobs = plan_jobs(
                tasks, worlds, settings.trials, settings.seed, seeded_by_trial=settings.rules.seeded_by == "trial"
            )
            left = [job for job in jobs if trajectory_id(job.task.id, job.trial) not in share.done]
            settled = settled_of(settings.early, settings.trials, share.failed)
            await play_jobs(left, engines, settings, progress, run, settled, watch, judge)


def _make_report(progress: Progress) -> Report:
    return Report(progress.counters, progress.summary, progress.lag, progress.calls, progress.stopped, progress.halted)


def _sum_up(progress: Progress, before: Summary, reports: Mapping[int, Report]) -> None:
    """Make a progress of what the workers have reported last."""
    counters, summary, lag = Counters(), Summary(), Lag()
    calls: dict[Seat, CallCounts] = {}
    summary.merge(before)
    for report in reports.values():
        for name in Counters.__struct_fields__:
            if name != "waits":
                setattr(counters, name, getattr(counters, name) + getattr(report.counters, name))
        for seat, seconds in report.counters.waits.items():
            counters.waits[seat] += seconds
        summary.merge(report.summary)
        lag.merge(report.lag)
        progress.stopped = progress.stopped or report.stopped
        progress.halted = progress.halted or report.halted
        for seat, counts in report.calls.items():
            calls.setdefault(seat, CallCounts()).add(counts)
    for seat, counts in calls.items():
        known = progress.calls.get(seat, CallCounts()).first_failures
        for kind in counts.first_failures.keys() - known.keys():
            logger.warning("%s", counts.first_failures[kind])
    progress.counters, progress.summary, progress.lag, progress.calls = counters, summary, lag, calls
