"""The async shell around conversations: workers that take jobs, call engines and hand over finished trajectories.

There are as many workers as conversations may be live; each runs one conversation after another. A conversation has at
most one model call in flight and one cancel scope, whose deadline moves on with every call.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from writ_async.conversation import Conversation, Rules
from writ_async.engine import Engine, Request
from writ_async.errors import ContextWindowError, EngineError, WritError, bare
from writ_async.scheduler.jobs import Counters, Job, Limits, Timing
from writ_async.trajectory import OUTSIDE, Seat, Termination, Trajectory

logger = logging.getLogger(__name__)

OnFinish = Callable[[Job, Trajectory, Timing], None]


class Rollouts:
    """A run that is under way: an async iterator over trajectories in the order in which they finish."""

    def __init__(
        self,
        jobs: Iterable[Job],
        engines: Mapping[Seat, Engine],
        rules: Rules,
        limits: Limits,
        on_finish: OnFinish | None,
    ) -> None:
        self.counters = Counters()
        self._jobs: Iterator[Job] = iter(jobs)
        self._engines = engines
        self._rules = rules
        self._limits = limits
        self._on_finish = on_finish
        self._scopes: dict[str, anyio.CancelScope] = {}
        self._stopping = False
        self._workers = 0
        self._gate = anyio.Semaphore(limits.in_flight, fast_acquire=True) if limits.in_flight else None
        self._send: MemoryObjectSendStream[Trajectory]
        self._receive: MemoryObjectReceiveStream[Trajectory]
        self._send, self._receive = anyio.create_memory_object_stream[Trajectory](limits.concurrency)

    def cancel(self) -> None:
        """Begin nothing new and end what is live; iteration goes on until all that was live has been handed over.

        Conversations that were cut short end with the termination `cancelled` and hold what was said so far.
        """
        self._stopping = True
        for scope in list(self._scopes.values()):
            scope.cancel()

    def __aiter__(self) -> Rollouts:
        return self

    async def __anext__(self) -> Trajectory:
        try:
            return await self._receive.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    def _grow(self, group: TaskGroup) -> None:
        """Add a worker while jobs are taken and more may be live; the last worker to end closes the stream."""
        if self._workers < self._limits.concurrency:
            self._workers += 1
            group.start_soon(self._work, group)

    async def _work(self, group: TaskGroup) -> None:
        try:
            while not self._stopping:
                job = next(self._jobs, None)
                if job is None:
                    return
                self._grow(group)
                await self._send.send(await self._run(job))
        finally:
            self._workers -= 1
            if self._workers == 0:
                self._send.close()

    async def _run(self, job: Job) -> Trajectory:
        counters = self.counters
        conversation = Conversation(job.task, job.domain, job.world, trial=job.trial, seed=job.seed, rules=self._rules)
        waits: dict[Seat, float] = {"agent": 0.0, "user": 0.0}
        started = anyio.current_time()
        counters.started += 1
        counters.live += 1
        try:
            with anyio.CancelScope() as scope:
                self._scopes[conversation.id] = scope
                await self._converse(conversation, scope, started, waits)
            if scope.cancelled_caught:
                conversation.stop(Termination.CANCELLED if self._stopping else Termination.TIMEOUT)
        finally:
            counters.live -= 1
            self._scopes.pop(conversation.id, None)
            tokens = {seat: engine.end_session(f"{conversation.id}/{seat}") for seat, engine in self._engines.items()}
        trajectory = conversation.trajectory()
        trajectory.tokens = {seat: sequence for seat, sequence in tokens.items() if sequence is not None}
        timing = Timing(trajectory.id, started, anyio.current_time() - started, waits["agent"], waits["user"])
        if self._on_finish is not None:
            self._on_finish(job, trajectory, timing)
        counters.finished += 1
        counters.failed += trajectory.termination in OUTSIDE
        counters.tool_calls += len(trajectory.chain)
        return trajectory

    async def _converse(
        self, conversation: Conversation, scope: anyio.CancelScope, started: float, waits: dict[Seat, float]
    ) -> None:
        limits = self._limits
        end = started + limits.conversation_timeout if limits.conversation_timeout else float("inf")
        while (request := conversation.request()) is not None:
            if self._gate is not None:
                scope.deadline = end
                await self._gate.acquire()
            now = anyio.current_time()
            if limits.request_timeout:
                scope.deadline = min(end, now + limits.request_timeout)
            try:
                await self._complete(conversation, request)
            finally:
                if self._gate is not None:
                    self._gate.release()
                waits[request.seat] += anyio.current_time() - now

    async def _complete(self, conversation: Conversation, request: Request) -> None:
        counters = self.counters
        counters.in_flight += 1
        counters.requests += 1
        try:
            completion = await self._engines[request.seat].complete(request)
        except ContextWindowError as exc:
            conversation.stop(Termination.CONTEXT_WINDOW_EXCEEDED, str(exc))
        except EngineError as exc:
            conversation.stop(Termination.INFRASTRUCTURE_ERROR, f"{exc.kind}: {exc}")
        except WritError:
            raise
        except Exception as exc:
            # An engine's bug costs one conversation, not the run; the traceback is for whoever mends the engine.
            logger.exception("engine failed at request %s", request.id)
            conversation.stop(Termination.INFRASTRUCTURE_ERROR, f"{type(exc).__name__}: {exc}")
        else:
            conversation.receive(completion)
        finally:
            counters.in_flight -= 1


@asynccontextmanager
async def run_rollouts(
    jobs: Iterable[Job],
    engines: Mapping[Seat, Engine],
    *,
    rules: Rules | None = None,
    limits: Limits | None = None,
    on_finish: OnFinish | None = None,
) -> AsyncIterator[Rollouts]:
    """Run conversations while the block lasts, and iterate over their trajectories as they finish.

        async with run_rollouts(jobs, {"agent": engine, "user": engine}) as rollouts:
            async for trajectory in rollouts: ...

    Jobs are taken lazily, in order. `on_finish` is called on the loop with each trajectory before it is counted and
    handed over: write it down there and nothing that finished is lost, however the block is left. Leaving the block
    early cancels what is live. What `on_finish` raises ends the run and is raised from the block.
    """
    limits = limits or Limits()
    rollouts = Rollouts(jobs, engines, rules or Rules(), limits, on_finish)
    try:
        async with anyio.create_task_group() as group:
            rollouts._grow(group)
            yield rollouts
            group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        raise bare(errors) from None
    finally:
        rollouts._receive.close()
