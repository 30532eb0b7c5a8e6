"""Runs with many live conversations, for `scale.py`: what a call costs, how long the loop is held, what memory does.

The engine answers after a while and does next to nothing, so that what is measured is the scheduler, the conversations
and the loop. Times are CPU time, for the machine may be busy. Each function is to be called in a process of its own.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import time
import tracemalloc
from asyncio import events
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal
from unittest.mock import patch

import anyio
import msgspec
from writ_engines.sglang.seats import SeatTokens
from writ_engines.sglang.wire import Answer, FinishReason, Logprob, MetaInfo

from bench.loads import DOMAIN, SCENARIO_TOKENS, Load, Shape, text
from bench.models.folders import small_model
from writ_async import (
    Completion,
    Job,
    Limits,
    Message,
    Request,
    Rollouts,
    Scenario,
    SystemMessage,
    Task,
    UserMessage,
    World,
    WorldRef,
    open_chat_format,
    run_rollouts,
)
from writ_async.scheduler import quiet_gc
from writ_async.scheduler.loop_lag import Lag, sample_lag

TWENTY = Shape(turns=(5, 5), tools=(5, 5), result=(80, 240), user=(20, 60))
"""About 20 messages, 17 model calls."""

BRIEF = Shape(turns=(1, 1), tools=(1, 1), result=(80, 240), user=(20, 60))

TICK = 0.005
"""Seconds between two moments at which the engine answers."""

SLICE = 0.005
"""Seconds of work on the loop in one go that are too many."""

Collector = Literal["as it is", "frozen", "3,000", "quiet"]
"""Settings of the garbage collector: Python's; the same with what was loaded frozen; and 3,000 for the youngest, the
others never; and `quiet_gc`."""


class Clock:
    """Wakes who waits at the next of its ticks, as a server answers that decodes in steps: one timer for all of a tick.

    A timer for each wait would be more work for the loop than a client's socket is.
    """

    def __init__(self) -> None:
        self._due: dict[int, list[asyncio.Future[None]]] = {}

    def wait(self, seconds: float) -> asyncio.Future[None]:
        """What to wait for, so many seconds or up to a tick more."""
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        tick = int((loop.time() + seconds) / TICK) + 1
        due = self._due.get(tick)
        if due is None:
            due = self._due[tick] = []
            loop.call_at(tick * TICK, self._wake, tick)
        due.append(answer)
        return answer

    def _wake(self, tick: int) -> None:
        for answer in self._due.pop(tick):
            if not answer.done():
                answer.set_result(None)


def drawn(seconds: float, seed: int) -> float:
    """From half to one and a half times as many seconds."""
    return seconds * (0.5 + (seed & 1023) / 1023)


class Tasks(Load):
    """Conversations of one shape: each of a task of its own that is made when it is asked for, by one of some plans.

    As an engine it answers after a while. What it looks up is the same for all, so that it stays in the caches.
    """

    def __init__(self, shape: Shape, seconds: float, plans: int = 64) -> None:
        super().__init__([shape] * plans)
        self._of = plans
        self._seconds = seconds
        self._clock = Clock()
        self._world = World("load", {})

    def make(self, number: int) -> Iterator[Job]:
        """So many jobs."""
        for n in range(number):
            scenario = Scenario("", text=text(f"c{n} ", SCENARIO_TOKENS))
            task = Task(id=f"c{n}", domain="load", kind="normal", world=WorldRef("load"), scenario=scenario)
            yield Job(task, DOMAIN, self._world)

    async def complete(self, request: Request) -> Completion:
        """Play the next turn, after half to one and a half times the seconds."""
        await self._clock.wait(drawn(self._seconds, request.seed))
        plan = int(request.task_id[1:]) % self._of
        return await super().complete(msgspec.structs.replace(request, session=f"c{plan}#0/{request.seat}"))


class Cost(msgspec.Struct, frozen=True):
    """A call in the steady state, and what the collector did meanwhile: CPU microseconds; seconds, the longest go."""

    call: float
    collecting: float
    longest: float


def cost_of_call(
    live: int, seconds: float, calls: int, collector: Collector = "quiet", *, uvloop: bool = True, warm: int = 3
) -> Cost:
    """CPU of a call while so many conversations are live, ended ones followed by new ones."""
    jobs = live + (live * warm + calls) // 12
    pauses = Pauses()

    async def main() -> Cost:
        found = Cost(0.0, 0.0, 0.0)
        async with rolling(jobs, live, seconds) as rollouts, anyio.create_task_group() as group:

            async def watch() -> None:
                nonlocal found
                counters = rollouts.counters
                await until(lambda: counters.requests >= warm * live)
                pauses.clear()
                before, started = counters.requests, time.process_time()
                await until(lambda: counters.requests >= before + calls)
                spent = time.process_time() - started
                found = Cost(spent / (counters.requests - before) * 1e6, pauses.total, pauses.longest)
                rollouts.cancel()

            group.start_soon(watch)
            async for _ in rollouts:
                pass
        return found

    with set_collector(collector, live), pauses:
        return anyio.run(main, backend_options={"use_uvloop": uvloop})


def rolling(jobs: int, live: int, seconds: float) -> AbstractAsyncContextManager[Rollouts]:
    """A run of so many conversations of about 20 messages."""
    tasks = Tasks(TWENTY, seconds)
    return run_rollouts(tasks.make(jobs), {"agent": tasks, "user": tasks}, limits=Limits(concurrency=live))


async def until(true: Callable[[], bool]) -> None:
    """Look until something holds."""
    while True:
        if true():
            return
        await anyio.sleep(0.02)


def set_collector(collector: Collector, live: int) -> AbstractContextManager[None]:
    """Set the garbage collector of this process."""
    if collector == "quiet":
        return quiet_gc(live)
    if collector != "as it is":
        gc.collect()
        gc.freeze()
    if collector == "3,000":
        gc.set_threshold(3_000, 3_000, 1_000)
    return nullcontext()


class Pauses:
    """CPU seconds of the collector while the block lasts."""

    def __init__(self) -> None:
        self.total = self.longest = self._began = 0.0

    def clear(self) -> None:
        self.total = self.longest = 0.0

    def __enter__(self) -> Pauses:
        gc.callbacks.append(self._see)
        return self

    def __exit__(self, *_: object) -> None:
        gc.callbacks.remove(self._see)

    def _see(self, phase: str, _: dict[str, int]) -> None:
        now = time.thread_time()
        if phase == "start":
            self._began = now
        else:
            self.total += now - self._began
            self.longest = max(self.longest, now - self._began)


def bare_loop(live: int, seconds: float, calls: int) -> float:
    """CPU microseconds of a turn of tasks that only wait: the loop, its timers, and a cold task. The floor."""
    done = 0
    clock = Clock()

    async def main() -> float:
        async def wait(number: int) -> None:
            nonlocal done
            turn = 0
            while True:
                turn += 1
                await clock.wait(drawn(seconds, number * 7919 + turn * 104729))
                done += 1

        async with anyio.create_task_group() as group:
            for number in range(live):
                group.start_soon(wait, number)
            await until(lambda: done >= 3 * live)
            before, started = done, time.process_time()
            await until(lambda: done >= before + calls)
            spent = (time.process_time() - started) / (done - before)
            group.cancel_scope.cancel()
        return spent * 1e6

    with quiet_gc(live):
        return anyio.run(main, backend_options={"use_uvloop": True})


class Held(msgspec.Struct, frozen=True):
    """How the loop was held: the longest go in CPU seconds, how many were over `SLICE`, of how many; lag in seconds."""

    longest: float
    over: int
    goes: int
    lag: float
    most_lag: float


def hold_of_loop(live: int, seconds: float) -> Held:
    """A whole run with so many conversations at once, its start and end included, each callback of the loop timed.

    On asyncio's own loop: uvloop's handles cannot be looked into, and run the same callbacks.
    """
    goes: list[float] = []
    lag = Lag()
    run = events.Handle._run

    def timed(self: events.Handle) -> None:
        began = time.thread_time()
        run(self)
        goes.append(time.thread_time() - began)

    async def main() -> None:
        async with rolling(live, live, seconds) as rollouts, anyio.create_task_group() as group:
            group.start_soon(sample_lag, lag)
            async for _ in rollouts:
                pass
            group.cancel_scope.cancel()

    with quiet_gc(live), patch.object(events.Handle, "_run", timed):
        anyio.run(main, backend_options={"use_uvloop": False})
    return Held(max(goes), sum(go > SLICE for go in goes), len(goes), lag.quantile(0.99), lag.most)


class Memory(msgspec.Struct, frozen=True):
    """Bytes of this process: at the most, beyond what it had before the run; lag of the loop in seconds."""

    grown: int
    lag: float


def memory_of_live(live: int, seconds: float) -> Memory:
    """Memory of so many conversations that are live at once, from their beginning to their end."""
    lag = Lag()

    async def main() -> None:
        async with rolling(live, live, seconds) as rollouts, anyio.create_task_group() as group:
            group.start_soon(sample_lag, lag)
            async for _ in rollouts:
                pass
            group.cancel_scope.cancel()

    with quiet_gc(live):
        before = resident()
        anyio.run(main, backend_options={"use_uvloop": True})
    return Memory(peak_resident() - before, lag.quantile(0.99))


def growth_of_memory(conversations: int, live: int, kv_tokens: int) -> float:
    """Bytes that the process grows by for a conversation that has ended, after the first tenth of a long run."""
    tasks = Tasks(BRIEF, 0.02)
    sizes: list[tuple[int, int]] = []

    async def main() -> None:
        limits = Limits(concurrency=live, kv_tokens=kv_tokens)
        ended = 0
        async with run_rollouts(tasks.make(conversations), {"agent": tasks, "user": tasks}, limits=limits) as rollouts:
            async for _ in rollouts:
                ended += 1
                # while as many are live as at the beginning
                if ended % (conversations // 20) == 0 and conversations // 10 <= ended < conversations - live:
                    sizes.append((ended, resident()))

    with quiet_gc(live):
        anyio.run(main, backend_options={"use_uvloop": True})
    (first, small), (last, large) = sizes[0], sizes[-1]
    return (large - small) / (last - first)


def resident() -> int:
    """Memory of this process that is in RAM."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak_resident() -> int:
    """The most that it ever was."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def memory_of_ids(seats: int = 200, turns: int = 8, made: int = 60) -> float:
    """Bytes of a live conversation's token id, its text and logprobs included, where what was prompted is well known.

    Each seat has the same system prompt, and `turns` completions of `made` ids, which no other has.
    """
    with tempfile.TemporaryDirectory() as folder:
        chat = open_chat_format(small_model(folder))
    ends, policy = min(chat.stop_ids), text("policy ", 2_000)

    def begin(number: int) -> SeatTokens:
        seat = SeatTokens(chat.session(()))
        view: list[Message] = [SystemMessage(policy), UserMessage(f"order {number}")]
        for turn in range(turns):
            seat.prompt(view)
            ids = [256 + (number + turn * made + place) % 500 for place in range(made)]
            told = [Logprob(-1 / (2 + place + number)) for place in range(made + 1)]
            meta = MetaInfo(finish_reason=FinishReason("stop"), output_token_logprobs=told)
            view += [seat.receive(Answer([*ids, ends], meta)).message, UserMessage(f"and {number} at {turn}?")]
        return seat

    begin(0)
    tracemalloc.start()
    live = [begin(number) for number in range(1, 1 + seats)]
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return taken / sum(seat.length for seat in live)
