"""`writ behaviours`: in which ways users tell a request."""

from __future__ import annotations

import argparse

from writ_async.behaviour.axes import AXES, AXIS_WEIGHTS
from writ_async.behaviour.value import Value
from writ_async.cli.output import print_json, print_tables
from writ_async.cli.tables import new_table
from writ_async.cli.terminal import say
from writ_async.errors import InputError


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    known = {str(axis): values for axis, values in AXES.items()}
    if arguments.axis is not None and arguments.axis not in known:
        raise InputError(f"unknown axis {arguments.axis!r}; known: {', '.join(known)}")
    chosen = {axis: values for axis, values in known.items() if arguments.axis in (None, axis)}
    if arguments.json:
        print_json({axis: [_shown(value) for value in values] for axis, values in chosen.items()})
        return 0
    table = new_table(("axis", "value", "what the user is told" if arguments.axis else "for example"), ())
    table.columns[2].no_wrap = False
    for axis, values in chosen.items():
        heading = axis
        for value in values:
            for wording in value.instructions if arguments.axis else value.instructions[:1]:
                table.add_row(heading, value.name, wording)
                heading = ""
        table.add_section()
    print_tables(table)
    weight = sum(AXIS_WEIGHTS.values())
    if arguments.axis is None:
        say("--behaviours AXIS=VALUE,AXIS=VALUE gives all users these; writ behaviours AXIS has all wordings")
    else:
        share = next(own for axis, own in AXIS_WEIGHTS.items() if axis == arguments.axis) / weight
        say(f"{100 * share:.0f} of 100 in the weights of the axes; --behaviours {arguments.axis}=VALUE asks for one")
    return 0


def _shown(value: Value) -> dict[str, object]:
    return {"value": value.name, "weight": value.weight, "instructions": value.instructions}
