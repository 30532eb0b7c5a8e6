"""Run folders with rows that a test wrote by hand, so that every number of theirs is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.support.samples import PROMPTS, Took, trajectory
from tests.support.samples import manifest as some_manifest
from tests.support.samples import task as some_task
from writ_async.core.task import Task
from writ_async.core.trajectory import Termination, Trajectory
from writ_async.runs.folder import RunFolder
from writ_async.runs.manifest import Manifest


def write_run(
    path: Path,
    rows: Iterable[Trajectory],
    *,
    tasks: Sequence[Task] = (),
    kind: str = "eval",
    seconds: float = 2.0,
    **config: Any,
) -> Path:
    """A run of these rows, each of which took so many seconds; without tasks those that the rows are of."""
    rows = list(rows)
    given = tasks or [some_task(name) for name in dict.fromkeys(row.task_id for row in rows)]
    plain = some_manifest(**config)
    made = Manifest(
        kind="eval" if kind == "eval" else "synth",
        command=f"writ {kind}",
        config=plain.config,
        worlds=plain.worlds,
        seeds=plain.seeds,
        versions=plain.versions,
    )
    with RunFolder.create(path, made) as run:
        run.write_tasks(given, PROMPTS)
        for row in rows:
            run.append(row, Took(seconds, 1.0, 0.5))
    return path


def solved(task: str, trial: int = 0, **fields: Any) -> Trajectory:
    """A row that succeeded."""
    return trajectory(task, trial, **fields)


def failed(task: str, trial: int = 0, reason: str = "wrong_outcome", **fields: Any) -> Trajectory:
    """A row that did not."""
    return trajectory(task, trial, reasons=(reason,), **fields)


def lost(task: str, trial: int = 0) -> Trajectory:
    """An attempt that a deadline ended."""
    return trajectory(task, trial, termination=Termination.TIMEOUT, judged=False)
