"""Conversations of several turns on the sglang engine: cache hits on later turns, and the client's cost of a call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from statistics import median

import anyio
import msgspec
from writ_domains.retail import DOMAIN
from writ_engines.sglang import SglangOptions, make_sglang

from bench.gpu.data import Turns
from bench.gpu.sweep import percentile
from writ_async import Completion, Engine, Message, Request, Setting, UserMessage, agent_system_prompt
from writ_async.core.engine import end_session

_SENTENCE = "About order #W{number}: the lamp is broken, please send another one to {number} Hill Road. "


class _Call(msgspec.Struct, frozen=True):
    completion: Completion
    seconds: float


async def measure_turns(
    url: str, model: str, *, sessions: int, turns: int, new_tokens: int, page: int, batch: int
) -> Turns:
    """`sessions` conversations at once: a domain's policy and tools, then turns of a customer's and the model's words.

    The answers of a model with random weights have no sense, so that the customer does not go by them.
    """
    options = SglangOptions(
        url=url, model=model, max_tokens=new_tokens, logprobs=True, batch=batch, extra='{"ignore_eos":true}'
    )
    engine = make_sglang(options, Setting(tasks={}, domains={}, seed=0))
    rows: list[list[_Call]] = [[] for _ in range(sessions)]
    try:
        await engine.server_info()
        await _converse(engine, f"{batch}-warm-up", 1, [])  # what is made once is made here
        began, cpu = time.perf_counter(), time.process_time()
        async with anyio.create_task_group() as group:
            for number, row in enumerate(rows):
                group.start_soon(_converse, engine, f"{batch}-{number}", turns, row)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    finally:
        await engine.aclose()
    return _count(rows, page, cpu, seconds, batched=batch > 1)


async def _converse(engine: Engine, name: str, turns: int, row: list[_Call]) -> None:
    rng = Random(name)
    messages: list[Message] = [agent_system_prompt(DOMAIN.policy)]
    for turn in range(turns):
        said = "".join(_SENTENCE.format(number=rng.randrange(1000, 10_000)) for _ in range(rng.randint(1, 8)))
        messages.append(UserMessage(f"{name}: {said}"))
        request = Request(
            id=f"{name}/{turn}",
            session=name,
            seat="agent",
            task_id=name,
            trial=0,
            turn=turn,
            seed=turn,
            messages=messages,
            tools=DOMAIN.schemas,
        )
        began = time.perf_counter()
        completion = await engine.complete(request)
        row.append(_Call(completion, time.perf_counter() - began))
        messages.append(completion.message)
    end_session(engine, name)


def _count(rows: Sequence[Sequence[_Call]], page: int, cpu: float, seconds: float, *, batched: bool) -> Turns:
    calls = [call for row in rows for call in row]
    pairs = [(a.completion.usage, b.completion.usage) for row in rows for a, b in pairwise(row)]
    whole = sum(b.cached_tokens >= a.prompt_tokens + a.completion_tokens - 1 - page for a, b in pairs)
    usages = [call.completion.usage for call in calls]
    return Turns(
        sessions=len(rows),
        calls=len(calls),
        later_turns=len(pairs),
        whole_hits=whole,
        page=page,
        prompt_tokens=sum(usage.prompt_tokens for usage in usages),
        cached_tokens=sum(usage.cached_tokens for usage in usages),
        completion_tokens=sum(usage.completion_tokens for usage in usages),
        client_seconds=cpu,
        seconds=seconds,
        call_p50=median(call.seconds for call in calls),
        call_p95=percentile([call.seconds for call in calls], 95),
        batched=batched,
    )
