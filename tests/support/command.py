"""The `writ` command as a person types it, in a process of its own or in this one."""

from __future__ import annotations

import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from writ_async.cli import main


def typed(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What the command prints and its exit code, from a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "writ_async", *arguments], capture_output=True, text=True, cwd=cwd, check=False
    )


def called(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The same without a new interpreter; what would print a traceback there is raised here."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), chdir(cwd or "."):
        try:
            code = main(arguments)
        except SystemExit as exc:  # as argparse ends after --help
            code = exc.code if isinstance(exc.code, int) else 1
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
