"""What Ray costs and brings on one machine: its start, rows a second beside one process, memory.

    python bench/ray_workers.py [--n 2000] [--workers 2] [--json FILE]

`writ synth` of both domains by one process and by so many actors of a Ray that it starts itself; the rows have to be
the same bytes. Times are of the clock; what free cores would take is bounded below by the CPU time that must come one
after the other: that of the command and of the busiest actor. Memory is the most that a process ever had in RAM, summed
over the command and all that it has started; pages that Ray's processes share are counted in each. Needs the extra
`ray`.
"""

from __future__ import annotations

import sys
import time
from functools import partial

import anyio

from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from bench.workers import cpu_chain, cpu_of_all, descendants, peak_of_all, synth
from writ_async.runs.ray_cluster import connected, load_ray
from writ_async.runs.ray_workers import start_ray_workers


async def seconds_to_start(workers: int) -> float:
    """From nothing to actors that answer, Ray's import included."""
    began = time.monotonic()
    async with start_ray_workers(lambda nodes: workers):
        return time.monotonic() - began


def main(arguments: list[str]) -> None:
    """Measure, print and write."""
    parser = make_parser(__doc__, n=2000, of="conversations")
    parser.add_argument("--workers", metavar="N", type=positive, default=2, help="actors (2)")
    options = parser.parse_args(arguments)
    ray = load_ray()
    one = synth(options.n, 1)
    many = synth(options.n, options.workers, ("--executor", "ray"), descendants)
    start = anyio.run(partial(seconds_to_start, options.workers))
    with connected(ray):
        again = anyio.run(partial(seconds_to_start, options.workers))
    figures = [
        Figure("runs whose rows differ", int(one.digest != many.digest), "", 0),
        Figure("from the command to actors that answer", start, "s"),
        Figure("the same on a cluster that is there", again, "s"),
        Figure("rows a second, one process", options.n / one.wall, "/s"),
        Figure(f"rows a second, {options.workers} actors, start included", options.n / many.wall, "/s"),
        Figure(
            f"rows a second, {options.workers} actors, after the start", options.n / max(0.1, many.wall - start), "/s"
        ),
        Figure("CPU one after the other, beside one process", cpu_chain(many) / cpu_chain(one), "x"),
        Figure("CPU of all processes, beside one process", cpu_of_all(many) / cpu_of_all(one), "x"),
        Figure("memory, one process", peak_of_all(one), "MiB"),
        Figure(f"memory, {options.workers} actors, the command and Ray", peak_of_all(many), "MiB"),
        Figure("processes of Ray", len(many.workers)),
    ]
    show_figures(figures, f"{options.n:,} tasks and conversations by one process and on Ray")
    write_json(options.json, figures)


if __name__ == "__main__":
    sys.exit(run_script(main))
