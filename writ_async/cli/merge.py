"""`writ merge`."""

from __future__ import annotations

import argparse

from writ_async.cli.output import print_json, print_tables
from writ_async.cli.tables import summary_table
from writ_async.cli.terminal import say
from writ_async.commands.merge import merge_shards


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    merged = merge_shards(arguments.paths, arguments.out, incomplete=arguments.incomplete)
    if arguments.json:
        print_json(merged)
        return 0
    print_tables(summary_table(merged.summary))
    say(f"{merged.shards:,} shards: {merged.rows:,} rows of {merged.wanted:,} conversations in {merged.run}")
    return 0
