"""Plays a run: all that its folder does not hold yet, here or in worker processes, and then its summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.runs.early_stop import SavedCount, settled_of
from writ_async.runs.folder import RunFolder
from writ_async.runs.jobs import plan_jobs, play_jobs
from writ_async.runs.play_in_workers import play_in_workers
from writ_async.runs.play_settings import PlaySettings
from writ_async.runs.progress import Progress, Watcher, begin_progress
from writ_async.runs.remarks import remarks_on
from writ_async.runs.resume import read_played_trials
from writ_async.runs.row_selection import select_rows, write_selection
from writ_async.runs.summary import Summary
from writ_async.runs.worker_processes import Worker
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
    played = read_played_trials(run, tasks, settings)
    progress = begin_progress(run, len(tasks) * settings.trials, played)
    with quiet_gc(0):  # for the rows that are read anew at the end, too
        if workers:
            await play_in_workers(workers, tasks, settings, run, played, progress, watch)
        else:
            jobs = plan_jobs(tasks, worlds, settings.trials, settings.seed)
            left = [job for job in jobs if played.leaves_to_play(job.task.id, job.trial)]
            async with settings.seats.open_engines(tasks, worlds.values(), settings.seed) as engines:
                await play_jobs(left, engines, settings, progress, run, played.settled, watch)
        progress.summary.notices = list(notices)
        finish_run(run, progress, settings, recount=bool(workers))
    return progress


def finish_run(run: RunFolder, progress: Progress, settings: PlaySettings, *, recount: bool = False) -> None:
    """Write what a run says of itself as a whole: calls, selection, summary, and what stopping early has saved.

    With `recount` the summary is made from the rows, for whoever has not seen each of them. Raises `StorageError`.
    """
    if progress.calls:
        run.write_calls(progress.calls)
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

    selection = select_rows(run, rules=settings.filters, see=see if recount or settings.early else None)
    write_selection(run, selection)
    summary.funnel = selection.funnel
    if settings.early:
        summary.saved = saved.result(run.tasks(), settings.trials, settled, run.failures())
    summary.remarks = remarks_on(summary)
    progress.summary = summary
    run.write_summary(summary)
