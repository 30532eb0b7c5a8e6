"""What a person sees while a run goes on: a live screen on a terminal, a line now and then in a pipe.

It samples counters; the conversations do not know that somebody looks.
"""

from __future__ import annotations

import signal
import sys
import time

import anyio

from writ_async.cli.keys import read_keys, single_keys
from writ_async.cli.live_screen import Pace, screen_lines, spell_seconds
from writ_async.cli.terminal import complain, lines_above, open_console, shorten, visible_line
from writ_async.runs.progress import Progress, Watcher
from writ_async.runs.task_making import TaskWatcher
from writ_async.scheduler.loop_lag import HIGH

_SAMPLES_PER_SECOND = 4
_PLAIN_SECONDS = 10.0


def show_progress(label: str = "rollouts") -> Watcher:
    """A watcher for `rollouts(watch=...)` that draws a screen on stderr, or in a pipe prints a line now and then."""

    async def watch(progress: Progress) -> None:
        await (_draw_screen if sys.stderr.isatty() else _print_lines)(label, progress)

    return watch


def command_watcher(label: str, quiet: bool) -> Watcher:
    """A watcher for a command: shows progress, unless `quiet`, and turns Ctrl-C and keys into an orderly end."""

    async def watch(progress: Progress) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(_obey_signals, progress)
            if quiet:
                return
            with single_keys() as heard:
                if heard and sys.stderr.isatty():
                    group.start_soon(_obey_keys, progress)
                await show_progress(label)(progress)

    return watch


def command_task_watcher(label: str, quiet: bool) -> TaskWatcher | None:
    """Says on stderr how far a command is with its tasks: on a line that changes, or in a pipe now and then."""
    return None if quiet else _TaskLine(label, sys.stderr.isatty())


class _TaskLine:
    """The line on tasks that are made; it is gone once they are."""

    def __init__(self, label: str, live: bool) -> None:
        self._label = label
        self._live = live
        self._what = ""
        self._began = self._shown = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """See `TaskWatcher`."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._began, self._shown = what, now, now
        if self._live and done >= total:
            sys.stderr.write(f"\r{visible_line('')}\x1b[K")
        elif now - self._shown >= (1 / _SAMPLES_PER_SECOND if self._live else _PLAIN_SECONDS):
            self._shown = now
            line = f"{self._label}: {task_line(what, done, total, now - self._began)}"
            sys.stderr.write(f"\r{visible_line(line)}\x1b[K" if self._live else f"{visible_line(line)}\n")
        sys.stderr.flush()


def task_line(what: str, done: int, total: int, seconds: float) -> str:
    """How many tasks are proved or told after so many seconds, and how long the rest will take.

    >>> task_line("proved", 1200, 20000, 6.0)
    '1,200 of 20,000 tasks proved, 200 a second, about 1:34 left'
    """
    rate = done / seconds if seconds > 0 else 0.0
    left = f", about {spell_seconds((total - done) / rate)} left" if rate else ""
    return f"{done:,} of {total:,} tasks {what}, {rate:,.0f} a second{left}"


async def _obey_signals(progress: Progress) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for number in signals:
            if progress.cancelled:
                raise KeyboardInterrupt
            name = signal.Signals(number).name
            complain(f"{name}: ending in order; what is finished is on disk (once more to leave at once)")
            progress.cancel()


async def _print_lines(label: str, progress: Progress) -> None:
    started = anyio.current_time()
    while True:
        await anyio.sleep(_PLAIN_SECONDS)
        line = _progress_line(progress, anyio.current_time() - started)
        sys.stderr.write(f"{label}: {visible_line(line)}\n")
        sys.stderr.flush()


def _progress_line(progress: Progress, seconds: float) -> str:
    counters = progress.counters
    done = progress.done_before + counters.finished
    return (
        f"{done:,} of {progress.total:,} conversations, {counters.live:,} live, "
        f"{counters.finished / seconds:,.0f} a second, {counters.requests:,} model calls, {counters.failed:,} failed"
        f"{_lag_note(progress)}{_failing_note(progress)}"
    )


def _failing_note(progress: Progress, longest: int = 200) -> str:
    """How many calls are failing now, what was heard last, and how many wait for a limit; empty while none does."""
    notes: list[str] = []
    failing = [counts for counts in progress.calls.values() if counts.failing > 0 and counts.last_failure]
    if failing:
        number = sum(counts.failing for counts in failing)
        notes.append(f"{number:,} calls failing now and tried again: {shorten(failing[0].last_failure, longest)}")
    if held := sum(counts.held_back for counts in progress.calls.values()):
        notes.append(f"{held:,} calls wait for a limit of the server")
    return "".join(f"; {note}" for note in notes)


def _lag_note(progress: Progress) -> str:
    """How late the event loop is, when that is worth saying."""
    lag = progress.lag.quantile(0.99)
    return f", event loop {1e3 * lag:,.0f} ms late" if lag > HIGH else ""


async def _draw_screen(label: str, progress: Progress) -> None:
    from rich.console import Group
    from rich.live import Live

    pace = Pace(anyio.current_time())

    def screen() -> Group:
        pace.take(progress, now := anyio.current_time())
        return Group(*screen_lines(label, progress, pace, now, console.width))

    console = open_console(stderr=True)
    with (
        Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live,
        lines_above(lambda text: live.console.print(text, markup=False, soft_wrap=True)),
    ):
        try:
            while True:
                live.update(screen(), refresh=True)
                await anyio.sleep(1 / _SAMPLES_PER_SECOND)
        finally:
            live.update(screen(), refresh=True)


async def _obey_keys(progress: Progress) -> None:
    async for key in read_keys():
        if key == "q":
            progress.drained = True
            progress.drain()
        elif key == "Q":
            progress.cancel()
