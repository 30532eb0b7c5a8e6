"""The life of one conversation on engines: call after call, each when the admission policy lets it go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from math import inf

import anyio
import msgspec

from writ_async import clock
from writ_async.conversation import Conversation
from writ_async.conversation.answers import require_completion, why_unreadable
from writ_async.core.engine import Completion, Engine, Paced, Request
from writ_async.core.trajectory import Seat, Termination
from writ_async.errors import (
    ContextWindowError,
    EngineError,
    OutOfServiceError,
    ServerDownError,
    WritError,
    describe_error,
)
from writ_async.scheduler.admission import AdmissionPolicy
from writ_async.scheduler.deadlines import Deadline, Deadlines
from writ_async.scheduler.engine_sessions import end_session
from writ_async.scheduler.footprint import Footprint
from writ_async.scheduler.job import Counters, Job, Limits, Stop, Timing, WhyAskAgain
from writ_async.scheduler.mishaps import Mishaps, is_leaked
from writ_async.scheduler.server_watch import ServerWatch
from writ_async.scheduler.ticket import Ticket


class LiveConversation:
    """One conversation under way: what the scheduler knows of it beside the conversation itself. Waits in seconds."""

    __slots__ = ("agent_wait", "conversation", "footprint", "gate_wait", "job", "started", "ticket", "user_wait")

    def __init__(self, job: Job, ticket: Ticket, conversation: Conversation, footprint: Footprint | None) -> None:
        self.job = job
        self.ticket = ticket
        self.conversation = conversation
        self.footprint = footprint
        self.started = clock.loop_time()
        self.agent_wait = 0.0
        self.user_wait = 0.0
        self.gate_wait = 0.0

    def count_wait(self, seat: Seat, seconds: float) -> None:
        """Count how long a seat's call took."""
        if seat == "agent":
            self.agent_wait += seconds
        else:
            self.user_wait += seconds

    def timing_now(self) -> Timing:
        """How long it took until now."""
        seconds = clock.loop_time() - self.started
        return Timing(
            self.conversation.id, self.started, seconds, self.agent_wait, self.user_wait, gate_wait=self.gate_wait
        )


class ConversationPlayer:
    """Plays the conversations of a run, however many at once.

    `counted` seats hold context on the servers whose KV tokens are counted, `placed` ones go to the server that the
    admission policy chose. `advance` is called when others may have got room, `halt` when an engine is out of service:
    it ends the run in order. `stop` may end conversations early, `why_ask_again` may have an answer of the user asked
    for again.
    """

    def __init__(
        self,
        engines: Mapping[Seat, Engine],
        limits: Limits,
        admission: AdmissionPolicy,
        deadlines: Deadlines,
        servers: ServerWatch,
        counters: Counters,
        mishaps: Mishaps,
        *,
        counted: Collection[Seat],
        placed: Collection[Seat],
        advance: Callable[[], None],
        halt: Callable[[str], None],
        stop: Stop | None,
        why_ask_again: WhyAskAgain | None = None,
    ) -> None:
        self._engines = engines
        self._limits = limits
        self._admission = admission
        self._deadlines = deadlines
        self._servers = servers
        self._counters = counters
        self._mishaps = mishaps
        self._counted = counted
        self._placed = placed
        self._advance = advance
        self._halt = halt
        self._stop = stop
        self._why_ask_again = why_ask_again
        self._gates: dict[int, anyio.Event] = {}
        self._paced = {seat: engine if isinstance(engine, Paced) else None for seat, engine in engines.items()}

    async def play(self, live: LiveConversation, deadline: Deadline) -> None:
        """Make its calls until it has ended; the deadline moves on with each of them."""
        limits, admission, conversation, ticket = self._limits, self._admission, live.conversation, live.ticket
        counters, move_deadline = self._counters, self._deadlines.move_deadline
        end = live.started + limits.conversation_timeout if limits.conversation_timeout else inf
        within = limits.request_timeout or inf
        now = live.started
        # The server that went down under the present request, and the seconds that it took.
        lost: int | None = None
        spent = 0.0
        while (request := conversation.request()) is not None:
            if self._stop is not None and self._stops(live, self._stop):
                return
            if not admission.ask_for_call(ticket):
                move_deadline(deadline, end)
                now = await self._wait_for_turn(live, request.seat)
            put_off = None if self._paced[request.seat] is None else partial(self._seconds_held, request)
            move_deadline(deadline, min(end, now + within - spent), end, put_off)
            if request.seat in self._placed:
                request = msgspec.structs.replace(request, server=ticket.server)
            counters.in_flight += 1
            counters.requests += 1
            try:
                if ticket.server == lost:
                    await self._servers.wait_for_look()  # there is no other server for it, whatever the engine has
                completion = require_completion(await self._engines[request.seat].complete(request))
            except BaseException as exc:
                if not isinstance(exc, Exception) and not is_leaked(exc):
                    raise
                lost = self._take_failure(conversation, request, exc)
            else:
                lost = None
                try:
                    self._take_answer(live, request, completion)
                except Exception as exc:  # whatever a model wrote ends its own conversation alone
                    conversation.fail(self._mishaps.tell(f"the {request.seat}'s answer could not be taken", exc))
            finally:
                counters.in_flight -= 1
                admission.call_ended(
                    ticket, request.seat, None if live.footprint is None else live.footprint.own_tokens
                )
                asked, now = now, clock.loop_time()
                live.count_wait(request.seat, now - asked)
            spent = 0.0 if lost is None else spent + now - asked
            self._advance()

    def _stops(self, live: LiveConversation, stop: Stop) -> bool:
        """Whether a rule ends the conversation here; one that fails does."""
        try:
            if reason := stop(live.job, live.conversation):
                live.conversation.stop(Termination.STOPPED_EARLY, reason)
        except Exception as exc:
            live.conversation.fail(self._mishaps.tell("a rule for stopping early failed", exc))
        return live.conversation.ended

    def _seconds_held(self, request: Request) -> float:
        """What a call has waited for its server's limits, which is no part of the time that it may take."""
        paced = self._paced[request.seat]
        try:
            return 0.0 if paced is None else paced.seconds_held(request.session)
        except Exception as exc:  # it is asked from the timer of all conversations
            self._mishaps.tell("the engine does not say what a call has waited", exc)
            return 0.0

    def let_call_go(self, ticket: Ticket) -> None:
        """A call that waited may be made."""
        self._gates.pop(ticket.number).set()

    def _take_answer(self, live: LiveConversation, request: Request, completion: Completion) -> None:
        if live.footprint is not None and request.seat in self._counted:
            for key, tokens in live.footprint.count_answer(request, completion):
                self._admission.prefix_measured(key, tokens)
        conversation = live.conversation
        rules = conversation.rules
        if rules.retries_unreadable and (why := why_unreadable(completion.message)):
            if conversation.retries < rules.retries_unreadable:
                self._ask_again(conversation, request.seat, completion, why)
            else:
                conversation.stop(Termination.INFRASTRUCTURE_ERROR, why)
        elif conversation.retries < rules.user_retries and (why := self._slip(live, request.seat, completion)):
            self._ask_again(conversation, request.seat, completion, why)
        else:
            conversation.receive(completion)

    def _ask_again(self, conversation: Conversation, seat: Seat, completion: Completion, why: str) -> None:
        self._counters.asked_again += 1
        end_session(self._engines[seat], conversation.ask_again(completion, why), self._mishaps)

    def _slip(self, live: LiveConversation, seat: Seat, completion: Completion) -> str:
        """Why an answer of the user's is not taken; empty where it is, and for the agent's."""
        message = completion.message
        if self._why_ask_again is None or seat == "agent" or message.tool_calls:
            return ""
        return self._why_ask_again(live.job, live.conversation, message.content or "")

    def _take_failure(self, conversation: Conversation, request: Request, exc: BaseException) -> int | None:
        """An engine gave no answer. Gives the number of the server that is down, or None where that was not why.

        Raises what is no engine's error but one of this package.
        """
        if isinstance(exc, ContextWindowError):
            conversation.stop(Termination.CONTEXT_WINDOW_EXCEEDED, str(exc))
        elif isinstance(exc, ServerDownError) and request.server is not None:
            self._servers.server_is_down(exc.server)
            return exc.server
        elif isinstance(exc, OutOfServiceError):
            conversation.stop(Termination.CANCELLED, f"{exc.kind}: {exc}")
            self._halt(str(exc))
        elif isinstance(exc, EngineError):
            conversation.stop(Termination.INFRASTRUCTURE_ERROR, f"{exc.kind}: {exc}")
        elif isinstance(exc, WritError):
            raise exc
        else:
            # An engine's bug costs one conversation, not the run.
            self._mishaps.tell(f"the {request.seat}'s engine failed", exc)
            conversation.stop(Termination.INFRASTRUCTURE_ERROR, describe_error(exc))
        return None

    async def _wait_for_turn(self, live: LiveConversation, seat: Seat) -> float:
        """Wait until the conversation's next call may go; gives the time when it did."""
        number = live.ticket.number
        gate = self._gates[number] = anyio.Event()
        asked = clock.loop_time()
        self._counters.held += 1
        self._advance()  # whoever is held back may have made room for others
        try:
            await gate.wait()
        except BaseException:
            if self._gates.pop(number, None) is None:
                self._admission.call_ended(live.ticket, seat)  # it was let go, and goes no further
            self._admission.conversation_ended(live.ticket)
            raise
        finally:
            self._counters.held -= 1
            now = clock.loop_time()
            live.gate_wait += now - asked
        return now
