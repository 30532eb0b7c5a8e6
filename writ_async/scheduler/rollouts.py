"""The async shell around conversations: it does what admission decides, calls engines and hands over trajectories.

Each live conversation is one task with at most one model call in flight and one cancel scope, whose deadline moves on
with every call (`writ_async.scheduler.deadlines`). Who begins and whose call goes next is the admission policy's to say
(`writ_async.scheduler.admission`).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from math import inf

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import cancel_shielded_checkpoint

from writ_async import clock
from writ_async.conversation import Conversation, Rules
from writ_async.core.engine import Engine, Gauged
from writ_async.core.trajectory import Seat, Termination, Trajectory
from writ_async.errors import OutOfServiceError, WritError, unwrap_group
from writ_async.scheduler.admission import AdmissionPolicy
from writ_async.scheduler.choose_admission import choose_admission
from writ_async.scheduler.deadlines import Deadlines
from writ_async.scheduler.engine_sessions import end_sessions
from writ_async.scheduler.footprint import Prefixes
from writ_async.scheduler.job import (
    Conclude,
    Counters,
    Job,
    Limits,
    LookBack,
    OnFinish,
    OnHalt,
    Stop,
    Timing,
    WhyAskAgain,
)
from writ_async.scheduler.job_queue import JobQueue
from writ_async.scheduler.live_conversation import ConversationPlayer, LiveConversation
from writ_async.scheduler.mishaps import Mishaps, empty_trajectory
from writ_async.scheduler.results import Results
from writ_async.scheduler.server_watch import ServerWatch
from writ_async.scheduler.ticket import Ticket

logger = logging.getLogger(__name__)

_AT_ONCE = 16
"""Conversations that are begun before what is live has its turn on the loop; each takes some 60 µs."""


class Rollouts:
    """A run that is under way: an async iterator over trajectories in the order in which they finish.

    `counters` says at any time how far it is; `admission` is the policy that decides who goes when. `places` and
    `play_further`, where the caller has filled them in, say by a trajectory's id where it stands among all, and play a
    further trial of its task in that place. `halted` says why it was ended before
    all were played, where an engine was out of service; it is empty else.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        engines: Mapping[Seat, Engine],
        rules: Rules,
        limits: Limits,
        on_finish: OnFinish | None,
        admission: AdmissionPolicy,
        stop: Stop | None = None,
        why_ask_again: WhyAskAgain | None = None,
        look_back: LookBack | None = None,
        on_halt: OnHalt | None = None,
        conclude: Conclude | None = None,
    ) -> None:
        self._look_back = look_back
        self._conclude = conclude
        self._on_halt = on_halt
        self.halted = ""
        self._within = limits.request_timeout or inf
        self.counters = Counters()
        self.places: dict[str, int] = {}
        self.play_further: Callable[[Trajectory], None] | None = None
        self.admission = admission
        self._engines = engines
        self._rules = rules
        self._results = Results(self.counters, on_finish, limits.concurrency)
        self._deadlines = Deadlines()
        self._mishaps = Mishaps()
        self._servers = ServerWatch(admission, self.counters, self._mishaps)
        # Footprints are kept for a policy that counts; seats that other servers play are not on these servers.
        seats: Sequence[Seat] = ("agent", "user")
        counted = [seat for seat in seats if engines.get(seat) is engines.get("agent")]
        self._queue = JobQueue(jobs, counted, Prefixes(rules) if admission.counts_tokens else None)
        # The policy places what the agent's engine plays; an engine that plays the user alone places by itself.
        agent = engines.get("agent")
        self._player = ConversationPlayer(
            engines,
            limits,
            admission,
            self._deadlines,
            self._servers,
            self.counters,
            self._mishaps,
            counted=counted,
            placed=counted if isinstance(agent, Gauged) and agent.servers > 1 else (),
            advance=self._advance,
            halt=self.halt,
            stop=stop,
            why_ask_again=why_ask_again if rules.user_retries else None,
        )
        self._chosen: deque[Ticket] = deque()  # they may begin, and have not yet
        self._stopping = False
        self._kept_open = False
        self._resuming = False
        self._group: TaskGroup | None = None

    def cancel(self) -> None:
        """Begin nothing new and end what is live; iteration goes on until all that was live has been handed over.

        Conversations that were cut short end with the termination `cancelled` and hold what was said so far.
        """
        self._stopping = True
        self._deadlines.end_all()
        self.let_end()

    def halt(self, why: str) -> None:
        """End the run as `cancel` does, because an engine is out of service; the first to say so is heard."""
        if self.halted:
            return
        self.halted = why
        self.cancel()
        if self._on_halt is None:
            logger.warning("ended in order, for no call is answered any more: %s", why)
        else:
            self._on_halt(why)

    def add(self, job: Job) -> None:
        """Play one more job, after all others: from `on_finish`, while a conversation is live, or while kept open."""
        self._queue.add(job)
        if self._kept_open and self._group is not None:
            self._advance()

    def keep_open(self) -> None:
        """Do not end for want of jobs, so that more may be added at any time, until `let_end` or the end of the run."""
        self._kept_open = True

    def let_end(self) -> None:
        """End as soon as nothing is live and no job is left, where it was kept open."""
        if self._kept_open:
            self._kept_open = False
            if self._group is not None:
                self._advance()

    def drain(self) -> None:
        """Take no more jobs; what was offered to admission is still begun, and what is live goes on to its end."""
        self._queue.take_no_more()
        self._kept_open = False
        if self._group is not None:
            self._advance()

    def __aiter__(self) -> Rollouts:
        return self

    async def __anext__(self) -> Trajectory:
        return await self._results.next_trajectory()

    def _start(self, group: TaskGroup) -> None:
        self._group = group
        group.start_soon(self._deadlines.watch_all)
        engine = self._engines["agent"]
        if isinstance(engine, Gauged) and (self.admission.counts_tokens or engine.servers > 1):
            for server in range(engine.servers):
                group.start_soon(self._servers.watch_server, engine, server, self._advance)
        self._advance()

    def _advance(self) -> None:
        """Offer jobs and do what admission decides; with nothing live and nothing left, the stream ends."""
        group = self._group
        assert group is not None
        ending = self._stopping or group.cancel_scope.cancel_called
        if not ending and not self._begin_some(group) and not self._resuming:
            self._resuming = True
            group.start_soon(self._advance_later)
        if not self.counters.live and (ending or not (self._queue or self._kept_open)):
            self._results.no_more()

    async def _advance_later(self) -> None:
        self._resuming = False
        self._advance()

    def _begin_some(self, group: TaskGroup) -> bool:
        """Offer and begin, but not too much at once. False when there is more to do."""
        admission, chosen, queue, room = self.admission, self._chosen, self._queue, _AT_ONCE
        while room:
            offers = room
            while not queue.exhausted and offers and admission.wants_more:
                offers -= 1
                if (offered := queue.next_ticket()) is not None:
                    admission.offer_conversation(offered)
            for ticket in admission.decide_next():
                if ticket.calls:
                    self._player.let_call_go(ticket)
                else:
                    chosen.append(ticket)
            if not chosen and offers:
                return True
            while chosen and room:
                room -= 1
                ticket = chosen.popleft()
                group.start_soon(self._run_conversation, ticket, queue.begin_job(ticket))
                self.counters.live += 1
            if not offers:
                break
        return False

    async def _run_conversation(self, ticket: Ticket, job: Job) -> None:
        """One conversation from its beginning to its trajectory. A call waits few coroutines deep: each costs."""
        try:
            self.counters.started += 1
            started = clock.loop_time()
            try:
                conversation = Conversation(
                    job.task, job.domain, job.world, trial=job.trial, seed=job.seed, rules=self._rules
                )
            except Exception as exc:
                trajectory = empty_trajectory(job, self._mishaps.tell("the conversation could not begin", exc))
                timing = Timing(trajectory.id, started, clock.loop_time() - started, 0.0, 0.0)
            else:
                live = LiveConversation(job, ticket, conversation, self._queue.open_footprint(ticket))
                trajectory = await self._play(live)
                if self._look_back is not None:
                    await self._look_back_at(job, trajectory, self._look_back)
                timing = live.timing_now()
            if self._conclude is not None:
                for _ in self._conclude(job, trajectory):
                    await cancel_shielded_checkpoint()
            await self._results.deliver(job, trajectory, timing)
        except BaseException:
            self._stopping = True
            raise
        finally:
            self.counters.live -= 1
            self.admission.conversation_ended(ticket)
            self._queue.job_ended(ticket)
            self._advance()

    async def _look_back_at(self, job: Job, trajectory: Trajectory, look_back: LookBack) -> None:
        try:
            with anyio.CancelScope() as scope:
                deadline = self._deadlines.open_deadline(scope)
                try:
                    self._deadlines.move_deadline(deadline, clock.loop_time() + self._within)
                    await look_back(job, trajectory)
                finally:
                    self._deadlines.close_deadline(deadline)
        except OutOfServiceError as exc:
            trajectory.termination = Termination.CANCELLED
            trajectory.error = f"{exc.kind}: {exc}"
            self.halt(str(exc))
        except WritError:
            raise
        except Exception as exc:
            trajectory.termination = Termination.UNEXPECTED_ERROR
            trajectory.error = self._mishaps.tell(f"{trajectory.id} could not be looked back at", exc)
        else:
            if scope.cancelled_caught:
                trajectory.termination = Termination.CANCELLED if self._stopping else Termination.TIMEOUT

    async def _play(self, live: LiveConversation) -> Trajectory:
        """A conversation's trajectory; what fails in it ends it, and nothing else."""
        conversation = live.conversation
        try:
            with anyio.CancelScope() as scope:
                deadline = self._deadlines.open_deadline(scope)
                try:
                    await self._player.play(live, deadline)
                except WritError:  # an engine that ends the run on purpose
                    raise
                except Exception as exc:
                    conversation.fail(self._mishaps.tell("the conversation could not go on", exc))
                finally:
                    self._deadlines.close_deadline(deadline)
            if scope.cancelled_caught:
                conversation.stop(Termination.CANCELLED if self._stopping else Termination.TIMEOUT)
        finally:
            sessions: dict[Seat, str] = {seat: conversation.session(seat) for seat in self._engines}
            tokens = end_sessions(self._engines, sessions, self._mishaps)
        try:
            trajectory = conversation.trajectory()
        except Exception as exc:
            return empty_trajectory(live.job, self._mishaps.tell("the conversation could not be recorded", exc))
        trajectory.tokens = tokens
        return trajectory


@asynccontextmanager
async def run_rollouts(
    jobs: Iterable[Job],
    engines: Mapping[Seat, Engine],
    *,
    rules: Rules | None = None,
    limits: Limits | None = None,
    on_finish: OnFinish | None = None,
    admission: AdmissionPolicy | None = None,
    stop: Stop | None = None,
    why_ask_again: WhyAskAgain | None = None,
    look_back: LookBack | None = None,
    on_halt: OnHalt | None = None,
    conclude: Conclude | None = None,
) -> AsyncIterator[Rollouts]:
    """Run conversations while the block lasts, and iterate over their trajectories as they finish.

        async with run_rollouts(jobs, {"agent": engine, "user": engine}) as rollouts:
            async for trajectory in rollouts: ...

    Jobs are taken lazily, in order. `on_finish` is called on the loop with each trajectory before it is counted and
    handed over: write it down there and nothing that finished is lost, however the block is left. Leaving the block
    early cancels what is live. What `on_finish` raises ends the run and is raised from the block. `stop` may end
    conversations early, `admission` decide in place of the policy that `limits` names, and `why_ask_again` say what is
    wrong with an answer of the user, which is then asked for again as often as the rules allow. `look_back` is awaited
    with each conversation that has ended; then it is `conclude`d, slice by slice, before `on_finish` is called with
    it. `on_halt` is told why where an engine
    is out of service, so that the run ends before all is played: what was live is `cancelled`.

    Raises `InputError` for a policy that needs to know the servers' KV pools and cannot.
    """
    limits = limits or Limits()
    if admission is None:
        admission = await choose_admission(limits, engines)
    rollouts = Rollouts(
        jobs, engines, rules or Rules(), limits, on_finish, admission, stop, why_ask_again, look_back, on_halt, conclude
    )
    try:
        async with anyio.create_task_group() as group:
            rollouts._start(group)
            yield rollouts
            group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        raise unwrap_group(errors) from None
    finally:
        rollouts._results.close_reading()
