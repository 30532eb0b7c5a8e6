"""Rows of writers on other machines: each has files of its own in the run folder, which the owner takes into the run.

segments/NAME.trajectories.jsonl, .failures.log, .timings.csv

Appending to one file from many machines would need a lock that all of them hold for every row. A writer of a segment
needs none, and a row in it is as safe as one in the run. Segments are there while a run goes on, and where its owner
was killed; whoever owns the run next takes them in. A row that two segments have, for its first writer was given up too
soon, is taken once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from writ_async.errors import InputError
from writ_async.files import is_whole
from writ_async.runs.row_order import row_id_of
from writ_async.runs.view import FAILURES, TIMINGS, TRAJECTORIES
from writ_async.runs.writing import OWN_FOLDER, AppendLog, make_folder, mend, storage_error, sync_folder

SEGMENTS = "segments"


def segment_place(folder: Path, name: str) -> str:
    """What the paths of a segment's files begin with. Makes the folder of segments. Raises `StorageError`."""
    place = folder / SEGMENTS
    try:
        make_folder(place, OWN_FOLDER)
    except OSError as exc:
        raise storage_error(place, exc) from exc
    return f"{place}{os.sep}{name}."


def segment_files(folder: Path, name: str) -> list[Path]:
    """The files of all segments that hold what a run keeps in the file of this name. Links are none."""
    found = (folder / SEGMENTS).glob(f"*.{name}")
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def segment_ids(folder: Path) -> set[str]:
    """The ids of the rows that segments hold now; their writers may be at work."""
    return {
        row_id
        for path in segment_files(folder, TRAJECTORIES)
        for line in path.read_bytes().splitlines(keepends=True)
        if line.endswith(b"\n") and (row_id := row_id_of(line)) is not None
    }


def take_segments(folder: Path, done: set[str]) -> bool:
    """Append to a run what its segments hold, but for rows that are `done`, and remove them; False where it has none.

    Nobody may be writing to them. A kill leaves segments whose rows are done, and the next call removes them. Raises
    `InputError` for a line that is no row, and `StorageError`.
    """
    if not (folder / SEGMENTS).is_dir():
        return False
    for name in (TRAJECTORIES, FAILURES, TIMINGS):
        log = AppendLog(folder / name)
        try:
            for path in segment_files(folder, name):
                mend(path, (lambda line: line.endswith(b"\n")) if name == TIMINGS else is_whole)
                for line in _lines_to_take(path, name, done, bare=log.size > 0):
                    log.append(line)
            log.sync()
        except OSError as exc:
            raise storage_error(log.path, exc, "the segments' rows are safe; make room, then resume the run") from exc
        finally:
            log.close()
    try:
        for path in (folder / SEGMENTS).iterdir():
            path.unlink()
        (folder / SEGMENTS).rmdir()
        sync_folder(folder)
    except OSError as exc:
        raise storage_error(folder / SEGMENTS, exc) from exc
    return True


def _lines_to_take(path: Path, name: str, done: set[str], *, bare: bool) -> Iterator[bytes]:
    """The lines of a segment's file that the run has not; `bare` ones of timings have no heading."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if name == TRAJECTORIES:
                row_id = row_id_of(line)
                if row_id is None:
                    raise InputError(f"{path}: line {number} does not start with an id; remove that line")
                if row_id in done:
                    continue
                done.add(row_id)
            elif name == TIMINGS and number == 1 and bare:
                continue
            yield line
