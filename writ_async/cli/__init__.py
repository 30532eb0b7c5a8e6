"""The `writ` command: parse, call, print. Nothing heavy is imported before it is known what to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from writ_async.cli.parser import build_parser
from writ_async.cli.terminal import complain, shorten, show_warnings
from writ_async.errors import WritError

INTERRUPTED = 130
COMPLETING = "_ARGCOMPLETE"
"""The variable in which a shell says that it only wants to know what may follow."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 1 something failed, 2 bad input, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that knows ASCII alone gets the rest spelled out
            stream.reconfigure(errors="backslashreplace")
    try:
        parser = build_parser()
        if COMPLETING in os.environ:
            from writ_async.cli.completers import complete

            complete(parser)
        arguments = parser.parse_args(argv)
        show_warnings()
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except WritError as exc:
        complain(" ".join(str(exc).split()))
        return exc.exit_code
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; nothing more can be said, not even by the interpreter at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as exc:
        if exc.filename is None:  # no file is to blame
            raise
        complain(f"{shorten(str(exc.filename))}: {exc.strerror}; check the path")
        return 2
