"""The simulated server against what the real one did in the same experiment, and against plain arithmetic."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from writ_engines.simulated import Costs, Generation, Server, ServerOptions
from writ_engines.simulated.server import PromptTooLongError, QueueFullError

from bench.thrash import COSTS, RECORDED, WITHIN, check, name_of
from writ_async.virtual_time import run_virtual

Path = list[tuple[Any, int]]


async def generate(server: Server, key: Any, path: Path, output: int, most: int = 0) -> Generation:
    future = asyncio.get_running_loop().create_future()
    prompt = sum(tokens for _, tokens in path)
    server.submit(Generation(key, list(path), prompt, output, most or output, future.set_result))
    done: Generation = await future
    assert (server.cache.taken >= 0, server.cache.free >= 0) == (True, True)
    return done


@pytest.mark.parametrize("setting", [name_of(*key) for key in RECORDED])
def test_hit_rates_are_within_three_points_of_the_real_servers(setting: str) -> None:
    cells = check([setting])
    assert len(cells) == 7
    assert [(cell.load, cell.difference) for cell in cells if abs(cell.difference) > WITHIN] == []


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
    async def main(server: Server) -> None:
        await asyncio.gather(*(generate(server, n, [("system", 200), (n % 40, 60)], 12) for n in range(200)))

    settings = itertools.product(("fcfs", "lpm", "dfs-weight", "shortest-prefill-first"), ("lru", "slru"))
    for policy, eviction in settings:
        flags: dict[str, Any] = {
            "schedule_policy": policy,
            "radix_eviction_policy": eviction,
            "max_running_requests": 16,
        }
        reports = [play(main, **flags).report for _ in range(2)]
        assert reports[0] == reports[1]
        assert reports[0].requests == 200


async def fill(server: Server, *paths: Path) -> None:
    """Compute prompts one after another, a token of output each: no answer stands in the pool."""
    for path in paths:
        await generate(server, "nothing", path, 1)


def order_of(server: Server, *prompts: tuple[str, Path]) -> list[str]:
    """Which of several prompts that wait together are computed, in order; the server runs one at a time."""
    ended: list[str] = []

    async def one(name: str, path: Path) -> None:
        await generate(server, name, path, 4)
        ended.append(name)

    async def main() -> None:
        await generate(server, "first", [("first", 10)], 1)
        running = asyncio.create_task(one("running", [("running", 10)]))
        await asyncio.sleep(0.001)
        await asyncio.gather(running, *(one(*prompt) for prompt in prompts))

    run_virtual(main)
    return ended[1:]


def one_by_one(policy: str, costs: Costs = COSTS) -> Server:
    flags: dict[str, Any] = {"schedule_policy": policy, "max_running_requests": 1}
    return Server(costs, ServerOptions(**flags))


def test_the_shortest_prefill_goes_first_and_the_oldest_of_equals() -> None:
    prompts: list[tuple[str, Path]] = [("a", [("a", 90)]), ("b", [("b", 50)]), ("c", [("c", 70)]), ("d", [("d", 50)])]
    assert order_of(one_by_one("shortest-prefill-first"), *prompts) == ["b", "d", "c", "a"]


def test_of_requests_that_begin_alike_and_are_not_cached_one_goes_first() -> None:
    alike: list[tuple[str, Path]] = [(name, [("shared", 100), (name, 20)]) for name in "ab"]
    order = order_of(one_by_one("shortest-prefill-first"), *alike, ("alone", [("alone", 150)]))
    assert order == ["a", "b", "alone"]  # b has little left once a has been computed; looked at together it is put off

    async def main(server: Server) -> list[int]:
        done = await asyncio.gather(*(generate(server, name, path, 4) for name, path in alike))
        return [generation.cached for generation in done]

    server = Server(COSTS, ServerOptions(schedule_policy="lpm"))
    assert run_virtual(lambda: main(server)) == [0, 0]  # put off is not held back: where there is room both come in


def test_more_than_128_waiting_requests_come_in_as_they_came_under_longest_prefix_match() -> None:
    def cached_at(waiting: int) -> int:
        server = one_by_one("lpm")
        names = [f"p{n}" for n in range(waiting - 1)]
        prompts: list[tuple[str, Path]] = [(name, [(name, 20)]) for name in names]
        order = order_of(server, *prompts, ("cached", [("first", 10), ("cached", 20)]))
        return order.index("cached")

    assert cached_at(60) == 0
    assert cached_at(200) == 200 - 128


def test_what_requests_of_one_batch_find_is_not_evicted_for_one_another() -> None:
    histories: list[Path] = [[(name, 300)] for name in "abc"]

    async def main(server: Server) -> list[int]:
        await fill(server, *histories)
        await generate(server, "z", [("z", 90)], 1)  # the pool is full, and the oldest history is the next to go
        done = await asyncio.gather(
            *(generate(server, n, [*path, (("new", n), 20)], 1) for n, path in enumerate(histories))
        )
        return [generation.cached for generation in done]

    costs = Costs(decode_base=0.003, decode_request=0, decode_token=0, prefill_rate=25_000.0, kv_tokens=1000)
    server = Server(costs, ServerOptions())
    assert run_virtual(lambda: main(server)) == [300, 300, 300]


def test_waiting_keeps_a_history_under_lru_and_did_not_in_an_older_release() -> None:
    costs = Costs(decode_base=0.003, decode_request=0, decode_token=0, prefill_rate=25_000.0, kv_tokens=1000)

    def cached_after_waiting(release: str, eviction: str = "lru") -> int:
        async def main(server: Server) -> int:
            await fill(server, [("old", 300)], [("later", 300)])
            small = [generate(server, n, [(n, 10)], 2) for n in range(45)]
            waits = generate(server, "waits", [("old", 300), ("new", 20)], 1)
            return (await asyncio.gather(*small, waits))[-1].cached

        flags: dict[str, Any] = {"max_running_requests": 1, "release": release, "radix_eviction_policy": eviction}
        server = Server(costs, ServerOptions(**flags))
        return run_virtual(lambda: main(server))

    assert cached_after_waiting("0.5.23") == 300
    assert cached_after_waiting("0.5.20") == 0
    assert cached_after_waiting("0.5.23", "lfu") == 0
