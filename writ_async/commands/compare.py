"""`writ compare`: two evaluations of the same tasks, paired by task."""

from __future__ import annotations

import filecmp
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import ENDED_FROM_OUTSIDE, Termination
from writ_async.errors import InputError
from writ_async.files import PathLike, read_jsonl
from writ_async.runs.manifest import Manifest
from writ_async.runs.view import TASKS, TRAJECTORIES, RunView
from writ_async.verify.paired import Difference, paired_difference
from writ_async.verify.pass_k import is_success

_SEED = 0


class TaskChange(msgspec.Struct, frozen=True):
    """A task that one run did more often right than the other: the share of its trials in each."""

    task: str
    before: float
    after: float


class Comparison(msgspec.Struct, frozen=True):
    """Run B against run A. `before` and `after` are their pass^1 over the tasks that both have trials of.

    `changed` are the tasks whose share is another one, the largest fall first; `left_out` those of which one run has
    no trial that says anything.
    """

    a: str
    b: str
    tasks: int
    trials: tuple[int, int]
    before: float
    after: float
    difference: Difference
    changed: tuple[TaskChange, ...]
    left_out: int = 0


class _RewardOnly(msgspec.Struct):
    reward: float


class _VerdictOnly(msgspec.Struct):
    reward: _RewardOnly


class _Row(msgspec.Struct):
    """What of a row a comparison is about; the rest is not decoded."""

    task_id: str
    termination: Termination
    verdict: _VerdictOnly | None = None


def compare_runs(a: PathLike, b: PathLike) -> Comparison:
    """Hold run B against run A, task by task.

    Raises `InputError` for runs of unlike tasks or users, one whose trials were stopped early, and where no task has
    trials in both.
    """
    runs = RunView.open(a), RunView.open(b)
    for run in runs:
        if run.manifest.config.get("stop_early"):
            raise InputError(
                f"{run.path}: trials were stopped early, so nobody knows how often its tasks succeed; play it anew "
                "without --stop-early"
            )
    _refuse_unlike_tasks(*runs)
    _refuse_unlike_users(*runs)
    before, after = (_shares(run.path) for run in runs)
    both = [task for task in before if task in after]
    if not both:
        raise InputError(f"{a} and {b}: no task has a trial in both that says anything")
    differences = [after[task][0] - before[task][0] for task in both]
    changed = [TaskChange(task, before[task][0], after[task][0]) for task in both if before[task][0] != after[task][0]]
    return Comparison(
        str(a),
        str(b),
        len(both),
        (sum(before[task][1] for task in both), sum(after[task][1] for task in both)),
        sum(before[task][0] for task in both) / len(both),
        sum(after[task][0] for task in both) / len(both),
        paired_difference(differences, Random(_SEED)),
        tuple(sorted(changed, key=lambda one: (one.after - one.before, one.task))),
        len(before.keys() ^ after.keys()),
    )


def _shares(path: Path) -> dict[str, tuple[float, int]]:
    """By task the share of its trials that were right, and how many there are; those that say nothing are left out."""
    counts: dict[str, list[bool]] = defaultdict(list)
    file = path / TRAJECTORIES
    if not file.is_file():
        raise InputError(f"{path}: has no finished conversation")
    for row in read_jsonl(file, _Row, skip_torn=True):
        if row.termination not in ENDED_FROM_OUTSIDE and row.verdict is not None:
            counts[row.task_id].append(is_success(row.verdict.reward.reward))
    return {task: (sum(trials) / len(trials), len(trials)) for task, trials in sorted(counts.items())}


def _refuse_unlike_tasks(a: RunView, b: RunView) -> None:
    if _same_file(a.path / TASKS, b.path / TASKS):  # as they mostly are, and decoding tasks is half of a comparison
        return
    mine, theirs = ({task.id: task for task in run.tasks()} for run in (a, b))
    alone = sorted(mine.keys() ^ theirs.keys())
    if alone:
        where = a.path if alone[0] in mine else b.path
        raise InputError(f"the runs are of unlike tasks: {alone[0]!r} is in {where} alone ({len(alone):,} such)")
    other = next((name for name, task in mine.items() if _content(task) != _content(theirs[name])), None)
    if other is not None:
        raise InputError(f"the runs are of unlike tasks: {other!r} is not the same in {a.path} and {b.path}")


def _same_file(one: Path, other: Path) -> bool:
    """Whether two files are there and alike to the byte."""
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)


def _content(task: Task) -> bytes:
    """What a task asks for, however its benchmark lays it out for its own users."""
    task = msgspec.structs.replace(task, scenario=msgspec.structs.replace(task.scenario, layout=""))
    return msgspec.json.encode(task)


def _refuse_unlike_users(a: RunView, b: RunView) -> None:
    mine, theirs = _user_of(a.manifest), _user_of(b.manifest)
    for what, one in mine.items():
        if one != theirs[what]:
            raise InputError(
                f"the runs have unlike users: {what} is {_short(one)} in {a.path}, and "
                f"{_short(theirs[what])} in {b.path}; play one of them again with the other's"
            )


def _user_of(manifest: Manifest) -> dict[str, Any]:
    """What decides who plays the user, and what that user is told."""
    config = manifest.config
    seats: Mapping[str, Any] = config.get("seats", {})
    user = seats.get("user") or seats.get("agent") or {}
    rules: Mapping[str, Any] = config.get("rules", {})
    named: Mapping[str, Any] = user if isinstance(user, Mapping) else {"name": str(user)}
    # One engine in both seats has options that are the agent's as well, who may be another.
    options = {key: value for key, value in named.get("options", {}).items() if key != "model"}
    return {
        "the engine": named.get("name") or named.get("parts") or "unknown",
        "the model": named.get("options", {}).get("model", ""),
        "the set of options": options if seats.get("user") else {},
        "the prompt": rules.get("user_prompt", ""),
        "the number of retries": rules.get("user_retries", 0),
        "the greeting": rules.get("greeting"),
    }


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
