"""`writ repair`."""

from __future__ import annotations

import argparse

from writ_async.cli.output import print_json
from writ_async.cli.terminal import say
from writ_async.commands.repair import repair_run


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    report = repair_run(arguments.path, dry_run=arguments.dry_run)
    if arguments.json:
        print_json(report)
        return 1 if report.left else 0
    for fault in report.faults:
        done = fault.remedy if fault.mended or not arguments.dry_run else f"not yet {fault.remedy}"
        say(f"{fault.file}: {fault.what}: {done}")
    if not report.faults:
        say("nothing is wrong with the files")
    status = report.status
    if status.problem:
        say(status.problem)
    elif status.left:
        say(f"{status.rows:,} rows are there, {status.left:,} are to come: the command that began the run goes on")
    else:
        say(f"{status.rows:,} rows, and nothing left to play")
    return 1 if report.left else 0
