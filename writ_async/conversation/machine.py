"""The state machine: `request()` says what is to be completed next, `receive()` takes the completion.

    conversation = Conversation(task, domain, world)
    while (request := conversation.request()) is not None:
        conversation.receive(complete(request))
    row = conversation.trajectory()

It costs O(new messages) per turn: each seat's view is a list that only grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from writ_async.conversation.answers import EMPTY, whole_message, whole_note, why_too_long
from writ_async.conversation.prompts import agent_system_prompt, user_system_prompt
from writ_async.conversation.rules import Rules, find_signal
from writ_async.conversation.seal import seal_trajectory
from writ_async.core.acting import act, open_state
from writ_async.core.domain import Domain
from writ_async.core.engine import Completion, Request
from writ_async.core.message import (
    AssistantMessage,
    MalformedArgumentsError,
    Message,
    Requestor,
    ToolCall,
    ToolMessage,
    UserMessage,
    call_arguments,
)
from writ_async.core.state import State, World
from writ_async.core.task import Task
from writ_async.core.trajectory import Note, Seat, Signal, Termination, Trajectory, Usage, trajectory_id

ASKED_AGAIN = "asked_again"
"""The note of a turn whose first answer was not taken; its detail says why."""

_pack = msgspec.msgpack.Encoder().encode


def chain_hash(previous: str, call: ToolCall, result: ToolMessage, digest: str) -> str:
    """The next hash of a trajectory's chain: blake2b-128 over the previous one, the call, its result and the state."""
    item = (
        previous,
        result.requestor,
        call.function.name,
        call.function.arguments,
        result.content,
        result.error,
        digest,
    )
    return blake2b(_pack(item), digest_size=16).hexdigest()


def run_call(domain: Domain, state: State, call: ToolCall, requestor: Requestor = "assistant") -> ToolMessage:
    """Execute one tool call on a state; whatever is wrong with it comes back as an error message."""
    try:
        arguments = call_arguments(call)
    except MalformedArgumentsError as exc:
        text = f"Error: the arguments of {call.function.name} {exc}"
        return ToolMessage(call.id, text, True, requestor)
    result = act(domain, state, call.function.name, arguments, requestor)
    return ToolMessage(call.id, result.content, result.error, requestor)


def request_seed(seed: int, request_id: str) -> int:
    """A 63-bit sampling seed that depends on the run's seed and the request's id alone."""
    return int.from_bytes(blake2b(f"{seed}/{request_id}".encode(), digest_size=8).digest(), "big") >> 1


class _Side:
    """What one seat sees and has used; `view` only grows. `retries` counts answers of the present turn that were not
    taken, and `sessions` those that such an answer has ended."""

    __slots__ = ("retries", "seat", "session", "sessions", "turns", "usage", "view")

    def __init__(self, seat: Seat, conversation_id: str, prompt: Message) -> None:
        self.seat: Seat = seat
        self.session = f"{conversation_id}/{seat}"
        self.view: list[Message] = [prompt]
        self.turns = 0
        self.retries = 0
        self.sessions = 0
        self.usage: Usage | None = None

    def count_usage(self, usage: Usage) -> None:
        """Add what a call has used."""
        if self.usage is None:
            self.usage = Usage()
        self.usage.add(usage)

    def copy(self) -> _Side:
        other = _Side.__new__(_Side)
        other.seat, other.session, other.turns = self.seat, self.session, self.turns
        other.retries, other.sessions = self.retries, self.sessions
        other.view = self.view.copy()
        other.usage = None if self.usage is None else msgspec.structs.replace(self.usage)
        return other


class Conversation:
    """One simulation of one task. Knows no engine and no clock."""

    __slots__ = (
        "_agent",
        "_chain",
        "_errors",
        "_messages",
        "_next",
        "_notes",
        "_steps",
        "_user",
        "domain",
        "error",
        "id",
        "rules",
        "seed",
        "signal",
        "state",
        "task",
        "termination",
        "trial",
    )

    def __init__(
        self, task: Task, domain: Domain, world: World, *, trial: int = 0, seed: int = 0, rules: Rules | None = None
    ) -> None:
        self.task = task
        self.domain = domain
        self.trial = trial
        self.seed = seed
        self.rules = rules or Rules()
        self.id = trajectory_id(task.id, trial)
        self.state = open_state(task.initial, domain, world)
        self.termination: Termination | None = None
        self.signal: Signal | None = None
        self.error = ""
        self._messages: list[Message] = []
        self._agent = _Side("agent", self.id, agent_system_prompt(domain.policy, self.rules.agent_prompt))
        with_tools = bool(domain.user_tools)
        told = user_system_prompt(task.scenario, task.behaviour, self.rules.user_prompt, with_tools=with_tools)
        self._user = _Side("user", self.id, told)
        self._chain: list[str] = []
        self._notes: list[Note] = []
        self._steps = 0
        self._errors = 0
        self._next: Seat = self.rules.first
        self._open()

    def _open(self) -> None:
        if self.task.message_history:
            self._recall(self.task.message_history)
        elif self.rules.greeting is not None:
            self._say("agent", AssistantMessage(self.rules.greeting))
            self._next = "user"

    def _recall(self, history: tuple[Message, ...]) -> None:
        """Start from messages that were exchanged before: their calls are executed, their recorded results dropped."""
        for message in history:
            if isinstance(message, AssistantMessage | UserMessage):
                seat: Seat = "agent" if isinstance(message, AssistantMessage) else "user"
                self._say(seat, AssistantMessage(message.content, message.tool_calls))
                if message.tool_calls:
                    self._run_tools(seat, message.tool_calls)
                    self._next = seat
                else:
                    self._next = "user" if seat == "agent" else "agent"
        self._errors = 0

    @property
    def ended(self) -> bool:
        """True when nothing more will be requested."""
        return self.termination is not None

    @property
    def messages(self) -> Sequence[Message]:
        """What was said and done so far; the conversation's own list, not to be changed or kept."""
        return self._messages

    @property
    def steps(self) -> int:
        """Completions and tool rounds so far."""
        return self._steps

    def session(self, seat: Seat) -> str:
        """What all requests of a seat have in common, so that an engine can keep something for it."""
        return self._agent.session if seat == "agent" else self._user.session

    def view(self, seat: Seat) -> Sequence[Message]:
        """What a seat sees so far, its system prompt first; the conversation's own list, not to be changed or kept."""
        return self._agent.view if seat == "agent" else self._user.view

    def request(self) -> Request | None:
        """The completion that is needed next, or None when the conversation has ended."""
        if self.termination is not None:
            return None
        seat = self._next
        side = self._agent if seat == "agent" else self._user
        request_id = f"{side.session}/{side.turns}"
        return Request(
            id=request_id,
            session=side.session,
            seat=seat,
            task_id=self.task.id,
            trial=self.trial,
            turn=side.turns,
            seed=self.seed if self.rules.seeded_by == "trial" else request_seed(self.seed, request_id),
            messages=side.view,
            tools=self.domain.schemas if seat == "agent" else self.domain.user_schemas,
        )

    def receive(self, completion: Completion) -> None:
        """Take the completion of the last request: say it, run its tool calls, decide who is next.

        Raises `RuntimeError` when the conversation has ended.
        """
        if self.termination is not None:
            raise RuntimeError(f"conversation {self.id} has ended: {self.termination}")
        seat = self._next
        message = whole_message(completion.message)
        side = self._agent if seat == "agent" else self._user
        side.turns += 1
        side.retries = 0
        side.count_usage(completion.usage)
        if completion.notes:
            self._notes.extend(map(whole_note, completion.notes))
        self._steps += 1
        if why := why_too_long(message):
            self.stop(Termination.AGENT_ERROR if seat == "agent" else Termination.USER_ERROR, why)
            return
        if not message.tool_calls and not (message.content or "").strip():
            self.stop(Termination.AGENT_ERROR if seat == "agent" else Termination.USER_ERROR, EMPTY)
            return
        self._say(seat, message)
        if message.tool_calls:
            self._run_tools(seat, message.tool_calls)
            self._steps += 1
        else:
            self._hear(seat, message.content or "")
        self._check_limits()

    @property
    def retries(self) -> int:
        """How many answers to the present request were not taken."""
        return (self._agent if self._next == "agent" else self._user).retries

    def ask_again(self, completion: Completion, reason: str) -> str:
        """Leave the answer to the present request untaken, for a reason: the next request asks for it anew.

        That request is of a session of its own, for what the engine keeps for the seat has the answer in it. Gives the
        session that has ended.
        """
        side = self._agent if self._next == "agent" else self._user
        ended = side.session
        side.count_usage(completion.usage)
        self._notes.append(Note(ASKED_AGAIN, side.turns, reason))
        side.retries += 1
        side.sessions += 1
        side.session = f"{self.id}/{side.seat}~{side.sessions}"
        return ended

    def stop(self, termination: Termination, error: str = "") -> None:
        """End the conversation from outside: a deadline, a cancellation, an engine that gave no answer."""
        if self.termination is None:
            self.termination = termination
            self.error = error

    def fail(self, error: str) -> None:
        """End the conversation because something failed at it that should not, whatever it had come to."""
        self.termination = Termination.UNEXPECTED_ERROR
        self.error = error

    def fork(self) -> Conversation:
        """An independent copy that can go another way from here."""
        other = Conversation.__new__(Conversation)
        for name in Conversation.__slots__:
            setattr(other, name, getattr(self, name))
        other.state = self.state.fork()
        other._messages = self._messages.copy()
        other._agent = self._agent.copy()
        other._user = self._user.copy()
        other._chain = self._chain.copy()
        other._notes = self._notes.copy()
        return other

    def trajectory(self) -> Trajectory:
        """What was said and done. Raises `RuntimeError` while the conversation goes on."""
        if self.termination is None:
            raise RuntimeError(f"conversation {self.id} has not ended")
        trajectory = Trajectory(
            id=self.id,
            task_id=self.task.id,
            domain=self.task.domain,
            kind=self.task.kind,
            trial=self.trial,
            seed=self.seed,
            messages=tuple(self._messages),
            termination=self.termination,
            signal=self.signal,
            steps=self._steps,
            errors=self._errors,
            digest=self.state.digest(),
            chain=tuple(self._chain),
            usage={side.seat: side.usage for side in (self._agent, self._user) if side.usage is not None},
            notes=tuple(self._notes),
            error=self.error,
        )
        templates = (self.rules.agent_prompt, self.rules.user_prompt)
        trajectory.seal = seal_trajectory(trajectory, self.task, self._agent.view[0].content or "", templates)
        return trajectory

    def _say(self, seat: Seat, message: AssistantMessage) -> None:
        """Put a message into the record and into the views of those who can see it."""
        content, calls = message.content, message.tool_calls
        if seat == "agent":
            self._messages.append(message)
            self._agent.view.append(message)
            if not calls:
                self._user.view.append(UserMessage(content))
        else:
            said = UserMessage(content, calls)
            self._messages.append(said)
            self._user.view.append(message)
            if not calls:
                self._agent.view.append(said)

    def _run_tools(self, seat: Seat, calls: tuple[ToolCall, ...]) -> None:
        requestor: Requestor = "assistant" if seat == "agent" else "user"
        view = (self._agent if seat == "agent" else self._user).view
        tools = self.domain.tools_of(requestor)
        for call in calls:
            result = run_call(self.domain, self.state, call, requestor)
            tool = tools.get(call.function.name)
            digest = self.state.digest() if tool is not None and tool.kind == "write" else ""
            previous = self._chain[-1] if self._chain else self.state.world.digest()
            self._chain.append(chain_hash(previous, call, result, digest))
            self._messages.append(result)
            view.append(result)
            self._errors += result.error

    def _hear(self, seat: Seat, content: str) -> None:
        """A text was said: does it end the conversation, and who is next?"""
        signal = find_signal(content)
        if signal is not None and seat == "user":
            self.signal = signal
            self.termination = Termination.USER_STOP
        elif signal is not None and self.rules.agent_may_stop:
            self.signal = signal
            self.termination = Termination.AGENT_STOP
        self._next = "user" if seat == "agent" else "agent"

    def _check_limits(self) -> None:
        """A limit reached in the very step in which the user stops counts as the limit, as in τ²-bench."""
        if self._errors >= self.rules.max_errors:
            self.termination = Termination.TOO_MANY_ERRORS
        elif self._steps >= self.rules.max_steps:
            self.termination = Termination.MAX_STEPS
