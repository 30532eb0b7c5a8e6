"""The flags of the commands that say what there is, or begin something of one's own."""

from __future__ import annotations

import argparse

from writ_async.cli import epilogs
from writ_async.cli.parser_classes import Formatter, run_later, target


def add_new_domain(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ new-domain`."""
    parser = commands.add_parser(
        "new-domain",
        help="make a package with a small domain that works, to start yours from",
        epilog=epilogs.NEW_DOMAIN,
        formatter_class=Formatter,
    )
    parser.add_argument("name", metavar="NAME", help="lower-case letters, digits and _; the package is writ_NAME")
    parser.add_argument("--out", type=target, metavar="DIR", help="the folder to make; NAME if not given")
    parser.set_defaults(run=run_later("new_domain"))


def add_engines(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ engines`."""
    parser = commands.add_parser("engines", help="list who can play, and their options", formatter_class=Formatter)
    parser.add_argument("name", nargs="?", metavar="NAME", help="one engine, with its options")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_later("engines"))


def add_domains(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ domains`."""
    parser = commands.add_parser("domains", help="list domains, their tools and recipes", formatter_class=Formatter)
    parser.add_argument("name", nargs="?", metavar="NAME", help="one domain, with its tools and recipes")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_later("domains"))


def add_behaviours(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ behaviours`."""
    parser = commands.add_parser(
        "behaviours", help="list the ways in which users tell a request", formatter_class=Formatter
    )
    parser.add_argument("axis", nargs="?", metavar="AXIS", help="one axis, with all of its wordings")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_later("behaviours"))


def add_completion(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ completion`."""
    parser = commands.add_parser(
        "completion",
        help="print what a shell needs to complete commands, flags and values",
        epilog=epilogs.COMPLETION,
        formatter_class=Formatter,
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that is to read it")
    parser.set_defaults(run=run_later("completion"))
