"""`writ report`."""

from __future__ import annotations

import argparse

from writ_async.cli.terminal import complain, say
from writ_async.commands.report import make_report
from writ_async.errors import InputError


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    if not (arguments.out or arguments.md or arguments.json):
        raise InputError("report: what is to be written? Give --out FILE.html, --md FILE or --json FILE")
    shown = arguments.md == "-"
    written = make_report(
        arguments.paths,
        out=arguments.out,
        md=None if shown else arguments.md,
        json=arguments.json,
        viewer=arguments.viewer,
        data=arguments.data,
        prices=arguments.prices,
        oracle=not arguments.no_oracle,
    )
    for run in written.report.runs:
        if run.shortfall:
            complain(f"{run.path}: {run.shortfall}")
    if shown:
        say(written.markdown.rstrip("\n"))
    for name, size in written.files.items():
        say(f"{name}: {size / 1000:,.0f} kB")
    return 0
