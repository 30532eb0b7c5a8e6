"""Locks on a run folder: who owns it, and who else writes to it.

The owner holds `.lock` alone. Further writers, which the owner has started, each hold a shared lock on the tasks; they
may outlive an owner that was killed, for a moment. Locks go with the process that holds them, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import platform
import time
from contextlib import suppress
from pathlib import Path

from writ_async.errors import InputError
from writ_async.runs.view import TASKS
from writ_async.runs.writing import NO_LINK, OWN_FILE, storage_error

LOCK = ".lock"

_MOST_OWNER = 300  # bytes: a pid and the name of a host
_LOOKERS = 2
_PAUSE = 0.05
_PAUSES = 200  # ten seconds, for what a killed owner's writers need to notice and to end


def take_ownership(folder: Path) -> int:
    """Lock a folder until the descriptor is closed or the process ends.

    Raises `InputError` when another process owns it, and `StorageError` where the disk knows no locks.
    """
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | NO_LINK, OWN_FILE)
    except OSError as exc:
        raise storage_error(folder, exc) from exc
    try:
        _lock_soon(lock)
    except BlockingIOError:
        who = _name_owner(lock)
        os.close(lock)
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
        os.pwrite(lock, f"{os.getpid()} {platform.node()}\n".encode(), 0)
    return lock


def owner_of(folder: Path) -> str:
    """Who owns a folder now, in words; empty where nobody does, or none can be told. Changes nothing."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _name_owner(lock)
    except OSError:
        return ""
    finally:
        os.close(lock)
    return ""


def _lock_soon(lock: int) -> None:
    """Take a lock, past whoever only looks whether there is an owner. Raises `BlockingIOError`."""
    for _ in range(_LOOKERS):
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_PAUSE)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _name_owner(lock: int) -> str:
    pid, _, host = os.pread(lock, _MOST_OWNER, 0).decode(errors="replace").strip().partition(" ")
    where = f" on {host}" if host and host != platform.node() else ""
    return f"another process (pid {pid}{where})" if pid else "another process"


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
