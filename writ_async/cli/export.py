"""`writ export`."""

from __future__ import annotations

import argparse
from pathlib import Path

from writ_async.cli import settings
from writ_async.cli.output import print_json, tell_shortfalls
from writ_async.cli.terminal import say
from writ_async.commands.export import export_rows


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    report = export_rows(
        arguments.paths,
        arguments.format,
        arguments.out,
        include_rejected=arguments.all,
        greeting=None if arguments.greeting is None else arguments.greeting == "keep",
        cap=arguments.cap,
        card=arguments.card,
        contamination=arguments.contamination,
        filters=settings.parse_filters(arguments),
        seat=arguments.seat,
        prompts=arguments.prompts,
        data=arguments.data,
    )
    tell_shortfalls(*arguments.paths)
    exported = report.exported
    if arguments.json:
        counts = {name: getattr(exported, name) for name in exported.__struct_fields__}
        card = {"card": report.card} if report.card else {}
        print_json({"out": arguments.out, "format": report.format, **counts, **card})
        return 0
    left_out = [f"{exported.rejected:,} rejected", f"{exported.unfit:,} unfit"]
    if exported.dropped:
        left_out.insert(1, f"{exported.dropped:,} twins, over the cap or surplus")
    if exported.unmaskable:
        left_out.insert(1, f"{exported.unmaskable:,} with turns that the format cannot mask")
    fell = f"{', '.join(left_out[:-1])} and {left_out[-1]} left out"
    say(f"{exported.rows:,} rows in {arguments.out} ({report.format}; {fell})")
    if report.card:
        say(f"data set card in {Path(report.card)}")
    return 0
