"""All benches that need no server, one after another, and what they come to.

    python bench                                  # as `make bench`
    python bench client peers                     # these alone
    python bench --data TAU2_DATA --verifiers PYTHON --tau2 PYTHON

Every script prints its own tables and leaves its JSON in the folder of --out; then follow the time of each, and the
aims that were missed. The exit code says whether all scripts ran, not how their aims fared: a busy machine misses some.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.report import Figure, line_of, read_json, used_cpu
from writ_async import InputError

BENCH = Path(__file__).resolve().parent
SCRIPTS: dict[str, tuple[str, ...]] = {
    "environment": (),
    "synthesis": (),
    "evidence": ("--n", "2000", "--planted", "25"),
    "verdicts": ("--n", "4", "--signs", "5000"),
    "intervals": ("--n", "200"),
    "limits": (),
    "client": (),
    "peers": (),
    "scale": ("--repeats", "1", "--ended", "10000", "--part", "growth", "--part", "memory", "--part", "whole"),
    "thrash": (),
    "admission": ("--n", "2048", "--fixed", "48", "--fixed", "128"),
}
"""The scripts in order, with arguments that keep the whole below ten minutes on two cores."""


class Ran(msgspec.Struct, frozen=True):
    """One script that was run: its exit code, seconds of the clock and of the processor, and its figures."""

    name: str
    code: int
    wall: float
    cpu: float
    figures: tuple[Figure, ...]


def run_one(name: str, arguments: Sequence[str], out: Path) -> Ran:
    """Run a script with its output on the terminal."""
    file = out / f"{name}.json"
    file.unlink(missing_ok=True)
    print(f"\n== {name}", flush=True)
    wall, cpu = time.monotonic(), used_cpu()
    code = subprocess.run([sys.executable, str(BENCH / f"{name}.py"), *arguments, "--json", str(file)]).returncode
    figures = read_json(file).figures if file.exists() else ()
    return Ran(name, code, time.monotonic() - wall, used_cpu() - cpu, figures)


def close(runs: Sequence[Ran]) -> None:
    """Print the time of each script and the aims that were missed."""
    print(f"\n== all\n  {'':14} {'seconds':>8} {'CPU':>8} {'aims met':>9} {'missed':>7}")
    for run in runs:
        aims = [figure.met for figure in run.figures if figure.aim is not None]
        failed = f"  FAILED with code {run.code}" if run.code else "" if run.figures else "  its JSON has no figures"
        print(f"  {run.name:14} {run.wall:>8.1f} {run.cpu:>8.1f} {sum(aims):>9} {aims.count(False):>7}{failed}")
    wall, cpu = sum(run.wall for run in runs), sum(run.cpu for run in runs)
    print(f"  {'in all':14} {wall:>8.1f} {cpu:>8.1f}")
    missed = [(run.name, figure) for run in runs for figure in run.figures if not figure.met]
    if missed:
        print("\n  aims missed")
    for name, figure in missed:
        print(f"  {name:12}{line_of(figure)}")


def main(arguments: list[str]) -> int:
    """Run the scripts and give the exit code."""
    parser = argparse.ArgumentParser(
        "python bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("script", nargs="*", metavar="SCRIPT", help=f"of {', '.join(SCRIPTS)}; all if none is named")
    parser.add_argument("--out", metavar="FOLDER", type=Path, default=Path("runs/bench"), help="for JSON (runs/bench)")
    for flag, metavar in (("--data", "PATH"), ("--verifiers", "PYTHON"), ("--tau2", "PYTHON")):
        parser.add_argument(flag, metavar=metavar, help="passed on to peers")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.script if name not in SCRIPTS]
    if unknown:
        parser.error(f"no script {unknown[0]!r}; there are: {', '.join(SCRIPTS)}")
    given = {f"--{name}": getattr(options, name) for name in ("data", "verifiers", "tau2")}
    peers = [part for flag, value in given.items() if value for part in (flag, value)]
    runs = []
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for name in options.script or SCRIPTS:
            more = peers if name == "peers" else []
            runs.append(run_one(name, [*SCRIPTS[name], *more], options.out.resolve()))
    except (InputError, OSError) as exc:
        print(exc, file=sys.stderr)
        return 2
    close(runs)
    return int(any(run.code for run in runs))
