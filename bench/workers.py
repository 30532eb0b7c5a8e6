"""What several worker processes bring: `writ synth` of both domains by one process, and by several, in turn.

    python bench/workers.py [--n 2000] [--workers 2] [--rounds 3] [--json FILE]

The wall time says what was brought while others used the machine as they did. What it would be on free cores is bounded
below by the CPU time that must come one after the other: that of the first process and of the busiest worker. Both are
ratios to one process within one round; the median of the rounds counts. On a busy machine Linux may share the cores
among sessions, not processes (autogroup): then the wall ratio shows the load and not the workers. Memory is the peak of
each process, from /proc. The rows of all runs are compared.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import msgspec

from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json

_TICKS = os.sysconf("SC_CLK_TCK")
_LOOK_SECONDS = 0.03


class Process(msgspec.Struct):
    """What one process has used: CPU seconds, and at most so many MiB of memory."""

    cpu: float = 0.0
    peak: float = 0.0

    def look(self, number: int) -> bool:
        """Take in what a process has used by now; false when it has gone."""
        try:
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{number}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        self.cpu = (int(fields[11]) + int(fields[12])) / _TICKS
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self.peak = max(self.peak, int(line.split()[1]) / 1024)
        return True


class Run(msgspec.Struct):
    """One run: wall seconds, its first process, its workers, and a digest of all rows."""

    wall: float
    first: Process
    workers: list[Process]
    digest: str


def _wall(run: Run) -> float:
    return run.wall


def cpu_chain(run: Run) -> float:
    """CPU seconds that must come one after the other."""
    return run.first.cpu + max((worker.cpu for worker in run.workers), default=0.0)


def cpu_of_all(run: Run) -> float:
    """CPU seconds of all processes."""
    return run.first.cpu + sum(worker.cpu for worker in run.workers)


def peak_of_all(run: Run) -> float:
    """MiB of all processes, if each had its peak at the same time."""
    return run.first.peak + sum(worker.peak for worker in run.workers)


def synth(n: int, workers: int, flags: Sequence[str] = (), find: Callable[[int], list[int]] | None = None) -> Run:
    """Make n tasks and conversations, and watch the processes that do it: workers, or those that `find` finds."""
    find = find or _workers
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-m", "writ_async", "synth", "retail", "airline", "--n", str(n)]
        command += ["--seed", "1", "--workers", str(workers), "--quiet", *flags, "--out", str(out)]
        began = time.monotonic()
        said = Path(folder) / "said"
        with said.open("wb") as errors:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        first, children = Process(), dict[int, Process]()
        while process.poll() is None:
            first.look(process.pid)
            for child in find(process.pid):
                children.setdefault(child, Process()).look(child)
            time.sleep(_LOOK_SECONDS)
        wall = time.monotonic() - began
        if process.returncode:
            raise OSError(f"writ synth ended with exit code {process.returncode}: {said.read_text().strip()[-300:]}")
        digest = hashlib.sha256((out / "trajectories.jsonl").read_bytes()).hexdigest()
    return Run(wall, first, list(children.values()), digest)


def descendants(parent: int) -> list[int]:
    """All processes that a process has started, and those that these have."""
    found: list[int] = []
    waiting = [parent]
    while waiting:
        number = waiting.pop()
        try:
            children = [
                int(child)
                for thread in Path(f"/proc/{number}/task").iterdir()
                for child in (thread / "children").read_text().split()
            ]
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += children
        waiting += children
    return found


def _workers(parent: int) -> list[int]:
    """The worker processes of a run; the standard library starts a small one of its own beside them."""
    try:
        found = [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
        return [child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def main(arguments: list[str]) -> None:
    """Measure, print and write."""
    parser = make_parser(__doc__, n=2000, of="conversations")
    parser.add_argument("--workers", metavar="N", type=positive, default=2, help="worker processes (2)")
    parser.add_argument("--rounds", metavar="N", type=positive, default=3, help="how often each way is run (3)")
    options = parser.parse_args(arguments)
    rounds = [(synth(options.n, 1), synth(options.n, options.workers)) for _ in range(options.rounds)]
    figures = summarise(rounds, options.workers)
    show_figures(figures, f"{options.n:,} tasks and conversations by 1 process and by {options.workers}")
    write_json(options.json, figures, rounds=rounds)


def summarise(rounds: list[tuple[Run, Run]], workers: int) -> list[Figure]:
    """The figures of rounds of one process and several."""
    ones, several = zip(*rounds, strict=True)
    digests = {run.digest for pair in rounds for run in pair}

    def ratio(value: Callable[[Run], float]) -> float:
        return median(value(many) / value(one) for one, many in rounds)

    def middle(runs: tuple[Run, ...], value: Callable[[Run], float]) -> float:
        return median(map(value, runs))

    return [
        Figure("ways in which the runs' rows differ", len(digests) - 1, aim=0),
        Figure("wall, 1 process", middle(ones, _wall), "s"),
        Figure(f"wall, {workers} workers", middle(several, _wall), "s"),
        Figure("wall, ratio", ratio(_wall)),
        Figure("CPU one after the other, 1 process", middle(ones, cpu_chain), "s"),
        Figure(f"CPU one after the other, {workers} workers", middle(several, cpu_chain), "s"),
        Figure("CPU one after the other, ratio", ratio(cpu_chain)),
        Figure("CPU of all processes, ratio", ratio(cpu_of_all)),
        Figure("memory, 1 process", middle(ones, peak_of_all), "MiB"),
        Figure(f"memory, {workers} workers and the first process", middle(several, peak_of_all), "MiB"),
    ]


if __name__ == "__main__":
    sys.exit(run_script(main))
