"""`writ export`."""

from __future__ import annotations

import argparse

from writ_async.cli.output import print_json
from writ_async.data.export import format_named
from writ_async.data.run_view import RunView


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    write = format_named(arguments.format).write
    exported = write(RunView.open(arguments.path), arguments.out, include_rejected=arguments.all)
    if arguments.json:
        print_json({"out": arguments.out, **{name: getattr(exported, name) for name in exported.__struct_fields__}})
        return 0
    left_out = f"{exported.rejected:,} rejected and {exported.unfit:,} unfit left out"
    print(f"{exported.rows:,} rows in {arguments.out} ({left_out})")
    return 0
