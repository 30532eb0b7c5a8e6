"""`writ view`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from writ_async.cli.terminal import complain, open_console, say
from writ_async.commands.view import open_index, serve
from writ_async.errors import InputError
from writ_async.viewer.app import PAGE
from writ_async.viewer.row_index import RowIndex
from writ_async.viewer.static_files import write_static


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    if not 0 <= arguments.port < 1 << 16:
        raise InputError(f"--port must be from 0 to 65535, not {arguments.port}")
    with open_console(stderr=True).status("reading rows"):
        index = open_index(arguments.paths, data=arguments.data, benchmark=arguments.benchmark, domain=arguments.domain)
    for source in index.sources:
        if source.shortfall:
            complain(f"{source.path}: {source.shortfall}")
        for notice in source.notices:
            complain(notice)
    if arguments.static:
        return _write(arguments, index)
    rows = f"{len(index.keys):,} rows of {', '.join(source.name for source in index.sources)}"

    def tell(address: str) -> None:
        say(f"{rows}\n{address}   Ctrl-C ends")
        sys.stdout.flush()

    with suppress(KeyboardInterrupt):
        asyncio.run(serve(index, arguments.port, arguments.tokenizer, tell))
    return 0


def _write(arguments: argparse.Namespace, index: RowIndex) -> int:
    """Write the files, and say where to begin."""
    rows = len(index.keys)
    with open_console(stderr=True).status("writing") as status:
        files = write_static(
            index,
            arguments.static,
            arguments.tokenizer,
            lambda done: status.update(f"{done:,} of {rows:,} rows written"),
        )
    say(f"{rows:,} rows in {files:,} files; open {Path(arguments.static) / PAGE} in a browser")
    return 0
