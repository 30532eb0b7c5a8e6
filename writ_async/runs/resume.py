"""Resuming a run: which trials its folder holds, and which are still to be played."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import trajectory_id
from writ_async.runs.attempts import terminal_ids
from writ_async.runs.early_stop import StopSettled, settled_of
from writ_async.runs.folder import RunFolder
from writ_async.runs.play_settings import PlaySettings
from writ_async.runs.summary import Summary
from writ_async.runs.view import FAILURES, RunView


class PlayedTrials(msgspec.Struct):
    """The trials that are not to be played any more, and what is known of those that were.

    `ids` are trials that have a row. `skipped` counts those whose task was settled before they came to be played, and
    those that have failed for good (`given_up`).
    Where there are `wanted` ids, only those are to be played.
    """

    ids: set[str]
    skipped: int = 0
    summary: Summary = msgspec.field(default_factory=Summary)
    settled: StopSettled | None = None
    wanted: Set[str] | None = None
    given_up: Set[str] = frozenset()

    def leaves_to_play(self, task_id: str, trial: int) -> bool:
        """Whether a trial is still to be played."""
        row_id = trajectory_id(task_id, trial)
        if row_id in self.ids or row_id in self.given_up or (self.wanted is not None and row_id not in self.wanted):
            return False
        return self.settled is None or not self.settled.settles(task_id)


def read_played_trials(
    run: RunFolder, tasks: Sequence[Task], settings: PlaySettings, given_up: Set[str] = frozenset()
) -> PlayedTrials:
    """Which trials of the tasks a folder holds; what is `given_up` is not tried again."""
    settled = settled_of(settings.early, settings.trials)
    played = PlayedTrials(set(run.done_ids()), settled=settled, given_up=given_up)
    for trajectory in run.trajectories():
        played.summary.add(trajectory)
        if settled is not None:
            settled.add(trajectory)
    if settled is not None:
        trials = [(task.id, trial) for task in tasks if settled.settles(task.id) for trial in range(settings.trials)]
        played.skipped = sum(trajectory_id(*trial) not in played.ids for trial in trials)
    played.skipped += sum(
        trajectory_id(task.id, trial) in given_up
        and trajectory_id(task.id, trial) not in played.ids
        and (settled is None or not settled.settles(task.id))
        for task in tasks
        for trial in range(settings.trials)
    )
    return played


def count_missing(run: RunView, task_ids: Iterable[str], there: Set[str], settings: PlaySettings) -> int:
    """How many trials of some tasks are still to be played, where rows of these ids are `there`."""
    settled = settled_of(settings.early, settings.trials)
    if settled is not None:
        for row in run.trajectories():
            settled.add(row)
    not_to_play = there | terminal_ids(run.path / FAILURES)
    return sum(
        trajectory_id(task_id, trial) not in not_to_play
        for task_id in task_ids
        if settled is None or not settled.settles(task_id)
        for trial in range(settings.trials)
    )
