"""What a run folder lacks of the rows that it should have, and why; said by whoever reads it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Set as AbstractSet

import msgspec

from writ_async.errors import InputError
from writ_async.files import PathLike, is_whole
from writ_async.runs.locks import owner_of
from writ_async.runs.view import FAILURES, MANIFEST, SUMMARY, TASKS, TRAJECTORIES, RunView


class Shortfall(msgspec.Struct, frozen=True):
    """So many `rows` of those that are `due` are there, and why not more."""

    rows: int
    due: int
    why: str

    def __str__(self) -> str:
        return f"{self.rows:,} of {self.due:,} rows: {self.why}"


def shortfall_of(run: RunView, *, tasks: int | None = None, done: AbstractSet[str] | None = None) -> Shortfall | None:
    """What a run lacks; None where nothing is missing, or nobody can know.

    Due is each trial of each task; of a run that was to keep a number of rows, or of selected rows, one row at least.
    How many `tasks` there are and which rows are `done` is read where the caller does not know. Raises `InputError` as
    reading does.
    """
    if not run.has_tasks:
        return None
    tasks = sum(1 for _ in run.task_ids()) if tasks is None else tasks
    done = run.done_ids() if done is None else done
    rows = len(done)
    config, command = run.manifest.config, run.manifest.command
    counted = config.get("keep") is None and not config.get("stop_early") and command in ("writ synth", "writ eval")
    trials = config.get("trials", 1)
    due = tasks * trials if counted and isinstance(trials, int) else min(tasks, 1)
    # What is written at this moment breaks off at any time, and is short of what it will have.
    goes_on = "the run goes on" if owner_of(run.path) else ""
    broken = "" if goes_on else _why_broken(run)
    if rows >= due and not (broken and counted):
        return Shortfall(rows, rows + 1, broken) if broken and rows else None
    return Shortfall(rows, due, goes_on or broken or _why_fewer(run, due - rows, done))


def require_rows(run: RunView) -> None:
    """Raise `InputError` for a run without any row, before anything is made of it that takes another's place."""
    if not run.done_ids():
        found = shortfall_of(run)
        raise InputError(f"{run.path}: has {found or 'no row'}; there is nothing to write")


def say_shortfall(path: PathLike) -> str:
    """A line on what the run in a folder lacks; empty where it lacks nothing, or is no run."""
    if not os.path.isfile(os.path.join(path, MANIFEST)):
        return ""
    found = shortfall_of(RunView.open(path))
    return f"{path}: {found}" if found is not None else ""


def _why_broken(run: RunView) -> str:
    """What is wrong with the file of rows itself."""
    file = run.path / TRAJECTORIES
    if not file.is_file():
        began = (run.path / SUMMARY).is_file() or (run.path / FAILURES).is_file()
        return f"{TRAJECTORIES} is gone" if began else "no conversation was begun"
    if not file.stat().st_size:
        return f"{TRAJECTORIES} is empty"
    with file.open("rb") as content:
        content.seek(max(0, file.stat().st_size - 1))
        if content.read(1) == b"\n":
            return ""
    with file.open("rb") as content:
        last = deque(content, 1)
    return "" if is_whole(last[-1]) else f"the last line of {TRAJECTORIES} breaks off; a resumed run mends it"


def _why_fewer(run: RunView, missing: int, done: AbstractSet[str]) -> str:
    lost = {row.id for row in run.failures()} - done
    outside = f"{len(lost):,} were ended from outside ({FAILURES})" if lost else ""
    if not (run.path / SUMMARY).is_file():
        return f"{outside}, and " * bool(outside) + "the run has not ended; the same command goes on with it"
    if len(lost) >= missing:
        return f"{outside}; the same command tries them again"
    counted = run.summary().total().conversations
    if counted > len(done):
        return f"{SUMMARY} counts {counted:,}: lines have gone from {TRAJECTORIES}"
    if counted < len(done):
        return f"{TASKS} has more tasks than were played"
    return f"{outside}, and " * bool(outside) + "the run was stopped; the same command goes on with it"
