"""Writing that survives kills and full disks: whole files by rename, logs by single appends, syncing behind the back.

Every failure of the disk becomes a `StorageError` of one line.
"""

from __future__ import annotations

import csv
import errno
import io
import mmap
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE
from typing import BinaryIO, Final

from writ_async.errors import InputError, StorageError
from writ_async.files import PathLike

_sync_data: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)

NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
"""What is opened to be written is never somebody's link to another file."""

OWN_FILE, OWN_FOLDER = 0o660, 0o770
"""Modes of a run's files and folders: nothing for other users of the machine, and for the group what the umask lets."""

SYNC_ROWS = 64
SYNC_SECONDS = 0.25


def storage_error(path: PathLike, exc: OSError, advice: str = "make room or choose another folder") -> StorageError:
    """The one-line error for a failed write."""
    return StorageError(f"cannot write {path}: {exc.strerror or exc}; {advice}")


@contextmanager
def replacing(
    path: PathLike, advice: str = "what was there is unchanged; make room or choose another path", mode: int = 0o666
) -> Iterator[BinaryIO]:
    """Write a file whole or not at all: under another name first, synced, then renamed over `path`.

    A device or a pipe is written to directly. When the body raises, the old file stays as it was. The new file has the
    rights of the old one, or `mode` as far as the umask lets. Folders above are made as needed. Raises `InputError`
    when `path` is a folder and `StorageError` when it cannot be written.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise InputError(f"{path}: is a folder, but a file is to be written; name a file in it")
    try:
        if Path(path).exists() and not Path(path).is_file():
            with Path(path).open("wb") as stream:
                yield stream
            return
        make_folder(target.parent)
        draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            with _open_draft(draft, mode) as file:
                if target.exists():
                    os.fchmod(file.fileno(), S_IMODE(target.stat().st_mode))
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise
        sync_folder(target.parent)
    except OSError as exc:
        raise storage_error(path, exc, advice) from exc


def _open_draft(draft: Path, mode: int) -> BinaryIO:
    """A new file, which nobody else has put there."""
    with suppress(FileNotFoundError):
        draft.unlink()  # of a process of the same number that was killed
    return os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | NO_LINK, mode), "wb")


def write_whole(path: PathLike, content: bytes, mode: int = 0o666) -> None:
    """Write a small file whole or not at all; see `replacing`."""
    with replacing(path, mode=mode) as file:
        file.write(content)


def sync_folder(path: PathLike) -> None:
    """Make the names in a folder durable; a rename is not until then."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(path: PathLike, mode: int = 0o777) -> None:
    """Make a folder, and those above it, so that they are there after a loss of power too. Raises `OSError`.

    It has `mode` as far as the umask lets; those above have what is usual.
    """
    folder = Path(path)
    missing = [folder]
    missing += [above for above in folder.parents if not above.exists()]
    for new in reversed(missing):
        there = new.is_dir()
        new.mkdir(mode if new == folder else 0o777, exist_ok=True)
        if not there:
            with suppress(PermissionError):  # a folder above may be one that lets nobody look into it
                sync_folder(new.parent)


def mend(path: PathLike, whole: Callable[[bytes], bool], *, in_order: bool = False) -> int:
    """Cut a log back to its last whole line and return how many bytes went. A missing log has nothing to cut.

    A last line that is whole but for its newline gets it. After a loss of power, blocks that had not been synced may
    be gone from the middle, and read as zeros: lines with such go as well, or, where lines rest on those before them
    (`in_order`), all from the first of them on. Raises `StorageError`.
    """
    try:
        fd = os.open(path, os.O_RDWR | NO_LINK)
    except FileNotFoundError:
        return 0
    except OSError as exc:
        raise storage_error(path, exc) from exc
    try:
        size = os.fstat(fd).st_size
        if size == 0:
            return 0
        end, complete = _last_whole(fd, size, whole)
        if end < size:
            os.ftruncate(fd, end)
        if not complete:
            os.pwrite(fd, b"\n", end)
        if end < size or not complete:
            os.fsync(fd)
        return size - end + _drop_holes(path, fd, in_order)
    except OSError as exc:
        raise storage_error(path, exc) from exc
    finally:
        os.close(fd)


def _drop_holes(path: PathLike, fd: int, in_order: bool) -> int:
    """Drop the lines that have zeros in them, which no line is written with; how many bytes went."""
    size = os.fstat(fd).st_size
    if size == 0:
        return 0
    with mmap.mmap(fd, size, access=mmap.ACCESS_READ) as content:
        hole = content.find(b"\0")
        if hole < 0:
            return 0
        start = content.rfind(b"\n", 0, hole) + 1
        if not in_order:
            kept = start
            with replacing(path) as rest:
                rest.write(content[:start])
                content.seek(start)
                while line := content.readline():
                    if b"\0" not in line:
                        rest.write(line)
                        kept += len(line)
            return size - kept
    os.ftruncate(fd, start)
    os.fsync(fd)
    return size - start


def _last_whole(fd: int, size: int, whole: Callable[[bytes], bool]) -> tuple[int, bool]:
    """Where the last whole line ends, and whether it ends with a newline."""
    end = size
    with mmap.mmap(fd, size, access=mmap.ACCESS_READ) as content:
        while end > 0:
            start = content.rfind(b"\n", 0, end - 1) + 1
            line = content[start:end]
            if whole(line):
                return end, line.endswith(b"\n")
            end = start
    return 0, True


def csv_line(values: Iterable[str]) -> bytes:
    """A line of a CSV file, with its newline."""
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue().encode(errors="replace")


def _open_log(path: Path) -> int:
    """Open a log to append to; the name of one that was not there is durable."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | NO_LINK
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        fd = os.open(path, flags | os.O_CREAT, OWN_FILE)
    try:
        sync_folder(path.parent)
    except BaseException:
        os.close(fd)
        raise
    return fd


class AppendLog:
    """A file that only grows, by whole lines. One `append` is one `os.write`, unless the system takes less at once."""

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        self._broken = ""
        try:
            self.fd = _open_log(self.path)
            self.size = os.fstat(self.fd).st_size
        except OSError as exc:
            raise storage_error(path, exc) from exc

    def append(self, line: bytes | bytearray) -> None:
        """Append one line with its newline. Raises `OSError` with the file as it was before."""
        if self._broken:
            raise OSError(errno.EIO, self._broken)
        try:
            written = os.write(self.fd, line)
            while written < len(line):
                written += os.write(self.fd, line[written:])
            self.size += written
        except BaseException:
            self._cut_back()
            raise

    def _cut_back(self) -> None:
        try:
            os.ftruncate(self.fd, self.size)
        except OSError as exc:
            # What followed a torn line would be lost with it, so nothing more may be written.
            self._broken = f"a torn line could not be cut off ({exc.strerror})"

    def cut(self, size: int) -> None:
        """Drop all but so many bytes, the end of a line or 0. Raises `OSError`."""
        os.ftruncate(self.fd, size)
        self.size = size

    def sync(self) -> None:
        """Make all lines durable. Raises `OSError`."""
        _sync_data(self.fd)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class Syncer:
    """Makes a log durable from a thread of its own, after `rows` lines or `seconds` from the first unsynced one.

    The thread touches nothing but the file's descriptor. `error` is what the disk said when it failed; the thread has
    then ended, for after a failed sync the system may have dropped the data.
    """

    def __init__(self, log: AppendLog, rows: int = SYNC_ROWS, seconds: float = SYNC_SECONDS) -> None:
        self._log = log
        self._rows = rows
        self._seconds = seconds
        self._changed = threading.Condition()
        self._written = 0
        self._closing = False
        self._thread: threading.Thread | None = None
        self.synced = 0
        self.error: OSError | None = None

    def wrote(self) -> None:
        """Say that one more line was appended."""
        with self._changed:
            self._written += 1
            unsynced = self._written - self.synced
            if unsynced == 1 or unsynced == self._rows:
                self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="writ-sync", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._written > self.synced)
                self._changed.wait_for(
                    lambda: self._closing or self._written - self.synced >= self._rows, timeout=self._seconds
                )
                if self._closing:
                    return
                written = self._written
            try:
                self._log.sync()
            except OSError as exc:
                self.error = exc
                return
            with self._changed:
                self.synced = written

    def close(self) -> None:
        """End the thread and sync what is left. Raises `OSError`, also when an earlier sync failed."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self.error is not None:
            raise self.error
        self._log.sync()
        self.synced = self._written
