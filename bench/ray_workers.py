"""What Ray costs and brings on one machine: its start, rows a second beside one process, memory.

    python bench/ray_workers.py [--n 2000] [--workers 2] [--json FILE]

`writ synth` of both domains by one process and by so many actors of a Ray that it starts itself; the rows have to be
the same bytes. Times are of the clock, memory is the most that a process ever had in RAM, summed over the command and
all that it has started; pages that Ray's processes share are counted in each. Needs the extra `ray`.
"""

from __future__ import annotations

import sys
import time
from functools import partial

import anyio

from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from bench.workers import Run, descendants, synth
from writ_async.runs.ray_cluster import load_ray
from writ_async.runs.ray_workers import start_ray_workers


async def seconds_to_start(workers: int) -> float:
    """From nothing to actors that answer, Ray's import included."""
    began = time.monotonic()
    async with start_ray_workers(lambda nodes: workers):
        return time.monotonic() - began


def memory_of(run: Run) -> float:
    """MiB of all processes."""
    return run.first.peak + sum(worker.peak for worker in run.workers)


def main(arguments: list[str]) -> None:
    """Measure, print and write."""
    parser = make_parser(__doc__, n=2000, of="conversations")
    parser.add_argument("--workers", metavar="N", type=positive, default=2, help="actors (2)")
    options = parser.parse_args(arguments)
    load_ray()
    one = synth(options.n, 1)
    many = synth(options.n, options.workers, ("--executor", "ray"), descendants)
    start = anyio.run(partial(seconds_to_start, options.workers))
    figures = [
        Figure("runs whose rows differ", int(one.digest != many.digest), "", 0),
        Figure("from the command to actors that answer", start, "s"),
        Figure("rows a second, one process", options.n / one.wall, "/s"),
        Figure(f"rows a second, {options.workers} actors, start included", options.n / many.wall, "/s"),
        Figure(
            f"rows a second, {options.workers} actors, after the start", options.n / max(0.1, many.wall - start), "/s"
        ),
        Figure("memory, one process", memory_of(one), "MiB"),
        Figure(f"memory, {options.workers} actors, the command and Ray", memory_of(many), "MiB"),
        Figure("processes of Ray", len(many.workers)),
    ]
    show_figures(figures, f"{options.n:,} tasks and conversations by one process and on Ray")
    write_json(options.json, figures)


if __name__ == "__main__":
    sys.exit(run_script(main))
