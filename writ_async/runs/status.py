"""What goes on in run folders, read from outside: takes no lock for longer than a look, and changes nothing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Set
from pathlib import Path
from typing import Literal

import msgspec

from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.runs.attempts import read_attempts, terminal_among
from writ_async.runs.locks import owner_of
from writ_async.runs.play_settings import settings_of
from writ_async.runs.resume import count_missing
from writ_async.runs.rounds import keep_rules_of
from writ_async.runs.segments import segment_files, segment_ids
from writ_async.runs.shards import Shard
from writ_async.runs.summary import Summary
from writ_async.runs.view import FAILURES, MANIFEST, SUMMARY, TRAJECTORIES, RunView

State = Literal["running", "done", "incomplete", "killed", "broken"]
"""A process owns the run; all is played; it ended in order with something left to play; it ended without; it cannot be
read."""

_DEEPEST = 4  # folders between one that is named and a run in it


class RunStatus(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One run: its `state`, and who is writing to it. `rows` of `wanted` conversations are there, `left` are to come.

    A run that keeps so many rows wants those. `failures` counts the conversations without a row by the class of their
    last attempt, `given_up` of them will not be tried again. `kept` is what the filters left when the run last ended.
    `written` is when the last row was, in seconds since 1970, 0 where there is none; `problem` why a run is broken.
    """

    run: str
    state: State
    kind: str = ""
    shard: str = ""
    owner: str = ""
    tasks: int = 0
    rows: int = 0
    wanted: int = 0
    left: int = 0
    kept: int | None = None
    failures: dict[str, int] = {}
    given_up: int = 0
    written: float = 0.0
    problem: str = ""


def find_runs(folder: PathLike) -> list[Path]:
    """The run folders in a folder, or that folder itself, in the order of their names.

    Raises `InputError` where there is none.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder; check the path")
    runs: list[Path] = []
    for path, folders, files in os.walk(root):
        if MANIFEST in files:
            runs.append(Path(path))
        deep = len(Path(path).relative_to(root).parts) >= _DEEPEST
        folders[:] = [] if deep or MANIFEST in files else sorted(name for name in folders if not name.startswith("."))
    if not runs:
        raise InputError(f"{root}: holds no run; check the path")
    return runs


def status_of(folder: PathLike) -> RunStatus:
    """What goes on in one run folder; what cannot be read is told in the status."""
    path = Path(folder)
    try:
        return _read_status(path)
    except InputError as exc:
        return RunStatus(run=str(folder), state="broken", problem=str(exc), owner=owner_of(path))


def _read_status(path: Path) -> RunStatus:
    run = RunView.open(path)
    shard = run.manifest.shard
    status = RunStatus(
        run=str(path),
        state="killed",
        kind=run.manifest.kind,
        shard=str(shard) if isinstance(shard, Shard) else "",
        owner=owner_of(path),
    )
    done = run.done_ids() | segment_ids(path)
    status.rows = len(done)
    files = [path / TRAJECTORIES, *segment_files(path, TRAJECTORIES)]
    status.written = max((file.stat().st_mtime for file in files if file.is_file()), default=0.0) if done else 0.0
    summary = _summary_of(run)
    if summary is not None and summary.funnel is not None and summary.total().conversations <= status.rows:
        status.kept = summary.funnel.total.left
    attempts = [attempt for attempt in read_attempts(path / FAILURES) if attempt.id not in done]
    last = {attempt.id: attempt.failure for attempt in attempts}
    status.failures = dict(sorted(Counter(last.values()).items()))
    status.given_up = len(terminal_among(attempts))
    status.left = _count_left(run, status, summary, done)
    if status.owner:
        status.state = "running"
    elif summary is not None and summary.total().conversations == status.rows:
        status.state = "incomplete" if status.left else "done"
    return status


def _summary_of(run: RunView) -> Summary | None:
    """The summary, where there is one that can be read; it can be made anew at any time."""
    try:
        return run.summary() if (run.path / SUMMARY).is_file() else None
    except InputError:
        return None


def _count_left(run: RunView, status: RunStatus, summary: Summary | None, done: Set[str]) -> int:
    """How much is still to be had; sets what is wanted."""
    if (keep := keep_rules_of(run)) is not None:
        status.tasks = len(run.task_places())
        status.wanted = keep.rows
        keeping = msgspec.UNSET if summary is None else summary.keeping
        kept = 0 if keeping is msgspec.UNSET else keeping.kept
        return max(0, keep.rows - kept)
    if run.manifest.kind == "select":
        status.tasks, status.wanted = len(run.task_places()), status.rows
        return 0
    tasks = run.task_places()
    settings = settings_of(run.manifest.config)
    status.tasks = len(tasks)
    missing_tasks = 0
    if run.manifest.kind == "synth":
        shard = run.manifest.shard
        n = int(run.manifest.config.get("n", len(tasks)))
        missing_tasks = (shard.size(n) if isinstance(shard, Shard) else n) - len(tasks)
    status.wanted = (len(tasks) + missing_tasks) * settings.trials
    return count_missing(run, tasks, done, settings) + missing_tasks * settings.trials
