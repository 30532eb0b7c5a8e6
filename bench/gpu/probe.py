"""Raw calls: prompts of random ids through /generate, and the server's own counters."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from random import Random

import msgspec
from writ_engines.http import HttpClient
from writ_engines.http.client import Body
from writ_engines.sglang.wire import Answer, check_answer, parse_answer, single_body

from writ_async.chat.tokenizer import pack_text

FIRST_ID = 300
"""Ids below are left out: bytes and special tokens of most vocabularies."""
_POLL = 0.02
_SETTLE = 1.0


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One scheduler's counters. `decode_moments`: steps, then sums over them of requests, microseconds, requests
    squared, requests times microseconds, tokens; see SGLang's `_accumulate_decode_moment`.
    """

    timestamp: float = 0.0
    num_running_reqs: int = 0
    num_waiting_reqs: int = 0
    total_prefill_uncached_tokens: int = 0
    total_prefill_busy_us: float = 0.0
    decode_moments: list[float] | None = None

    @property
    def moments(self) -> list[float]:
        """The moments, all zero before the first step."""
        return self.decode_moments or [0.0] * 6


class _Loads(msgspec.Struct):
    loads: list[Load]


class Sent(msgspec.Struct, frozen=True):
    """What came back: the answers in order, each one's seconds, and the seconds of all."""

    answers: list[Answer]
    latencies: list[float]
    seconds: float


class Probe:
    """Sends prompts to one server, and reads its counters."""

    def __init__(self, client: HttpClient, vocabulary: int) -> None:
        self._client = client
        self._vocabulary = vocabulary

    def prompts(self, count: int, tokens: int, seed: str) -> list[tuple[int, ...]]:
        """Prompts that share no prefix, the same for the same seed."""
        rng = Random(seed)
        return [tuple(rng.choices(range(FIRST_ID, self._vocabulary), k=tokens)) for _ in range(count)]

    async def send(self, prompts: Sequence[Sequence[int]], new_tokens: int) -> Sent:
        """One request per prompt, all at once; each writes exactly `new_tokens` tokens."""
        sampling = msgspec.json.encode({"temperature": 1.0, "max_new_tokens": new_tokens, "ignore_eos": True})
        bodies = [
            single_body(f"gpu-{secrets.token_hex(6)}", pack_text(prompt), sampling, logprobs=False)
            for prompt in prompts
        ]
        began = time.perf_counter()

        async def one(body: Body) -> tuple[Answer, float]:
            answer = check_answer(parse_answer(await self._client.post("/generate", body)))
            return answer, time.perf_counter() - began

        done = await asyncio.gather(*map(one, bodies))
        return Sent([answer for answer, _ in done], [latency for _, latency in done], time.perf_counter() - began)

    async def load(self) -> Load:
        """The counters now; they may be a step or two old."""
        return msgspec.json.decode(await self._client.get("/v1/loads"), type=_Loads).loads[0]

    async def idle(self) -> Load:
        """The counters when nothing runs and they have come to rest."""
        before = await self.load()
        end = time.perf_counter() + _SETTLE
        while True:
            await asyncio.sleep(_POLL)
            now = await self.load()
            rest = not now.num_running_reqs and not now.num_waiting_reqs and now.moments == before.moments
            if (rest and now.timestamp > before.timestamp) or time.perf_counter() > end:
                return now
            before = now

    async def all_running(self, count: int) -> Load | None:
        """The counters as soon as `count` requests decode together; None when that is never seen within a minute."""
        end = time.perf_counter() + 60
        while time.perf_counter() < end:
            now = await self.load()
            if now.num_running_reqs >= count and not now.num_waiting_reqs:
                return now
            await asyncio.sleep(_POLL / 4)
        return None

    async def flush(self) -> None:
        """Empty the prefix cache. Raises `TransportError` when the server does not come to rest."""
        await self.idle()  # it refuses while anything runs, and an answer may be here before its request is put away
        await self._client.post("/flush_cache", b"")
