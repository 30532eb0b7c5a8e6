"""`writ doctor`."""

from __future__ import annotations

import argparse
from typing import Any

import anyio

from writ_async.cli.output import print_json, print_tables
from writ_async.cli.terminal import say
from writ_async.commands.doctor import Diagnosis, diagnose_all
from writ_async.registry import engine_offering

_MARKS = {"ok": "[green]ok[/green]", "notice": "[yellow]notice[/yellow]", "problem": "[red]problem[/red]"}


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    urls = [url.strip() for part in arguments.url for url in part.split(",")]
    diagnoses = anyio.run(diagnose_all, arguments.engine or engine_offering("launch"), urls, arguments.model)
    healthy = all(diagnosis.healthy for diagnosis in diagnoses)
    if arguments.json:
        print_json(diagnoses[0] if len(diagnoses) == 1 else {"healthy": healthy, "servers": diagnoses})
        return 0 if healthy else 1
    for diagnosis in diagnoses:
        print_tables(_render(diagnosis))
        problems = sum(check.status == "problem" for check in diagnosis.checks)
        said = f"{problems} problem{'s' if problems > 1 else ''}" if problems else "healthy"
        say(f"{diagnosis.url}: {said}")
    return 0 if healthy else 1


def _render(diagnosis: Diagnosis) -> Any:
    """A rich table with a line per check, and what to do below what was found."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("found", overflow="fold")
    for check in diagnosis.checks:
        found = escape(check.found)
        if check.advice:
            found += f"\n[bold]→ {escape(check.advice)}[/bold]"
        table.add_row(check.name, _MARKS[check.status], found)
    return table
