"""`writ tau2-kit`."""

from __future__ import annotations

import argparse
from pathlib import Path

from writ_async.cli.terminal import say
from writ_async.registry import load_benchmark
from writ_async.runs.own_files import refuse_own_files
from writ_async.runs.writing import write_whole


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    kit = load_benchmark(arguments.benchmark).make_kit(arguments.checkout)
    refuse_own_files(arguments.out)
    write_whole(Path(arguments.out), kit)
    say(f"{len(kit):,} bytes in {arguments.out}")
    say(f"next:  writ eval --tasks {arguments.benchmark}:SUBSET --prompts {arguments.out}")
    return 0
