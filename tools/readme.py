"""Runs the commands of a README, so that they cannot rot: `python tools/readme.py README.md [--write]`.

In a fenced `console` block every line that begins with `$ ` is a command; what follows it is what it must print, line
by line, where `…` stands for anything. A fenced `sh` block is only run. Commands run in the repository root with
the virtual environment first on the PATH. `make test` is left to whoever calls this. A block after
`<!-- needs-tau2-data -->` is left out where TAU2_DATA_DIR is not set. Exit code 1 when a command fails or prints
something else; with `--write` what it prints is put into the README instead, but for lines with `…`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
NEEDS_DATA = "<!-- needs-tau2-data -->"
LEFT_OUT = ("make test",)


class Command(NamedTuple):
    """A command, the line of the README that it stands in, and what it should print (None: anything)."""

    line: int
    text: str
    expected: list[str] | None
    needs_data: bool


def commands(text: str) -> list[Command]:
    """The commands of all fenced blocks, in order."""
    found: list[Command] = []
    kind = ""
    needs_data = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            kind = "" if kind else line[3:].strip() or "text"
            needs_data = needs_data and bool(kind)
        elif not kind:
            needs_data = line.strip() == NEEDS_DATA or (needs_data and not line.strip())
        elif kind == "sh" and line.strip() and not line.startswith("#"):
            found.append(Command(number, line, None, needs_data))
        elif kind == "console" and line.startswith("$ "):
            found.append(Command(number, line[2:], [], needs_data))
        elif kind == "console" and found and found[-1].expected is not None:
            found[-1].expected.append(line)
    return found


def matches(expected: list[str], printed: list[str]) -> str:
    """Empty when the lines agree, blank lines and trailing spaces aside; else the first that does not."""
    want = [line.strip() for line in expected if line.strip()]
    have = [line.strip() for line in printed if line.strip()]
    for place, line in enumerate(want):
        if line == "…":
            return ""
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        if place >= len(have) or not re.fullmatch(pattern, have[place]):
            return f"expected {line!r}, got {have[place] if place < len(have) else 'nothing'!r}"
    return f"more was printed: {have[len(want)]!r}" if len(have) > len(want) and want else ""


def rewritten(lines: list[str], command: Command, printed: list[str]) -> list[str]:
    """The README's lines with what a command prints in the place of what it says, blank lines left out."""
    expected = command.expected or []
    if not expected or any("…" in line for line in expected):
        return lines
    return (
        lines[: command.line]
        + [line.rstrip() for line in printed if line.strip()]
        + lines[command.line + len(expected) :]
    )


def main() -> int:
    """Run everything; returns the exit code."""
    path = Path(sys.argv[1])
    write = "--write" in sys.argv
    outputs: list[tuple[Command, list[str]]] = []
    environment = {**os.environ, "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"}
    data = ROOT.parent / "shared" / "tau2" / "data"
    if "TAU2_DATA_DIR" not in environment and data.is_dir():
        environment["TAU2_DATA_DIR"] = str(data)
    wrong = 0
    for command in commands(path.read_text()):
        if command.text.strip() in LEFT_OUT:
            continue
        if command.needs_data and "TAU2_DATA_DIR" not in environment:
            print(f"left out, TAU2_DATA_DIR is not set: {command.text}", flush=True)
            continue
        print(f"$ {command.text}", flush=True)
        done = subprocess.run(
            ["bash", "-c", command.text], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False
        )
        outputs.append((command, done.stdout.splitlines()))
        said = "" if write else matches(command.expected or [], done.stdout.splitlines())
        if done.returncode or said:
            wrong += 1
            print(f"{path}:{command.line}: exit code {done.returncode}; {said}\n{done.stdout}", flush=True)
    if write:
        lines = path.read_text().splitlines()
        for command, printed in reversed(outputs):
            lines = rewritten(lines, command, printed)
        path.write_text("\n".join(lines) + "\n")
    print(f"{path}: {wrong} commands went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
