"""`writ compare`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from writ_async.cli.output import print_json, print_tables, tell_shortfalls
from writ_async.cli.tables import new_table
from writ_async.cli.terminal import complain, say
from writ_async.commands.compare import Comparison, compare_runs
from writ_async.errors import InputError
from writ_async.report.texts import p_value

_SHOWN = 10
_CERTAIN = 0.05


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    if len(arguments.paths) < 2:
        raise InputError("compare: give two runs at least, the one to compare with first")
    tell_shortfalls(*arguments.paths)
    found = [compare_runs(arguments.paths[0], path) for path in arguments.paths[1:]]
    if arguments.json:
        print_json(found[0] if len(found) == 1 else found)
    else:
        print_tables(_differences(found))
        for one in found:
            for line in _lines(one):
                say(line)
    least = arguments.fail_below
    if least is None:
        return 0
    failed = [one for one in found if 100 * one.difference.mean < least]
    for one in failed:
        complain(f"{one.b} is at {100 * one.difference.mean:+.1f} points against {one.a}; --fail-below {least:g}")
    return 1 if failed else 0


def _differences(found: list[Comparison]) -> Any:
    table = new_table(("run",), ("tasks", "pass^1", "against", "points", "95 %", "p", "detectable"))
    for one in found:
        difference = one.difference
        table.add_row(
            one.b,
            f"{one.tasks:,}",
            f"{one.after:.3f}",
            f"{one.before:.3f}",
            f"{100 * difference.mean:+.1f}",
            f"{100 * difference.low:+.1f} to {100 * difference.high:+.1f}",
            p_value(difference.p),
            f"{100 * difference.detectable:.1f}",
        )
    return table


def _lines(one: Comparison) -> Iterator[str]:
    """What a comparison comes to, in words."""
    certain = one.difference.p < _CERTAIN
    yield (
        f"{one.b} against {one.a}: "
        + ("the difference is more than chance" if certain else "chance alone could make this difference")
        + f"; runs like these mostly show a true difference of {100 * one.difference.detectable:.1f} points or more"
    )
    lost = [change for change in one.changed if change.after < change.before]
    gained = [change for change in reversed(one.changed) if change.after > change.before]
    for what, changes in (("lost", lost), ("gained", gained)):
        if changes:
            named = ", ".join(f"{item.task} ({item.before:.2f} → {item.after:.2f})" for item in changes[:_SHOWN])
            more = f", and {len(changes) - _SHOWN:,} more" if len(changes) > _SHOWN else ""
            yield f"{what}: {len(changes):,} of {one.tasks:,} tasks: {named}{more}"
    if one.left_out:
        yield f"{one.left_out:,} tasks have no trial in one of the runs that says anything, and are left out"
