"""`writ repair`: says what is wrong with a run folder, and does what can be done."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.runs.folder import RunFolder
from writ_async.runs.locks import owner_of, take_ownership
from writ_async.runs.play import finish_run
from writ_async.runs.play_settings import settings_of
from writ_async.runs.progress import Progress
from writ_async.runs.repair import Fault, Repair
from writ_async.runs.status import RunStatus, status_of
from writ_async.runs.view import SUMMARY, TRAJECTORIES, RunView, read_manifest


class Repaired(msgspec.Struct, kw_only=True):
    """The faults that were found, with what became of each, and how the run stands now."""

    run: str
    faults: list[Fault]
    status: RunStatus

    @property
    def left(self) -> list[Fault]:
        """The faults that are still there."""
        return [fault for fault in self.faults if not fault.mended]


def repair_run(path: PathLike, *, dry_run: bool = False) -> Repaired:
    """Look through a run folder and mend what can be mended; with `dry_run` only say what is wrong.

    Raises `InputError` where there is no run, its manifest cannot be read, or a process is writing to it, and
    `StorageError` where the folder cannot be written.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    repair = Repair(folder, act=not dry_run)
    if dry_run:
        if owner := owner_of(folder):
            raise InputError(f"{folder}: {owner} is writing to this run; wait for it")
        repair.files(manifest)
    else:
        lock = take_ownership(folder)
        try:
            repair.files(manifest)
        finally:
            os.close(lock)
    status = status_of(folder)
    if status.state != "broken":
        repair.rows_gone(status.rows)
    rows_told = any(fault.file == TRAJECTORIES and not fault.mended for fault in repair.faults)
    is_whole = status.state != "broken" and status.tasks > 0 and status.left == 0
    if is_whole and not rows_told and manifest.kind != "select" and repair.end() and not dry_run:
        _end_again(folder)
        status = status_of(folder)
    return Repaired(run=str(path), faults=repair.faults, status=status)


def _end_again(folder: Path) -> None:
    """Put the rows in order and write what a run says of itself as a whole."""
    said: list[str] = []
    try:
        if (folder / SUMMARY).is_file():
            said = RunView.open(folder).summary().notices
    except InputError:
        pass  # what the engines said of themselves is lost with it
    with RunFolder.open(folder) as run:
        progress = Progress()
        progress.summary.notices = said
        finish_run(run, progress, settings_of(run.manifest.config), recount=True)
