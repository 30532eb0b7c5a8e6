"""What a person sees while a run goes on: a live bar on a terminal, a line now and then in a pipe.

It samples counters; the conversations do not know that somebody looks.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import anyio

from writ_async.runs.progress import Progress
from writ_async.scheduler.loop_lag import HIGH

_SAMPLES_PER_SECOND = 4
_PLAIN_SECONDS = 10.0


def watcher(label: str, quiet: bool) -> Callable[[Progress], Coroutine[Any, Any, None]]:
    """A watcher for `simulate`: shows progress on stderr, and turns Ctrl-C into an orderly end."""

    async def watch(progress: Progress) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(_obey_signals, progress)
            if not quiet:
                await (_live if sys.stderr.isatty() else _plain)(label, progress)

    return watch


async def _obey_signals(progress: Progress) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for number in signals:
            if progress.cancelled:
                raise KeyboardInterrupt
            name = signal.Signals(number).name
            print(
                f"writ: {name}: ending in order; what is finished is on disk (once more to leave at once)",
                file=sys.stderr,
            )
            progress.cancel()


async def _plain(label: str, progress: Progress) -> None:
    started = anyio.current_time()
    while True:
        await anyio.sleep(_PLAIN_SECONDS)
        print(f"{label}: {_line(progress, anyio.current_time() - started)}", file=sys.stderr, flush=True)


def _line(progress: Progress, seconds: float) -> str:
    counters = progress.counters
    done = progress.done_before + counters.finished
    return (
        f"{done:,} of {progress.total:,} conversations, {counters.live:,} live, "
        f"{counters.finished / seconds:,.0f} a second, {counters.requests:,} model calls, {counters.failed:,} failed"
        f"{_lag(progress)}"
    )


def _lag(progress: Progress) -> str:
    """How late the event loop is, when that is worth saying."""
    lag = progress.lag.quantile(0.99)
    return f", event loop {1e3 * lag:,.0f} ms late" if lag > HIGH else ""


async def _live(label: str, progress: Progress) -> None:
    from rich.console import Console
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
    with Bars(*columns, console=Console(stderr=True), auto_refresh=False) as bars:
        bar = bars.add_task(label, total=progress.total, state="")
        try:
            while True:
                _update(bars, bar, progress)
                await anyio.sleep(1 / _SAMPLES_PER_SECOND)
        finally:
            _update(bars, bar, progress)


def _update(bars: Any, bar: Any, progress: Progress) -> None:
    counters = progress.counters
    total = progress.summary.total()
    state = f"{counters.live:,} live · {total.kept:,} kept"
    if counters.failed:
        state += f" · [red]{counters.failed:,} failed"
    state += _lag(progress).replace(", ", " · [yellow]")
    bars.update(bar, completed=progress.done_before + counters.finished, state=state)
    bars.refresh()
