"""What the process itself costs: the scheduler's decisions, the whole pipeline, memory, and the lag of the event loop.

    python bench/scale.py [--json FILE]

Ratios are taken within one run, interleaved, and are medians of repeats. The pipeline is `synth` without its tasks:
real conversations of the scripted engine, verdicts, and rows written to disk. Memory and lag are of 10,000 live
conversations of some 20 messages on uvloop, whose engine answers after a second or so.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import anyio
import msgspec
from loads import DOMAIN, Load, Shape

from writ_async.conversation import Conversation, Rules
from writ_async.data.manifest import Manifest
from writ_async.data.run_folder import RunFolder
from writ_async.engine import Completion, Request
from writ_async.pipelines.seats import Seats
from writ_async.pipelines.simulate import plan_jobs, simulate
from writ_async.pipelines.worlds import generate_world, world_key
from writ_async.registry import load_domain
from writ_async.scheduler import Limits, run_rollouts
from writ_async.scheduler.budget import BudgetPolicy
from writ_async.scheduler.lag import Lag, sample_lag
from writ_async.scheduler.members import Member
from writ_async.scheduler.policy import FixedPolicy, Policy
from writ_async.synthesis import parse_mix, synthesise
from writ_async.synthesis.tasks import Place
from writ_async.verify.judge import AssumeMet

if TYPE_CHECKING:
    from writ_async.scheduler import Job

LIVE = 10_000
TURN_US, GROWTH, TURNS_PER_SECOND, GIB, LAG_MS = 20.0, 1.3, 5_000.0, 1.0, 20.0


class Row(msgspec.Struct, frozen=True):
    """One line: what was measured, its unit, and the aim."""

    what: str
    value: float
    unit: str
    aim: float | None = None
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether the aim is met; true where there is none."""
        return self.aim is None or (self.value >= self.aim if self.least else self.value <= self.aim)


def decide_turns(policy: Policy, live: int, turns: int) -> float:
    """Seconds per turn of a policy: ask, answer, decide; conversations end after some twenty turns, others begin."""
    number = 0
    steps: dict[int, int] = {}
    ready: deque[Member] = deque()
    key = ("agent", "retail")

    def take() -> None:
        nonlocal number
        while policy.wants:
            prefixes = ((key, 4000), (("user", number // 4), 400))
            policy.offer(Member(number, kind="retail", group=number // 4, prefixes=prefixes))
            number += 1
        for member in policy.decide():
            steps.setdefault(member.number, 0)
            ready.append(member)

    def play(count: int) -> None:
        for turn in range(count):
            member = ready.popleft()
            step = steps[member.number] = steps[member.number] + 1
            if policy.ask(member):
                policy.answered(member, "user" if turn % 3 == 0 else "agent", 300 * step)
                if step > 10 + member.number % 20:
                    policy.leave(member)
                    del steps[member.number]
                else:
                    ready.append(member)
            take()

    take()
    play(12 * live)  # until it is a steady state
    started = time.process_time()
    play(turns)
    return (time.process_time() - started) / turns


def scheduler_rows() -> list[Row]:
    """Cost of a decision at 100 and at 10,000 live conversations."""

    def budget(live: int) -> Policy:
        return BudgetPolicy([live * 5_000])

    def fixed(live: int) -> Policy:
        return FixedPolicy(live)

    rows: list[Row] = []
    makers: list[tuple[str, Callable[[int], Policy]]] = [("kv-budget", budget), ("fixed", fixed)]
    for name, make in makers:
        few, many = [], []
        for _ in range(3):
            few.append(decide_turns(make(100), 100, 20_000))
            many.append(decide_turns(make(LIVE), LIVE, 20_000))
        rows.append(Row(f"scheduler, {name}: a turn at {LIVE:,} live", median(many) * 1e6, "µs", TURN_US))
        ratio = median(b / a for a, b in zip(few, many, strict=True))
        rows.append(Row(f"scheduler, {name}: {LIVE:,} over 100 live", ratio, "x"))
    return rows


def pipeline_row(n: int) -> Row:
    """Model calls a second of the whole pipeline on one core: conversations, verdicts, rows on disk."""
    worlds = [generate_world(load_domain(name), 3, 500) for name in ("airline", "retail")]
    tasks = synthesise([Place(item.domain, item.world, item.ref) for item in worlds], n, 3, parse_mix(""))[0]
    opened = {world_key(item.ref): item for item in worlds}
    engines = Seats().make(tasks, {item.domain.name: item.domain for item in worlds}, 3)
    manifest = Manifest(kind="synth", command="bench", config={}, worlds=(), seeds={}, versions={})

    async def main(folder: str) -> float:
        with RunFolder.open_or_create(folder, manifest, resume=True) as run:
            started = time.process_time()
            progress = await simulate(
                plan_jobs(tasks, opened, 1, 3), engines, run, rules=Rules(), limits=Limits(), judge=AssumeMet()
            )
            return progress.counters.requests / (time.process_time() - started)

    rates = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            rates.append(anyio.run(main, f"{folder}/run", backend_options={"use_uvloop": True}))
    what = f"pipeline, {n:,} conversations: model calls a second of CPU"
    return Row(what, median(rates), "/s", TURNS_PER_SECOND, True)


class Sleeper:
    """An engine that answers as another does, after a while."""

    def __init__(self, inner: Load, seconds: float) -> None:
        self._inner = inner
        self._seconds = seconds

    async def complete(self, request: Request) -> Completion:
        await anyio.sleep(self._seconds * (0.5 + (request.seed & 1023) / 1023))
        return await self._inner.complete(request)

    def end_session(self, session: str) -> None:
        self._inner.end_session(session)

    async def aclose(self) -> None:
        pass


TWENTY = Shape(turns=(5, 5), tools=(5, 5), result=(80, 240), user=(20, 60))


def live_rows() -> list[Row]:
    """Memory and lag with ten thousand live conversations of about 20 messages."""
    load = Load([TWENTY] * LIVE)
    engine = Sleeper(load, 3.0)
    lag = Lag()

    async def few() -> float:
        small = Load([TWENTY] * 1000)
        sleeper = Sleeper(small, 0.03)
        started = time.process_time()
        async with run_rollouts(
            small.jobs, {"agent": sleeper, "user": sleeper}, limits=Limits(concurrency=100)
        ) as rollouts:
            async for _ in rollouts:
                pass
        return (time.process_time() - started) / rollouts.counters.requests

    async def main() -> float:
        started = time.process_time()
        async with anyio.create_task_group() as group:
            async with run_rollouts(
                load.jobs, {"agent": engine, "user": engine}, limits=Limits(concurrency=LIVE)
            ) as rollouts:
                await anyio.sleep(2.0)  # to begin ten thousand at once is no steady state
                group.start_soon(sample_lag, lag)
                async for _ in rollouts:
                    pass
            group.cancel_scope.cancel()
        return (time.process_time() - started) / rollouts.counters.requests

    gc.collect()
    gc.freeze()
    gc.set_threshold(3_000, 3_000, 1_000)  # as pipelines.simulate does
    before = resident()
    cost = median(anyio.run(few, backend_options={"use_uvloop": True}) for _ in range(3))
    many = anyio.run(main, backend_options={"use_uvloop": True})
    grown = peak_resident() - before
    return [
        Row(f"memory of {LIVE:,} live conversations of 20 messages, at most", grown / 2**30, "GiB", GIB),
        Row(f"event loop with {LIVE:,} live: lag p99", lag.quantile(0.99) * 1e3, "ms", LAG_MS),
        Row(f"event loop with {LIVE:,} live: longest lag", lag.most * 1e3, "ms"),
        Row("whole loop at 100 live: CPU of a call", cost * 1e6, "µs"),
        Row(f"whole loop: CPU of a call at {LIVE:,} live over 100 live", many / cost, "x", GROWTH),
    ]


def resident() -> int:
    """Memory of this process that is in RAM."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak_resident() -> int:
    """The most that it ever was."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def talk(job: Job, load: Load) -> tuple[float, int]:
    """CPU seconds and calls of one conversation, without a scheduler."""
    conversation = Conversation(job.task, DOMAIN, job.world)
    calls = 0
    started = time.process_time()
    while (request := conversation.request()) is not None:
        coroutine = load.complete(request)
        try:
            coroutine.send(None)
        except StopIteration as done:
            conversation.receive(done.value)
        calls += 1
    return time.process_time() - started, calls


def length_row() -> Row:
    """Cost per call of long conversations over short ones: nothing may grow with the history."""
    shape = {"result": (100, 100), "reply": (60, 60), "call": (40, 40), "user": (40, 40)}
    short = Load([Shape(turns=(3, 3), tools=(0, 0), **shape)] * 300)
    long = Load([Shape(turns=(30, 30), tools=(0, 0), **shape)] * 30)
    ratios = []
    for _ in range(9):
        pairs = []
        for load in (short, long):
            times = [talk(job, load) for job in load.jobs]
            pairs.append(sum(t for t, _ in times) / sum(n for _, n in times))
        ratios.append(pairs[1] / pairs[0])
    return Row("conversation: a call of one of 60 turns over one of 6", median(ratios), "x", GROWTH)


def main(arguments: list[str]) -> int:
    """Run the script and give its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1000, help="conversations of the pipeline's measurement")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what was measured to a file")
    options = parser.parse_args(arguments)
    rows = [*live_rows(), *scheduler_rows(), length_row(), pipeline_row(options.n)]
    for row in rows:
        aim = (
            ""
            if row.aim is None
            else f"  (aim {'≥' if row.least else '≤'} {row.aim:g}: {'met' if row.met else 'MISSED'})"
        )
        print(f"  {row.what:66} {row.value:>10,.2f} {row.unit:4}{aim}")
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode({"rows": rows})) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
