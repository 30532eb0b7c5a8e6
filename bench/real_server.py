"""Hit rate of a real SGLang server under our scheduler: 200 conversations over a KV pool that holds a few of them.

    python bench/real_server.py URL [--conversations 200] [--json FILE]

Start the server with a small pool, such as `--max-total-tokens 8000 --max-running-requests 16`. Conversations take six
turns of 60 tokens in and 12 out, exact token ids throughout, over 200 tokens that all share; the user answers at once.
The ideal is what an endless cache would give. Each way of admission starts from an empty cache.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import anyio
import msgspec

from bench.loads import DOMAIN, text
from writ_async import (
    AssistantMessage,
    Completion,
    EngineError,
    EngineErrorKind,
    Job,
    Limits,
    Request,
    Scenario,
    Task,
    Usage,
    World,
    WorldRef,
    run_rollouts,
)
from writ_async.core.trajectory import CLOSING_TOKENS, Signal

SYSTEM, USER, OUTPUT, TURNS = 200, 60, 12, 6
LOW, HIGH = 300, 2000  # ids that every vocabulary has
WITHIN = 0.02


class Row(msgspec.Struct, frozen=True):
    """One way of admission: the token hit rate, the ideal, and how often the server took a request back."""

    admission: str
    hit_rate: float
    ideal: float
    retractions: int
    seconds: float


class TokenAgent:
    """Plays the agent on the server's `/generate`, with token ids that only grow."""

    def __init__(self, session: aiohttp.ClientSession, url: str, seed: int) -> None:
        self._session = session
        self._url = url
        self._rng = Random(seed)
        self._system = [self._rng.randrange(LOW, HIGH) for _ in range(SYSTEM)]
        self._ids: dict[str, list[int]] = {}
        self.prompt = self.cached = self.ideal = self.retractions = 0

    async def complete(self, request: Request) -> Completion:
        ids = self._ids.get(request.session)
        # What an endless cache would hold of it: all but the token that was written last, or what others share.
        self.ideal += len(ids) - 1 if ids else SYSTEM * bool(self._ids)
        ids = self._ids.setdefault(request.session, list(self._system))
        ids += [self._rng.randrange(LOW, HIGH) for _ in range(USER)]
        body = {"input_ids": ids, "sampling_params": {"max_new_tokens": OUTPUT, "ignore_eos": True}}
        async with self._session.post(f"{self._url}/generate", json=body) as response:
            if response.status != 200:
                raise EngineError(f"the server answers {response.status}", kind=EngineErrorKind.REFUSED)
            answer: dict[str, Any] = await response.json()
        meta = answer["meta_info"]
        ids += answer["output_ids"]
        self.prompt += meta["prompt_tokens"]
        self.cached += meta["cached_tokens"]
        self.retractions += meta.get("num_retractions", 0)
        usage = Usage(1, meta["prompt_tokens"], meta["completion_tokens"], meta["cached_tokens"])
        return Completion(message=AssistantMessage(text("said ", OUTPUT)), usage=usage)

    def end_session(self, session: str) -> None:
        if session in self._ids:
            self._ids[session] = []

    async def aclose(self) -> None:
        pass


class Asker:
    """The user: asks at once, six times."""

    async def complete(self, request: Request) -> Completion:
        over = request.turn >= TURNS
        return Completion(message=AssistantMessage(CLOSING_TOKENS[Signal.STOP] if over else text("asked ", USER)))

    def end_session(self, session: str) -> None:
        pass

    async def aclose(self) -> None:
        pass


def make_jobs(n: int) -> list[Job]:
    """The conversations."""
    world, ref = World("load", {}), WorldRef("load")
    domain = msgspec.structs.replace(DOMAIN, policy=text("Policy. ", SYSTEM // 2), tools={})
    return [
        Job(Task(id=f"c{i}", domain="load", kind="normal", world=ref, scenario=Scenario("")), domain, world)
        for i in range(n)
    ]


async def measure(url: str, n: int, name: str, limits: Limits) -> Row:
    """One way of admission, from an empty cache."""
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        async with session.post(f"{url}/flush_cache?timeout=10") as response:
            await response.read()
        agent = TokenAgent(session, url, 1)
        started = time.perf_counter()
        async with run_rollouts(make_jobs(n), {"agent": agent, "user": Asker()}, limits=limits) as rollouts:
            async for trajectory in rollouts:
                if trajectory.error:
                    raise EngineError(trajectory.error)
        seconds = time.perf_counter() - started
    return Row(name, agent.cached / agent.prompt, agent.ideal / agent.prompt, agent.retractions, seconds)


def main(arguments: list[str]) -> int:
    """Run the script and give its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", help="the server; without one there is nothing to measure")
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--kv-tokens", type=int, default=8000, help="the server's pool")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what was measured to a file")
    options = parser.parse_args(arguments)
    if options.url is None:
        print("  no server given: skipped (python bench/real_server.py URL)")
        return 0
    n = options.conversations
    settings = [
        ("kv-budget", Limits(kv_tokens=options.kv_tokens, concurrency=n)),
        ("fixed 16", Limits(concurrency=16)),
        ("unbounded", Limits(admission="unbounded", concurrency=n)),
    ]
    rows = [anyio.run(measure, options.url.rstrip("/"), n, name, limits) for name, limits in settings]
    print(f"  {n} conversations, pool of {options.kv_tokens:,} tokens")
    for row in rows:
        print(
            f"  {row.admission:12} hit rate {row.hit_rate:.3f} of {row.ideal:.3f}  "
            f"{row.retractions} retractions  {row.seconds:.1f} s"
        )
    met = rows[0].ideal - rows[0].hit_rate <= WITHIN
    print(f"  kv-budget within {WITHIN:.0%} of the ideal: {'met' if met else 'MISSED'}")
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode({"rows": rows})) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
