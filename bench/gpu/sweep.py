"""Decode by batch and context, prefill by length and cached prefix."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from statistics import fmean, median, quantiles

import msgspec

from bench.gpu.data import DecodeCell, PrefillCell
from bench.gpu.probe import Load, Probe

_FILL = 0.9  # of the pool is used at most, so that nothing is retracted or evicted
_BURST = 131_072  # tokens of one prefill cell: some steps of the largest chunk


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured: decode of each batch at each context, prefill of each length, and of `tail` tokens behind."""

    batches: tuple[int, ...] = (1, 4, 16, 32, 64, 128, 256)
    contexts: tuple[int, ...] = (512, 2048, 6000, 16_000)
    lengths: tuple[int, ...] = (512, 2048, 8192, 24_000)
    tail: int = 256
    new_tokens: int = 96


SMALL = Plan(batches=(1, 4, 16), contexts=(128, 512, 2048), lengths=(256, 1024, 4096), tail=64, new_tokens=48)
"""For a CPU: that everything works, in two minutes."""


def decode_cells(plan: Plan, pool: int, longest: int) -> Iterator[tuple[int, list[int]]]:
    """Each context with the batches that fit into the pool, the largest first: its prompts serve the smaller ones."""
    for context in plan.contexts:
        if context + plan.new_tokens < longest:
            fits = int(_FILL * pool / (context + plan.new_tokens))
            if batches := sorted({min(batch, fits) for batch in plan.batches if fits}, reverse=True):
                yield context, batches


def prefill_shapes(plan: Plan, pool: int, longest: int) -> Iterator[tuple[int, int, int]]:
    """Prompts, new tokens, and cached ones before them. Many prompts at once, so that every step is a full one."""
    for length in plan.lengths:
        if length + plan.tail + 1 < longest and length + plan.tail < _FILL * pool:
            prompts = max(2, min(_BURST, int(_FILL * pool)) // (length + plan.tail + 1))
            prompts = min(prompts, 64, int(_FILL * pool / (length + plan.tail + 1)))
            if prompts:
                yield prompts, length, 0
                yield prompts, plan.tail, length


async def measure_decode(probe: Probe, context: int, batches: list[int], new_tokens: int) -> list[DecodeCell]:
    """All batches of one context. The prompts are computed first, so that decode steps follow each other."""
    await probe.flush()
    prompts = probe.prompts(batches[0], context, f"decode/{context}")
    await probe.send(prompts, 1)
    cells: list[DecodeCell] = []
    for batch in batches:
        chosen = prompts[:batch]
        short = await probe.send(chosen, 1)
        before = await probe.idle()
        watch = asyncio.create_task(probe.all_running(batch))
        sent = await probe.send(chosen, new_tokens)
        watch.cancel()
        together = watch.result() if watch.done() and not watch.cancelled() else None
        after = await probe.idle()
        wall = max(sent.seconds - short.seconds, 1e-6) / (new_tokens - 1)
        start = (
            together if together is not None and after.moments[0] - together.moments[0] >= new_tokens / 4 else before
        )
        steps, requests, seconds = _between(start, after)
        cells.append(
            DecodeCell(
                requests=batch,
                context=context,
                new_tokens=new_tokens,
                steps=steps,
                mean_requests=requests or float(batch),
                # the window ends with the last token; it begins where `together` was seen
                mean_kv=(requests or batch) * (context + new_tokens - (steps or new_tokens) / 2),
                step_seconds=seconds or wall,
                wall_step_seconds=wall,
                answer_p50=median(sent.latencies),
                answer_p95=percentile(sent.latencies, 95),
            )
        )
    return cells


async def measure_prefill(probe: Probe, prompts: int, new: int, cached: int) -> PrefillCell:
    """One prefill cell; what is to be cached is computed first."""
    await probe.flush()
    heads = probe.prompts(prompts, cached, f"prefill/{cached}/{new}/head") if cached else [()] * prompts
    if cached:
        await probe.send(heads, 1)
    tails = probe.prompts(prompts, new, f"prefill/{cached}/{new}/tail")
    before = await probe.idle()
    sent = await probe.send([head + tail for head, tail in zip(heads, tails, strict=True)], 1)
    after = await probe.idle()
    counted = after.total_prefill_uncached_tokens - before.total_prefill_uncached_tokens
    busy = (after.total_prefill_busy_us - before.total_prefill_busy_us) / 1e6
    total = prompts * new
    return PrefillCell(
        prompts=prompts,
        new=new,
        cached=cached,
        cached_found=fmean(answer.meta_info.cached_tokens or 0 for answer in sent.answers),
        busy_seconds=busy * total / counted if counted >= total / 2 and busy > 0 else 0.0,
        wall_seconds=sent.seconds,
    )


def percentile(values: list[float], percent: int) -> float:
    """A percentile; the only value of a list of one."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def _between(before: Load, after: Load) -> tuple[int, float, float]:
    """Steps, mean requests and mean seconds of the decode steps between two readings; zeros where none was counted."""
    steps, requests, microseconds, *_ = (b - a for a, b in zip(before.moments, after.moments, strict=True))
    return (int(steps), requests / steps, microseconds / steps / 1e6) if steps > 0 else (0, 0.0, 0.0)
