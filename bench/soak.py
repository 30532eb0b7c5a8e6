"""A long run: does it stay as it is? A million model calls in virtual time, and ten minutes over a server.

    python bench/soak.py [--turns 1000000] [--seconds 600] [--json FILE]

In virtual time the real scheduler and conversations of a simple domain run on our own loop, whose clock jumps: 500 live
at a time, one ended conversation followed by a new one. In real time it is all of `writ eval`: both seats over HTTP on
a server of gold calls that takes 0.3 to 1.5 s, tools, verdicts, rows on disk. Looks are taken all along; those of the
first tenth are left out (caches fill, the heap finds its size), then the first third of them is held against the last.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, median

import anyio
import msgspec

from bench.client_loads.plans import choose_tasks, write_script
from bench.client_loads.protocol import serving
from bench.live_runs import BRIEF, Tasks, resident
from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from writ_async import EngineSpec, Limits, Progress, Rules, RunFolder, Seats, run_rollouts
from writ_async.runs.manifest import Manifest, prompts_of
from writ_async.runs.play import play_run
from writ_async.runs.play_settings import PlaySettings
from writ_async.scheduler import quiet_gc
from writ_async.scheduler.loop_lag import Lag, sample_lag
from writ_async.virtual_time import run_virtual

LIVE = 500
CONVERSATIONS = 40  # tasks of the run over a server
LOOKS = 60
QUICKEST = 3.0  # seconds that a conversation takes at least, at the server's pace
KEPT_BYTES = 64.0  # of a conversation that has ended, without a folder
KEPT_WITH_ID = 600.0  # of one whose id and attempts a run folder knows
STEADY = 1.5


class Look(msgspec.Struct):
    """How the process was at a moment; `lag` is the p99 since the look before, in seconds, `cpu` seconds of a call."""

    ended: int
    memory: int
    handles: int
    tasks: int
    lag: float = 0.0
    cpu: float = 0.0


def look(ended: int, lag: float = 0.0, cpu: float = 0.0) -> Look:
    """This process now."""
    return Look(ended, resident(), len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()), lag, cpu)


def thirds(looks: Sequence[Look]) -> tuple[list[Look], list[Look]]:
    """The first and the last third of the looks, without the first tenth."""
    kept = list(looks[len(looks) // 10 :])
    part = max(1, len(kept) // 3)
    return kept[:part], kept[-part:]


def growth(looks: Sequence[Look], value: Callable[[Look], float]) -> float:
    """How much more it is in the last third than in the first, in the mean."""
    first, last = thirds(looks)
    return mean(map(value, last)) - mean(map(value, first))


def bytes_each(looks: Sequence[Look]) -> float:
    """Bytes that stay of a conversation that has ended."""
    return growth(looks, lambda one: one.memory) / max(1.0, growth(looks, lambda one: one.ended))


async def soak_virtual(turns: int) -> list[Look]:
    """Play conversations until so many calls are made."""
    tasks = Tasks(BRIEF, 1.0)
    looks: list[Look] = []
    limits = Limits(concurrency=LIVE, kv_tokens=4_000_000)
    ended = 0
    async with run_rollouts(tasks.make(turns), {"agent": tasks, "user": tasks}, limits=limits) as rollouts:
        counters, reached, spent = rollouts.counters, 0, time.process_time()
        async for _ in rollouts:
            ended += 1
            if counters.requests >= (len(looks) + 1) * turns / LOOKS:
                now = time.process_time()
                looks.append(look(ended, cpu=(now - spent) / (counters.requests - reached)))
                reached, spent = counters.requests, now
            if counters.requests >= turns:
                rollouts.cancel()
                break
    return looks


def virtual_figures(turns: int) -> list[Figure]:
    """What became of the process in virtual time."""
    with quiet_gc(LIVE):
        looks = run_virtual(lambda: soak_virtual(turns))
    first, last = thirds(looks)
    return [
        Figure("virtual time: model calls", turns),
        Figure("virtual time: conversations that ended", looks[-1].ended),
        Figure("virtual time: memory at the end", looks[-1].memory / 2**20, "MiB"),
        Figure("virtual time: memory that stays of a conversation", bytes_each(looks), "B", KEPT_BYTES),
        Figure("virtual time: open handles, more at the end", growth(looks, lambda one: one.handles), "", 0),
        Figure("virtual time: tasks of the loop, more at the end", growth(looks, lambda one: one.tasks), "", 2),
        Figure(
            "virtual time: CPU of a call in the last third over that in the first",
            median(one.cpu for one in last) / median(one.cpu for one in first),
            "x",
            STEADY,
        ),
    ]


async def soak_real(seconds: float, concurrency: int, folder: Path) -> tuple[list[Look], Progress]:
    """All of an evaluation over a server that takes its time, for so long."""
    tasks = choose_tasks(None, CONVERSATIONS)
    script = folder / "script.json"
    script.write_bytes(msgspec.json.encode(write_script(tasks, None)))
    looks: list[Look] = []

    async def watch(progress: Progress) -> None:
        end = anyio.current_time() + seconds
        spent, made = time.process_time(), 0
        while anyio.current_time() < end:
            lag = Lag()
            with anyio.move_on_after(seconds / LOOKS):
                await sample_lag(lag)
            calls = progress.counters.requests
            now = time.process_time()
            looks.append(look(progress.counters.finished, lag.quantile(0.99), (now - spent) / max(1, calls - made)))
            spent, made = now, calls
        progress.cancel()

    async with serving("trust_loads.paced_server", [str(script), "300", "1500"]) as url:
        options = {"url": f"{url}/v1", "model": "mock"}
        settings = PlaySettings(
            trials=2 + int(seconds * concurrency / QUICKEST) // CONVERSATIONS,
            seed=1,
            seats=Seats(EngineSpec("openai", options)),
            limits=Limits(concurrency=concurrency),
        )
        manifest = Manifest(kind="eval", command="bench", config={})
        with RunFolder.open_or_create(folder / "run", manifest, resume=True) as run:
            run.write_tasks(tasks.tasks, prompts_of(tasks.worlds.values(), Rules()))
            progress = await play_run(run, tasks.tasks, tasks.worlds, settings, watch=watch)
    return looks, progress


def real_figures(seconds: float, concurrency: int) -> list[Figure]:
    """What became of the process in real time."""
    with tempfile.TemporaryDirectory() as folder:
        looks, progress = anyio.run(soak_real, seconds, concurrency, Path(folder), backend_options={"use_uvloop": True})
    first, last = thirds(looks)
    failed = sum(sum(one.failures.values()) for one in progress.calls.values())
    return [
        Figure(f"{seconds:,.0f} s over a server: model calls", progress.counters.requests),
        Figure("over a server: conversations that ended", progress.counters.finished),
        Figure(
            "over a server: calls that failed",
            failed,
            "",
            0,
        ),
        Figure("over a server: memory at the end", looks[-1].memory / 2**20, "MiB"),
        Figure("over a server: memory that stays of a conversation", bytes_each(looks), "B", KEPT_WITH_ID),
        Figure("over a server: open handles, more at the end", growth(looks, lambda one: one.handles), "", 2),
        Figure("over a server: tasks of the loop, more at the end", growth(looks, lambda one: one.tasks), "", 2),
        Figure("over a server: lag of the loop, p99, first third", median(one.lag for one in first) * 1e3, "ms"),
        Figure("over a server: lag of the loop, p99, last third", median(one.lag for one in last) * 1e3, "ms"),
        Figure("over a server: lag of the loop, p99, most of all looks", max(one.lag for one in looks) * 1e3, "ms"),
        Figure(
            "over a server: CPU of a call in the last third over that in the first",
            median(one.cpu for one in last) / median(one.cpu for one in first),
            "x",
            STEADY,
        ),
    ]


def main(arguments: list[str]) -> None:
    """Run for long and print."""
    parser = make_parser(__doc__)
    parser.add_argument("--turns", metavar="N", type=positive, default=1_000_000, help="in virtual time (1,000,000)")
    parser.add_argument("--seconds", metavar="N", type=positive, default=600, help="over a server (600)")
    parser.add_argument("--concurrency", metavar="N", type=positive, default=256, help="over the server (256)")
    options = parser.parse_args(arguments)
    figures = virtual_figures(options.turns)
    show_figures(figures)
    real = real_figures(options.seconds, options.concurrency)
    show_figures(real)
    write_json(options.json, [*figures, *real])


if __name__ == "__main__":
    sys.exit(run_script(main))
