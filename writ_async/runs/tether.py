"""Runs a command that ends with whoever has started it, however that one ends: `python tether.py LOG COMMAND...`.

Its standard input is the tether: once nobody holds the other end, the command and all of its process group are asked to
end, and killed ten seconds later. What the command prints goes to the file LOG. When it has ended, its exit code is
printed, and nothing before. Nothing but the standard library is imported, so that it costs little to have one for each
server.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

GRACE_SECONDS = 10.0
_LOOK = 0.1


def main(arguments: list[str]) -> None:
    """Start the command, and stay until it has ended."""
    log, *command = arguments
    if os.fork():
        os._exit(0)  # Ray kills the direct children of an actor together with it: this one has still something to do
    os.setsid()
    with open(log, "ab") as told:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as exc:
            told.write(f"{command[0]}: {exc.strerror}\n".encode())
            return
    while process.poll() is None:
        if select.select([0], [], [], _LOOK)[0] and not os.read(0, 1):
            _signal_group(process.pid, signal.SIGTERM)
            break
    end = time.monotonic() + GRACE_SECONDS
    while process.poll() is None and time.monotonic() < end:
        time.sleep(_LOOK)
    _signal_group(process.pid, signal.SIGKILL)  # what is left of it
    with suppress(OSError):
        os.write(1, f"{process.wait()}\n".encode())


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    main(sys.argv[1:])
