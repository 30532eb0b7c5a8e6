"""The commands: the parser of `writ`, put together from those of its commands."""

from __future__ import annotations

import argparse

from writ_async.cli.parser_classes import Formatter, Parser, Version
from writ_async.cli.parser_of_lists import add_behaviours, add_completion, add_domains, add_engines, add_new_domain
from writ_async.cli.parser_of_making import add_eval, add_synth
from writ_async.cli.parser_of_reading import (
    add_check,
    add_compare,
    add_export,
    add_kit,
    add_publish,
    add_replay,
    add_report,
    add_select,
    add_show,
    add_view,
)
from writ_async.cli.parser_of_runs import add_merge, add_repair, add_status
from writ_async.cli.parser_of_servers import add_calibrate, add_doctor, add_plan, add_serve


def build_parser() -> argparse.ArgumentParser:
    """The parser of the `writ` command."""
    parser = argparse.ArgumentParser(
        prog="writ",
        description="Synthesise, evaluate and replay conversations between a tool agent and its user.",
        epilog="Start with: writ synth retail --n 100 --out runs/first   (no model, no GPU)",
        formatter_class=Formatter,
    )
    parser.add_argument("--version", action=Version, help="print the version")
    commands: argparse._SubParsersAction[argparse.ArgumentParser]
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    add_synth(commands)
    add_eval(commands)
    add_merge(commands)
    add_status(commands)
    add_repair(commands)
    add_compare(commands)
    add_report(commands)
    add_kit(commands)
    add_replay(commands)
    add_select(commands)
    add_export(commands)
    add_publish(commands)
    add_check(commands)
    add_show(commands)
    add_view(commands)
    add_serve(commands)
    add_doctor(commands)
    add_plan(commands)
    add_calibrate(commands)
    add_new_domain(commands)
    add_engines(commands)
    add_domains(commands)
    add_behaviours(commands)
    add_completion(commands)
    return parser
