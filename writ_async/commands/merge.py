"""`writ merge`: one run of all of its shards, byte for byte what one machine would have left.

The run is made beside its place and renamed, so that there is all of it or none.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from writ_async.core.task import Task
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.runs.folder import RunFolder
from writ_async.runs.locks import owner_of
from writ_async.runs.manifest import Prompt
from writ_async.runs.phrasing import add_phrasing, read_phrasing
from writ_async.runs.play import finish_run
from writ_async.runs.progress import Progress
from writ_async.runs.row_order import RowPlace
from writ_async.runs.shard_set import ShardSet
from writ_async.runs.summary import Summary
from writ_async.runs.view import CALLS, FAILURES, SUMMARY, TIMINGS, TRAJECTORIES, RunView
from writ_async.runs.writing import storage_error, sync_folder
from writ_async.synthesis.phrase_report import PhraseReport


class Merged(msgspec.Struct, kw_only=True):
    """What was merged: so many rows of so many `wanted` conversations of so many tasks, from so many shards."""

    run: str
    shards: int
    tasks: int
    wanted: int
    rows: int
    summary: Summary


def merge_shards(paths: Sequence[PathLike], out: PathLike, *, incomplete: bool = False) -> Merged:
    """Make the run in `out` of all of its shards; with `incomplete` also where some have rows that are still missing.

    Raises `InputError` as `ShardSet` does, and where there is something in `out` already; `StorageError` where it
    cannot be written.
    """
    target = Path(os.path.realpath(out))
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise InputError(f"{target}: is there already; name a folder that is not")
    shards = ShardSet.open(paths)
    tasks = shards.tasks()
    rows = shards.rows(tasks, incomplete=incomplete)
    prompts = _common_prompts(shards.views)
    draft = target.with_name(f".{target.name}.merging")
    if owner := owner_of(draft):
        raise InputError(f"{target}: {owner} is merging shards into it; wait for it, or choose another folder")
    try:
        if draft.exists():  # of a merge that was killed
            shutil.rmtree(draft)
        progress = _write_run(draft, shards, tasks, rows, prompts)
        draft.replace(target)
        sync_folder(target.parent)
    except OSError as exc:
        raise storage_error(target, exc) from exc
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Merged(
        run=str(out),
        shards=len(shards.views),
        tasks=len(tasks),
        wanted=len(tasks) * shards.settings().trials,
        rows=len(rows),
        summary=progress.summary,
    )


def _write_run(
    folder: Path, shards: ShardSet, tasks: Sequence[Task], rows: Sequence[RowPlace], prompts: dict[str, Prompt]
) -> Progress:
    progress = Progress()
    with RunFolder.create(folder, shards.manifest) as run:
        run.write_tasks(tasks, prompts)
        run.take_rows(rows, [view.path / TRAJECTORIES for view in shards.views])
        phrased = PhraseReport(refused={})
        for view in shards.views:
            if (report := read_phrasing(view)) is not None:
                phrased.add(report)
            if (view.path / SUMMARY).is_file():
                said = view.summary().notices
                progress.summary.notices += [line for line in said if line not in progress.summary.notices]
        add_phrasing(run, phrased)
        for name, heading in ((FAILURES, False), (CALLS, False), (TIMINGS, True)):
            _join_logs([view.path / name for view in shards.views], folder / name, heading=heading)
        finish_run(run, progress, shards.settings(), recount=True)
    return progress


def _common_prompts(views: Sequence[RunView]) -> dict[str, Prompt]:
    """What all agents were told. Raises `InputError` where that differs."""
    prompts = views[0].prompts()
    for view in views[1:]:
        if view.prompts() != prompts:
            raise InputError(
                f"{view.path}: its agents were told other things than those of {views[0].path}; its prompts.json is of "
                "another version"
            )
    return prompts


def _join_logs(paths: Sequence[Path], out: Path, *, heading: bool) -> None:
    """Write logs one after the other; all of them begin with the same `heading`, if they have one."""
    there = [path for path in paths if path.is_file() and path.stat().st_size]
    if not there:
        return
    with out.open("wb") as joined:
        for path in there:
            with path.open("rb") as log:
                first = log.readline() if heading else b""
                if joined.tell() == 0:
                    joined.write(first)
                shutil.copyfileobj(log, joined)
        joined.flush()
        os.fsync(joined.fileno())
