"""How long reports of thousands of rows take, and how large they are: `python bench/reports.py [--n 5000]`.

The rows are those of scripted conversations with mistakes: an evaluation of generated tasks, four trials of each, and a
synthesis of as many rows. Times are of the processor. Aims: 10 s and 2 MB for 5,000 rows.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import anyio

from bench.report import Figure, make_parser, run_script, show_figures, write_json
from writ_async import EngineSpec, EvalConfig, Seats, SynthConfig, evaluate, synth
from writ_async.commands.report import make_report

_TRIALS = 4
_SEATS = Seats(EngineSpec("scripted", {"mistakes": "0.3"}))
_SECONDS, _BYTES = 10.0, 2e6
_OF = 5_000


def measure(run: Path, what: str, count: int) -> list[Figure]:
    """The seconds and bytes of a report on a run, JSON and Markdown included."""
    page = run.parent / f"{run.name}.html"
    start = time.process_time()
    written = make_report([run], out=page, md=page.with_suffix(".md"), json=page.with_suffix(".json"))
    seconds = time.process_time() - start
    aims = (_SECONDS, _BYTES / 1e6) if count <= _OF else (None, None)
    return [
        Figure(f"{what} of {count:,} rows", seconds, "s", aims[0]),
        Figure(f"its page, {what}", written.files[str(page)] / 1e6, "MB", aims[1]),
    ]


def main(arguments: list[str]) -> None:
    """Make the runs, report on them, and say what it took."""
    options = make_parser(__doc__, n=_OF, of="rows").parse_args(arguments)
    tasks = max(1, options.n // _TRIALS)
    with tempfile.TemporaryDirectory() as folder:
        made, played = Path(folder, "made"), Path(folder, "played")
        anyio.run(lambda: synth(SynthConfig(domains=("retail", "airline"), n=options.n, seed=1, seats=_SEATS), made))
        config = EvalConfig(tasks=(str(made),), limit=tasks, trials=_TRIALS, seats=_SEATS)
        anyio.run(lambda: evaluate(config, played))
        figures = [
            *measure(played, "report on an evaluation", tasks * _TRIALS),
            *measure(made, "report on a data set", options.n),
        ]
    show_figures(figures)
    write_json(options.json, figures)


if __name__ == "__main__":
    sys.exit(run_script(main))
