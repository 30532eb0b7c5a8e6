"""What one model call costs this process, beside a bare aiohttp loop that sends the same bytes in the same run.

    python bench/client.py [--n 64] [--model FOLDER] [--json FILE]

A server of fixed answers (64 token ids with logprobs) runs in a process of its own, so that only the client's CPU time
is counted: user and system time over calls, of the calmest of some rounds in which all ways take turns. Every
conversation has a system prompt of some thousand ids and grows for eight turns. "Bare" posts the bodies that the engine
made, first without looking at the answers, then with `response.json()`, as one writes such a loop.

Then the same with a server that takes 20 to 200 ms a call and four times the conversations, for the latency that
batching costs; and two small ones: the engine under the whole scheduler, and a prompt as JSON text, kept and grown, or
made anew. What other frameworks cost is measured by bench/peers.py.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import TypeVar

import aiohttp
import anyio
import msgspec
import uvloop
from writ_engines.http import HttpClient, Response
from writ_engines.http.client import NO_HEADERS, Body
from writ_engines.sglang import SglangOptions
from writ_engines.sglang.engine import SglangEngine
from writ_engines.sglang.wire import single_body

from bench.client_loads.protocol import serving
from bench.models.folders import small_model
from bench.report import Figure, make_parser, run_script, show_figures, write_json
from writ_async import (
    ChatFormat,
    Completion,
    Job,
    Limits,
    Message,
    Request,
    Rules,
    Scenario,
    SystemMessage,
    Task,
    TokenSequence,
    ToolMessage,
    UserMessage,
    WorldRef,
    load_domain,
    open_chat_format,
    run_rollouts,
)
from writ_async.chat.tokenizer import pack_text

T = TypeVar("T")

SESSIONS = 64
SLOW_SESSIONS = 4  # times as many
TURNS = 8
ROUNDS = 7
SLOW_MS = (20, 200)
ADDED_AT_MOST_US = 150.0


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One way to make calls: microseconds of CPU per call, milliseconds from call to answer, calls per HTTP request."""

    what: str
    cpu_us: float
    p50_ms: float
    p95_ms: float
    calls_per_request: float = 1.0


# -- the ways ------------------------------------------------------------------------------------------------------

Call = Callable[[int, int], Awaitable[object]]
SYSTEM = SystemMessage("As an agent you may help customers to change their orders, within the policy. " * 120)
RESULT = json.dumps({"order_id": "#W1234567", "items": [{"name": "lamp", "price": 12.5}] * 6})


class Cost(msgspec.Struct):
    """What a round took."""

    cpu_us: float
    waits_ms: list[float]


async def measure(call: Call, sessions: int) -> Cost:
    """All sessions at once, each making its turns one after another."""
    waits: list[float] = []

    async def run(number: int) -> None:
        for turn in range(TURNS):
            began = time.perf_counter()
            await call(number, turn)
            waits.append((time.perf_counter() - began) * 1000)

    before = resource.getrusage(resource.RUSAGE_SELF)
    async with anyio.create_task_group() as group:
        for number in range(sessions):
            group.start_soon(run, number)
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Cost(used * 1e6 / len(waits), sorted(waits))


class Recorder(HttpClient):
    """A client that keeps the bodies of calls by conversation and turn."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.bodies: dict[tuple[int, int], bytes] = {}

    async def ask(
        self,
        path: str,
        body: Body,
        read: Callable[[Response], T],
        *,
        seconds: float | None = None,
        fresh: bool = False,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> T:
        """See `HttpClient`."""
        body = body if isinstance(body, bytes) else b"".join(body)
        number, turn = json.loads(body[7 : body.index(b",")]).partition("~")[0].split("/")
        self.bodies[int(number), int(turn)] = body
        return await super().ask(path, body, read, seconds=seconds, fresh=fresh, headers=headers)


class EngineWay:
    """Conversations on the engine, without a scheduler."""

    def __init__(self, client: HttpClient, model: str, chat: ChatFormat, batch: int, window: float = 0.0) -> None:
        options = SglangOptions(url=client.base_url, model=model, logprobs=True, batch=batch, batch_window=window)
        self.engine = SglangEngine(client, chat, options, Random(1))
        self.views: dict[int, list[Message]] = {}
        self.round = 0

    def restart(self) -> None:
        """Begin new conversations."""
        for number in self.views:
            self.engine.end_session(f"r{self.round}/{number}")
        self.views.clear()
        self.round += 1

    async def __call__(self, number: int, turn: int) -> Completion:
        session = f"r{self.round}/{number}"
        view = self.views.setdefault(number, [SYSTEM, UserMessage(f"Please look at my order, number {number}.")])
        completion = await self.engine.complete(
            Request(
                id=f"{number}/{turn}",
                session=session,
                seat="agent",
                task_id="t",
                trial=0,
                turn=turn,
                seed=turn,
                messages=view,
                tools=(),
            )
        )
        view.append(completion.message)
        view += [ToolMessage(c.id, RESULT) for c in completion.message.tool_calls] or [UserMessage("Go on. " + RESULT)]
        return completion


class BareWay:
    """Posts bodies that the engine made, with aiohttp and nothing else."""

    def __init__(self, url: str, bodies: dict[tuple[int, int], bytes]) -> None:
        self.url = f"{url}/generate"
        self.bodies = bodies
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def __call__(self, number: int, turn: int) -> bytes:
        async with self.session.post(self.url, data=self.bodies[number, turn]) as response:
            return await response.read()

    async def decoded(self, number: int, turn: int) -> object:
        """The same with the answer as a value."""
        async with self.session.post(self.url, data=self.bodies[number, turn]) as response:
            return await response.json()


def quiet_gc() -> None:
    """Collect as seldom as a run does (`writ_async.runs.play`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def compare(model: str, slow: tuple[int, int], sessions: int, rounds: int, window: float) -> list[Row]:
    """Bare, single and batched calls, in turn."""
    quiet_gc()
    chat = open_chat_format(model)
    async with serving("client_loads.fixed_server", [model, *map(str, slow)]) as url:
        recorder = Recorder(url)
        recording = EngineWay(recorder, model, chat, 1)
        await measure(recording, sessions)
        await recording.engine.aclose()
        bare = BareWay(url, recorder.bodies)
        single, batched = (
            EngineWay(HttpClient(url), model, chat, 1),
            EngineWay(HttpClient(url), model, chat, 32, window),
        )
        ways: dict[str, Call] = {
            "bare aiohttp, answers not looked at": bare,
            "bare aiohttp, answers decoded": bare.decoded,
            "engine, one call per request": single,
            f"engine, batched, window {window:g} ms": batched,
        }
        costs: dict[str, list[Cost]] = {name: [] for name in ways}
        for number in range(rounds + 1):
            for name, way in ways.items():
                if isinstance(way, EngineWay):
                    way.restart()
                cost = await measure(way, sessions)
                if number:  # the first round opens connections and fills caches
                    costs[name].append(cost)
        statistics = batched.engine.statistics().batches
        await bare.session.close()
        await single.engine.aclose()
        await batched.engine.aclose()
    rows = []
    for name, measured in costs.items():
        waits = sorted(wait for cost in measured for wait in cost.waits_ms)
        size = statistics.calls / statistics.batches if "batched" in name else 1.0
        cpu = min(cost.cpu_us for cost in measured)
        rows.append(Row(name, cpu, waits[len(waits) // 2], waits[len(waits) * 95 // 100], size))
    return rows


async def whole_run(model: str, sessions: int, rounds: int) -> Row:
    """Everything: scheduler, state machine, tools, rendering, both seats on the engine; per model call."""
    domain = load_domain("retail")
    world = domain.generate(1, 100)
    ref = WorldRef(domain="retail", source="generated", seed=1, size=100, digest=world.digest())
    chat = open_chat_format(model)
    costs = []
    async with serving("client_loads.fixed_server", [model, "0", "0"]) as url:
        for number in range(rounds + 1):
            engine = SglangEngine(HttpClient(url), chat, SglangOptions(url=url, model=model, logprobs=True), Random(1))
            scenarios = {f"r{number}t{i}": Scenario(f"Talk {i}.") for i in range(sessions)}
            tasks = [
                Task(id=name, domain="retail", kind="normal", world=ref, scenario=scenario)
                for name, scenario in scenarios.items()
            ]
            jobs = [Job(task, domain, world) for task in tasks]
            before = resource.getrusage(resource.RUSAGE_SELF)
            rules, limits = Rules(max_steps=TURNS * 3), Limits(concurrency=sessions)
            async with run_rollouts(jobs, {"agent": engine, "user": engine}, rules=rules, limits=limits) as rollouts:
                made = [row.tokens["agent"] async for row in rollouts]
            after = resource.getrusage(resource.RUSAGE_SELF)
            assert all(isinstance(tokens, TokenSequence) and tokens.complete for tokens in made)
            used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            costs.append(used * 1e6 / engine.statistics().retries.calls)
            await engine.aclose()
    return Row("whole run: scheduler, state, tools, both seats", min(costs[1:]), 0.0, 0.0)


def encoding_rows() -> list[Row]:
    """A body of 3,500 ids of which 120 are new: the text kept and grown, and the text made anew."""
    rng = Random(1)
    ids = [rng.randrange(150_000) for _ in range(3_500)]
    kept, tail = bytearray(pack_text(ids[:-120])), ids[-120:]

    def grow() -> bytes:
        text = bytes(kept) + b"," + pack_text(tail)
        return b"".join(single_body("rid", text, b"{}", True))

    def anew() -> bytes:
        return b"".join(single_body("rid", pack_text(ids), b"{}", True))

    assert grow() == anew()
    rows = []
    for what, function in (("body of 3,500 ids, text kept", grow), ("body of 3,500 ids, encoded anew", anew)):
        times = []
        for _ in range(9):
            began = time.process_time()
            for _ in range(500):
                function()
            times.append((time.process_time() - began) / 500 * 1e6)
        rows.append(Row(what, median(times), 0.0, 0.0))
    return rows


# -- the table -----------------------------------------------------------------------------------------------------


def figures_of(fast: Sequence[Row], run: Row) -> list[Figure]:
    """What is aimed at, on a server that answers at once."""
    _, bare, single, batched = fast
    added = single.cpu_us - bare.cpu_us
    return [
        Figure("engine over a bare call whose answer is decoded: CPU of a call", added, "µs", ADDED_AT_MOST_US),
        Figure("engine, batched, over that bare call: CPU of a call", batched.cpu_us / bare.cpu_us, "x", 1.0),
        Figure(f"{run.what}: CPU of a call", run.cpu_us, "µs"),
    ]


def show(titles: Sequence[str], tables: Sequence[Sequence[Row]]) -> None:
    """Print the tables."""
    for title, rows in zip(titles, tables, strict=True):
        print(f"\n{title}\n  {'':42} {'CPU/call':>10} {'p50':>9} {'p95':>9} {'calls/request':>14}")
        for row in rows:
            times = f"{row.p50_ms:6.1f} ms {row.p95_ms:6.1f} ms"
            print(f"  {row.what:42} {row.cpu_us:7.0f} µs {times} {row.calls_per_request:>14.1f}")


def main(arguments: list[str]) -> None:
    """Run the script."""
    parser = make_parser(__doc__, n=SESSIONS, of="conversations at once")
    parser.add_argument("--model", metavar="FOLDER", help="a model's folder; its tokenizer and template are used")
    options = parser.parse_args(arguments)
    few, many = options.n, options.n * SLOW_SESSIONS
    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(options.model).resolve()) if options.model else small_model(folder)
        fast = uvloop.run(compare(model, (0, 0), few, ROUNDS, 0.0))
        slow = uvloop.run(compare(model, SLOW_MS, many, 2, 5.0))
        run = uvloop.run(whole_run(model, few, 3))
    bodies = encoding_rows()
    at_once = f"{few} conversations, a server that answers at once"
    late = f"{many} conversations, a server that takes {SLOW_MS[0]} to {SLOW_MS[1]} ms"
    show((at_once, late), (fast, slow))
    figures = [*figures_of(fast, run), *(Figure(row.what, row.cpu_us, "µs") for row in bodies)]
    show_figures(figures, "a call")
    write_json(options.json, figures, at_once=fast, slow=slow)


if __name__ == "__main__":
    sys.exit(run_script(main))
