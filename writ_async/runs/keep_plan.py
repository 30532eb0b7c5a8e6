"""What the next round of a run plays, so that it comes to keep what was asked for: a pure function of what was played.

A cell that wants rows is given as many conversations as its pass rate so far says it needs: first further attempts at
tasks that failed, then new tasks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from writ_async.core.task import Task
from writ_async.curation.quota import Cell, KeepRules, Quota, TaskRecord, cell_of

_MOST_AHEAD = 4  # conversations per row that is wanted: a low rate after few conversations may be bad luck


class Plan(msgspec.Struct):
    """Trials to play by task, and how many more tasks than were drawn each cell could use."""

    trials: dict[str, tuple[int, ...]] = {}
    lacking: dict[Cell, int] = {}


class _CellTasks(msgspec.Struct):
    """The tasks of a cell, in the order in which they were drawn."""

    fresh: list[str] = []
    failed: list[str] = []
    played: int = 0
    passed: int = 0
    tasks: int = 0


def plan_round(pool: Sequence[Task], quota: Quota) -> Plan:
    """What to play next of the tasks in the pool; an empty plan where nothing is wanted or nothing is left."""
    cells = _sort_by_cell(pool, quota.keep, quota.records)
    plan = Plan()
    for cell, missing in quota.missing().items():
        tasks = cells.get(cell) or _CellTasks()
        if quota.keep.plays_all:
            wanted = _tasks_for(missing, quota.kept[cell], tasks, quota.keep)
            trials = tuple(range(quota.keep.attempts))
            chosen = dict.fromkeys(tasks.fresh[:wanted], trials)
        else:
            wanted = _conversations_for(missing, tasks)
            again = tasks.failed[:wanted]
            wanted -= len(again)
            chosen = {task_id: (quota.records[task_id].played,) for task_id in again}
            chosen |= dict.fromkeys(tasks.fresh[:wanted], (0,))
        plan.trials |= chosen
        if wanted > len(tasks.fresh):
            plan.lacking[cell] = wanted - len(tasks.fresh)
    return plan


def _conversations_for(missing: int, tasks: _CellTasks) -> int:
    """How many conversations give so many rows, at the rate at which those of the cell have passed."""
    rate = (tasks.passed + 1) / (tasks.played + 1)
    return min(math.ceil(missing / rate), _MOST_AHEAD * missing)


def _tasks_for(missing: int, kept: int, tasks: _CellTasks, keep: KeepRules) -> int:
    """How many tasks give so many rows, where each is played as often as it may be."""
    at_best = keep.attempts if keep.all_that_pass else 1
    each = (kept + at_best) / (tasks.tasks + 1)
    return min(math.ceil(missing / each), _MOST_AHEAD * missing)


def _sort_by_cell(pool: Sequence[Task], keep: KeepRules, records: Mapping[str, TaskRecord]) -> dict[Cell, _CellTasks]:
    cells: dict[Cell, _CellTasks] = {}
    for task in pool:
        tasks = cells.setdefault(cell_of(task, keep.balance), _CellTasks())
        record = records.get(task.id)
        if record is None:
            tasks.fresh.append(task.id)
            continue
        tasks.tasks += 1
        tasks.played += record.played
        tasks.passed += record.passed
        if not record.passed and record.played < keep.attempts:
            tasks.failed.append(task.id)
    return cells
