"""The async shell around conversations: it does what a policy decides, calls engines and hands over trajectories.

Each live conversation is one task with at most one model call in flight and one cancel scope, whose deadline moves on
with every call (`writ_async.scheduler.deadlines`). Who begins and whose call goes next is the policy's to say
(`writ_async.scheduler.admission`).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from math import inf

import anyio
import msgspec
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from writ_async.conversation import Conversation, Rules
from writ_async.core.engine import Completion, Engine, Gauged, Request
from writ_async.core.trajectory import ENDED_FROM_OUTSIDE, Seat, Termination, Trajectory
from writ_async.errors import ContextWindowError, EngineError, ServerDownError, WritError, unwrap_group
from writ_async.scheduler.admission import Policy
from writ_async.scheduler.candidates import Member
from writ_async.scheduler.deadlines import Deadline, Deadlines
from writ_async.scheduler.footprint import Footprint, Prefixes
from writ_async.scheduler.job import Counters, Job, Limits, OnFinish, Stop, Timing
from writ_async.scheduler.policy_choice import choose_policy

logger = logging.getLogger(__name__)

_GAUGE_SECONDS = 1.0

_AT_ONCE = 16
"""Conversations that are begun before what is live has its turn on the loop; each takes some 60 µs."""


class _Run:
    """One conversation under way: what the shell knows of it beside the conversation itself."""

    __slots__ = ("agent_wait", "conversation", "footprint", "gate_wait", "job", "member", "started", "user_wait")

    def __init__(self, job: Job, member: Member, conversation: Conversation, footprint: Footprint | None) -> None:
        self.job = job
        self.member = member
        self.conversation = conversation
        self.footprint = footprint
        self.started = anyio.current_time()
        self.agent_wait = 0.0
        self.user_wait = 0.0
        self.gate_wait = 0.0

    def waited(self, seat: Seat, seconds: float) -> None:
        """Count how long a seat's call took."""
        if seat == "agent":
            self.agent_wait += seconds
        else:
            self.user_wait += seconds

    def timing(self) -> Timing:
        """How long it took until now."""
        seconds = anyio.current_time() - self.started
        return Timing(
            self.conversation.id, self.started, seconds, self.agent_wait, self.user_wait, gate_wait=self.gate_wait
        )


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
        self._deadlines = Deadlines()
        self._stopping = False
        self._exhausted = False
        self._number = 0
        self._offered: dict[int, Job] = {}
        self._chosen: deque[Member] = deque()  # they may begin, and have not yet
        self._resuming = False
        self._gates: dict[int, anyio.Event] = {}
        # Footprints are kept for the policy that counts; seats that other servers play are not on these servers.
        self._prefixes = Prefixes() if policy.counts else None
        self._counted: Sequence[Seat] = [
            seat for seat in ("agent", "user") if engines.get(seat) is engines.get("agent")
        ]
        # The policy places what the agent's engine plays; an engine that plays the user alone places by itself.
        agent = engines.get("agent")
        self._placed: Sequence[Seat] = self._counted if isinstance(agent, Gauged) and agent.servers > 1 else ()
        self._down: set[int] = set()
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
        self._deadlines.cut()

    def __aiter__(self) -> Rollouts:
        return self

    async def __anext__(self) -> Trajectory:
        try:
            return await self._receive.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    def _start(self, group: TaskGroup) -> None:
        self._group = group
        group.start_soon(self._deadlines.watch)
        engine = self._engines["agent"]
        if isinstance(engine, Gauged) and (self.policy.counts or engine.servers > 1):
            for server in range(engine.servers):
                group.start_soon(self._observe, engine, server)
        self._pump()

    def _pump(self) -> None:
        """Offer jobs and do what the policy decides; with nothing live and nothing left, the stream ends."""
        group = self._group
        assert group is not None
        ending = self._stopping or group.cancel_scope.cancel_called
        if not ending and not self._advance(group) and not self._resuming:
            self._resuming = True
            group.start_soon(self._resume)
        if not self.counters.live and (ending or not self._offered):
            self._send.close()

    async def _resume(self) -> None:
        self._resuming = False
        self._pump()

    def _advance(self, group: TaskGroup) -> bool:
        """Offer and begin, but not too much at once. False when there is more to do."""
        policy, chosen, room = self.policy, self._chosen, _AT_ONCE
        while room:
            offers = room
            while not self._exhausted and offers and policy.wants:
                offers -= 1
                job = next(self._jobs, None)
                if job is None:
                    self._exhausted = True
                else:
                    policy.offer(self._member(job))
            for member in policy.decide():
                if member.calls:
                    self._gates.pop(member.number).set()
                else:
                    chosen.append(member)
            if not chosen and offers:
                return True
            while chosen and room:
                room -= 1
                member = chosen.popleft()
                group.start_soon(self._work, member, self._offered.pop(member.number))
                self.counters.live += 1
            if not offers:
                break
        return False

    def _member(self, job: Job) -> Member:
        number = self._number
        self._number += 1
        self._offered[number] = job
        if self._prefixes is None:
            return Member(number, group=job.task.id)
        prefixes = self._prefixes.of(job, self._counted)
        return Member(number, kind=f"{job.domain.name} {job.task.kind}", group=job.task.id, prefixes=prefixes)

    async def _work(self, member: Member, job: Job) -> None:
        """One conversation from its beginning to its trajectory. A call waits few coroutines deep: each costs."""
        try:
            run = self._begin(member, job)
            conversation = run.conversation
            try:
                with anyio.CancelScope() as scope:
                    deadline = self._deadlines.open(scope)
                    try:
                        await self._converse(run, deadline)
                    finally:
                        self._deadlines.close(deadline)
                if scope.cancelled_caught:
                    conversation.stop(Termination.CANCELLED if self._stopping else Termination.TIMEOUT)
            finally:
                tokens = {
                    seat: engine.end_session(conversation.session(seat)) for seat, engine in self._engines.items()
                }
            trajectory = conversation.trajectory()
            trajectory.tokens = {seat: sequence for seat, sequence in tokens.items() if sequence is not None}
            if self._on_finish is not None:
                self._on_finish(job, trajectory, run.timing())
            self._count(job, trajectory)
            await self._send.send(trajectory)
        except BaseException:
            self._stopping = True
            raise
        finally:
            self.counters.live -= 1
            self.policy.leave(member)
            if self._prefixes is not None:
                self._prefixes.release(member.prefixes)
            self._pump()

    def _begin(self, member: Member, job: Job) -> _Run:
        self.counters.started += 1
        conversation = Conversation(job.task, job.domain, job.world, trial=job.trial, seed=job.seed, rules=self._rules)
        footprint = None if self._prefixes is None else Footprint(self._prefixes, member.prefixes)
        return _Run(job, member, conversation, footprint)

    def _count(self, job: Job, trajectory: Trajectory) -> None:
        counters = self.counters
        counters.finished += 1
        counters.tool_calls += len(trajectory.chain)
        stopped = trajectory.termination is Termination.STOPPED_EARLY
        counters.failed += trajectory.termination in ENDED_FROM_OUTSIDE and not stopped
        if self._stop is None:
            return
        tokens = sum(usage.prompt_tokens + usage.completion_tokens for usage in trajectory.usage.values())
        number, total = self._means.get(job.task.kind, (0, 0))
        if stopped:
            counters.stopped += 1
            counters.saved_tokens += max(0, total // number - tokens) if number else 0
        else:
            self._means[job.task.kind] = (number + 1, total + tokens)

    async def _converse(self, run: _Run, deadline: Deadline) -> None:
        limits, policy, conversation, member = self._limits, self.policy, run.conversation, run.member
        counters, move = self.counters, self._deadlines.move
        end = run.started + limits.conversation_timeout if limits.conversation_timeout else inf
        within = limits.request_timeout or inf
        now = run.started
        lost, spent = -1, 0.0  # the server that went down under the present request, and the seconds that it took
        while (request := conversation.request()) is not None:
            if self._stop is not None and (reason := self._stop(run.job, conversation)):
                conversation.stop(Termination.STOPPED_EARLY, reason)
                return
            if not policy.ask(member):
                move(deadline, end)
                now = await self._pass_gate(run, request.seat)
            move(deadline, min(end, now + within - spent))
            if request.seat in self._placed:
                request = msgspec.structs.replace(request, server=member.server)
            counters.in_flight += 1
            counters.requests += 1
            try:
                if member.server == lost:
                    await anyio.sleep(_GAUGE_SECONDS)  # the policy has no other server for it, whatever the engine has
                completion = await self._engines[request.seat].complete(request)
            except Exception as exc:
                lost = self._failed(conversation, request, exc)
            else:
                lost = -1
                self._take(run, request, completion)
            finally:
                counters.in_flight -= 1
                policy.answered(member, request.seat, None if run.footprint is None else run.footprint.own)
                asked, now = now, anyio.current_time()
                run.waited(request.seat, now - asked)
            spent = spent + now - asked if lost >= 0 else 0.0
            self._pump()

    def _take(self, run: _Run, request: Request, completion: Completion) -> None:
        if run.footprint is not None and request.seat in self._counted:
            for key, tokens in run.footprint.update(request, completion):
                self.policy.measured(key, tokens)
        run.conversation.receive(completion)

    def _failed(self, conversation: Conversation, request: Request, exc: Exception) -> int:
        """An engine gave no answer. Gives the number of the server that is down, or -1 where that was not why.

        Raises what is no engine's error but one of this package.
        """
        if isinstance(exc, ContextWindowError):
            conversation.stop(Termination.CONTEXT_WINDOW_EXCEEDED, str(exc))
        elif isinstance(exc, ServerDownError) and request.server is not None:
            self._drain(exc.server)
            return exc.server
        elif isinstance(exc, EngineError):
            conversation.stop(Termination.INFRASTRUCTURE_ERROR, f"{exc.kind}: {exc}")
        elif isinstance(exc, WritError):
            raise exc
        else:
            # An engine's bug costs one conversation, not the run; the traceback is for whoever mends the engine.
            logger.exception("engine failed at request %s", request.id)
            conversation.stop(Termination.INFRASTRUCTURE_ERROR, f"{type(exc).__name__}: {exc}")
        return -1

    async def _pass_gate(self, run: _Run, seat: Seat) -> float:
        """Wait until the policy lets the conversation's next call go; gives the time when it did."""
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
            now = anyio.current_time()
            run.gate_wait += now - asked
        return now

    def _drain(self, server: int) -> None:
        if server not in self._down:
            self._down.add(server)
            self.policy.drain(server)

    async def _observe(self, engine: Gauged, server: int) -> None:
        """Tell the policy now and then how a server is, and whether it is there.

        What was drained here is restored when it answers; what the caller drained stays so.
        """
        while True:
            try:
                gauges = await engine.gauges(server)
            except ServerDownError:
                self._drain(server)
            except EngineError as exc:
                logger.debug("no gauges of server %d: %s", server, exc)
            else:
                if server in self._down:
                    self._down.discard(server)
                    self.policy.restore(server)
                self.policy.observe(server, gauges)
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
        raise unwrap_group(errors) from None
    finally:
        rollouts._receive.close()
