"""The durable run folder, opened to write: nothing that `append` returned for is lost, whatever kills the process.

See `run_view` for the files in it. A folder has one owner at a time, who may let further processes `join` as writers
of rows. A `RunFolder` belongs to one thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import ENDED_FROM_OUTSIDE, Termination, Trajectory
from writ_async.errors import InputError, StorageError
from writ_async.files import PathLike, is_whole, open_binary
from writ_async.runs.attempts import count_attempts, failed_attempt, give_up
from writ_async.runs.folder_checks import check_folder
from writ_async.runs.locks import share_writing, take_ownership
from writ_async.runs.manifest import Manifest, Prompt, changed_versions, grown_manifest
from writ_async.runs.row_order import RowPlace, copy_rows, is_ordered
from writ_async.runs.row_text import encode_row_into
from writ_async.runs.segments import segment_place, take_segments
from writ_async.runs.shared_log import SharedLog
from writ_async.runs.summary import Summary
from writ_async.runs.view import (
    CALLS,
    FAILURES,
    MANIFEST,
    PROMPTS,
    SAMPLES,
    SUMMARY,
    TASKS,
    TIMINGS,
    TRAJECTORIES,
    RunView,
    read_manifest,
)
from writ_async.runs.writing import (
    OWN_FILE,
    OWN_FOLDER,
    AppendLog,
    Syncer,
    csv_line,
    make_folder,
    mend,
    replacing,
    storage_error,
    write_whole,
)
from writ_async.runs.written_rows import WrittenRows

_sorted = msgspec.json.Encoder(order="deterministic")
_as_given = msgspec.json.Encoder()


class Timed(Protocol):
    """How long one conversation lived, and how long each seat's requests kept it waiting, in seconds."""

    @property
    def seconds(self) -> float:
        """From the conversation's start to its end."""

    @property
    def agent_wait(self) -> float:
        """Summed over the agent's requests."""

    @property
    def user_wait(self) -> float:
        """Summed over the user's requests."""


def leaves_row(trajectory: Trajectory) -> bool:
    """Whether a conversation is evidence of what was simulated: nothing outside ended it.

    One that was stopped early, but judged before and rejected, is: its verdict holds however it would have gone on.
    """
    if trajectory.termination is Termination.STOPPED_EARLY:
        return trajectory.verdict is not None and not trajectory.verdict.kept
    return trajectory.termination not in ENDED_FROM_OUTSIDE


class RunFolder(RunView):
    """A run folder opened to write, under a lock. Use it as a context manager, or `close` it.

    `notices` are lines for the user about what opening found: a torn line that was cut off, other package versions.
    `cut_bytes` is how much was cut off the trajectories.
    """

    def __init__(
        self, path: PathLike, manifest: Manifest, lock: int, *, joined: bool = False, segment: str = ""
    ) -> None:
        super().__init__(path, manifest)
        self.notices: list[str] = []
        self._lock = lock
        self._joined = joined
        self._buffer = bytearray(1 << 16)
        self.cut_bytes = 0
        self._done: set[str] = set()
        self._written = WrittenRows()
        self._open_logs: list[AppendLog] = []
        if not joined:
            self.look_again()
        self._before = len(self._done)
        kind = SharedLog if joined and not segment else AppendLog
        place = segment_place(self.path, segment) if segment else f"{self.path}{os.sep}"
        with ExitStack() as logs:
            self._open_logs = [
                logs.enter_context(closing(kind(f"{place}{name}"))) for name in (TRAJECTORIES, FAILURES, TIMINGS)
            ]
            self._rows, self._failures, self._timings = self._open_logs
            self._syncer = Syncer(self._rows)
            if self._timings.size == 0:
                self._append_line(self._timings, csv_line(("id", "seconds", "agent_wait", "user_wait")))
            self._attempts = count_attempts(self.path / FAILURES)
            self._logs = logs.pop_all()

    @classmethod
    def create(cls, path: PathLike, manifest: Manifest) -> RunFolder:
        """Start a run in a new or empty folder.

        Raises `InputError` when there is something in it, or another process writes to it, and `StorageError` when
        the folder cannot be written.
        """
        return _start_run(Path(path), manifest, resume=False)

    @classmethod
    def open(cls, path: PathLike) -> RunFolder:
        """Go on with a run, whatever its settings. Raises `InputError` when the folder holds none or is locked."""
        folder = Path(path)
        read_manifest(folder)
        return _open_locked(folder, None, resume=True)

    @classmethod
    def open_or_create(cls, path: PathLike, manifest: Manifest, *, resume: bool) -> RunFolder:
        """Start a run, or with `resume` go on with the one that is there. A finished run has nothing left to do.

        Raises `InputError` as `create` does, and when the run that is there was made with another config: it names
        the first key that differs and both values.
        """
        return _start_run(Path(path), manifest, resume=resume)

    @classmethod
    def join(cls, path: PathLike, segment: str = "") -> RunFolder:
        """Open a run to append rows while another process owns it, which has opened it and written its tasks.

        With a `segment`, a name that no other writer has, rows go to files of their own (`segments`). Such a writer
        knows of its own rows alone. Raises `InputError` when there is no run, and `StorageError`.
        """
        folder = Path(path)
        manifest = read_manifest(folder)
        lock = share_writing(folder)
        try:
            return RunFolder(folder, manifest, lock, joined=True, segment=segment)
        except BaseException:
            os.close(lock)
            raise

    def look_again(self) -> None:
        """Take in what is in the folder, once no other process writes to it: lines that broke off, and ids."""
        cut = mend(self.path / TRAJECTORIES, is_whole)
        mend(self.path / TASKS, is_whole, in_order=True)
        for name in (FAILURES, CALLS, SAMPLES):
            mend(self.path / name, is_whole)
        mend(self.path / TIMINGS, lambda line: line.endswith(b"\n"))
        if cut:
            self.cut_bytes += cut
            self.notices.append(f"{self.path / TRAJECTORIES}: cut off {cut} bytes of lines that broke off")
        self._done = set(super().done_ids())
        if take_segments(self.path, self._done):
            for log in self._open_logs:
                log.size = os.fstat(log.fd).st_size

    def write_tasks(self, tasks: Iterable[Task], prompts: Mapping[str, Prompt]) -> None:
        """Write all tasks and the prompts, once, before the first conversation. Raises `StorageError`."""
        if self.has_tasks:
            raise ValueError(f"{self.path} has its tasks already")
        write_whole(self.path / PROMPTS, _pretty_json(prompts), OWN_FILE)
        # Last, for its presence says that both are there.
        write_whole(self.path / TASKS, b"".join(_as_given.encode(task) + b"\n" for task in tasks), OWN_FILE)

    def add_tasks(self, tasks: Sequence[Task]) -> None:
        """Append further tasks; when this returns they are durable. Raises `StorageError`."""
        # In place, for other writers hold a lock on this very file.
        log = AppendLog(self.path / TASKS)
        try:
            self._append_line(log, b"".join(_as_given.encode(task) + b"\n" for task in tasks))
            log.sync()
        except OSError as exc:
            raise storage_error(log.path, exc) from exc
        finally:
            log.close()

    def done_ids(self) -> AbstractSet[str]:
        """The ids of all finished trajectories, as they are at any time; not a copy."""
        return self._done

    def append(self, trajectory: Trajectory, timing: Timed | None = None) -> bool:
        """Record a conversation that has ended; when this returns, a kill of the process does not lose it.

        False means that it leaves no row (`leaves_row`), or that no file can hold it, by what an engine or a tool has
        put into it: then it goes to `failures.log` and its id is not done. Raises
        `ValueError` for an id that is there already, and `StorageError`, with the file cut back to its last whole
        row, when the disk refuses it.
        """
        outside = not leaves_row(trajectory)
        if not outside and trajectory.id in self._done:
            raise ValueError(f"trajectory {trajectory.id!r} is in the run already")
        line, before, tokens = self._buffer, self._attempts[trajectory.id], (0, 0)
        try:
            if outside:
                _sorted.encode_into(failed_attempt(trajectory, before), line)
            else:
                tokens = encode_row_into(trajectory, line)
        except (UnicodeEncodeError, OverflowError, TypeError, RecursionError) as exc:
            # An engine or a domain has put something into it that no file can hold: that costs this one alone.
            outside = True
            _sorted.encode_into(failed_attempt(give_up(trajectory, exc), before), line)
        line.append(0x0A)
        if outside:
            self._append_line(self._failures, line)
            self._attempts[trajectory.id] += 1
            return False
        if self._syncer.error is not None:
            raise self._storage_failure(self._rows, self._syncer.error)
        self._append_line(self._rows, line)
        self._done.add(trajectory.id)
        self._syncer.wrote()
        if not self._joined:
            self._written.note(trajectory.task_id, trajectory.trial, len(line), tokens)
        if timing is not None:
            values = (timing.seconds, timing.agent_wait, timing.user_wait)
            self._append_line(self._timings, csv_line((trajectory.id, *(f"{value:.6f}" for value in values))))
        return True

    def put_in_order(self) -> bool:
        """Put the rows in the canonical order (`row_order`), once no more are to come; False where they stand so.

        The file is written anew beside the old one, synced and renamed over it: whenever the process is killed, one of
        the two is there. Raises `StorageError`, with the rows as they were.
        """
        path = self.path / TRAJECTORIES
        with open_binary(path) as file:
            rows = self.find_rows(file)
        if is_ordered(rows):
            return False
        self._replace_rows(sorted(rows), [path])
        return True

    def find_rows(self, file: BinaryIO) -> list[RowPlace]:
        """See `RunView`. The file is not read where all that is in it was written here."""
        known = self._written.places(os.fstat(file.fileno()).st_size, self.task_places())
        return super().find_rows(file) if known is None else known

    def take_rows(self, rows: Sequence[RowPlace], paths: Sequence[PathLike]) -> None:
        """Take the rows of other runs over, in this order, into a run that has none yet. Raises `StorageError`."""
        if self._done:
            raise ValueError(f"{self.path} has rows already")
        self._replace_rows(rows, paths)
        self.look_again()

    def _replace_rows(self, rows: Sequence[RowPlace], paths: Sequence[PathLike]) -> None:
        path = self.path / TRAJECTORIES
        try:
            self._syncer.close()
        except OSError as exc:
            raise self._storage_failure(self._rows, exc) from exc
        self._rows.close()
        try:
            with replacing(
                path, f"the {len(rows)} finished rows are safe; make room, then resume the run", OWN_FILE
            ) as out:
                copy_rows(rows, paths, out)
            self._written = WrittenRows(rows)
        finally:
            self._rows = self._open_logs[0] = self._logs.enter_context(closing(AppendLog(path)))
            self._syncer = Syncer(self._rows)
            self._before = len(self._done)

    def write_summary(self, summary: Summary) -> None:
        """Replace the summary. Raises `StorageError`."""
        write_whole(self.path / SUMMARY, _pretty_json(summary), OWN_FILE)

    def write_calls(self, counts: Mapping[Any, object]) -> None:
        """Add how this command's model calls went, by seat. Raises `StorageError`."""
        self._add_line(CALLS, counts)

    def write_sample(self, sample: msgspec.Struct) -> None:
        """Add a look at how the run goes. Raises `StorageError`."""
        self._add_line(SAMPLES, sample)

    def _add_line(self, name: str, value: object) -> None:
        log = AppendLog(self.path / name)
        try:
            self._append_line(log, _sorted.encode(value) + b"\n")
        finally:
            log.close()

    def close(self) -> None:
        """Make everything durable and give the lock back; a second call does nothing. Raises `StorageError`."""
        if self._lock < 0:
            return
        try:
            self._syncer.close()
            self._failures.sync()
            self._timings.sync()
        except OSError as exc:
            raise self._storage_failure(self._rows, exc) from exc
        finally:
            self._logs.close()
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exc is None:
            self.close()
        else:
            # What went wrong first is what the user must read.
            with suppress(StorageError):
                self.close()

    def _append_line(self, log: AppendLog, line: bytes | bytearray) -> None:
        try:
            log.append(line)
        except OSError as exc:
            raise self._storage_failure(log, exc) from exc

    def _storage_failure(self, log: AppendLog, exc: OSError) -> StorageError:
        failed_sync = self._syncer.error is not None
        safe = self._before + self._syncer.synced if failed_sync else len(self._done)
        number = "" if self._joined else f"{safe} "  # of a writer among several, its own rows are not all
        advice = f"the {number}finished rows are safe; make room, then resume the run in {self.path}"
        return storage_error(log.path, exc, advice)


def _start_run(folder: Path, manifest: Manifest, *, resume: bool) -> RunFolder:
    """Check what is there before anything is written, make the folder, and check again under the lock."""
    check_folder(folder, manifest, resume)
    try:
        make_folder(folder, OWN_FOLDER)
    except FileExistsError:
        raise InputError(f"{folder}: is a file, but a run needs a folder; choose another path") from None
    except OSError as exc:
        raise storage_error(folder, exc) from exc
    return _open_locked(folder, manifest, resume=resume)


def _open_locked(folder: Path, manifest: Manifest | None, *, resume: bool) -> RunFolder:
    lock = take_ownership(folder)
    try:
        there = check_folder(folder, manifest, resume)
        for draft in folder.glob(".*.tmp"):
            with suppress(OSError):
                draft.unlink()
        if there is None:
            if manifest is None:
                raise InputError(f"{folder}: its {MANIFEST} has gone; check the path")
            write_whole(folder / MANIFEST, _pretty_json(manifest), OWN_FILE)
        run = RunFolder(folder, there or _as_read(manifest), lock)
    except BaseException:
        os.close(lock)
        raise
    if there is not None and manifest is not None:
        if (grown := grown_manifest(there, manifest)) is not None:
            write_whole(folder / MANIFEST, _pretty_json(grown), OWN_FILE)
            run.manifest = grown
        changes = ", ".join(changed_versions(there.versions, manifest.versions))
        if changes:
            run.notices.append(f"{folder}: was begun with other package versions: {changes}")
    return run


def _as_read(manifest: Manifest | None) -> Manifest:
    """The manifest as it will be read back, so that a new run and a resumed one look the same."""
    return msgspec.json.decode(_sorted.encode(manifest), type=Manifest)


def _pretty_json(value: object) -> bytes:
    # A summary's keys come in the order in which conversations ended; all else is in an order somebody chose.
    encoder = _sorted if isinstance(value, Summary) else _as_given
    return msgspec.json.format(encoder.encode(value)) + b"\n"
