"""Plays a run: all that its folder does not hold yet, here or in worker processes, and then its summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import anyio

from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.curation.quota import Quota
from writ_async.runs.attempts import terminal_ids
from writ_async.runs.early_stop import SavedCount, settled_of
from writ_async.runs.folder import RunFolder
from writ_async.runs.jobs import plan_jobs, play_jobs
from writ_async.runs.model_judge import open_engines_and_judge
from writ_async.runs.phrasing import read_phrasing
from writ_async.runs.play_in_workers import play_in_workers
from writ_async.runs.play_settings import PlaySettings
from writ_async.runs.progress import Progress, Watcher, begin_progress
from writ_async.runs.remarks import remarks_on
from writ_async.runs.resume import PlayedTrials, read_played_trials
from writ_async.runs.rounds import read_rounds, retired_tasks
from writ_async.runs.row_selection import select_rows_and_quota, write_selection
from writ_async.runs.samples import sampled
from writ_async.runs.summary import Keeping, Summary
from writ_async.runs.view import FAILURES
from writ_async.runs.workers import Worker, WorkerDiedError
from writ_async.scheduler import quiet_gc


async def play_run(
    run: RunFolder,
    tasks: Sequence[Task],
    worlds: Mapping[str, Environment],
    settings: PlaySettings,
    *,
    workers: Sequence[Worker] = (),
    notices: Sequence[str] = (),
    watch: Watcher | None = None,
) -> Progress:
    """Play all trials that the folder does not hold yet, and write the summary.

    Without workers they are played in this process. `notices` are what the engines say of themselves. Raises
    `StorageError` when the folder cannot be written; the rows that were whole stay.
    """
    played = read_played_trials(run, tasks, settings, given_up_ids(run, settings))
    progress = begin_progress(run, len(tasks) * settings.trials, played)
    with quiet_gc(0):  # for the rows that are read anew at the end, too
        await play_trials(run, tasks, worlds, settings, played, progress, workers, watch)
        progress.summary.notices = list(notices)
        finish_run(run, progress, settings, recount=bool(workers))
    return progress


def given_up_ids(run: RunFolder, settings: PlaySettings) -> AbstractSet[str]:
    """The conversations that are not tried again, since they would fail as they did; the run's notices say so."""
    given_up = frozenset() if settings.retry_failed else terminal_ids(run.path / FAILURES) - run.done_ids()
    if given_up:
        run.notices.append(
            f"{run.path}: {len(given_up):,} conversations failed in a way that would be the same again, and are not "
            "tried again; --retry-failed tries them"
        )
    return given_up


async def play_trials(
    run: RunFolder,
    tasks: Sequence[Task],
    worlds: Mapping[str, Environment],
    settings: PlaySettings,
    played: PlayedTrials,
    progress: Progress,
    workers: Sequence[Worker] = (),
    watch: Watcher | None = None,
) -> None:
    """Play the trials that `played` leaves to play; no summary is written. Raises `StorageError`."""
    watch = sampled(run, watch)
    if workers:
        await _play_until_none_dies(workers, tasks, settings, run, played, progress, watch)
        return
    jobs = plan_jobs(tasks, worlds, settings.trials, settings.seed, seeded_by_trial=settings.rules.seeded_by == "trial")
    left = [job for job in jobs if played.leaves_to_play(job.task.id, job.trial)]
    opened = open_engines_and_judge(settings.seats, settings.judge, tasks, worlds.values(), settings.seed)
    async with opened as (engines, judge):
        await play_jobs(left, engines, settings, progress, run, played.settled, watch, judge)


async def _play_until_none_dies(
    workers: Sequence[Worker],
    tasks: Sequence[Task],
    settings: PlaySettings,
    run: RunFolder,
    played: PlayedTrials,
    progress: Progress,
    watch: Watcher | None,
) -> None:
    """Play in workers, and what was lost with one once more where another has taken its place.

    Twice in a row without a new row is once too often: then what was lost stays so.
    """
    before = played.summary.total().conversations
    without = 0
    if all(one.comes_back for one in workers):
        workers = await _still_there(workers, progress)  # some may have gone in an earlier round
        if not workers:
            raise WorkerDiedError("no worker came back; the same command goes on, where there is room for one")
    while True:
        await play_in_workers(workers, tasks, settings, run, played, progress, watch)
        if not progress.lost or progress.cancelled or progress.stopped or not all(one.comes_back for one in workers):
            return
        rows = len(run.done_ids())
        without = 0 if rows > before else without + 1
        if without == 2:
            return
        before = rows
        workers = await _still_there(workers, progress)
        if not workers:
            return
        if progress.calls:
            run.write_calls(progress.calls)
        wanted = played.wanted
        played = read_played_trials(run, tasks, settings, played.given_up)
        played.wanted = wanted
        progress.done_before = len(played.ids) + played.skipped
        progress.lost = 0


async def _still_there(workers: Sequence[Worker], progress: Progress) -> list[Worker]:
    """The workers without those whose place nobody has taken, and with a notice of them."""
    there: dict[int, bool] = {}

    async def ask(index: int, worker: Worker) -> None:
        there[index] = await worker.present()

    async with anyio.create_task_group() as group:
        for index, worker in enumerate(workers):
            group.start_soon(ask, index, worker)
    found = [worker for index, worker in enumerate(workers) if there[index]]
    if len(found) < len(workers):
        progress.notices.append(f"{len(workers) - len(found)} of {len(workers)} workers did not come back")
    return found


def finish_run(
    run: RunFolder, progress: Progress, settings: PlaySettings, *, recount: bool = False, ended: str = ""
) -> None:
    """Put the rows in order, and write what a run says of itself as a whole: calls, selection, summary, what was saved.

    With `recount` the summary is made from the rows, for whoever has not seen each of them. `ended` says why a run
    ended that keeps less than it should. Raises `StorageError`.
    """
    if progress.calls:
        run.write_calls(progress.calls)
    run.put_in_order()
    summary = Summary(notices=progress.summary.notices) if recount else progress.summary
    saved = SavedCount()
    settled = settled_of(settings.early, settings.trials)

    def see(row: Trajectory) -> None:
        if recount:
            summary.add(row)
        if settings.early:
            saved.add(row)
        if settled is not None:
            settled.add(row)

    selection, quota = select_rows_and_quota(
        run, rules=settings.filters, see=see if recount or settings.early else None
    )
    if quota is not None:
        summary.keeping = _keeping_of(run, quota, ended)
    write_selection(run, selection)
    summary.funnel = selection.funnel
    if (phrasing := read_phrasing(run)) is not None:
        summary.phrasing = phrasing
    if settings.early:
        summary.saved = saved.result(run.tasks(), settings.trials, settled, run.failures())
    summary.remarks = remarks_on(summary)
    progress.summary = summary
    run.write_summary(summary)


def _keeping_of(run: RunFolder, quota: Quota, ended: str) -> Keeping:
    missing = {" ".join(filter(None, cell)): left for cell, left in quota.missing().items()}
    return Keeping(
        asked=quota.keep.rows,
        kept=quota.kept.total(),
        rounds=len(read_rounds(run)),
        tasks=len(quota.records),
        missing=missing if quota.asked else {"": quota.keep.rows},  # it ended before it had drawn a task
        retired=retired_tasks(quota.records, quota.keep.attempts),
        ended=ended,
    )
