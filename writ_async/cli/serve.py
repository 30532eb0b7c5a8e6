"""`writ serve`: a model server with flags that suit many long conversations.

The command becomes the server: this process is replaced by it, so signals and the exit code are the server's own.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence

from writ_async.cli.terminal import say, visible
from writ_async.core.engine import Launch
from writ_async.errors import InputError
from writ_async.registry import engine_offering, load_engine


def run_command(arguments: argparse.Namespace) -> int:
    """Print the command and become it; with `--dry-run`, print it only."""
    engine = arguments.engine or engine_offering("launch")
    launch = load_engine(engine).launch
    if launch is None:
        raise InputError(f"engine {engine!r} has no server to start")
    settings = {name: getattr(arguments, name) for name in Launch.__struct_fields__}
    command = list(launch(Launch(**{**settings, "extra": tuple(arguments.extra)})))
    if arguments.dry_run:
        say(format_command(command))
        return 0
    sys.stderr.write(f"{visible(format_command(command))}\n")
    sys.stderr.flush()
    os.execvp(command[0], command)


def format_command(command: Sequence[str]) -> str:
    """The command as a person would type it, a flag to a line."""
    lines = [shlex.join(command[:3])]
    for word in command[3:]:
        quoted = shlex.quote(word)
        if word.startswith("-"):
            lines.append(quoted)
        else:
            lines[-1] += f" {quoted}"
    return " \\\n  ".join(lines)
