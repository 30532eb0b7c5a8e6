"""How conversations are let in decides what a model server does: none held back, a fixed number, or by KV tokens.

    python bench/admission.py [--n 4096] [--model qwen3-4b] [--gpu h200] [--mix service] [--seed 1] [--told]
                              [--json FILE]

The server is `writ_engines.simulated` in virtual time; scheduler and conversations are the real ones. Three mixes:
`service` grows contexts to 6,000-12,000 tokens; `shifting` begins with short conversations, goes on with long ones and
ends with short ones, without telling the scheduler; in `deep` the long ones grow to 60,000 tokens and more. "fixed", a
plain semaphore, is tried at several settings and its best one, known only in hindsight, counts. "aimd" and "pause",
the latter in two settings, are published policies (`bench/rivals.py`).

With `--told` the server hears when a conversation has ended, as SGLang with `--enable-session-radix-cache` does, and
what that left in its cache goes first.

A conversation's wait is the mean over its model calls of the time from asking to the answer, gate and server together.
That of the slowest hundredth is held against the median of all, and in the table also against the median of its own
shape: calls with a long context take longer under whatever admission, and most of all where few others are live.

The lower bound is what any order of work takes at least on this server; `bench/lower_bound.py` proves it.

All time that counts is virtual, so that runs beside each other, one a process, do not disturb each other.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from statistics import fmean, median

import msgspec
from writ_engines.simulated import Costs, Server, ServerOptions, SimulatedEngine, costs_of

from bench.loads import CONTEXT, DEEP, LONG, SERVICE, SHORT, Load, Shape, play
from bench.lower_bound import Floor, lower_bound
from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from bench.rivals import AimdAdmission, PausingAdmission
from writ_async import Limits
from writ_async.scheduler.admission import AdmissionPolicy

FIXED = (8, 16, 24, 32, 48, 64, 128, 256)
MIXES = ("service", "shifting", "deep")
RIVALS = ("aimd", "pause", "pause 80%")
BOUND, UNBOUNDED, BEST_FIXED, PREFILLED, STARVED = 1.10, 3.0, 1.15, 1.05, 3.0


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What all runs of a table have in common: the conversations of each mix, the machine, and what it is told."""

    n: int
    seed: int
    model: str
    gpu: str
    fixed: tuple[int, ...]
    told: bool

    def load(self, mix: str) -> Load:
        """The conversations of a mix."""
        return _load(mix, self.n, self.seed)

    def costs(self) -> Costs:
        """What the machine takes for the model."""
        return costs_of(self.model, self.gpu)


class Cell(msgspec.Struct, kw_only=True):
    """One run. `slow` is the wait of the slowest hundredth over the median, `slow_own` over the median of its shape."""

    mix: str
    admission: str
    seconds: float
    prefilled: int
    hit_rate: float
    batch: float
    prefill_share: float
    decode_share: float
    retractions: int
    parkings: int
    live_p50: float
    call_wait: float
    slow: float
    slow_own: float
    cpu: float
    calls: int


def shapes(mix: str, n: int) -> list[Shape]:
    """The shapes of the conversations of a mix, in order."""
    if mix == "service":
        return [SERVICE] * n
    few, other = (n // 8, LONG) if mix == "shifting" else (n // 16, DEEP)
    before = (n - few) * 3 // 4
    return [SHORT] * before + [other] * few + [SHORT] * (n - few - before)


@lru_cache(maxsize=1)
def _load(mix: str, n: int, seed: int) -> Load:
    return Load(shapes(mix, n), seed)


def measure(setup: Setup, mix: str, index: int) -> Cell:
    """One run: that of a mix and of the policy at an index."""
    load, costs = setup.load(mix), setup.costs()
    name, limits, admission = policies(costs, setup.n, setup.fixed)[index]
    limits = msgspec.structs.replace(limits, request_timeout=0.0)
    server = Server(costs, ServerOptions(enable_session_radix_cache=setup.told))
    engine = SimulatedEngine(load, server, context=CONTEXT)
    started = time.process_time()
    timings, rows, parkings = play(load, engine, limits, admission)
    cpu = time.process_time() - started
    report = engine.reports()[0]
    calls = [sum(usage.requests for usage in row.usage.values()) for row in rows]
    waits = {
        row.id: (t.agent_wait + t.user_wait + t.gate_wait) / max(n, 1)
        for row, t, n in zip(rows, timings, calls, strict=True)
    }
    busy = sum(t.seconds - t.gate_wait for t in timings)
    return Cell(
        mix=mix,
        admission=name,
        seconds=report.seconds,
        prefilled=report.prefilled_tokens,
        hit_rate=report.hit_rate,
        batch=report.mean_batch,
        prefill_share=report.prefill_seconds / report.seconds,
        decode_share=report.decode_seconds / report.seconds,
        retractions=report.retractions,
        parkings=parkings,
        live_p50=busy / report.seconds,
        call_wait=median(waits.values()),
        slow=slowest(waits.values()),
        slow_own=slowest(of_own_shape(load, waits)),
        cpu=cpu,
        calls=sum(calls),
    )


def slowest(waits: Iterable[float]) -> float:
    """The mean of the slowest hundredth over the median of all."""
    ordered = sorted(waits)
    return fmean(ordered[-max(1, len(ordered) // 100) :]) / median(ordered)


def of_own_shape(load: Load, waits: Mapping[str, float]) -> list[float]:
    """Each conversation's wait over the median of those of its shape."""
    by_shape: dict[Shape, list[float]] = {}
    for name, wait in waits.items():
        by_shape.setdefault(load.shape(name), []).append(wait)
    return [wait / middle for group in by_shape.values() for middle in [median(group)] for wait in group]


def show(cells: list[Cell], bound: Floor) -> None:
    """Print the table of one mix."""
    print(
        f"\n{cells[0].mix}: {cells[0].calls:,} calls, {bound.unique:,} unique prompt tokens of {bound.prompt:,}, "
        f"{bound.output:,} output; lower bound {bound.seconds:,.1f} s = prefill {bound.prefill:,.1f} + tokens "
        f"{bound.decode_tokens:,.1f} + steps {bound.decode_base:,.1f} + seats that wait {bound.idle:,.1f} "
        f"(longest conversation {bound.longest:,.1f})"
    )
    print(
        f"  {'admission':10} {'seconds':>9} {'x bound':>8} {'prefilled':>10} {'hits':>6} {'batch':>6} {'live':>6} "
        f"{'prefill':>8} {'decode':>7} {'retract':>8} {'parked':>7} {'wait p50':>9} {'slow 1%':>8} {'of own':>7} "
        f"{'µs/call':>8}"
    )
    for cell in cells:
        print(
            f"  {cell.admission:10} {cell.seconds:>9,.1f} {cell.seconds / bound.seconds:>8.2f} "
            f"{cell.prefilled / bound.unique:>9.2f}x {cell.hit_rate:>6.1%} {cell.batch:>6.0f} {cell.live_p50:>6.0f} "
            f"{cell.prefill_share:>8.1%} {cell.decode_share:>7.1%} {cell.retractions:>8,} {cell.parkings:>7,} "
            f"{cell.call_wait:>9.2f} {cell.slow:>7.2f}x {cell.slow_own:>6.2f}x {1e6 * cell.cpu / cell.calls:>8.0f}"
        )


def judge(mix: str, cells: list[Cell], bound: Floor) -> list[Figure]:
    """The figures of a mix, with their aims."""
    by_name = {cell.admission: cell for cell in cells}
    budget, unbounded = by_name["kv-budget"], by_name["unbounded"]
    best = min((cell for cell in cells if cell.admission.startswith("fixed")), key=lambda cell: cell.seconds)
    rivals = [by_name[name] for name in RIVALS]
    shifts = None if mix == "service" else BEST_FIXED
    return [
        Figure(f"{mix}: time over lower bound", budget.seconds / bound.seconds, "x", BOUND),
        Figure(f"{mix}: unbounded over kv-budget", unbounded.seconds / budget.seconds, "x", UNBOUNDED, True),
        Figure(
            f"{mix}: best fixed ({best.admission}) over kv-budget", best.seconds / budget.seconds, "x", shifts, True
        ),
        *(Figure(f"{mix}: {cell.admission} over kv-budget", cell.seconds / budget.seconds, "x") for cell in rivals),
        Figure(f"{mix}: prefilled over unique", budget.prefilled / bound.unique, "x", PREFILLED),
        Figure(f"{mix}: prefilled by unbounded over unique", unbounded.prefilled / bound.unique, "x", UNBOUNDED, True),
        *(
            Figure(f"{mix}: slowest 1 % over median, {cell.admission}", cell.slow, "x", STARVED)
            for cell in (budget, *rivals, best, unbounded)
        ),
    ]


def policies(costs: Costs, n: int, fixed: Iterable[int]) -> list[tuple[str, Limits, AdmissionPolicy | None]]:
    """What is held against each other: a name, limits, and a policy where limits name none."""
    most = Limits(concurrency=n)
    return [
        ("kv-budget", Limits(concurrency=n, kv_tokens=costs.kv_tokens), None),
        ("aimd", most, AimdAdmission(costs.kv_tokens, CONTEXT)),
        ("pause", most, PausingAdmission(costs.kv_tokens)),
        ("pause 80%", most, PausingAdmission(costs.kv_tokens, pause_above=0.95, pause_to=0.80, fill_to=0.85)),
        *((f"fixed {k}", Limits(concurrency=k), None) for k in fixed),
        ("unbounded", Limits(admission="unbounded", concurrency=n), None),
    ]


def main(arguments: list[str]) -> None:
    """Run the script."""
    parser = make_parser(__doc__, n=4096, of="conversations")
    parser.add_argument("--model", default="qwen3-4b")
    parser.add_argument("--gpu", default="h200")
    parser.add_argument("--mix", action="append", choices=MIXES, help="one mix alone")
    parser.add_argument("--fixed", type=int, action="append", help="a setting of the semaphore; several if not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--told", action="store_true", help="the server is told when conversations end")
    cores = os.cpu_count() or 1
    parser.add_argument("--processes", metavar="N", type=positive, default=cores, help=f"runs at once ({cores})")
    options = parser.parse_args(arguments)
    fixed = tuple(options.fixed or FIXED)
    setup = Setup(n=options.n, seed=options.seed, model=options.model, gpu=options.gpu, fixed=fixed, told=options.told)
    count = len(policies(setup.costs(), setup.n, fixed))
    found, figures = [], []
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        mixes = options.mix or MIXES
        runs = {mix: [pool.submit(measure, setup, mix, index) for index in range(count)] for mix in mixes}
        for mix, running in runs.items():
            bound = lower_bound(setup.load(mix), setup.costs())
            cells = [run.result() for run in running]
            show(cells, bound)
            figures += judge(mix, cells, bound)
            found.append({"mix": mix, "bound": bound, "cells": cells})
    show_figures(figures, "figures")
    write_json(options.json, figures, model=options.model, gpu=options.gpu, n=options.n, mixes=found)


if __name__ == "__main__":
    sys.exit(run_script(main))
