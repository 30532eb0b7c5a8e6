"""The async shell around conversations: it does what a policy decides, calls engines and hands over trajectories.

Each live conversation is one task with at most one model call in flight and one cancel scope, whose deadline moves on
with every call. Who begins and whose call goes next is the policy's to say (`writ_async.scheduler.policy`).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

import anyio
import msgspec
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from writ_async.conversation import Conversation, Rules
from writ_async.engine import Engine, Gauged, Request
from writ_async.errors import ContextWindowError, EngineError, WritError, bare
from writ_async.scheduler.choose import choose_policy
from writ_async.scheduler.footprint import Footprint, Prefixes
from writ_async.scheduler.jobs import Counters, Job, Limits, OnFinish, Stop, Timing
from writ_async.scheduler.members import Member
from writ_async.scheduler.policy import Policy
from writ_async.trajectory import OUTSIDE, Seat, Termination, Trajectory

logger = logging.getLogger(__name__)

_GAUGE_SECONDS = 1.0


class _Run:
    """One conversation under way: what the shell knows of it beside the conversation itself."""

    __slots__ = ("conversation", "footprint", "gate_wait", "job", "member", "started", "waits")

    def __init__(self, job: Job, member: Member, conversation: Conversation, footprint: Footprint | None) -> None:
        self.job = job
        self.member = member
        self.conversation = conversation
        self.footprint = footprint
        self.started = anyio.current_time()
        self.waits: dict[Seat, float] = {"agent": 0.0, "user": 0.0}
        self.gate_wait = 0.0


class Rollouts:
    """A run that is under way: an async iterator over trajectories in the order in which they finish."""

    def __init__(
        self,
        jobs: Iterable[Job],
        engines: Mapping[Seat, Engine],
        rules: Rules,
        limits: Limits,
        on_finish: OnFinish | None,
        policy: Policy,
        stop: Stop | None = None,
    ) -> None:
        self.counters = Counters()
        self.policy = policy
        self._jobs: Iterator[Job] = iter(jobs)
        self._engines = engines
        self._rules = rules
        self._limits = limits
        self._on_finish = on_finish
        self._stop = stop
        self._scopes: dict[str, anyio.CancelScope] = {}
        self._stopping = False
        self._exhausted = False
        self._number = 0
        self._offered: dict[int, Job] = {}
        self._gates: dict[int, anyio.Event] = {}
        # Footprints are kept for the policy that counts; seats that other servers play are not on these servers.
        self._prefixes = Prefixes() if policy.counts else None
        self._counted: Sequence[Seat] = [
            seat for seat in ("agent", "user") if engines.get(seat) is engines.get("agent")
        ]
        self._means: dict[str, tuple[int, int]] = {}
        self._group: TaskGroup | None = None
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

    def _start(self, group: TaskGroup) -> None:
        self._group = group
        engine = self._engines["agent"]
        if self.policy.counts and isinstance(engine, Gauged):
            group.start_soon(self._observe, engine)
        self._pump()

    def _pump(self) -> None:
        """Offer jobs and do what the policy decides; with nothing live and nothing left, the stream ends."""
        policy, offered, group = self.policy, self._offered, self._group
        assert group is not None
        ending = self._stopping or group.cancel_scope.cancel_called
        while not ending:
            while not self._exhausted and policy.wants:
                job = next(self._jobs, None)
                if job is None:
                    self._exhausted = True
                else:
                    policy.offer(self._member(job))
            ready = policy.decide()
            for member in ready:
                if member.calls:
                    self._gates.pop(member.number).set()
                else:
                    group.start_soon(self._work, member, offered.pop(member.number))
                    self.counters.live += 1
            if not ready:
                break
        if not self.counters.live and (ending or not offered):
            self._send.close()

    def _member(self, job: Job) -> Member:
        number = self._number
        self._number += 1
        self._offered[number] = job
        if self._prefixes is None:
            return Member(number)
        prefixes = self._prefixes.of(job, self._counted)
        return Member(number, kind=f"{job.domain.name} {job.task.kind}", group=job.task.id, prefixes=prefixes)

    async def _work(self, member: Member, job: Job) -> None:
        try:
            await self._send.send(await self._run(member, job))
        except BaseException:
            self._stopping = True
            raise
        finally:
            self.counters.live -= 1
            self.policy.leave(member)
            self._pump()

    async def _run(self, member: Member, job: Job) -> Trajectory:
        counters = self.counters
        conversation = Conversation(job.task, job.domain, job.world, trial=job.trial, seed=job.seed, rules=self._rules)
        footprint = None if self._prefixes is None else Footprint(self._prefixes, member.prefixes)
        run = _Run(job, member, conversation, footprint)
        counters.started += 1
        try:
            with anyio.CancelScope() as scope:
                self._scopes[conversation.id] = scope
                await self._converse(run, scope)
            if scope.cancelled_caught:
                conversation.stop(Termination.CANCELLED if self._stopping else Termination.TIMEOUT)
        finally:
            self._scopes.pop(conversation.id, None)
            tokens = {seat: engine.end_session(f"{conversation.id}/{seat}") for seat, engine in self._engines.items()}
        trajectory = conversation.trajectory()
        trajectory.tokens = {seat: sequence for seat, sequence in tokens.items() if sequence is not None}
        seconds = anyio.current_time() - run.started
        timing = Timing(trajectory.id, run.started, seconds, run.waits["agent"], run.waits["user"], run.gate_wait)
        if self._on_finish is not None:
            self._on_finish(job, trajectory, timing)
        self._count(job, trajectory)
        return trajectory

    def _count(self, job: Job, trajectory: Trajectory) -> None:
        counters = self.counters
        counters.finished += 1
        counters.tool_calls += len(trajectory.chain)
        stopped = trajectory.termination is Termination.STOPPED_EARLY
        counters.failed += trajectory.termination in OUTSIDE and not stopped
        if self._stop is None:
            return
        tokens = sum(usage.prompt_tokens + usage.completion_tokens for usage in trajectory.usage.values())
        number, total = self._means.get(job.task.kind, (0, 0))
        if stopped:
            counters.stopped += 1
            counters.saved_tokens += max(0, total // number - tokens) if number else 0
        else:
            self._means[job.task.kind] = (number + 1, total + tokens)

    async def _converse(self, run: _Run, scope: anyio.CancelScope) -> None:
        limits, policy, conversation, member = self._limits, self.policy, run.conversation, run.member
        end = run.started + limits.conversation_timeout if limits.conversation_timeout else float("inf")
        while (request := conversation.request()) is not None:
            if self._stop is not None and (reason := self._stop(run.job, conversation)):
                conversation.stop(Termination.STOPPED_EARLY, reason)
                return
            if not policy.ask(member):
                scope.deadline = end
                await self._pass_gate(run, request.seat)
            now = anyio.current_time()
            if limits.request_timeout:
                scope.deadline = min(end, now + limits.request_timeout)
            if member.server:
                request = msgspec.structs.replace(request, server=member.server)
            try:
                await self._complete(run, request)
            finally:
                policy.answered(member, request.seat, None if run.footprint is None else run.footprint.own)
                run.waits[request.seat] += anyio.current_time() - now
            self._pump()

    async def _pass_gate(self, run: _Run, seat: Seat) -> None:
        """Wait until the policy lets the conversation's next call go."""
        number = run.member.number
        gate = self._gates[number] = anyio.Event()
        asked = anyio.current_time()
        self.counters.held += 1
        self._pump()  # whoever is held back may have made room for others
        try:
            await gate.wait()
        except BaseException:
            if self._gates.pop(number, None) is None:
                self.policy.answered(run.member, seat)  # it was let go, and goes no further
            self.policy.leave(run.member)
            raise
        finally:
            self.counters.held -= 1
            run.gate_wait += anyio.current_time() - asked

    async def _complete(self, run: _Run, request: Request) -> None:
        counters, conversation = self.counters, run.conversation
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
            if run.footprint is not None and request.seat in self._counted:
                for key, tokens in run.footprint.update(request, completion):
                    self.policy.measured(key, tokens)
            conversation.receive(completion)
        finally:
            counters.in_flight -= 1

    async def _observe(self, engine: Gauged) -> None:
        """Tell the policy now and then how the servers are."""
        while True:
            for server in range(engine.servers):
                try:
                    self.policy.observe(server, await engine.gauges(server))
                except EngineError as exc:
                    logger.debug("no gauges of server %d: %s", server, exc)
            self._pump()
            await anyio.sleep(_GAUGE_SECONDS)


@asynccontextmanager
async def run_rollouts(
    jobs: Iterable[Job],
    engines: Mapping[Seat, Engine],
    *,
    rules: Rules | None = None,
    limits: Limits | None = None,
    on_finish: OnFinish | None = None,
    policy: Policy | None = None,
    stop: Stop | None = None,
) -> AsyncIterator[Rollouts]:
    """Run conversations while the block lasts, and iterate over their trajectories as they finish.

        async with run_rollouts(jobs, {"agent": engine, "user": engine}) as rollouts:
            async for trajectory in rollouts: ...

    Jobs are taken lazily, in order. `on_finish` is called on the loop with each trajectory before it is counted and
    handed over: write it down there and nothing that finished is lost, however the block is left. Leaving the block
    early cancels what is live. What `on_finish` raises ends the run and is raised from the block. `stop` may end
    conversations early, and `policy` decide in place of the one that `limits` names.

    Raises `InputError` for a policy that needs to know the servers' KV pools and cannot.
    """
    limits = limits or Limits()
    if policy is None:
        policy = await choose_policy(limits, engines)
    rollouts = Rollouts(jobs, engines, rules or Rules(), limits, on_finish, policy, stop)
    try:
        async with anyio.create_task_group() as group:
            rollouts._start(group)
            yield rollouts
            group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        raise bare(errors) from None
    finally:
        rollouts._receive.close()
