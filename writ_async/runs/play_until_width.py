"""Plays an evaluation until pass^1 of its tasks is known as well as was asked for.

Each group of tasks (a benchmark's subset, a domain and kind) whose interval is too wide is tried once more as a whole,
so that trials go where the interval is widest and no result is bent by it (`verify.trial_interval`). What is to be
played follows from the rows that are there: a run that was killed, or is to be surer, goes on from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.core.trajectory import trajectory_id
from writ_async.errors import InputError
from writ_async.runs.folder import RunFolder
from writ_async.runs.play import finish_run, play_trials
from writ_async.runs.play_settings import PlaySettings
from writ_async.runs.progress import Progress, Watcher
from writ_async.runs.resume import read_played_trials
from writ_async.runs.scores import group_name
from writ_async.runs.workers import Worker
from writ_async.scheduler import quiet_gc
from writ_async.verify.pass_k import Tally, is_success
from writ_async.verify.trial_interval import trials_interval


class UntilWidth(msgspec.Struct, frozen=True, kw_only=True):
    """How wide the interval of a group's pass^1 may be, from 0 to 1, and how often a task is tried at most."""

    width: float
    most_trials: int = 32


def parse_until_width(points: float, most_trials: int, trials: int, stop_early: Sequence[str]) -> UntilWidth:
    """The rule from what a caller says, in points. Raises `InputError` for what cannot be."""
    if not 0 < points < 100:
        raise InputError(f"--until-width must be between 0 and 100 points, not {points:g}")
    if trials < 2:
        raise InputError("--until-width needs --trials 2 or more: one trial does not say how much trials differ")
    if most_trials < trials:
        raise InputError(f"--most-trials must be at least --trials, {trials}, not {most_trials}")
    if stop_early:
        raise InputError(f"--until-width counts whole trials; leave --stop-early {stop_early[0]} out")
    return UntilWidth(width=points / 100, most_trials=most_trials)


def trials_wanted(
    tasks: Mapping[str, Sequence[str]], successes: Mapping[str, bool], trials: int, until: UntilWidth
) -> dict[str, int]:
    """How many trials each group's tasks are to have, as far as the rows that are there can say.

    `tasks` has the ids of each group's tasks, `successes` says of each row, by its id, whether it succeeded. A group
    gets one trial more than it has where all of them are there and its interval is still too wide.
    """
    return {name: _trials_of(ids, successes, trials, until) for name, ids in tasks.items()}


def _trials_of(ids: Sequence[str], successes: Mapping[str, bool], trials: int, until: UntilWidth) -> int:
    while trials < until.most_trials:
        rows = {task_id: [successes.get(trajectory_id(task_id, trial)) for trial in range(trials)] for task_id in ids}
        if any(None in outcomes for outcomes in rows.values()):
            break
        found = trials_interval({task_id: Tally(trials, sum(map(bool, rows[task_id]))) for task_id in ids})
        if found.high - found.low <= until.width:
            break
        trials += 1
    return trials


async def play_until_width(
    run: RunFolder,
    tasks: Sequence[Task],
    worlds: Mapping[str, Environment],
    settings: PlaySettings,
    until: UntilWidth,
    *,
    workers: Sequence[Worker] = (),
    notices: Sequence[str] = (),
    watch: Watcher | None = None,
) -> Progress:
    """Play `settings.trials` of each task, and then as many as it takes; write the summary at the end.

    It ends as well where a trial gave no row. Raises `StorageError` when the folder cannot be written.
    """
    groups: dict[str, list[str]] = {}
    for task in tasks:
        groups.setdefault(group_name(task), []).append(task.id)
    progress = Progress(notices=run.notices)
    with quiet_gc(0):
        while True:
            wanted = trials_wanted(groups, _successes(run), settings.trials, until)
            ids = [
                trajectory_id(task_id, trial)
                for name, members in groups.items()
                for task_id in members
                for trial in range(wanted[name])
            ]
            playing = msgspec.structs.replace(settings, trials=max(wanted.values(), default=settings.trials))
            played = read_played_trials(run, tasks, playing)
            played.wanted = frozenset(ids)
            there = sum(row_id in played.ids for row_id in ids)
            progress = Progress(len(ids), there, summary=played.summary, notices=run.notices)
            if there == len(ids):
                break
            await play_trials(run, tasks, worlds, playing, played, progress, workers, watch)
            if progress.cancelled or progress.counters.failed or progress.lost or progress.stopped:
                break
        progress.summary.notices = list(notices)
        finish_run(run, progress, settings, recount=True)
    return progress


def _successes(run: RunFolder) -> dict[str, bool]:
    return {row.id: row.verdict is not None and is_success(row.verdict.reward.reward) for row in run.trajectories()}
