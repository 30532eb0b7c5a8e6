"""`writ status`."""

from __future__ import annotations

import argparse
import time

from writ_async.cli.output import print_json, print_tables
from writ_async.cli.tables import new_table
from writ_async.cli.terminal import say
from writ_async.runs.status import RunStatus, find_runs, status_of

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    found = dict.fromkeys(run for folder in arguments.paths for run in find_runs(folder))
    statuses = [status_of(run) for run in found]
    if arguments.json:
        print_json(statuses)
    else:
        now = time.time()
        table = new_table(("run", "state"), ("rows", "of", "kept", "failed", "last row"))
        table.columns[0].no_wrap, table.columns[0].overflow = False, "fold"
        for status in statuses:
            table.add_row(*_cells(status, now))
        print_tables(table)
        for status in statuses:
            for line in _lines(status):
                say(line)
    return 1 if any(status.state == "broken" for status in statuses) else 0


def _cells(status: RunStatus, now: float) -> tuple[str, ...]:
    return (
        status.run,
        status.state,
        f"{status.rows:,}",
        f"{status.wanted:,}",
        "–" if status.kept is None else f"{status.kept:,}",
        f"{sum(status.failures.values()):,}",
        "–" if not status.written else f"{_told_age(now - status.written)} ago",
    )


def _lines(status: RunStatus) -> list[str]:
    """What has no room in the table."""
    lines = [f"{status.run}: {status.owner} is writing to it"] if status.owner else []
    if status.failures:
        kinds = ", ".join(f"{name} {count:,}" for name, count in status.failures.items())
        given_up = f"; {status.given_up:,} are not tried again" if status.given_up else ""
        lines.append(f"{status.run}: failed by {kinds}{given_up}")
    if status.problem:
        lines.append(f"{status.problem} (`writ repair {status.run}` says more)")
    return lines


def _told_age(seconds: float) -> str:
    """A time in its largest whole unit.

    >>> _told_age(7300), _told_age(0.2)
    ('2 h', '0 s')
    """
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), _UNITS[-1])
    return f"{max(0, int(seconds // size))} {unit}"
