"""The commands about run folders as files: merge, status, repair."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from writ_async.cli import epilogs
from writ_async.cli.parser_classes import Formatter, run_later, target

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_merge(commands: Commands) -> None:
    """The parser of `writ merge`."""
    parser = commands.add_parser(
        "merge", help="make one run of the shards of several machines", epilog=epilogs.MERGE, formatter_class=Formatter
    )
    parser.add_argument("paths", nargs="+", metavar="SHARD", help="the folders of all shards, in any order")
    parser.add_argument(
        "--out", type=target, required=True, metavar="RUN", help="the run folder to write, whole or not at all"
    )
    parser.add_argument(
        "--incomplete", action="store_true",
        help="although conversations are still to be played; the run may be gone on with by one machine",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_later("merge"))


def add_status(commands: Commands) -> None:
    """The parser of `writ status`."""
    parser = commands.add_parser(
        "status", help="what goes on in run folders", description=epilogs.STATUS, formatter_class=Formatter
    )
    parser.add_argument("paths", nargs="+", metavar="DIR", help="run folders, or folders that hold some")
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.set_defaults(run=run_later("status"))


def add_repair(commands: Commands) -> None:
    """The parser of `writ repair`."""
    parser = commands.add_parser(
        "repair", help="say what is wrong with a run folder, and mend it", description=epilogs.REPAIR,
        formatter_class=Formatter,
    )  # fmt: skip
    parser.add_argument("path", metavar="RUN", help="a run folder")
    parser.add_argument("--dry-run", action="store_true", help="only say what is wrong; exit code 1 where something is")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_later("repair"))
