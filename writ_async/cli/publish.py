"""`writ publish`."""

from __future__ import annotations

import argparse

import msgspec

from writ_async.cli import settings
from writ_async.cli.output import print_json, tell_shortfalls
from writ_async.cli.terminal import say
from writ_async.commands.publish import publish


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    report = publish(
        arguments.paths,
        arguments.to,
        license=arguments.license,
        shard_rows=arguments.shard_rows,
        cap=arguments.cap,
        filters=settings.parse_filters(arguments),
        contamination=arguments.contamination,
        public=arguments.public,
    )
    tell_shortfalls(*arguments.paths)
    if arguments.json:
        print_json(msgspec.to_builtins(report))
        return 0
    files = f"{len(report.shards)} file{'s' if len(report.shards) > 1 else ''}"
    say(f"{report.exported.rows:,} rows in {files}, with a card: {report.where}")
    return 0
