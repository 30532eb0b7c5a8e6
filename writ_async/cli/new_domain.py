"""`writ new-domain`."""

from __future__ import annotations

import argparse
import shlex

from writ_async.cli.terminal import say
from writ_async.commands.new_domain import make_domain_package


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    folder = make_domain_package(arguments.name, arguments.out)
    where = shlex.quote(str(folder))
    say(f"a domain that works in {folder}, to be made into yours; its README says how")
    say(f"next:  pip install -e {where} pytest   ·   python -m pytest {where}   ·   writ synth {arguments.name} --n 20")
    return 0
