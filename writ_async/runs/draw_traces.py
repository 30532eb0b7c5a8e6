"""What was drawn for a run, task after task, so that one that is killed while it plans does not prove all again.

drawing/N.jsonl   of the N-th of the run's domains: a line that says what the draws rest on, then a line for each task
                  that was drawn, with what its draw left behind for the next

A run of so many tasks needs it until they are all in `tasks.jsonl`. One in rounds keeps it, for it may always need the
next tasks. Each file has one writer, here or in a worker.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from writ_async.core.environment import Environment
from writ_async.core.task import Kind
from writ_async.errors import StorageError
from writ_async.files import is_whole
from writ_async.runs.manifest import package_versions
from writ_async.runs.writing import OWN_FOLDER, AppendLog, make_folder, mend, storage_error
from writ_async.synthesis.aims import TaskWishes
from writ_async.synthesis.drawing import DrawnTask, DrawTrace

DRAWING = "drawing"
SYNC_TASKS = 64
"""So many tasks may have to be drawn again after a loss of power; after a kill, none that was kept."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(DrawnTask).decode


class _Trace:
    """One domain's tasks, as `DrawTrace` has it: read from the file as far as it goes, appended from then on."""

    def __init__(self, log: AppendLog, lines: BinaryIO | None) -> None:
        self._log = log
        self._lines = lines
        self._end = lines.tell() if lines is not None else log.size
        self._unsynced = 0

    def next_drawn(self) -> DrawnTask | None:
        line = self._lines.readline() if self._lines is not None else b""
        if not line:
            self._lines = None
            return None
        try:
            drawn = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # Not as this version writes them: from here on all is drawn again.
            os.ftruncate(self._log.fd, self._end)
            self._log.size, self._lines = self._end, None
            return None
        self._end += len(line)
        return drawn

    def keep(self, drawn: DrawnTask) -> None:
        """Raises `StorageError`."""
        try:
            self._log.append(_encode(drawn) + b"\n")
            self._unsynced += 1
            if self._unsynced == SYNC_TASKS:
                self._log.sync()
                self._unsynced = 0
        except OSError as exc:
            raise storage_error(self._log.path, exc) from exc


@contextmanager
def open_traces(
    folder: Path | None,
    worlds: Sequence[Environment],
    seed: int,
    mix: Mapping[Kind, float],
    wishes: TaskWishes,
    only: int | None = None,
) -> Iterator[Mapping[int, DrawTrace]]:
    """The traces of a run's domains, by number, or that of `only` one.

    None without a folder, and where another process still writes to one of them. Raises `StorageError`.
    """
    with ExitStack() as opened:
        traces: dict[int, DrawTrace] = {}
        if folder is None:
            yield traces
            return
        try:
            make_folder(folder, OWN_FOLDER)
            for number, environment in enumerate(worlds):
                if only is None or number == only:
                    rests_on = {"world": environment.ref, "seed": seed, "mix": mix, "wishes": wishes}
                    head = (
                        msgspec.json.encode({"versions": package_versions(), **rests_on}, order="deterministic") + b"\n"
                    )
                    traces[number] = _open_trace(folder / f"{number}.jsonl", head, opened)
        except BlockingIOError:
            traces = {}
        except OSError as exc:
            raise storage_error(folder, exc) from exc
        yield traces


def _open_trace(path: Path, head: bytes, opened: ExitStack) -> _Trace:
    log = AppendLog(path)
    opened.callback(log.close)
    fcntl.flock(log.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    mend(path, is_whole, in_order=True)
    log.size = os.fstat(log.fd).st_size
    lines = opened.enter_context(path.open("rb"))
    if lines.readline() != head:
        os.ftruncate(log.fd, 0)
        log.size = 0
        log.append(head)
        return _Trace(log, None)
    return _Trace(log, lines)


def remove_traces(folder: Path) -> None:
    """Take away what is not needed any more; what cannot be taken away stays."""
    with suppress(OSError, StorageError):
        for path in folder.glob("*.jsonl"):
            path.unlink()
        folder.rmdir()
