"""`writ completion`: the script by which a shell asks what may follow."""

from __future__ import annotations

import argparse

from argcomplete.shell_integration import shellcode

from writ_async.cli.terminal import say


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    # Without readline's own guesses: where a number or a text is due, no file should stand there.
    say(shellcode(["writ"], use_defaults=False, shell=arguments.shell))
    return 0
