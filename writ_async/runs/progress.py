"""How far a run is: what a watcher sees of one that goes on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from writ_async.core.engine import CallCounts
from writ_async.core.trajectory import Seat
from writ_async.runs.folder import RunFolder
from writ_async.runs.resume import PlayedTrials
from writ_async.runs.summary import Summary
from writ_async.scheduler import Counters
from writ_async.scheduler.loop_lag import Lag


class Progress(msgspec.Struct):
    """What a watcher may read at any time: how much there is to do, and what has happened.

    `done_before` conversations were in the run folder when the run was resumed. `cancel` ends the run in order,
    `drain` lets what is live come to its end and begins nothing more.
    `notices` are lines about what was found in the folder. `calls` counts the calls of an engine that plays both seats
    once, as the agent's. `lag` says how late the event loop was. `lost` conversations
    were not played because the process died that was to play them. `stopped` says why the run is not gone on with,
    where nearly all of it fails; `halted` says that no call was answered any more, and why, so that it was ended in
    order; `drained` that somebody wanted no more to be begun.
    """

    total: int = 0
    done_before: int = 0
    counters: Counters = msgspec.field(default_factory=Counters)
    summary: Summary = msgspec.field(default_factory=Summary)
    cancel: Callable[[], None] = lambda: None
    cancelled: bool = False
    drain: Callable[[], None] = lambda: None
    notices: list[str] = []
    calls: dict[Seat, CallCounts] = {}
    lag: Lag = msgspec.field(default_factory=Lag)
    lost: int = 0
    drained: bool = False
    stopped: str = ""
    halted: str = ""


Watcher = Callable[[Progress], Coroutine[Any, Any, None]]
"""Runs beside a run and is cancelled when it ends: it looks at the progress as often as it likes."""


def begin_progress(run: RunFolder, total: int, played: PlayedTrials) -> Progress:
    """The progress of a run that is about to go on from what was played."""
    done = len(played.ids) + played.skipped
    progress = Progress(total, done, summary=played.summary, notices=run.notices)
    if done:
        progress.notices.append(f"{run.path}: {done:,} of {total:,} conversations were there")
    return progress
