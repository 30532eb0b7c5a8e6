"""Plays a run in rounds until it keeps as many rows as were asked for, of the cells that were asked for.

A round is planned from the rows of those before it, made durable, and played whole before the next is planned: so the
same answers give the same rows, at any concurrency, and however often the run is killed and resumed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import anyio
import msgspec

from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.core.trajectory import trajectory_id
from writ_async.curation.quota import KeepRules, Quota, cell_of
from writ_async.runs.budget import Budget, watch_budget, why_over
from writ_async.runs.draw_traces import DRAWING
from writ_async.runs.folder import RunFolder
from writ_async.runs.keep_plan import plan_round
from writ_async.runs.manifest import prompts_of
from writ_async.runs.phrasing import add_phrasing
from writ_async.runs.play import finish_run, given_up_ids, play_trials
from writ_async.runs.play_settings import PlaySettings
from writ_async.runs.progress import Progress, Watcher
from writ_async.runs.resume import read_played_trials
from writ_async.runs.rounds import Round, append_round, mend_rounds, planned_ids, read_rounds
from writ_async.runs.row_selection import select_rows_and_quota
from writ_async.runs.task_making import TaskSettings, TaskWatcher, make_run_tasks, tell_tasks
from writ_async.runs.workers import Worker
from writ_async.runs.worlds import open_worlds
from writ_async.scheduler import quiet_gc
from writ_async.synthesis.phrase_report import PhraseReport

_MOST_DRAWN = 20
"""Tasks per row to keep, beyond which none are drawn for a cell that is still short."""
_IDLE_ROUNDS, _IDLE_CONVERSATIONS = 3, 40
"""So many rounds in a row, of so many conversations, that kept nothing end a run: more of the same is not tried."""


class _Pool:
    """The tasks that a run may play, drawn as far as they are needed; a longer draw begins with a shorter one."""

    def __init__(
        self,
        worlds: Sequence[Environment],
        settings: TaskSettings,
        workers: Sequence[Worker],
        watch: TaskWatcher | None,
        trace: Path,
    ) -> None:
        self.tasks: list[Task] = []
        self._trace = trace
        self._watch = watch
        self._worlds = worlds
        self._settings = settings
        self._workers = workers

    async def grow(self, n: int) -> None:
        if n > len(self.tasks):
            wanted = msgspec.structs.replace(self._settings, n=n, phraser=None)
            self.tasks = await make_run_tasks(self._worlds, wanted, self._workers, watch=self._watch, trace=self._trace)

    async def tell(self, chosen: Sequence[Task], run: RunFolder) -> list[Task]:
        report = PhraseReport(refused={})
        told = await tell_tasks(chosen, self._worlds, self._settings, report, self._trace)
        add_phrasing(run, report)
        return told


async def play_until_kept(
    run: RunFolder,
    worlds: Sequence[Environment],
    making: TaskSettings,
    playing: PlaySettings,
    keep: KeepRules,
    *,
    budget: Budget | None = None,
    workers: Sequence[Worker] = (),
    notices: Sequence[str] = (),
    watch: Watcher | None = None,
    watch_tasks: TaskWatcher | None = None,
) -> Progress:
    """Draw and play tasks until `keep` is met, the budget is spent, or no more can be had; then write the summary.

    `summary.keeping` says which of these it was. Raises `StorageError` when the folder cannot be written.
    """
    playing = msgspec.structs.replace(playing, trials=keep.attempts)
    budget, began, over = budget or Budget(), anyio.current_time(), list[str]()
    watch = watch_budget(budget, began, watch, over.append) if budget != Budget() else watch
    pool = _Pool(worlds, making, workers, watch_tasks, run.path.absolute() / DRAWING)
    if not run.has_tasks:
        run.write_tasks((), prompts_of(worlds, playing.rules))
    mend_rounds(run)
    given_up = given_up_ids(run, playing)
    progress = Progress(notices=run.notices)
    most_kept, idle, done = -1, 0, 0
    with quiet_gc(0):
        while not over:
            if reason := why_over(budget, progress, (anyio.current_time() - began) / 3600):
                over.append(reason)
                break
            rounds = read_rounds(run)
            planned = planned_ids(rounds)
            if any(row_id not in run.done_ids() and row_id not in given_up for row_id in planned):
                progress = await _play_planned(run, worlds, playing, planned, given_up, workers, watch)
                if progress.cancelled or progress.counters.failed or progress.lost:
                    break
                continue
            _, quota = select_rows_and_quota(run, rules=playing.filters)
            assert quota is not None
            kept = quota.kept.total()
            if kept > most_kept:
                most_kept, idle, done = kept, 0, len(run.done_ids())
            elif (idle := idle + 1) >= _IDLE_ROUNDS and len(run.done_ids()) - done >= _IDLE_CONVERSATIONS:
                break
            if (new := await _plan_next(run, pool, quota, given_up)) is None:
                break
            append_round(run, new)
        progress.summary.notices = list(notices)
        finish_run(run, progress, playing, recount=True, ended=over[0] if over else "")
    return progress


async def _play_planned(
    run: RunFolder,
    worlds: Sequence[Environment],
    playing: PlaySettings,
    planned: Sequence[str],
    given_up: AbstractSet[str],
    workers: Sequence[Worker],
    watch: Watcher | None,
) -> Progress:
    """Play what was planned, has no row yet, and is not given up."""
    wanted = frozenset(planned)
    tasks = run.tasks()
    played = read_played_trials(run, tasks, playing, given_up)
    played.wanted = wanted
    progress = Progress(len(wanted), len(played.ids), summary=played.summary, notices=run.notices)
    opened = open_worlds(tasks, None, known=worlds, told=run.prompts())
    left = [task for task in tasks if any(played.leaves_to_play(task.id, trial) for trial in range(playing.trials))]
    await play_trials(run, left, opened, playing, played, progress, workers, watch)
    return progress


async def _plan_next(run: RunFolder, pool: _Pool, quota: Quota, given_up: AbstractSet[str]) -> Round | None:
    """The next round, whose tasks are in the folder already; None where nothing is wanted, or can be had.

    A task of which a conversation is `given_up` is left out: it would be planned, and not played, for ever.
    """
    keep = quota.keep
    await pool.grow(keep.rows)
    asked = Counter(cell_of(task, keep.balance) for task in pool.tasks[: keep.rows])
    quota.asked = asked
    plan = plan_round(_playable(pool.tasks, keep.attempts, given_up), quota)
    while plan.lacking and len(pool.tasks) < _MOST_DRAWN * keep.rows:
        await pool.grow(min(2 * len(pool.tasks), _MOST_DRAWN * keep.rows))
        plan = plan_round(_playable(pool.tasks, keep.attempts, given_up), quota)
    if not plan.trials:
        return None
    there = {task.id for task in run.tasks()}
    new = [task for task in pool.tasks if task.id in plan.trials and task.id not in there]
    run.add_tasks(await pool.tell(new, run))
    return Round(trials=plan.trials, asked=tuple(asked.items()))


def _playable(tasks: Sequence[Task], attempts: int, given_up: AbstractSet[str]) -> Sequence[Task]:
    if not given_up:
        return tasks
    return [task for task in tasks if all(trajectory_id(task.id, trial) not in given_up for trial in range(attempts))]
