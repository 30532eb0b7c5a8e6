"""The simulated server against the real one where a small KV pool thrashes: the hit rate of every load and policy.

    python bench/thrash.py [--setting NAME ...] [--json FILE]
    python bench/thrash.py URL [--repeats 3] [--json FILE]

Conversations of six turns, 60 tokens in and 12 out, over 200 tokens that all share; a pool of 8,000 tokens, at most 16
requests running. In a `sticky` load each client finishes the conversation that it has begun; in `rr` a finished turn
goes to the back of one queue that all clients serve. An endless cache would hit .86; the shared tokens alone are .45.

Without a URL the simulated server plays every load under every setting, beside what SGLang 0.5.23 was recorded to do.
With one, the same loads are played on that server and on a simulated one with its flags, read from `/server_info`.
Start it so:

    tools/sglang_cpu/serve.sh MODEL PORT --max-total-tokens 8000 --max-running-requests 16 --schedule-policy fcfs
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from statistics import median
from typing import Any

import aiohttp
import msgspec
from writ_engines.simulated import Costs, Generation, Server, ServerOptions

from bench.report import Figure, make_parser, positive, run_script, show_figures, verdict, write_json
from writ_async import InputError
from writ_async.virtual_time import run_virtual

SYSTEM, USER, OUTPUT, TURNS = 200, 60, 12, 6
POOL, RUNNING, CHUNK = 8000, 16, 4096
LOW, HIGH = 300, 2000  # ids that every vocabulary has
WITHIN = 0.03

COSTS = Costs(
    decode_base=0.0023,
    decode_request=0.000155,
    decode_token=0.0,
    prefill_base=0.0032,
    prefill_rate=75_000.0,
    kv_tokens=POOL,
)
"""A tiny model on one core. By timestamps in the server's scheduler, its own work between steps included."""
ASK, ANSWER = 0.0008, 0.0009
"""Seconds that a request and an answer keep the server's front and the client busy, which take one at a time.

After 8 requests that ended together the scheduler waited 7.5 ms for the next, after 16 14.7 ms; then 8 came in 6 ms.
"""
CONNECT = 0.010
"""Seconds until the first requests over new connections arrive; one connection is open, for it emptied the cache."""

Turn = Callable[[int, int], Awaitable[tuple[int, int]]]
"""Plays a turn of a conversation, both by number; gives the tokens of its prompt, and how many of them were cached."""


class Load(msgspec.Struct, frozen=True):
    """What the clients do."""

    mode: str
    conversations: int
    clients: int

    @property
    def name(self) -> str:
        """As it stands in the table."""
        return f"{self.mode} {self.conversations}/{self.clients}"


LOADS = (
    Load("sticky", 64, 8),
    Load("rr", 64, 8),
    Load("rr", 64, 64),
    Load("sticky", 64, 64),
    Load("rr", 200, 200),
    Load("sticky", 200, 16),
    Load("rr", 16, 8),
)

RECORDED: dict[tuple[str, str, int], tuple[float, ...]] = {
    ("fcfs", "lru", 1): (0.858, 0.472, 0.485, 0.498, 0.455, 0.860, 0.857),
    ("lpm", "lru", 1): (0.861, 0.474, 0.757, 0.797, 0.454, 0.861, 0.857),
    ("dfs-weight", "lru", 1): (0.859, 0.474, 0.773, 0.759, 0.829, 0.861, 0.857),
    ("shortest-prefill-first", "lru", 1): (0.861, 0.471, 0.698, 0.686, 0.659, 0.861, 0.852),
    ("fcfs", "slru", 1): (0.840, 0.558, 0.547, 0.544, 0.454, 0.830, 0.857),
    ("fcfs", "lfu", 1): (0.839, 0.561, 0.547, 0.546, 0.454, 0.838, 0.857),
    ("fcfs", "lru", 16): (0.835, 0.453, 0.456, 0.458, 0.436, 0.836, 0.832),
}
"""Token hit rates by schedule policy, eviction policy and page size, in the order of `LOADS`.

One run per cell of SGLang 0.5.23 on two cores of a CPU: a random model of 234,000 parameters, `--attention-backend
torch_native --disable-overlap-schedule --max-total-tokens 8000 --max-running-requests 16`, and `OMP_NUM_THREADS=1`.
"""


class Cell(msgspec.Struct, frozen=True):
    """One load under one setting: hit rates of the simulated server and of the real one, recorded or played."""

    setting: str
    load: str
    simulated: float
    real: float
    spread: float = 0.0

    @property
    def difference(self) -> float:
        """Simulated less real."""
        return self.simulated - self.real

    @property
    def met(self) -> bool:
        """Whether the two agree."""
        return abs(self.difference) <= WITHIN


def name_of(policy: str, eviction: str, page: int) -> str:
    """A setting as it stands in the table."""
    return f"{policy} {eviction}" + (f" page {page}" if page > 1 else "")


def options_of(policy: str, eviction: str, page: int) -> ServerOptions:
    """The flags of a setting of the recorded table."""
    flags = {
        "schedule_policy": policy,
        "radix_eviction_policy": eviction,
        "page_size": page,
        "max_running_requests": RUNNING,
        "chunked_prefill_size": CHUNK,
    }
    return msgspec.convert(flags, ServerOptions)


async def play(load: Load, turn: Turn, idle: float = 0.005) -> float:
    """Play a load; gives the token hit rate."""
    queue = deque(range(load.conversations))
    played = [0] * load.conversations
    prompt = cached = 0

    async def one_turn(number: int) -> None:
        nonlocal prompt, cached
        asked, found = await turn(number, played[number])
        prompt += asked
        cached += found
        played[number] += 1

    async def client() -> None:
        while any(count < TURNS for count in played):
            if not queue:
                if load.mode == "sticky":
                    return
                await asyncio.sleep(idle)
                continue
            number = queue.popleft()
            for _ in range(TURNS if load.mode == "sticky" else 1):
                await one_turn(number)
            if played[number] < TURNS:
                queue.append(number)

    await asyncio.gather(*(client() for _ in range(load.clients)))
    return cached / prompt


def simulate(load: Load, options: ServerOptions, costs: Costs = COSTS) -> float:
    """The token hit rate of a load on the simulated server."""

    async def main() -> float:
        server = Server(costs, options)
        loop = asyncio.get_running_loop()
        paths: list[list[tuple[Any, int]]] = [[("system", SYSTEM)] for _ in range(load.conversations)]
        free = 0.0
        connected = 0

        async def pass_front(seconds: float) -> None:
            nonlocal free
            free = max(loop.time(), free) + seconds
            await asyncio.sleep(free - loop.time())

        async def turn(number: int, count: int) -> tuple[int, int]:
            nonlocal connected
            connected += 1
            if 1 < connected <= load.clients:
                await asyncio.sleep(CONNECT)
            await pass_front(ASK)
            path = paths[number]
            # The last token that was written has no KV: it is fed with the next prompt.
            path.append((("user", number, count), USER + (count > 0)))
            key = ("agent", number, count)
            answered: asyncio.Future[Generation] = loop.create_future()
            prompt = sum(tokens for _, tokens in path)
            server.submit(Generation(key, path.copy(), prompt, OUTPUT, OUTPUT, answered.set_result))
            done = await answered
            await pass_front(ANSWER)
            path.append((key, OUTPUT - 1))
            return prompt, done.cached

        return await play(load, turn)

    return run_virtual(main)


async def measure(url: str, load: Load, seed: int) -> float:
    """The token hit rate of a load on a real server, from an empty cache. Raises `InputError` when it refuses."""
    rng = Random(seed)
    system = [rng.randrange(LOW, HIGH) for _ in range(SYSTEM)]
    ids = [system.copy() for _ in range(load.conversations)]
    timeout = aiohttp.ClientTimeout(total=900)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        async with session.post(f"{url}/flush_cache?timeout=10") as response:
            if response.status != 200:
                raise InputError(f"{url} does not empty its cache: {await response.text()}")

        async def turn(number: int, count: int) -> tuple[int, int]:
            ids[number] += [rng.randrange(LOW, HIGH) for _ in range(USER)]
            body = {"input_ids": ids[number], "sampling_params": {"max_new_tokens": OUTPUT, "ignore_eos": True}}
            async with session.post(f"{url}/generate", json=body) as response:
                answer = await response.json()
                if response.status != 200:
                    raise InputError(f"{url} answers {response.status}: {answer}")
            ids[number] += answer["output_ids"]
            meta = answer["meta_info"]
            return meta["prompt_tokens"], meta["cached_tokens"]

        return await play(load, turn)


class Info(msgspec.Struct, frozen=True):
    """What is read of `/server_info`."""

    max_total_num_tokens: int
    schedule_policy: str
    radix_eviction_policy: str
    page_size: int
    chunked_prefill_size: int
    max_running_requests: int
    schedule_conservativeness: float = 1.0
    version: str = "?"


async def ask(url: str) -> Info:
    """The flags of a real server. Raises `InputError` when it does not answer as SGLang does."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/server_info") as response:
            return msgspec.json.decode(await response.read(), type=Info)
    except (aiohttp.ClientError, msgspec.DecodeError) as exc:
        raise InputError(f"{url}/server_info does not answer as SGLang does: {exc}") from exc


def options_like(info: Info) -> ServerOptions:
    """The flags of a real server. Raises `InputError` when one of them is not simulated."""
    flags = {name: getattr(info, name) for name in ServerOptions.__struct_fields__ if hasattr(info, name)}
    flags["release"] = "0.5.20" if info.version == "0.5.20" else "0.5.23"
    try:
        return msgspec.convert(flags, ServerOptions)
    except msgspec.ValidationError as exc:
        raise InputError(f"a server with these flags is not simulated: {exc}") from exc


def compare(url: str, repeats: int, loads: Sequence[Load]) -> list[Cell]:
    """Play the loads on a real server, and on a simulated one with its flags."""
    info = asyncio.run(ask(url))
    options = options_like(info)
    costs = msgspec.structs.replace(COSTS, kv_tokens=info.max_total_num_tokens)
    print(f"  SGLang {info.version}, pool of {info.max_total_num_tokens:,} tokens, rules of {options.release}")
    setting = name_of(info.schedule_policy, info.radix_eviction_policy, info.page_size)
    cells = []
    for load in loads:
        try:
            rates = [asyncio.run(measure(url, load, seed)) for seed in range(1, repeats + 1)]
        except aiohttp.ClientError as exc:
            raise InputError(f"{url} stops answering in {load.name}: {exc}") from exc
        cells.append(Cell(setting, load.name, simulate(load, options, costs), median(rates), max(rates) - min(rates)))
    return cells


def check(settings: Sequence[str], loads: Sequence[Load] = LOADS) -> list[Cell]:
    """Play loads under recorded settings on the simulated server."""
    return [
        Cell(name_of(*setting), load.name, simulate(load, options_of(*setting)), real)
        for setting, rates in RECORDED.items()
        if name_of(*setting) in settings
        for load, real in zip(LOADS, rates, strict=True)
        if load in loads
    ]


def show(cells: Sequence[Cell]) -> None:
    """Print the table."""
    print(f"  {'setting':28} {'load':14} {'simulated':>9} {'real':>6} {'points':>7}  spread of runs")
    for cell in cells:
        spread = f"{100 * cell.spread:14.1f}" if cell.spread else ""
        print(
            f"  {cell.setting:28} {cell.load:14} {cell.simulated:9.3f} {cell.real:6.3f} {100 * cell.difference:+7.1f}"
            f"  {spread:14}{'' if cell.met else f'  {verdict(False)}'}".rstrip()
        )


def figures_of(cells: Sequence[Cell]) -> list[Figure]:
    """What the cells come to."""
    largest = max(abs(cell.difference) for cell in cells)
    within = sum(cell.met for cell in cells)
    return [
        Figure(f"cells within {100 * WITHIN:.0f} points of the real server", within, aim=len(cells), least=True),
        Figure("largest difference of a hit rate", 100 * largest, "pt", aim=100 * WITHIN),
    ]


def main(arguments: list[str]) -> None:
    """Run the script."""
    parser = make_parser(__doc__)
    parser.add_argument("url", nargs="?", help="a real server; without one the recorded table is compared with")
    settings = [name_of(*key) for key in RECORDED]
    parser.add_argument("--setting", action="append", choices=settings, help="one recorded setting alone; repeatable")
    loads = [load.name for load in LOADS]
    parser.add_argument("--load", action="append", choices=loads, help="one load alone; repeatable")
    parser.add_argument("--repeats", type=positive, default=1, help="runs on the real server; the median counts")
    options = parser.parse_args(arguments)
    chosen = [load for load in LOADS if not options.load or load.name in options.load]
    if options.url:
        cells = compare(options.url.rstrip("/"), options.repeats, chosen)
    else:
        cells = check(options.setting or settings, chosen)
    show(cells)
    figures = figures_of(cells)
    show_figures(figures)
    write_json(options.json, figures, cells=cells)


if __name__ == "__main__":
    sys.exit(run_script(main))
