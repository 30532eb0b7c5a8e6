"""Single keys from a terminal, while something else goes on."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import anyio


@contextmanager
def single_keys() -> Iterator[bool]:
    """Have the terminal give each key at once while the block lasts; False where stdin is none, or not ours to read.

    Ctrl-C and the like still send their signals. The terminal is left as it was found, however the block ends.
    """
    try:
        import termios
        import tty
    except ImportError:  # there is no such terminal on this system
        yield False
        return
    try:
        number = sys.stdin.fileno()
        ours = os.isatty(number) and os.tcgetpgrp(number) == os.getpgrp()
        before = termios.tcgetattr(number) if ours else None
    except (OSError, ValueError, termios.error):
        before = None
    if before is None:
        yield False
        return
    try:
        tty.setcbreak(number, termios.TCSANOW)
        yield True
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


async def read_keys() -> AsyncIterator[str]:
    """Each key that is pressed, in turn, until stdin ends; within `single_keys`."""
    number = sys.stdin.fileno()
    while True:
        await anyio.wait_readable(number)
        if not (read := os.read(number, 32)):
            return
        for key in read.decode(errors="replace"):
            yield key
