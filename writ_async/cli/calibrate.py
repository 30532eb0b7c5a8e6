"""`writ calibrate`."""

from __future__ import annotations

import argparse

import anyio
import msgspec

from writ_async.cli.output import print_json
from writ_async.cli.terminal import say
from writ_async.errors import InputError
from writ_async.registry import engine_offering, load_engine
from writ_async.runs.own_files import refuse_own_files
from writ_async.runs.writing import write_whole


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    if not arguments.seconds > 0:
        raise InputError(f"--seconds must be more than 0, not {arguments.seconds:g}")
    engine = arguments.engine or engine_offering("calibrate")
    calibrate = load_engine(engine).calibrate
    if calibrate is None:
        raise InputError(f"engine {engine!r} has no server whose costs could be fitted")
    fitted = anyio.run(calibrate, arguments.source, arguments.seconds)
    if arguments.out:
        refuse_own_files(arguments.out)
        write_whole(arguments.out, msgspec.json.format(msgspec.json.encode(fitted.costs)) + b"\n")
    if arguments.json:
        print_json(fitted)
        return 0
    for line in fitted.summary:
        say(line)
    for remark in fitted.remarks:
        say(f"note: {remark}")
    return 0
