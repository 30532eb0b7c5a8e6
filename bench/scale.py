"""What the process itself costs: the scheduler's decisions, the whole pipeline, memory, and work on the event loop.

    python bench/scale.py [--json FILE]

Ratios are taken within one run, interleaved, and are medians of repeats; times are CPU time. The pipeline is `synth`
without its tasks: real conversations of the scripted engine, verdicts, and rows written to disk. Live conversations are
of some 20 messages, and their engine answers after a while (`live_runs.py`). "At the same rate": 100 live ones make as
many calls a second as the 10,000 do. "At full load": the process is never idle, and 100 have the caches to themselves.
What needs a fresh process is measured in one.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from statistics import median
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import anyio

from bench.core_speed import AIMS_CORE_SECONDS, count_seconds
from bench.live_runs import (
    SLICE,
    Collector,
    bare_loop,
    cost_of_call,
    growth_of_memory,
    hold_of_loop,
    memory_of_ids,
    memory_of_live,
)
from bench.loads import DOMAIN, Load, Shape
from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from writ_async import Conversation, RunFolder, load_domain
from writ_async.runs.manifest import Manifest
from writ_async.runs.play import play_run
from writ_async.runs.play_settings import PlaySettings
from writ_async.runs.worlds import generate_world, world_key
from writ_async.scheduler.admission import AdmissionPolicy
from writ_async.scheduler.fixed_admission import FixedAdmission
from writ_async.scheduler.kv_budget import KvAdmission
from writ_async.scheduler.ticket import Ticket
from writ_async.synthesis import parse_mix, synthesise_tasks

if TYPE_CHECKING:
    from writ_async import Job

PARTS = {
    "growth": "growth with the number of live conversations",
    "settings": "loop and collector",
    "memory": "memory and the loop",
    "whole": "decisions and the whole",
}
LIVE = 10_000
FEW = 100
TURN_US, GROWTH, CALLS_PER_SECOND, GIB, LAG_MS = 20.0, 1.3, 10_000.0, 1.0, 20.0
KEPT_BYTES = 64.0  # of a conversation that has ended; each had thousands

P = ParamSpec("P")
T = TypeVar("T")


def apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(function, *args, **kwargs).result()


def decide_turns(policy: AdmissionPolicy, live: int, turns: int) -> float:
    """Seconds per turn of a policy: ask, answer, decide; conversations end after some twenty turns, others begin."""
    number = 0
    steps: dict[int, int] = {}
    ready: deque[Ticket] = deque()
    key = ("agent", "retail")

    def take() -> None:
        nonlocal number
        while policy.wants_more:
            prefixes = ((key, 4000), (("user", number // 4), 400))
            policy.offer_conversation(Ticket(number, kind="retail", group=number // 4, prefixes=prefixes))
            number += 1
        for ticket in policy.decide_next():
            steps.setdefault(ticket.number, 0)
            ready.append(ticket)

    def play(count: int) -> None:
        for turn in range(count):
            ticket = ready.popleft()
            step = steps[ticket.number] = steps[ticket.number] + 1
            if policy.ask_for_call(ticket):
                policy.call_ended(ticket, "user" if turn % 3 == 0 else "agent", 300 * step)
                if step > 10 + ticket.number % 20:
                    policy.conversation_ended(ticket)
                    del steps[ticket.number]
                else:
                    ready.append(ticket)
            take()

    take()
    play(12 * live)  # until it is a steady state
    started = time.process_time()
    play(turns)
    return (time.process_time() - started) / turns


def scheduler_rows() -> list[Figure]:
    """Cost of a decision at 100 and at 10,000 live conversations."""

    def budget(live: int) -> AdmissionPolicy:
        return KvAdmission([live * 5_000])

    def fixed(live: int) -> AdmissionPolicy:
        return FixedAdmission(live)

    rows: list[Figure] = []
    makers: list[tuple[str, Callable[[int], AdmissionPolicy]]] = [("kv-budget", budget), ("fixed", fixed)]
    for name, make in makers:
        few, many = [], []
        for _ in range(3):
            few.append(decide_turns(make(100), 100, 20_000))
            many.append(decide_turns(make(LIVE), LIVE, 20_000))
        rows.append(Figure(f"scheduler, {name}: a turn at {LIVE:,} live", median(many) * 1e6, "µs", TURN_US))
        ratio = median(b / a for a, b in zip(few, many, strict=True))
        rows.append(Figure(f"scheduler, {name}: {LIVE:,} over 100 live", ratio, "x"))
    return rows


def pipeline_rows(n: int) -> list[Figure]:
    """Model calls a second of the whole pipeline on one core: conversations, verdicts, rows on disk."""
    worlds = [generate_world(load_domain(name), 3, 500) for name in ("airline", "retail")]
    tasks = synthesise_tasks(list(worlds), n, 3, parse_mix(""))[0]
    opened = {world_key(item.ref): item for item in worlds}
    manifest = Manifest(kind="synth", command="bench", config={}, worlds=(), seeds={}, versions={})

    async def main(folder: str) -> float:
        with RunFolder.open_or_create(folder, manifest, resume=True) as run:
            started = time.process_time()
            progress = await play_run(run, tasks, opened, PlaySettings(seed=3))
            return progress.counters.requests / (time.process_time() - started)

    rates, speeds = [], [count_seconds()]
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            rates.append(anyio.run(main, f"{folder}/run", backend_options={"use_uvloop": True}))
        speeds += [count_seconds() for _ in range(3)]
    what = f"pipeline, {n:,} conversations: model calls a second of CPU"
    there = median(rates) * median(speeds) / AIMS_CORE_SECONDS
    return [
        Figure(what, median(rates), "/s", CALLS_PER_SECOND, least=True),
        Figure(
            f"  on a core that counts to five million in {AIMS_CORE_SECONDS} s",
            there,
            "/s",
            CALLS_PER_SECOND,
            least=True,
        ),
    ]


def growth_rows(live: int, repeats: int) -> list[Figure]:
    """What a call costs at many live conversations over few; the bare loop beside it is the least that it can be."""
    rows: list[Figure] = []
    for name, pace, calls, aim in (("at the same rate", 3.0, 2 * live, GROWTH), ("at full load", 0.5, 4 * live, None)):
        few, many = [], []
        quick = pace * FEW / live
        for _ in range(repeats):
            few.append(apart(cost_of_call, FEW, quick, calls, warm=20).call)
            many.append(apart(cost_of_call, live, pace, calls).call)
        bare = apart(bare_loop, live, pace, calls) / apart(bare_loop, FEW, quick, calls)
        rows += [
            Figure(f"a call at {FEW} live, {name}", median(few), "µs"),
            Figure(f"a call at {live:,} live, {name}", median(many), "µs"),
            Figure(f"  over {FEW} live", median(b / a for a, b in zip(few, many, strict=True)), "x", aim),
            Figure("  the same of tasks that only wait", bare, "x"),
        ]
    return rows


SETTINGS: list[tuple[bool, Collector]] = [
    (True, "quiet"),
    (True, "3,000"),
    (True, "frozen"),
    (True, "as it is"),
    (False, "quiet"),
]


def setting_rows(live: int) -> list[Figure]:
    """Loops and settings of the garbage collector, at many live conversations."""
    rows: list[Figure] = []
    for uvloop, collector in SETTINGS:
        cost = apart(cost_of_call, live, 1.0, 4 * live, collector, uvloop=uvloop)
        name = f"{'uvloop' if uvloop else 'asyncio'}, collector {collector}"
        rows.append(Figure(f"{name}: a call", cost.call, "µs"))
        rows.append(Figure(f"{name}: the collector's longest go", cost.longest * 1e3, "ms"))
    return rows


def live_rows(live: int, ended: int) -> list[Figure]:
    """Memory of live conversations and of ended ones, and how the loop is held."""
    memory = apart(memory_of_live, live, 1.5)
    held = apart(hold_of_loop, live, 1.5)
    with ThreadPoolExecutor() as beside:  # what is measured is memory, which those beside do not change
        fixed, budget = beside.map(lambda kv_tokens: apart(growth_of_memory, ended, 500, kv_tokens), (0, 4_000_000))
    of_id = apart(memory_of_ids)
    return [
        Figure(f"memory of {live:,} live conversations of 20 messages", memory.grown / 2**30, "GiB", GIB),
        Figure("memory of a live conversation's token id, sglang engine", of_id, "B"),
        Figure(f"memory that grows by an ended conversation, of {ended:,}, fixed", fixed, "B", KEPT_BYTES),
        Figure(f"memory that grows by an ended conversation, of {ended:,}, kv-budget", budget, "B", KEPT_BYTES),
        Figure(f"event loop with {live:,} live: lag p99", memory.lag * 1e3, "ms", LAG_MS),
        Figure(f"event loop with {live:,} live, all begun at once: longest go", held.longest * 1e3, "ms", SLICE * 1e3),
        Figure(f"  goes over {SLICE * 1e3:g} ms, of {held.goes:,}", held.over, "", 0),
    ]


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


def length_row() -> Figure:
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
    return Figure("conversation: a call of one of 60 turns over one of 6", median(ratios), "x", GROWTH)


def main(arguments: list[str]) -> None:
    """Run the script."""
    parser = make_parser(__doc__, n=1000, of="conversations of the pipeline's measurement")
    parser.add_argument("--live", metavar="N", type=positive, default=LIVE, help=f"live conversations ({LIVE:,})")
    parser.add_argument(
        "--ended", metavar="N", type=positive, default=50_000, help="conversations of a long run (50,000)"
    )
    parser.add_argument("--repeats", metavar="N", type=positive, default=3, help="rounds of what is compared (3)")
    parser.add_argument("--part", action="append", choices=PARTS, help="one part alone; several may be named")
    options = parser.parse_args(arguments)
    figures: list[Figure] = []
    parts: dict[str, Callable[[], list[Figure]]] = {
        "growth": lambda: growth_rows(options.live, options.repeats),
        "settings": lambda: setting_rows(options.live),
        "memory": lambda: live_rows(options.live, options.ended),
        "whole": lambda: [*scheduler_rows(), length_row(), *pipeline_rows(options.n)],
    }
    for part, title in PARTS.items():
        if part not in (options.part or PARTS):
            continue
        found = parts[part]()
        show_figures(found, title)
        figures += found
    write_json(options.json, figures)


if __name__ == "__main__":
    sys.exit(run_script(main))
