"""Trains small models on the dialect and holds them against each other; see README.md beside this file.

python -m examples.reproduce.small run --out runs/small             # all arms and seeds; goes on where it was
python -m examples.reproduce.small run --out runs/quick --quick     # two arms, one seed, ten minutes
python -m examples.reproduce.small report --out runs/small --to examples/reproduce/small/results
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from examples.reproduce.small.experiment import QUICK, Settings, run_all
from writ_async.errors import InputError


def main() -> int:
    """Read the command line and do what it says; 2 where it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m examples.reproduce.small", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="draw tasks, train and test every run that is not there yet")
    run.add_argument("--out", type=Path, required=True, help="the run folder")
    run.add_argument("--quick", action="store_true", help="two arms and one seed")
    run.add_argument("--settings", type=Path, help="a JSON file with what is to be otherwise (experiment.Settings)")
    report = commands.add_parser("report", help="gather the figures of a run folder, with tables and pictures")
    report.add_argument("--out", type=Path, required=True, help="the run folder")
    report.add_argument(
        "--to", type=Path, required=True, help="the folder for figures.json, tables.md and the pictures"
    )
    given = parser.parse_args()
    try:
        if given.command == "run":
            run_all(given.out, _settings(given))
        else:
            _report(given.out, given.to)
    except (InputError, ValueError, OSError, ImportError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    return 0


def _settings(given: argparse.Namespace) -> Settings:
    if given.settings is None:
        return QUICK if given.quick else Settings()
    return msgspec.json.decode(given.settings.read_bytes(), type=Settings, strict=False)


def _report(folder: Path, to: Path) -> None:
    from examples.reproduce.small.figures import gather, tables
    from examples.reproduce.small.pictures import draw_pictures

    figures = gather(folder)
    if not figures.runs:
        raise InputError(f"{folder}: no run is finished there yet; start with: run --out {folder}")
    to.mkdir(parents=True, exist_ok=True)
    (to / "figures.json").write_bytes(msgspec.json.encode(figures) + b"\n")
    (to / "tables.md").write_text(tables(figures) + "\n", encoding="utf-8")
    draw_pictures(figures, to)
    print(tables(figures))


if __name__ == "__main__":
    sys.exit(main())
