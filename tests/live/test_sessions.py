"""Sessions on the real server: what ended conversations left goes before the context of one that goes on."""

from __future__ import annotations

import anyio
import pytest

from tests.live.server import RANDOM, Server, Servers
from tests.support.talk import Talk, make_engine

POOL = 3000
ENDED = 12
WORDS = 400


@pytest.fixture(scope="module")
def small_server(servers: Servers) -> Server:
    """A pool that holds what waits and a few of those that end, evicted in the order of their last use."""
    flags = ("--max-total-tokens", str(POOL), "--radix-eviction-policy", "lru", "--enable-session-radix-cache")
    return servers.get(RANDOM, *flags)


async def cached_share(server: Server, *, session_id: bool) -> float:
    """How much of a context the cache still has after others have come, ended, and filled the pool."""
    engine = make_engine(server.url, server.model, session_id=session_id)
    prefix = f"{session_id}"
    waiting = Talk(engine, f"{prefix}/waits/agent")
    first = await waiting.say(f"{prefix} " + "order " * WORDS)
    total = 0
    for number in range(ENDED):
        talk = Talk(engine, f"{prefix}/{number}/agent")
        usage = (await talk.say(f"{number} {prefix} " + "refund " * WORDS)).usage
        total += usage.prompt_tokens + usage.completion_tokens - usage.cached_tokens
        engine.end_session(talk.session)
        await anyio.sleep(0.1)  # for the server to hear of the end
    assert total > POOL
    again = await waiting.say("and now?")
    await engine.aclose()
    return again.usage.cached_tokens / (first.usage.prompt_tokens + first.usage.completion_tokens - 1)


@pytest.mark.asyncio
async def test_a_context_that_waits_stays_in_the_cache_only_where_ended_conversations_are_told_of(
    small_server: Server,
) -> None:
    without = await cached_share(small_server, session_id=False)
    told = await cached_share(small_server, session_id=True)
    print(f"of a context that waited the cache had {without:.2f} without sessions and {told:.2f} with them")
    assert without < 0.5
    assert told >= 0.99
