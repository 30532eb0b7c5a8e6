"""Worker processes of one run: the standard library's processes and pipes, awaited from the event loop.

    async with start_workers(2) as workers:
        answer = await workers[0].call(function, argument, on_report=show)

A function runs in one worker at a time, and is handed a `Link` before its arguments: through it, it may report while it
works, and hear that it should end. Workers are fresh interpreters (`spawn`), which share nothing with this one. They
end with it, however it ends: whatever must outlive a process belongs on disk.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

import anyio
import msgspec

from writ_async.errors import WritError
from writ_async.runs.workers import Refusal, WorkerDiedError, as_refusal

_STOP = "stop"
_JOIN_SECONDS = 5.0
_ENDING = (signal.SIGINT, signal.SIGTERM)
_NAME = "writ-worker"


class _Report(msgspec.Struct, frozen=True):
    """What a function says while it works."""

    value: Any


class _Answer(msgspec.Struct, frozen=True):
    """What a function has returned."""

    value: Any


class PipeLink:
    """A worker's side of its pipe, while it runs a function."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def report(self, value: Any) -> None:
        """Say something to whoever called."""
        _send_message(self._connection, _Report(value))

    async def stopped(self) -> None:
        """Return once the caller asks for an end in order."""
        message = None
        while message != _STOP:
            message = await _receive_message(self._connection)


class WorkerProcess:
    """One worker process, as the process that has started it sees it."""

    segment, machine, addresses = "", "", ()
    comes_back = False

    def __init__(self, process: multiprocessing.process.BaseProcess, connection: Connection) -> None:
        self._process = process
        self._connection = connection

    async def call(
        self, function: Callable[..., Any], *arguments: Any, on_report: Callable[[Any], None] | None = None
    ) -> Any:
        """What a function of a module, called in the worker with a `Link` and the arguments, returns.

        Raises `WorkerDiedError` when the process ends before, and what the function raises deliberately.
        """
        try:
            _send_message(self._connection, (function, arguments))
            while True:
                message = await _receive_message(self._connection)
                if isinstance(message, _Report):
                    if on_report is not None:
                        on_report(message.value)
                elif isinstance(message, Refusal):
                    raise message.kind(message.text)
                else:
                    return message.value
        except (EOFError, ConnectionError):
            raise WorkerDiedError(self._obituary()) from None

    async def present(self) -> bool:
        """See `Worker`."""
        return self._process.is_alive()

    def stop(self) -> None:
        """Ask the function that is running to end in order."""
        with suppress(OSError):
            _send_message(self._connection, _STOP)

    def close(self, *, kill: bool) -> None:
        """End the process: at once, or when it is done with what it does."""
        self._connection.close()
        if kill:
            self._process.kill()
        self._process.join(_JOIN_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()

    def _obituary(self) -> str:
        self._process.join(_JOIN_SECONDS)
        code = self._process.exitcode
        if code is None or code >= 0:
            return f"a worker process ended by itself (exit code {code})"
        name = signal.Signals(-code).name
        memory = ", as the system does when memory runs out" if name == "SIGKILL" else ""
        return f"a worker process was killed by {name}{memory}"


@asynccontextmanager
async def start_workers(count: int) -> AsyncIterator[list[WorkerProcess]]:
    """Worker processes that live as long as the block; when it raises or is cancelled, they are killed.

    Fresh interpreters import the program's main module, which must not start anything when it is imported. Raises
    `WritError` when the system has no room for so many.
    """
    workers: list[WorkerProcess] = []
    kill = True
    try:
        try:
            resource_tracker.ensure_running()  # it lets signals through again as it starts
            with _signals_held():
                for _ in range(count):
                    workers.append(_start_worker())
        except OSError as exc:
            raise WritError(
                f"cannot start worker {len(workers) + 1} of {count}: {exc.strerror}; ask for fewer with --workers"
            ) from None
        yield workers
        kill = False
    finally:
        with _signals_held():
            for worker in workers:
                worker.close(kill=kill)
            if kill:
                # Where the process has other threads, one of them may take a signal that is held here.
                for process in multiprocessing.active_children():
                    if process.name == _NAME:
                        process.kill()
                        process.join()


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let the signals that end a program wait.

    No worker is left behind by one that comes while workers start or end. A worker inherits the mask, and so can
    ignore them from its first moment: a Ctrl-C at the terminal goes to all processes.
    """
    held = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _start_worker() -> WorkerProcess:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve_calls, args=(theirs,), name=_NAME, daemon=True)
    process.start()
    theirs.close()
    return WorkerProcess(process, ours)


def _serve_calls(connection: Connection) -> None:
    """The life of a worker: call what is sent, until nobody can send any more."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    link = PipeLink(connection)
    while True:
        try:
            os.set_blocking(connection.fileno(), True)
            message = connection.recv()
        except (EOFError, ConnectionError):
            return
        if message == _STOP:
            continue  # it came when the function had ended already
        function, arguments = message
        try:
            answer: object = _Answer(function(link, *arguments))
        except WritError as exc:
            answer = as_refusal(exc)
        with suppress(ConnectionError):
            _send_message(connection, answer)


def _send_message(connection: Connection, message: object) -> None:
    # uvloop makes what it watches non-blocking, for good; a connection has to wait for what is left of a message.
    os.set_blocking(connection.fileno(), True)
    connection.send(message)


async def _receive_message(connection: Connection) -> Any:
    await anyio.wait_readable(connection)
    os.set_blocking(connection.fileno(), True)
    return connection.recv()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
