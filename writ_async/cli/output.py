"""Printing results: tables for people, one JSON object for programs."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from writ_async.cli.live_screen import spell_seconds
from writ_async.cli.tables import estimate_table
from writ_async.cli.terminal import complain, open_console, say, shorten, visible_json
from writ_async.core.engine import CallCounts
from writ_async.runs.estimate import Estimate
from writ_async.runs.progress import Progress
from writ_async.runs.shortfall import say_shortfall
from writ_async.runs.summary import Summary
from writ_async.scheduler.loop_lag import HIGH


def print_json(value: Any) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(visible_json(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()) + "\n")


def print_tables(*tables: Any) -> None:
    """Rich tables on stdout; in a pipe they are plain and 100 columns wide."""
    console = open_console()
    for table in tables:
        console.print(table)


def tell_shortfalls(*paths: str) -> None:
    """Say on stderr which of some run folders lack rows, and why. Raises `InputError` for one that cannot be read."""
    for path in paths:
        if line := say_shortfall(path):
            complain(line)


def report_end(progress: Progress) -> int:
    """The exit code of a run, said on stderr when it is not 0, with what was noticed about its folder."""
    for notice in progress.notices:
        complain(notice)
    for counts in progress.calls.values():
        if counts.failures:
            complain(_calls_line(counts))
    # Where no server is called a late loop costs nobody anything: the process is simply busy.
    if progress.calls and (lag := progress.lag.quantile(0.99)) > HIGH:
        complain(
            f"the event loop was {1e3 * lag:,.0f} ms late in one of a hundred looks, "
            f"{1e3 * progress.lag.most:,.0f} ms at most; fewer live conversations or a faster core would help"
        )
    for remark in progress.summary.remarks:
        complain(remark)
    shortfall = "" if progress.halted else _shortfall(progress.summary)
    if shortfall:
        complain(shortfall)
    if progress.stopped:
        complain(
            f"stopped: {progress.stopped} Put that right and use a new folder, for what was played stays as it is; "
            "--stop-when-failing 0 goes on all the same"
        )
        return 1
    left = progress.total - progress.done_before - progress.counters.finished + progress.counters.failed
    if progress.halted:
        complain(
            f"ended in order, for no call is answered any more: {shorten(progress.halted)}; {left:,} conversations to "
            "go, and the same command goes on from here"
        )
        return 1
    if progress.cancelled or (progress.drained and left):
        complain(f"interrupted with {left:,} conversations to go; the same command goes on from here")
        return 130
    if progress.lost:
        complain(f"{progress.lost:,} conversations were lost with their worker; the same command plays them again")
        return 1
    if progress.counters.failed:
        complain(
            f"{progress.counters.failed:,} conversations were ended from outside (see failures.log); "
            "the same command tries those again that may end otherwise"
        )
        return 1
    return 1 if shortfall else 0


def report_estimate(estimate: Estimate, *, as_json: bool) -> int:
    """Say what a run would take; the exit code is 0."""
    if as_json:
        print_json(estimate)
        return 0
    print_tables(estimate_table(estimate))
    least = "at least " if estimate.least else ""
    say(
        f"{least}{estimate.conversations:,} conversations, reckoned from {estimate.sample:,} that a script played; a "
        "model takes more turns, and thinks"
    )
    if estimate.dollars is not None:
        say(f"{least}${estimate.dollars:,.2f} at the prices that are known")
    for seat in dict.fromkeys(
        found.engine for found in estimate.seats.values() if found.sold and found.dollars is None
    ):
        say(f"no price of {seat} is known; the engine's option prices names a file of them")
    hours = f"{least}{spell_seconds(3600 * estimate.hours)} by its limits of calls and tokens a minute"
    say(hours if estimate.hours else "how long it takes on a GPU: writ plan")
    return 0


def _shortfall(summary: Summary) -> str:
    """What a run that was to keep so many rows lacks, and why; empty where it lacks none."""
    keeping = summary.keeping
    if keeping is msgspec.UNSET or not keeping.missing:
        return ""
    cells = ", ".join(f"{cell or 'any'} {left:,}" for cell, left in list(keeping.missing.items())[:3])
    more = f" and {len(keeping.missing) - 3:,} more" if len(keeping.missing) > 3 else ""
    why = keeping.ended or "no more tasks that pass were found"
    return f"{sum(keeping.missing.values()):,} rows fewer than asked for ({cells}{more}): {why}"


def _calls_line(counts: CallCounts) -> str:
    """How an engine's calls went, with the reason that was heard last."""
    kinds = ", ".join(f"{kind} {number:,}" for kind, number in sorted(counts.failures.items()))
    last = f"; the last: {shorten(counts.last_failure)}" if counts.last_failure else ""
    return (
        f"{counts.attempts:,} attempts at {counts.calls:,} model calls; failed: {kinds}; "
        f"{counts.recovered:,} calls succeeded later, {sum(counts.given_up.values()):,} were given up{last}"
    )
