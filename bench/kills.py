"""A `writ synth --keep` that is killed again and again, and gone on with, against the same run left alone.

    python bench/kills.py [--n 400] [--kills 20] [--seed 1] [--json FILE]

The agent is the script, which fails more than half of its conversations. The run is a process of its own, ended by
SIGKILL at moments that are drawn: some while worlds and tasks are made, the others while rows are written, spread over
the whole of it. Then the same command is given once more, and every file that is to be reproducible is compared.

    python bench/kills.py --kind all [--kills 500] [--seed 1]

With `--kind` (one of them, `all`, or `local`, which is all without Ray; may be repeated) small runs of other commands
are killed at moments that are drawn (`trust_loads/lives.py`): so many kills in all, shared out among the kinds.
"""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from bench.trust_loads.lives import FILES, KINDS, Kind, kill_kinds, kills_figures
from writ_async import InputError, RunView
from writ_async.runs.row_selection import selection_of

ROWS = "trajectories.jsonl"
MOST_UNEVEN = 2.0  # percent of the rows that a cell may have more or fewer than was asked
EARLY = 3  # kills before there are rows
MOST_DONE = 0.85  # of the rows, so that the last life is not over before its kill
LOOK = 0.002  # seconds between looks at the file of rows


def command(rows: int, seed: int, out: Path) -> list[str]:
    """The command whose run is killed."""
    flags = f"--keep {rows} --seed {seed} --mistakes 0.6 --attempts 2 --quiet"
    return [sys.executable, "-m", "writ_async", "synth", "retail", "airline", *flags.split(), "--out", str(out)]


def size(out: Path) -> int:
    """Bytes of rows that are written."""
    file = out / ROWS
    return file.stat().st_size if file.exists() else 0


def kill_at(rows: int, seed: int, out: Path, after: int, more: float) -> bool:
    """Go on with the run and kill it some seconds after so much is written; whether it was still running then."""
    process = subprocess.Popen(command(rows, seed, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and size(out) <= after:
        time.sleep(LOOK)
    time.sleep(more)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def kill_again_and_again(rows: int, seed: int, out: Path, whole: int, kills: int) -> int:
    """How often it was killed; `whole` are the bytes of the rows of an unbroken run."""
    rng = Random(seed)
    killed = 0
    for number in range(kills):
        early = number < EARLY
        done = size(out)
        place = -1 if early else int(done + (MOST_DONE * whole - done) * rng.random() / (kills - number + 1))
        killed += kill_at(rows, seed, out, place, rng.uniform(0.2, 2.0) if early else rng.uniform(0.0, 0.05))
    return killed


def contents(out: Path) -> dict[str, bytes]:
    """The bytes of each file."""
    return {name: (out / name).read_bytes() for name in FILES}


def kept_cells(out: Path, rows: int) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Kept rows by domain and kind, and as they were asked for: as the first tasks are."""
    run = RunView.open(out)
    tasks = list(run.tasks())
    cells: dict[str, tuple[str, str]] = {task.id: (task.domain, task.kind) for task in tasks}
    dropped = selection_of(run).dropped
    kept = Counter(
        cells[row.task_id]
        for row in run.trajectories()
        if row.verdict is not None and row.verdict.kept and row.id not in dropped
    )
    return kept, Counter(cells[task.id] for task in tasks[:rows])


def main(arguments: list[str]) -> None:
    """Run, kill, compare and print."""
    parser = make_parser(__doc__, n=400, of="rows to keep")
    parser.add_argument("--kills", metavar="N", type=positive, default=20, help="(20)")
    parser.add_argument("--seed", metavar="N", type=positive, default=1, help="(1)")
    names = [kind.name for kind in KINDS]
    parser.add_argument("--kind", action="append", default=[], choices=["all", "local", *names], metavar="KIND")
    options = parser.parse_args(arguments)
    if options.kind:
        chosen = [kind for kind in KINDS if is_chosen(kind, options.kind)]
        figures = kills_figures(kill_kinds(chosen, math.ceil(options.kills / len(chosen)), options.seed))
        show_figures(figures, f"seed {options.seed}")
    else:
        figures = kill_one_run(options.n, options.seed, options.kills)
        show_figures(figures, f"--keep {options.n:,}")
    write_json(options.json, figures)


def is_chosen(kind: Kind, given: list[str]) -> bool:
    """Whether a kind is among those that were asked for."""
    return kind.name in given or "all" in given or ("local" in given and not kind.ray)


def kill_one_run(rows: int, seed: int, kills: int) -> list[Figure]:
    """Kill a run of `--keep` so often, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        alone, broken = Path(folder, "alone"), Path(folder, "broken")
        for out in (alone, broken):
            killed = kill_again_and_again(rows, seed, out, size(alone), kills) if out is broken else 0
            done = subprocess.run(command(rows, seed, out), capture_output=True, text=True, check=False)
            if done.returncode:
                raise InputError(f"the run ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        first, second = contents(alone), contents(broken)
        differing = [name for name in FILES if first[name] != second[name]]
        kept, asked = kept_cells(broken, rows)
    uneven = 100.0 * max(abs(kept[cell] - asked[cell]) for cell in kept | asked) / rows
    return [
        Figure("times killed", killed, "", kills, least=True),
        Figure(f"files that differ{': ' if differing else ''}{', '.join(differing)}", len(differing), "", 0),
        Figure("rows kept beside those asked for", abs(kept.total() - rows), "", 0),
        Figure("a domain's kind has more or fewer rows than asked, at most", uneven, "%", MOST_UNEVEN),
    ]


if __name__ == "__main__":
    raise SystemExit(run_script(main))
