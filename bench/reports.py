"""How long reports of thousands of rows take, how large they are, and what a comparison of ten times as many takes.

    python bench/reports.py [--n 5000] [--json FILE]

The rows are those of scripted conversations with mistakes: an evaluation of generated tasks, four trials of each, and a
synthesis of as many rows. Those that are compared are of two evaluations of some of the tasks, said again under other
ids until there are ten times as many. Times are of the processor. Aims: 10 s and 2 MB for a report of 5,000 rows, 5 s
for `writ compare` of two runs of 50,000.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import anyio
import msgspec

from bench.report import Figure, make_parser, run_script, show_figures, write_json
from writ_async import EngineSpec, EvalConfig, RunView, Seats, SynthConfig, evaluate, synth
from writ_async.commands.report import make_report
from writ_async.core.trajectory import trajectory_id
from writ_async.runs.view import TASKS, TRAJECTORIES

_TRIALS = 4
_SEATS = Seats(EngineSpec("scripted", {"mistakes": "0.3"}))
_SECONDS, _BYTES = 10.0, 2e6
_OF = 5_000
_COMPARED = 10
"""How many times as many rows are compared."""
_COMPARED_SECONDS, _PLAYED = 5.0, 1_000
"""The aim of a comparison, and how many of its rows are played; the others are these again."""


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


def fill(run: Path, out: Path, rows: int) -> None:
    """Write a run of so many rows: those of another one, and its tasks, again and again under other ids."""
    view = RunView.open(run)
    tasks, played = view.tasks(), list(view.trajectories())
    shutil.copytree(run, out)
    copies = -(-rows // len(played))
    with (out / TASKS).open("wb") as file:
        for copy in range(copies):
            file.writelines(_line(msgspec.structs.replace(task, id=f"{task.id}-{copy}")) for task in tasks)
    with (out / TRAJECTORIES).open("wb") as file:
        for copy in range(copies):
            for row in played:
                name = f"{row.task_id}-{copy}"
                again = msgspec.structs.replace(row, task_id=name, id=trajectory_id(name, row.trial))
                file.write(_line(again))


def _line(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic") + b"\n"


def measure_comparison(made: Path, rows: int) -> Figure:
    """The seconds of `writ compare`, in a process of its own."""
    tasks = max(1, min(rows, _PLAYED) // _TRIALS)
    runs = []
    for name, mistakes in (("before", "0.3"), ("after", "0.2")):
        seats = Seats(EngineSpec("scripted", {"mistakes": mistakes}))
        config, played = EvalConfig(tasks=(str(made),), limit=tasks, trials=_TRIALS, seats=seats), made.parent / name
        anyio.run(partial(evaluate, config, played))
        runs.append(made.parent / f"{name}-filled")
        fill(played, runs[-1], rows)
    before = used_by_children()
    command = [sys.executable, "-m", "writ_async", "compare", *map(str, runs), "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    aim = _COMPARED_SECONDS if rows <= _COMPARED * _OF else None
    return Figure(f"writ compare of two runs of {rows:,} rows", used_by_children() - before, "s", aim)


def used_by_children() -> float:
    """Seconds of the processor that processes which have ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
            measure_comparison(made, _COMPARED * options.n),
        ]
    show_figures(figures)
    write_json(options.json, figures)


if __name__ == "__main__":
    sys.exit(run_script(main))
