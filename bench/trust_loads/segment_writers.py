"""`writ` whose worker processes write segments, as Ray's actors on other machines do.

python bench/trust_loads/segment_writers.py synth retail --n 10 --workers 2 --out RUN
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from writ_async.cli import main as writ
from writ_async.runs import play_in_workers
from writ_async.runs.worker_processes import WorkerProcess, start_workers


@asynccontextmanager
async def start_with_segments(count: int) -> AsyncIterator[list[WorkerProcess]]:
    """Workers each of which has a name of its own for its rows."""
    async with start_workers(count) as workers:
        for number, worker in enumerate(workers):
            worker.segment = f"{os.getpid()}-{number}"
        yield workers


if __name__ == "__main__":
    vars(play_in_workers)["start_workers"] = start_with_segments
    sys.exit(writ(sys.argv[1:]))
