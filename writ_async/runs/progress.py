"""How far a run is: what a watcher sees of one that goes on, and which trials are in the folder of one that went on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from writ_async.core.engine import CallCounts
from writ_async.core.task import Task
from writ_async.core.trajectory import Seat, trajectory_id
from writ_async.runs.early_stop import StopSettled, settled_of
from writ_async.runs.folder import RunFolder
from writ_async.runs.play_settings import PlaySettings
from writ_async.runs.summary import Summary
from writ_async.scheduler import Counters
from writ_async.scheduler.loop_lag import Lag


class Progress(msgspec.Struct):
    """What a watcher may read at any time: how much there is to do, and what has happened.

    `done_before` conversations were in the run folder when the run was resumed. `cancel` ends the run in order.
    `notices` are lines about what was found in the folder. `calls` counts the calls of an engine that plays both seats
    once, as the agent's. `lag` says how late the event loop was. `lost` conversations
    were not played because the process died that was to play them.
    """

    total: int = 0
    done_before: int = 0
    counters: Counters = msgspec.field(default_factory=Counters)
    summary: Summary = msgspec.field(default_factory=Summary)
    cancel: Callable[[], None] = lambda: None
    cancelled: bool = False
    notices: list[str] = []
    calls: dict[Seat, CallCounts] = {}
    lag: Lag = msgspec.field(default_factory=Lag)
    lost: int = 0


Watcher = Callable[[Progress], Coroutine[Any, Any, None]]
"""Runs beside a run and is cancelled when it ends: it looks at the progress as often as it likes."""


class PlayedTrials(msgspec.Struct):
    """The trials that are not to be played any more, and what is known of those that were.

    `ids` are trials that have a row. `skipped` counts those whose task was settled before they came to be played.
    """

    ids: set[str]
    skipped: int = 0
    summary: Summary = msgspec.field(default_factory=Summary)
    settled: StopSettled | None = None

    def leaves_to_play(self, task_id: str, trial: int) -> bool:
        """Whether a trial is still to be played."""
        if trajectory_id(task_id, trial) in self.ids:
            return False
        return self.settled is None or not self.settled.settles(task_id)


def read_played_trials(run: RunFolder, tasks: Sequence[Task], settings: PlaySettings) -> PlayedTrials:
    """Which trials of the tasks a folder holds."""
    settled = settled_of(settings.early, settings.trials)
    played = PlayedTrials(set(run.done_ids()), settled=settled)
    for trajectory in run.trajectories():
        played.summary.add(trajectory)
        if settled is not None:
            settled.add(trajectory)
    if settled is not None:
        trials = [(task.id, trial) for task in tasks if settled.settles(task.id) for trial in range(settings.trials)]
        played.skipped = sum(trajectory_id(*trial) not in played.ids for trial in trials)
    return played


def begin_progress(run: RunFolder, total: int, played: PlayedTrials) -> Progress:
    """The progress of a run that is about to go on from what was played."""
    done = len(played.ids) + played.skipped
    progress = Progress(total, done, summary=played.summary, notices=run.notices)
    if done:
        progress.notices.append(f"{run.path}: {done:,} of {total:,} conversations were there")
    return progress
