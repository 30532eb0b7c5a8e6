"""What it costs to put the rows of a run that has ended in order, beside writing the same file once more as it is.

    python bench/row_order.py [--n 50000] [--json FILE]

The rows are conversations of the script, said again under other ids until there are so many, in an order that is drawn.
Each way is measured in a process of its own, for its memory; both end with an fsync and a rename. The time of the disk
depends on what else the machine does; the CPU time does not.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random

import anyio
import msgspec

from bench.report import Figure, make_parser, run_script, show_figures, used_cpu, write_json
from writ_async import RunFolder, RunView, SynthConfig, synth
from writ_async.core.trajectory import trajectory_id
from writ_async.runs.view import TRAJECTORIES
from writ_async.runs.writing import replacing

TALKS = 200
MIB = 1 << 20
MEMORY_MIB, CPU_SECONDS = 100.0, 10.0  # beyond what the process had before; for 50,000 rows


class Cost(msgspec.Struct):
    """Wall and CPU seconds, and MiB by which the process grew at most."""

    wall: float
    cpu: float
    grew: float


def peak() -> float:
    """MiB that this process has had at most; what `getrusage` says of it begins with its parent's."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def fill(folder: Path, rows: int) -> None:
    """Write a run of so many rows in an order that is drawn."""
    anyio.run(lambda: synth(SynthConfig(domains=("retail", "airline"), n=TALKS, world_size=200), folder))
    view = RunView.open(folder)
    talks = list(view.trajectories())
    tasks = {task.id: task for task in view.tasks()}
    places = [(f"{talk.task_id}-{number}", talk) for number in range(-(-rows // TALKS)) for talk in talks][:rows]
    with (folder / "tasks.jsonl").open("wb") as file:
        file.writelines(
            msgspec.json.encode(msgspec.structs.replace(tasks[talk.task_id], id=name)) + b"\n" for name, talk in places
        )
    Random(1).shuffle(places)
    encode = msgspec.json.Encoder(order="deterministic").encode
    with (folder / TRAJECTORIES).open("wb") as file:
        for name, talk in places:
            row = msgspec.structs.replace(talk, task_id=name, id=trajectory_id(name, 0))
            file.write(encode(row) + b"\n")


def put_in_order(folder: Path) -> Cost:
    """Put the rows in order."""
    with RunFolder.open(folder) as run:
        before, wall, cpu = peak(), time.monotonic(), used_cpu()
        run.put_in_order()
        return Cost(time.monotonic() - wall, used_cpu() - cpu, peak() - before)


def copy(folder: Path) -> Cost:
    """Write the file anew as it is."""
    before, wall, cpu = peak(), time.monotonic(), used_cpu()
    with (folder / TRAJECTORIES).open("rb") as file, replacing(folder / TRAJECTORIES) as out:
        shutil.copyfileobj(file, out, MIB)
    return Cost(time.monotonic() - wall, used_cpu() - cpu, peak() - before)


def main(arguments: list[str]) -> None:
    """Fill, order, copy and print."""
    parser = make_parser(__doc__, n=50_000, of="rows")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "run")
        fill(folder, options.n)
        size = (folder / TRAJECTORIES).stat().st_size / MIB
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as process:
            copied, ordered = (process.submit(way, folder).result() for way in (copy, put_in_order))
    figures = [
        Figure("size of the file", size, "MiB"),
        Figure("copied as it is, CPU", copied.cpu, "s"),
        Figure("copied as it is, wall", copied.wall, "s"),
        Figure("put in order, CPU", ordered.cpu, "s", CPU_SECONDS),
        Figure("put in order, wall", ordered.wall, "s"),
        Figure("put in order, memory", ordered.grew, "MiB", MEMORY_MIB),
        Figure("put in order, CPU of a row", 1e6 * ordered.cpu / options.n, "µs"),
    ]
    show_figures(figures, f"{options.n:,} rows")
    write_json(options.json, figures)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
