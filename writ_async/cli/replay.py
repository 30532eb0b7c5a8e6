"""`writ replay`."""

from __future__ import annotations

import argparse

from writ_async.cli.output import print_json, tell_shortfalls
from writ_async.cli.terminal import complain, say
from writ_async.commands.replay import replay_run

_MOST = 20


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    tell_shortfalls(arguments.path)
    report = replay_run(arguments.path, data=arguments.data)
    if arguments.json:
        print_json(report)
        return 1 if report.mismatches else 0
    for mismatch in report.mismatches[:_MOST]:
        where = "" if mismatch.message is None else f" message {mismatch.message}"
        say(f"{mismatch.trajectory}{where}: {mismatch.what}")
    if len(report.mismatches) > _MOST:
        say(f"and {len(report.mismatches) - _MOST:,} more")
    if report.unsealed and report.rows:
        say(f"{report.unsealed:,} rows of an older version have no seal: whether their words were changed is not known")
    say(
        f"{report.rows:,} rows ({report.kept:,} kept), {report.calls:,} tool calls made again: "
        f"{len(report.mismatches):,} mismatches"
    )
    if not report.rows:
        complain("the run has no rows yet")
    return 1 if report.mismatches else 0
