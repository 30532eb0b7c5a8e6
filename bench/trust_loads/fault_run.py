"""Conversations on an engine whose servers break by a schedule, and what becomes of each: on sockets or in memory.

The engine, its HTTP client, the scheduler, the verdicts and the run's folder are those of every run; in virtual time
only the network is another. What became of a conversation is read from the folder.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any

import anyio
import msgspec
from writ_engines.http import HttpClient
from writ_engines.openai import OpenAIEngine, OpenAIOptions
from writ_engines.sglang import SglangOptions
from writ_engines.sglang.engine import SglangEngine

from bench.trust_loads.fault_kinds import FINAL_NAMES, IN_THE_ROW
from bench.trust_loads.fault_schedule import Outage, Schedule, Script, Strike, shrink
from bench.trust_loads.fault_server import FaultServer
from bench.trust_loads.memory_network import MemoryNetwork
from writ_async import Completion, Engine, Environment, Job, Limits, Progress, Request, Rules, RunFolder
from writ_async.core.engine import close_engine
from writ_async.core.trajectory import Seat
from writ_async.runs.attempts import read_attempts
from writ_async.runs.folder import leaves_row
from writ_async.runs.jobs import run_judged
from writ_async.runs.manifest import Manifest, prompts_of
from writ_async.runs.play_settings import PlaySettings
from writ_async.runs.row_order import row_id_of
from writ_async.runs.view import FAILURES, TRAJECTORIES
from writ_async.virtual_time import DeadlockError, run_virtual

SECONDS = {"timeout": 20.0, "deadline": 550.0}
"""How long an attempt and a call may take, in virtual time."""

REAL_SECONDS = {"timeout": 1.5, "deadline": 120.0}
REAL_SCALE = 0.03
"""The same over sockets, and how long a second of a schedule is there."""

LONGEST_CALL = 4 * SECONDS["deadline"]
"""A call that is under way for longer hangs; what it waits for limits of its server included."""

_LOOK = 30.0  # seconds between looks of the watchdog
_PORT = 80


class Outcome(msgspec.Struct):
    """What a run came to. `rows` has the digest of the line of each that ended by itself, `failed` the error of each
    other.

    `delivered` counts how often each was handed over, `stored` how often it stands in the folder. `hung` names calls
    that were under way too long, or the whole run. `left` are connections and tasks that were still there when all was
    over. `struck` has the names of the faults that each conversation met.
    """

    rows: dict[str, bytes] = {}
    failed: dict[str, str] = {}
    delivered: Counter[str] = msgspec.field(default_factory=Counter)
    stored: Counter[str] = msgspec.field(default_factory=Counter)
    hung: list[str] = []
    halted: str = ""
    left: int = 0
    confused: int = 0
    requests: int = 0
    virtual_seconds: float = 0.0
    wall_seconds: float = 0.0
    met: Counter[str] = msgspec.field(default_factory=Counter)
    struck: dict[str, set[str]] = {}


class Hall(msgspec.Struct):
    """What runs of one kind share: the conversations, and who answers them."""

    engine: str
    jobs: Sequence[Job]
    worlds: Mapping[str, Environment]
    server: FaultServer
    model: str
    servers: int = 1
    batch: int = 1
    concurrency: int = 256


def play_virtual(hall: Hall, schedule: Schedule) -> Outcome:
    """All conversations in virtual time."""
    outcome = Outcome()
    network = MemoryNetwork()
    began = time.monotonic()
    try:
        run_virtual(partial(_play, hall, schedule, outcome, network))
    except DeadlockError as exc:
        outcome.hung.append(str(exc))
    outcome.left += network.open
    return _finish(hall, schedule, outcome, began)


def play_on_sockets(hall: Hall, schedule: Schedule) -> Outcome:
    """All conversations over sockets of this machine."""
    outcome = Outcome()
    began = time.monotonic()
    asyncio.run(_play(hall, schedule, outcome, None))
    return _finish(hall, schedule, outcome, began)


def _finish(hall: Hall, schedule: Schedule, outcome: Outcome, began: float) -> Outcome:
    outcome.wall_seconds = time.monotonic() - began
    outcome.requests = schedule.requests
    outcome.confused = hall.server.confused
    outcome.met = Counter(strike.fault for strike in schedule.met)
    for strike in schedule.met:
        outcome.struck.setdefault(strike.call.partition("/")[0], set()).add(strike.fault)
    return outcome


async def _play(hall: Hall, schedule: Schedule, outcome: Outcome, network: MemoryNetwork | None) -> None:
    before = len(asyncio.all_tasks())
    hall.server.begin(schedule, 1.0 if network is not None else REAL_SCALE)
    async with _serving(hall, network) as (urls, fail):
        engine = _open_engine(hall, urls, network)
        under_way: dict[str, float] = {}
        engine.complete = _watched(engine.complete, under_way)  # type: ignore[method-assign,assignment]
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_watch, under_way, outcome)
                for outage in schedule.outages:
                    group.start_soon(_break_and_mend, outage, fail, hall.server.scale)
                await _play_all(hall, engine, outcome)
                group.cancel_scope.cancel()
        finally:
            await close_engine(engine)
        counts = engine.call_counts()
        outcome.left += abs(counts.failing) + abs(counts.held_back) + len(under_way)
        outcome.virtual_seconds = asyncio.get_running_loop().time() if network is not None else 0.0
    await asyncio.sleep(1.0 if network is not None else 0.1)  # for what ends to have ended
    outcome.left += len(asyncio.all_tasks()) - before


async def _play_all(hall: Hall, engine: OpenAIEngine | SglangEngine, outcome: Outcome) -> None:
    settings = PlaySettings(limits=Limits(concurrency=hall.concurrency, request_timeout=0.0))
    tasks = list({job.task.id: job.task for job in hall.jobs}.values())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "run")
        with RunFolder.create(folder, Manifest(kind="eval", command="bench", config={})) as run:
            run.write_tasks(tasks, prompts_of(hall.worlds.values(), Rules()))
            engines: dict[Seat, Engine] = {"agent": engine, "user": engine}
            async with run_judged(hall.jobs, engines, settings, Progress(), keep=run.append) as rollouts:
                async for row in rollouts:
                    outcome.delivered[row.id] += 1
                    if not leaves_row(row):
                        outcome.failed[row.id] = row.error or row.termination.value
                outcome.halted = rollouts.halted
            run.put_in_order()
        _read_folder(folder, outcome)


def _read_folder(folder: Path, outcome: Outcome) -> None:
    """What stands in a run's folder of each conversation."""
    for line in (folder / TRAJECTORIES).read_bytes().splitlines():
        name = row_id_of(line) or "a line that is no row"
        outcome.stored[name] += 1
        outcome.rows[name] = blake2b(line, digest_size=16).digest()
    outcome.stored.update(attempt.id for attempt in read_attempts(folder / FAILURES))


def _open_engine(hall: Hall, urls: Sequence[str], network: MemoryNetwork | None) -> OpenAIEngine | SglangEngine:
    seconds: dict[str, Any] = dict(SECONDS if network is not None else REAL_SECONDS)
    more: dict[str, Any] = {} if network is None else {"network": network}
    if hall.engine == "openai":
        options = OpenAIOptions(model="m", url=[f"{url}/v1" for url in urls], trust_env=False, **seconds)
        return OpenAIEngine(options, seed=1, connect=partial(HttpClient, **more))
    settings = SglangOptions(model=hall.model, url=list(urls), batch=hall.batch, patience=300.0, **seconds)
    clients = [HttpClient(url, timeout=settings.attempt_seconds, **more) for url in urls]
    assert hall.server.chat is not None
    return SglangEngine(clients, hall.server.chat, settings, Random(1), nonce="n")


Fail = Callable[[Outage, bool], Awaitable[None]]


@asynccontextmanager
async def _serving(hall: Hall, network: MemoryNetwork | None) -> AsyncIterator[tuple[list[str], Fail]]:
    """The servers' addresses, and what has one of them go or come back."""
    server, loop = hall.server, asyncio.get_running_loop()
    ports = [_PORT] * hall.servers
    listening: dict[int, asyncio.Server] = {}
    names = [f"server{number}" for number in range(hall.servers)]

    async def listen(number: int) -> None:
        if network is not None:
            network.listen(names[number], _PORT, server.make(number))
            return
        port = 0 if ports[number] == _PORT else ports[number]
        listening[number] = await loop.create_server(server.make(number), "127.0.0.1", port, reuse_address=True)
        ports[number] = listening[number].sockets[0].getsockname()[1]

    async def fail(outage: Outage, gone: bool) -> None:
        number = outage.server
        if outage.how == "unknown" and network is not None:
            (network.unknown.add if gone else network.unknown.discard)(names[number])
        elif gone and network is not None:
            network.close(names[number], _PORT)
        elif gone:
            listening.pop(number).close()
        else:
            await listen(number)
        if gone:
            for connection in list(server.connections.get(number, ())):
                connection.transport.abort()

    for number in range(hall.servers):
        await listen(number)
    try:
        hosts = names if network is not None else ["127.0.0.1"] * hall.servers
        yield [f"http://{host}:{port}" for host, port in zip(hosts, ports, strict=True)], fail
    finally:
        for number in range(hall.servers):
            for connection in list(server.connections.get(number, ())):
                connection.transport.abort()
        for one in listening.values():
            one.close()


async def _break_and_mend(outage: Outage, fail: Fail, scale: float) -> None:
    await anyio.sleep(outage.begin * scale)
    await fail(outage, True)
    await anyio.sleep(outage.seconds * scale)
    await fail(outage, False)


def _watched(
    complete: Callable[[Request], Awaitable[Completion]], under_way: dict[str, float]
) -> Callable[[Request], Awaitable[Completion]]:
    """An engine's calls, with the time since when each is under way."""

    async def watched(request: Request) -> Completion:
        under_way[request.id] = asyncio.get_running_loop().time()
        try:
            return await complete(request)
        finally:
            del under_way[request.id]

    return watched


async def _watch(under_way: dict[str, float], outcome: Outcome) -> None:
    """The watchdog: a call that is under way too long hangs, and is told once."""
    told: set[str] = set()
    while True:
        await anyio.sleep(_LOOK)
        now = asyncio.get_running_loop().time()
        for call, since in under_way.items():
            if now - since > LONGEST_CALL and call not in told:
                told.add(call)
                outcome.hung.append(f"{call} is under way for {now - since:.0f} s")


def problems(outcome: Outcome, reference: Outcome, ids: Sequence[str], outages: Sequence[Outage] = ()) -> list[str]:
    """What is wrong with a run, beside one without faults; nothing where all is as it should be.

    Every conversation is handed over once, and stands once in the folder. One that ended by itself is what it is
    without faults, unless a fault stands in the row: its prompt was called too long, or its counts were none. One that
    failed met a fault.
    """
    found = [f"hangs: {text}" for text in outcome.hung]
    counted = (outcome.delivered, outcome.stored)
    found += [f"lost: {name}" for name in ids if not all(counts[name] for counts in counted)]
    doubled = {name: count for counts in counted for name, count in counts.items() if count > 1}
    found += [f"handed over {count} times: {name}" for name, count in doubled.items()]
    for name, row in outcome.rows.items():
        if row != reference.rows[name] and not outcome.struck.get(name, set()) & IN_THE_ROW:
            found.append(f"not as without faults: {name}, that met {sorted(outcome.struck.get(name, ()))}")
    if not outages:
        whole = [name for name in outcome.failed if name not in outcome.struck]
        found += [f"failed, though it met no fault: {name}: {outcome.failed[name]}" for name in whole]
    if outcome.confused:
        found.append(f"{outcome.confused} requests that were not made before in these words")
    if outcome.left:
        found.append(f"{outcome.left} connections, tasks or counts that are left when all is over")
    if outcome.halted:
        found.append(f"ended in order: {outcome.halted}")
    return found


def given_up(outcome: Outcome) -> list[str]:
    """Conversations that failed although each fault they met might have passed."""
    return [name for name in outcome.failed if not outcome.struck.get(name, set()) & FINAL_NAMES]


def shrunk(hall: Hall, outcome: Outcome, schedule: Schedule, reference: Outcome) -> Script:
    """The least script that still shows a problem: of the conversations that it names, the strikes without which not.

    The conversations in which nothing went wrong are left out where the problem shows without them.
    """
    every = conversation_ids(hall.jobs)
    named = {name for name in every for text in problems(outcome, reference, every) if name in text}

    def play(names: Sequence[str], strikes: Sequence[Strike], outages: Sequence[Outage]) -> list[str]:
        jobs = [job for job, name in zip(hall.jobs, every, strict=True) if name in frozenset(names)]
        listed = Schedule(listed=strikes, outages=outages)
        played = play_virtual(msgspec.structs.replace(hall, jobs=jobs), listed)
        return problems(played, reference, names, outages)

    names, strikes, outages = every, list(schedule.met), schedule.outages
    own = [name for name in every if name in named]
    of_own = [strike for strike in strikes if strike.call.partition("/")[0] in named]
    if own and play(own, of_own, outages):
        names, strikes = own, of_own
        names = shrink(names, lambda left: bool(left) and bool(play(left, strikes, outages))) or names
    if outages and play(names, strikes, ()):
        outages = ()
    left = shrink(strikes, lambda some: bool(play(names, some, outages)))
    only = tuple(names) if len(names) < len(every) else ()
    return Script(hall.engine, len(every), only, tuple(left), tuple(outages), hall.servers, hall.batch)


def conversation_ids(jobs: Sequence[Job]) -> list[str]:
    """The ids of conversations, in their order."""
    return [f"{job.task.id}#{job.trial}" for job in jobs]


def quiet() -> None:
    """Say nothing of failures that are meant."""
    logging.disable(logging.CRITICAL)
