"""How conversations are let in decides what a model server does: none held back, a fixed number, or a KV budget.

    python bench/admission.py [--n 4096] [--model qwen3-4b] [--gpu h200] [--seeds 1] [--json FILE]

The server is simulated in virtual time (engines/simulated); scheduler and conversations are the real ones. Three mixes:
`service` grows contexts to 6,000-12,000 tokens; `shifting` begins with short conversations, goes on with long ones and
ends with short ones, without telling the scheduler; in `deep` the long ones grow to 60,000 tokens. "fixed" is tried at
several settings and its best one, known only in hindsight, counts.

The lower bound is what any order of work would take on this server: every unique prompt token prefilled once, every
token decoded at its cost, no more decode steps than the pool can hold tokens for, and no less than the longest
conversation by itself. It is computed from a run of one conversation after another with an endless cache.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median

import msgspec
from loads import DEEP, LONG, POLICY_TOKENS, SERVICE, SHORT, Load, Shape

from engines.simulated import Costs, Server, ServerOptions, SimulatedEngine, costs_of
from writ_async.scheduler import Job, Limits, Timing, run_rollouts
from writ_async.scheduler.budget import BudgetPolicy
from writ_async.trajectory import Trajectory
from writ_async.virtual_time import run_virtual

FIXED = (8, 16, 24, 32, 48, 64, 128, 256)
MIXES = ("service", "shifting", "deep")
CONTEXT = 131_072
BOUND, UNBOUNDED, BEST_FIXED, PREFILLED, STARVED = 1.10, 3.0, 1.15, 1.05, 3.0


class Cell(msgspec.Struct, kw_only=True):
    """One run. `slow_wait` is the mean wait of a call, gate and server, of the slowest hundredth of conversations."""

    mix: str
    policy: str
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
    slow_wait: float
    cpu: float
    calls: int


class Floor(msgspec.Struct, kw_only=True):
    """The lower bound of a mix, and its parts; seconds."""

    seconds: float
    prefill: float
    decode_tokens: float
    decode_base: float
    longest: float
    unique: int
    prompt: int
    output: int


def shapes(mix: str, n: int) -> list[Shape]:
    """The shapes of the conversations of a mix, in order."""
    if mix == "service":
        return [SERVICE] * n
    few, other = (n // 8, LONG) if mix == "shifting" else (n // 16, DEEP)
    before = (n - few) * 3 // 4
    return [SHORT] * before + [other] * few + [SHORT] * (n - few - before)


def play(load: Load, engine: SimulatedEngine, limits: Limits) -> tuple[list[Timing], list[Trajectory], int]:
    """Run all conversations in virtual time; gives what they took, and how often one was parked."""
    timings: list[Timing] = []
    rows: list[Trajectory] = []

    def finished(job: Job, trajectory: Trajectory, timing: Timing) -> None:
        timings.append(timing)
        rows.append(msgspec.structs.replace(trajectory, messages=(), chain=()))

    async def main() -> int:
        async with run_rollouts(
            load.jobs, {"agent": engine, "user": engine}, limits=limits, on_finish=finished
        ) as rollouts:
            async for _ in rollouts:
                pass
            return rollouts.policy.parkings if isinstance(rollouts.policy, BudgetPolicy) else 0

    return timings, rows, run_virtual(main)


def measure(mix: str, load: Load, costs: Costs, name: str, limits: Limits, options: ServerOptions) -> Cell:
    """One cell of the table."""
    engine = SimulatedEngine(load, Server(costs, options), context=CONTEXT)
    started = time.process_time()
    timings, rows, parkings = play(load, engine, limits)
    cpu = time.process_time() - started
    report = engine.reports()[0]
    calls = [sum(usage.requests for usage in row.usage.values()) for row in rows]
    waits = sorted((t.agent_wait + t.user_wait + t.gate_wait) / max(n, 1) for t, n in zip(timings, calls, strict=True))
    slowest = waits[-max(1, len(waits) // 100) :]
    busy = sum(t.seconds - t.gate_wait for t in timings)
    return Cell(
        mix=mix,
        policy=name,
        seconds=report.seconds,
        prefilled=report.prefilled_tokens,
        hit_rate=report.hit_rate,
        batch=report.mean_batch,
        prefill_share=report.prefill_seconds / report.seconds,
        decode_share=report.decode_seconds / report.seconds,
        retractions=report.retractions,
        parkings=parkings,
        live_p50=busy / report.seconds,
        call_wait=median(waits),
        slow_wait=sum(slowest) / len(slowest),
        cpu=cpu,
        calls=sum(calls),
    )


def floor(load: Load, costs: Costs) -> Floor:
    """The lower bound of a mix on a machine."""
    endless = msgspec.structs.replace(costs, kv_tokens=10**12)
    engine = SimulatedEngine(load, Server(endless), context=CONTEXT, round_trip=0.0)
    timings, rows, _ = play(load, engine, Limits(concurrency=1))
    report = engine.reports()[0]
    agent = sum(row.usage["agent"].completion_tokens for row in rows)
    steps = max(0, report.kv_steps - agent * POLICY_TOKENS) / costs.kv_tokens
    prefill = report.prefilled_tokens / costs.prefill_rate + costs.prefill_attention * report.prefill_pairs
    tokens = report.decode_requests * costs.decode_request + report.kv_steps * costs.decode_token
    base = steps * costs.decode_base
    longest = max(t.seconds for t in timings)
    return Floor(
        seconds=max(prefill + tokens + base, longest),
        prefill=prefill,
        decode_tokens=tokens,
        decode_base=base,
        longest=longest,
        unique=report.prefilled_tokens,
        prompt=report.prompt_tokens,
        output=report.output_tokens,
    )


def show(cells: list[Cell], bound: Floor) -> None:
    """Print the table of one mix, and the aims."""
    print(
        f"\n{cells[0].mix}: {cells[0].calls:,} calls, {bound.unique:,} unique prompt tokens of {bound.prompt:,}, "
        f"{bound.output:,} output; lower bound {bound.seconds:,.1f} s = prefill {bound.prefill:,.1f} + tokens "
        f"{bound.decode_tokens:,.1f} + steps {bound.decode_base:,.1f} (longest conversation {bound.longest:,.1f})"
    )
    print(
        f"  {'policy':12} {'seconds':>9} {'x bound':>8} {'prefilled':>10} {'hits':>6} {'batch':>6} {'live':>6} "
        f"{'prefill':>8} {'decode':>7} {'retract':>8} {'parked':>7} {'wait p50':>9} {'slow 1%':>8} {'µs/call':>8}"
    )
    for cell in cells:
        print(
            f"  {cell.policy:12} {cell.seconds:>9,.1f} {cell.seconds / bound.seconds:>8.2f} "
            f"{cell.prefilled / bound.unique:>9.2f}x {cell.hit_rate:>6.1%} {cell.batch:>6.0f} {cell.live_p50:>6.0f} "
            f"{cell.prefill_share:>8.1%} {cell.decode_share:>7.1%} {cell.retractions:>8,} {cell.parkings:>7,} "
            f"{cell.call_wait:>9.2f} {cell.slow_wait:>8.2f} {1e6 * cell.cpu / cell.calls:>8.0f}"
        )


def judge(mix: str, cells: list[Cell], bound: Floor) -> list[tuple[str, float, str, bool]]:
    """The aims of a mix: what, the measured ratio, the aim, and whether it is met."""
    by_name = {cell.policy: cell for cell in cells}
    budget, unbounded = by_name["kv-budget"], by_name["unbounded"]
    best = min((cell for cell in cells if cell.policy.startswith("fixed")), key=lambda cell: cell.seconds)
    aims = [
        ("time over lower bound", budget.seconds / bound.seconds, BOUND, False),
        ("unbounded over kv-budget", unbounded.seconds / budget.seconds, UNBOUNDED, True),
        ("prefilled over unique", budget.prefilled / bound.unique, PREFILLED, False),
        ("prefilled by unbounded over unique", unbounded.prefilled / bound.unique, UNBOUNDED, True),
        *(
            (f"slowest 1 % over median, {c.policy}", c.slow_wait / c.call_wait, STARVED, False)
            for c in (budget, unbounded)
        ),
    ]
    if mix != "service":
        aims.insert(2, (f"best fixed ({best.policy}) over kv-budget", best.seconds / budget.seconds, BEST_FIXED, True))
    return [
        (f"{mix}: {what}", value, f"{'≥' if least else '≤'} {aim:g}", value >= aim if least else value <= aim)
        for what, value, aim, least in aims
    ]


def main(arguments: list[str]) -> int:
    """Run the script and give its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=4096, help="conversations")
    parser.add_argument("--model", default="qwen3-4b")
    parser.add_argument("--gpu", default="h200")
    parser.add_argument("--mix", action="append", choices=MIXES, help="one mix alone")
    parser.add_argument("--fixed", type=int, action="append", help="a setting of the semaphore; several if not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what was measured to a file")
    options = parser.parse_args(arguments)
    costs = costs_of(options.model, options.gpu)
    flags = ServerOptions()
    found = []
    verdicts: list[tuple[str, float, str, bool]] = []
    for mix in options.mix or MIXES:
        load = Load(shapes(mix, options.n), options.seed)
        bound = floor(load, costs)
        settings = [("kv-budget", Limits(concurrency=options.n, kv_tokens=costs.kv_tokens))]
        settings += [(f"fixed {k}", Limits(concurrency=k)) for k in options.fixed or FIXED]
        settings.append(("unbounded", Limits(policy="unbounded", concurrency=options.n, request_timeout=0)))
        cells = []
        for name, limits in settings:
            limits = msgspec.structs.replace(limits, request_timeout=0.0)
            cells.append(measure(mix, load, costs, name, limits, flags))
        show(cells, bound)
        verdicts += judge(mix, cells, bound)
        found.append({"mix": mix, "bound": bound, "cells": cells})
    print()
    for what, value, aim, met in verdicts:
        print(f"  {what:58} {value:>7.2f}  (aim {aim}: {'met' if met else 'MISSED'})")
    if options.json:
        report = {"model": options.model, "gpu": options.gpu, "n": options.n, "mixes": found, "aims": verdicts}
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
