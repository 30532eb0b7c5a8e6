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
from writ_async import WritError
from writ_async.files import read_json
from writ_async.runs.writing import write_whole


def main() -> int:
    """Read the command line and do what it says; 2 where it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m examples.reproduce.small", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="draw tasks, train and test every run that is not there yet")
    run.add_argument("--out", type=Path, required=True, help="the run folder")
    settings = run.add_mutually_exclusive_group()
    settings.add_argument("--quick", action="store_true", help="two arms and one seed")
    settings.add_argument(
        "--settings", type=Path, help="a JSON file with what is to be otherwise (experiment.Settings)"
    )
    report = commands.add_parser("report", help="what the runs of a folder come to: figures, tables, pictures")
    source = report.add_mutually_exclusive_group(required=True)
    source.add_argument("--out", type=Path, help="the run folder")
    source.add_argument("--figures", type=Path, help="a figures.json that was kept, in place of a run folder")
    report.add_argument("--to", type=Path, help="where figures.json and the pictures are written")
    report.add_argument("--page", type=Path, help="a Markdown page whose tables, between two marks, are made anew")
    given = parser.parse_args()
    try:
        if given.command == "run":
            run_all(given.out, _settings(given))
        else:
            _report(given)
    except (WritError, ValueError, OSError, ImportError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    return 0


def _settings(given: argparse.Namespace) -> Settings:
    if given.settings is None:
        return QUICK if given.quick else Settings()
    return read_json(given.settings, Settings)


def _report(given: argparse.Namespace) -> None:
    from examples.reproduce.small.figures import gather, load_figures
    from examples.reproduce.small.pictures import draw_pictures
    from examples.reproduce.small.tables import put_tables, tables

    figures = load_figures(given.figures) if given.out is None else gather(given.out)
    if given.to is not None:
        write_whole(given.to / "figures.json", msgspec.json.encode(figures) + b"\n")
        draw_pictures(figures, given.to)
    if given.page is not None:
        write_whole(given.page, put_tables(given.page.read_text(encoding="utf-8"), figures).encode())
    print(tables(figures))


if __name__ == "__main__":
    sys.exit(main())
