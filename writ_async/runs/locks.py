"""Locks on a run folder: who owns it, and who else writes to it.

The owner holds `.lock` alone. Further writers, which the owner has started, each hold a shared lock on the tasks; they
may outlive an owner that was killed, for a moment. Locks go with the process that holds them, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from writ_async.errors import InputError
from writ_async.runs.view import TASKS
from writ_async.runs.writing import storage_error

LOCK = ".lock"

_PAUSE = 0.05
_PAUSES = 200  # ten seconds, for what a killed owner's writers need to notice and to end


def take_ownership(folder: Path) -> int:
    """Lock a folder until the descriptor is closed or the process ends.

    Raises `InputError` when another process owns it, and `StorageError` where the disk knows no locks.
    """
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as exc:
        raise storage_error(folder, exc) from exc
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(lock, 20, 0).decode(errors="replace").strip()
        os.close(lock)
        who = f"another process (pid {owner})" if owner else "another process"
        raise InputError(f"{folder}: {who} is writing to this run; wait for it, or choose another folder") from None
    except OSError as exc:
        os.close(lock)
        raise storage_error(folder / LOCK, exc, "this disk knows no locks; choose another") from exc
    try:
        _await_writers(folder)
    except BaseException:
        os.close(lock)
        raise
    # The pid is a courtesy: a full disk must not keep anyone from resuming.
    with suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def share_writing(folder: Path) -> int:
    """Say that one more process writes to a folder, until the descriptor is closed or the process ends."""
    try:
        lock = os.open(folder / TASKS, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_SH)
    except OSError as exc:
        raise storage_error(folder / TASKS, exc, "this disk knows no locks; choose another") from exc
    return lock


def _await_writers(folder: Path) -> None:
    """Wait for writers that a killed owner has left behind.

    Raises `InputError` when they do not end, and `StorageError` where the disk knows no locks.
    """
    try:
        # Network disks give a lock that excludes others only on what is open for writing.
        tasks = os.open(folder / TASKS, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise storage_error(folder / TASKS, exc) from exc
    try:
        for pause in range(_PAUSES + 1):
            try:
                fcntl.flock(tasks, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if pause == _PAUSES:
                    raise InputError(
                        f"{folder}: a worker of a run that was killed is writing to this run, and does not end; "
                        "end that process, or choose another folder"
                    ) from None
                time.sleep(_PAUSE)
            else:
                return
    except OSError as exc:
        raise storage_error(folder / TASKS, exc, "this disk knows no locks; choose another") from exc
    finally:
        os.close(tasks)
