"""Runs a page as a stranger would type it, so that it cannot rot: `tools/readme.py PAGE.md... [--write | --types]`.

Each page has one shell of its own, in the repository root, with nothing of a virtual environment on its PATH: what the
page does not activate is not there. In a fenced `console` block every line that begins with `$ ` is a command; what
follows it is what it must print, line by line, where `…` stands for anything. A fenced `sh` block is only run. A fenced
`python` block is a program of its own, or a notebook's cell where it awaits outside of a function: it is run by the
shell's `python` and must pass `mypy`. Blocks of other kinds are not run, and `make test` is left to whoever calls this.
A block after `<!-- needs-tau2-data -->` is left out where TAU2_DATA_DIR is not set. Exit code 1 when something fails or
prints something else; with `--write` what it prints is put into the page instead, but for lines with `…`. With
`--types` nothing is run: the programs alone must pass `mypy`, in one go, for pages that need what is not installed.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
NEEDS_DATA = "<!-- needs-tau2-data -->"
LEFT_OUT = ("make test",)
DONE = "--what-was-typed-has-ended--"


class Step(NamedTuple):
    """A command or a program, the line of the page that it stands in, and what it should print (None: anything)."""

    line: int
    kind: str
    text: str
    expected: list[str] | None = None
    needs_data: bool = False


def read_steps(page: str) -> list[Step]:
    """The commands and programs of all fenced blocks, in order."""
    found: list[Step] = []
    kind = ""
    block: list[str] = []
    needs_data = False
    for number, line in enumerate(page.splitlines(), 1):
        if line.startswith("```"):
            if kind == "python":
                found.append(Step(number - len(block), kind, "\n".join(block), None, needs_data))
            block = []
            kind = "" if kind else line[3:].strip() or "text"
            needs_data = needs_data and bool(kind)
        elif not kind:
            needs_data = line.strip() == NEEDS_DATA or (needs_data and not line.strip())
        elif kind == "python":
            block.append(line)
        elif kind == "sh" and line.strip() and not line.startswith("#"):
            found.append(Step(number, kind, line, None, needs_data))
        elif kind == "console" and line.startswith("$ "):
            found.append(Step(number, kind, line[2:], [], needs_data))
        elif kind == "console" and found and found[-1].expected is not None:
            found[-1].expected.append(line)
    return found


def as_program(snippet: str) -> str:
    """A snippet as a file that can be run: a notebook's cell is put into a function of its own."""
    try:
        compile(snippet, "snippet", "exec")
    except SyntaxError:
        compile(snippet, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        body = textwrap.indent(snippet, "    ")
        return f"import anyio\n\n\nasync def cell() -> None:\n{body}\n\n\nanyio.run(cell)\n"
    return snippet + "\n"


class Shell:
    """A stranger's shell, which remembers what was activated, exported and changed into."""

    def __init__(self) -> None:
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PYTHON", "VIRTUAL_ENV", "CONDA", "UV_", "WRIT_", "MAKE", "MFLAGS"))
        }
        folders = environment.get("PATH", os.defpath).split(os.pathsep)
        outside = [folder for folder in folders if not (Path(folder).parent / "pyvenv.cfg").exists()]
        environment["PATH"] = os.pathsep.join(outside)
        data = ROOT.parent / "shared" / "tau2" / "data"
        if "TAU2_DATA_DIR" not in environment and data.is_dir():
            environment["TAU2_DATA_DIR"] = str(data)
        self.has_data = "TAU2_DATA_DIR" in environment
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, text: str) -> tuple[int, list[str]]:
        """Type a line, wait for its end, and give its exit code and what it printed."""
        assert self._bash.stdin
        assert self._bash.stdout
        self._bash.stdin.write(f"{{ {text}\n}} </dev/null\nprintf '\\n%s %s\\n' {DONE} $?\n")
        self._bash.stdin.flush()
        printed: list[str] = []
        for line in self._bash.stdout:
            if line.startswith(DONE):
                return int(line.split()[1]), printed
            printed.append(line.rstrip("\n"))
        return 1, [*printed, "the shell has ended"]

    def close(self) -> None:
        """Leave the shell."""
        self._bash.communicate()


def run_snippet(shell: Shell, snippet: str) -> tuple[int, list[str]]:
    """Run a program in the shell's Python and check its types."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "snippet.py"
        file.write_text(as_program(snippet), encoding="utf-8")
        return shell.run(f"python {file} && mypy {file}")


def check_types(pages: Sequence[Path]) -> int:
    """Check the types of the programs of some pages, each a file named by page and line; mypy's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        for page in pages:
            for step in read_steps(page.read_text(encoding="utf-8")):
                if step.kind == "python":
                    file = Path(folder) / f"{page.stem}_line_{step.line}.py"
                    file.write_text(as_program(step.text), encoding="utf-8")
        files = sorted(map(str, Path(folder).iterdir()))
        return subprocess.run([sys.executable, "-m", "mypy", *files], cwd=ROOT).returncode if files else 1


def why_other(expected: list[str], printed: list[str]) -> str:
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


def rewritten(lines: list[str], step: Step, printed: list[str]) -> list[str]:
    """The page's lines with what a command prints in the place of what it says, blank lines left out."""
    expected = step.expected or []
    if not expected or any("…" in line for line in expected):
        return lines
    return lines[: step.line] + [line.rstrip() for line in printed if line.strip()] + lines[step.line + len(expected) :]


def run_page(path: Path, write: bool) -> int:
    """Run one page; returns how many of its steps went wrong."""
    outputs: list[tuple[Step, list[str]]] = []
    shell = Shell()
    wrong = 0
    for step in read_steps(path.read_text(encoding="utf-8")):
        if step.text.strip() in LEFT_OUT:
            continue
        if step.needs_data and not shell.has_data:
            print(f"left out, TAU2_DATA_DIR is not set: {step.text}", flush=True)
            continue
        print(f"$ {step.text}" if step.kind != "python" else f"python of line {step.line}", flush=True)
        code, printed = run_snippet(shell, step.text) if step.kind == "python" else shell.run(step.text)
        outputs.append((step, printed))
        said = "" if write else why_other(step.expected or [], printed)
        if code or said:
            wrong += 1
            print(f"{path}:{step.line}: exit code {code}; {said}", *printed, sep="\n", flush=True)
    shell.close()
    if write:
        lines = path.read_text(encoding="utf-8").splitlines()
        for step, printed in reversed(outputs):
            lines = rewritten(lines, step, printed)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{path}: {wrong} of {len(outputs)} steps went wrong", flush=True)
    return wrong


def main() -> int:
    """Run the pages that are named, or check their types; returns the exit code."""
    pages = [Path(word) for word in sys.argv[1:] if not word.startswith("-")]
    if "--types" in sys.argv:
        return check_types(pages)
    return 1 if sum(run_page(page, "--write" in sys.argv) for page in pages) else 0


if __name__ == "__main__":
    sys.exit(main())
