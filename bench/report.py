"""What the benches have in common: figures beside their aims, one shape of JSON, one way to say that input is bad.

The JSON of every script has `about` (the script, Python, the machine and how busy it was, seconds taken) and `figures`;
what else it holds is the script's own. `python bench` reads the figures of all.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from writ_async import InputError

_BEGAN = time.monotonic()
_WIDTH = 72


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measured figure: what it is, its value and unit, and the aim where there is one.

    The aim is the most that the value may be; with `least` the least.
    """

    what: str
    value: float
    unit: str = ""
    aim: float | None = None
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether the aim is met; true where there is none."""
        return self.aim is None or (self.value >= self.aim if self.least else self.value <= self.aim)


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when a script ran, and its seconds; `load` is the machine's load average of the last minute."""

    script: str
    date: str
    python: str
    machine: str
    cores: int
    load: float
    wall_seconds: float
    cpu_seconds: float


class Written(msgspec.Struct, frozen=True):
    """The part of a script's JSON that all have alike."""

    figures: tuple[Figure, ...] = ()


def verdict(met: bool) -> str:
    """Whether an aim was met, as the tables say it."""
    return "met" if met else "MISSED"


def line_of(figure: Figure, width: int = _WIDTH) -> str:
    """A figure as a line of a table."""
    aim = ""
    if figure.aim is not None:
        aim = f"  (aim: {'≥' if figure.least else '≤'} {figure.aim:,g}: {verdict(figure.met)})"
    return f"  {figure.what:{width}} {amount(figure.value):>10} {figure.unit:4}{aim}".rstrip()


def amount(value: float) -> str:
    """A number with three digits or so; counts, which are whole, with all."""
    size = abs(value)
    if isinstance(value, int) or size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.4g}"


def show_figures(figures: Iterable[Figure], title: str = "") -> None:
    """Print figures as a table."""
    if title:
        print(f"\n{title}")
    for figure in figures:
        print(line_of(figure))


def make_parser(doc: str | None, *, n: int = 0, of: str = "") -> argparse.ArgumentParser:
    """A parser of a script's arguments with `--json`, and with `--n` where the script has one size: n of what."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    if n:
        parser.add_argument("--n", metavar="N", type=positive, default=n, help=f"{of} ({n:,})")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what was measured to a file")
    return parser


def positive(text: str) -> int:
    """A whole number from 1; for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {number}")
    return number


def used_cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def write_json(file: Path | None, figures: Iterable[Figure], **more: Any) -> None:
    """Write what a script measured; nothing where no file was asked for."""
    if file is None:
        return
    about = About(
        script=Path(sys.argv[0]).name,
        date=time.strftime("%Y-%m-%d"),
        python=platform.python_version(),
        machine=platform.machine(),
        cores=os.cpu_count() or 1,
        load=os.getloadavg()[0],
        wall_seconds=time.monotonic() - _BEGAN,
        cpu_seconds=used_cpu(),
    )
    report = {"about": about, "figures": list(figures), **more}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def read_json(file: Path) -> Written:
    """What `write_json` wrote. Raises `InputError` for a file that is none of ours."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Written)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise InputError(f"{file}: not what a bench writes: {exc}") from None


def run_script(main: Callable[[list[str]], None], arguments: list[str] | None = None) -> int:
    """Run a script's main function and give the exit code: 0 however its aims fare, 2 for input that is bad."""
    try:
        main(sys.argv[1:] if arguments is None else arguments)
    except (InputError, OSError) as exc:
        print(exc, file=sys.stderr)
        return 2
    return 0
