"""A log of what is made for a run while it plans, entry by entry, so that one that is killed makes none of it twice.

first line     what the entries rest on: the installed versions, and whatever else decides them
further lines  an entry each, in the order in which they were made

Entries that rest on something else are another run's, and forgotten; so is all behind a line that cannot be read.
"""

from __future__ import annotations

import fcntl
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

import msgspec

from writ_async.files import is_whole
from writ_async.runs.manifest import package_versions
from writ_async.runs.writing import AppendLog, mend, storage_error

T = TypeVar("T")

SYNC_ENTRIES = 64
"""So many entries may have to be made again after a loss of power; after a kill, none that was kept."""

_encode = msgspec.json.Encoder().encode


class TraceLog(Generic[T]):
    """Entries of one kind: read from the file as far as it goes, appended from then on.

    With `alone` no other process may have the same file open so. Raises `OSError` and `StorageError` where the file
    cannot be had, `BlockingIOError` where another process has it.
    """

    def __init__(self, path: Path, entry: type[T], rests_on: Mapping[str, Any], *, alone: bool = False) -> None:
        head = msgspec.json.encode({"versions": package_versions(), **rests_on}, order="deterministic") + b"\n"
        self._decode = msgspec.json.Decoder(entry).decode
        self._log = AppendLog(path)
        self._lines: BinaryIO = io.BytesIO()
        self._unsynced = 0
        try:
            if alone:
                fcntl.flock(self._log.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mend(path, is_whole, in_order=True)
            self._lines = path.open("rb")
            if self._lines.readline() == head:
                self._log.size = os.fstat(self._log.fd).st_size
            else:
                self._log.cut(0)
                self._log.append(head)
                self._lines.close()
            self._end = len(head)
        except BaseException:
            self.close()
            raise

    def next_kept(self) -> T | None:
        """The next entry that is there already; None from the first on that is not. Raises `StorageError`."""
        line = b"" if self._lines.closed else self._lines.readline()
        if not line:
            self._lines.close()  # what is kept from here on is not read
            return None
        try:
            kept = self._decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # not as this version writes them
            self._lines.close()
            self._cut(self._end)
            return None
        self._end += len(line)
        return kept

    def keep(self, entry: T) -> None:
        """Append one, once all that are there have been read. Raises `StorageError`."""
        try:
            self._log.append(_encode(entry) + b"\n")
            self._unsynced += 1
            if self._unsynced == SYNC_ENTRIES:
                self._log.sync()
                self._unsynced = 0
        except OSError as exc:
            raise storage_error(self._log.path, exc) from exc

    def forget(self) -> None:
        """Drop all entries, and what they rest on. Raises `StorageError`."""
        self._cut(0)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._lines.close()
        self._log.close()

    def _cut(self, size: int) -> None:
        try:
            self._log.cut(size)
        except OSError as exc:
            raise storage_error(self._log.path, exc) from exc
