"""A log that several processes append to at once."""

from __future__ import annotations

import fcntl
import os

from writ_async.runs.writing import AppendLog

_BLOCK = 1 << 16


class SharedLog(AppendLog):
    """An `AppendLog` whose every line is written under a lock on the file, so that lines never mix.

    A writer that is killed gives the lock back and may leave a torn line; whoever appends next cuts it off. The lock
    is held for one write, and works on network disks too, where appending alone is not atomic.
    """

    def append(self, line: bytes | bytearray) -> None:
        """Append one line with its newline. Raises `OSError` with the file as it was before."""
        fcntl.flock(self.fd, fcntl.LOCK_EX)
        try:
            self.size = self._mended_size()
            super().append(line)
        finally:
            fcntl.flock(self.fd, fcntl.LOCK_UN)

    def _mended_size(self) -> int:
        """How long the file is, once a line is cut off that has no end."""
        size = os.fstat(self.fd).st_size
        if size == 0 or os.pread(self.fd, 1, size - 1) == b"\n":
            return size
        end = size
        while end:
            start = max(0, end - _BLOCK)
            place = os.pread(self.fd, end - start, start).rfind(b"\n")
            if place >= 0:
                end = start + place + 1
                break
            end = start
        os.ftruncate(self.fd, end)
        return end
