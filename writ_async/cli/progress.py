"""What a person sees while a run goes on: a live bar on a terminal, a line now and then in a pipe.

It samples counters; the conversations do not know that somebody looks.
"""

from __future__ import annotations

import signal
import sys
from typing import Any

import anyio

from writ_async.cli.terminal import complain, open_console, shorten, visible_line
from writ_async.runs.progress import Progress, Watcher
from writ_async.scheduler.loop_lag import HIGH

_SAMPLES_PER_SECOND = 4
_PLAIN_SECONDS = 10.0


def show_progress(label: str = "rollouts") -> Watcher:
    """A watcher for `rollouts(watch=...)` that draws a bar on stderr, or in a pipe prints a line now and then."""

    async def watch(progress: Progress) -> None:
        await (_draw_bar if sys.stderr.isatty() else _print_lines)(label, progress)

    return watch


def command_watcher(label: str, quiet: bool) -> Watcher:
    """A watcher for a command: shows progress, unless `quiet`, and turns Ctrl-C into an orderly end."""

    async def watch(progress: Progress) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(_obey_signals, progress)
            if not quiet:
                await show_progress(label)(progress)

    return watch


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


async def _draw_bar(label: str, progress: Progress) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=open_console(stderr=True), auto_refresh=False) as bars:
        bar = bars.add_task(label, total=progress.total, state="")
        try:
            while True:
                _update_bar(bars, bar, progress)
                await anyio.sleep(1 / _SAMPLES_PER_SECOND)
        finally:
            _update_bar(bars, bar, progress)


def _update_bar(bars: Any, bar: Any, progress: Progress) -> None:
    from rich.markup import escape

    counters = progress.counters
    total = progress.summary.total()
    state = f"{counters.live:,} live · {total.kept:,} kept"
    if counters.failed:
        state += f" · [red]{counters.failed:,} failed[/red]"
    state += _lag_note(progress).replace(", ", " · [yellow]")
    if failing := _failing_note(progress, 60):
        state += f" · [red]{escape(visible_line(failing.removeprefix('; ')))}[/red]"
    bars.update(bar, completed=progress.done_before + counters.finished, state=state)
    bars.refresh()
