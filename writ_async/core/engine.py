"""Engines: whatever completes a chat. A model server, a script, a recording; all behind one protocol.

An engine is made by a factory that is registered as an entry point of the group `writ_async.engines`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message
from writ_async.core.prices import Price
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.core.trajectory import Note, Seat, TokenSequence, Usage

FinishReason = Literal["stop", "tool_calls", "length"]


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One model call. `id` is unique in a run; all requests of one seat of one conversation share `session`.

    `messages` is the seat's whole view, system prompt first, and only grows from one request of a session to the next;
    for the user's seat the roles are flipped, so that the seat that is to speak is always `assistant`. It is the
    conversation's own list: read it during the call, do not keep it. `turn` counts the seat's earlier completions.
    `server` says which of an engine's servers is to answer, where it has several (`Gauged.servers`); None leaves the
    choice to the engine.
    """

    id: str
    session: str
    seat: Seat
    task_id: str
    trial: int
    turn: int
    seed: int
    messages: Sequence[Message]
    tools: Sequence[dict[str, Any]]
    server: int | None = None


class Completion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an engine answered. The message is the speaking seat's, as an assistant message."""

    message: AssistantMessage
    finish_reason: FinishReason = "stop"
    usage: Usage = msgspec.field(default_factory=lambda: Usage(requests=1))
    notes: tuple[Note, ...] = ()


class Engine(Protocol):
    """Completes chats. One instance serves all conversations of a run at once.

    What else it may offer has protocols of its own: `Sessioned`, `Closable`, `Gauged`, `Paced`, `Counted`, `Noticing`.
    What it raises that is no `EngineError`, or gives that is no `Completion`, costs that one conversation.
    """

    async def complete(self, request: Request) -> Completion:
        """Answer one request.

        Raises `ContextWindowError` when the prompt is too long, `EngineError` when no answer can be had, and
        `ServerDownError` when the server that the request names is down while another is up: the same request may then
        be made again with another `server`. `OutOfServiceError` says that no other call would be answered either: it
        ends the run in order.
        """


@runtime_checkable
class Sessioned(Protocol):
    """What an engine may offer as well, where it keeps something for each session."""

    def end_session(self, session: str) -> TokenSequence | None:
        """Forget whatever is kept for a session; called once, when its conversation has ended.

        An engine that works on token ids gives the session's whole sequence; others, and unknown sessions, None.
        """


@runtime_checkable
class Closable(Protocol):
    """What an engine may offer as well, where it has connections to close."""

    async def aclose(self) -> None:
        """Close connections; called once, when the run has ended."""


def end_session(engine: Engine, session: str) -> TokenSequence | None:
    """Have an engine forget a session, where it keeps any."""
    return engine.end_session(session) if isinstance(engine, Sessioned) else None


async def close_engine(engine: Engine) -> None:
    """Have an engine close its connections, where it has any."""
    if isinstance(engine, Closable):
        await engine.aclose()


class Gauges(msgspec.Struct, frozen=True, kw_only=True):
    """What a model server says of itself now. `retractions` counts since its start; tokens are of its KV pool.

    `used_tokens` are those that running requests hold, not those that could be evicted. A server that `hears_of_ends`
    evicts what ended conversations have left behind before what those that go on hold.
    """

    running: int = 0
    waiting: int = 0
    used_tokens: int = 0
    capacity_tokens: int = 0
    retractions: int = 0
    hears_of_ends: bool = False


@runtime_checkable
class Gauged(Protocol):
    """What an engine may offer as well: the state of the servers behind it, for whoever decides what to send there."""

    @property
    def servers(self) -> int:
        """How many servers there are; `Request.server` chooses one."""

    async def gauges(self, server: int = 0) -> Gauges:
        """Ask one of them, which is also a look at whether it is up: one that was down is up again when it answers.

        Raises `ServerDownError` when it is down while another is up, and else `EngineError` when it does not say.
        """


@runtime_checkable
class Paced(Protocol):
    """What an engine may offer as well: how long calls wait for their servers' limits, which is no part of a call."""

    def seconds_held(self, session: str) -> float:
        """How long the present call of a session has waited for a limit of its server so far; 0 without such a call."""


class CallCounts(msgspec.Struct):
    """Counts over model calls: attempts made, failed attempts by kind, calls that failed for good by kind.

    `recovered` calls succeeded after a failure. `failing` calls have failed and not been answered since: they are
    tried again or wait for a server, now. `last_failure` is what was heard of the last failure. `held_back`
    calls wait for a limit of the server before they start. `first_failures` has the first of each kind in words.
    """

    calls: int = 0
    attempts: int = 0
    recovered: int = 0
    failing: int = 0
    last_failure: str = ""
    failures: dict[str, int] = {}
    given_up: dict[str, int] = {}
    held_back: int = 0
    first_failures: dict[str, str] = {}

    def add(self, other: CallCounts) -> None:
        """Count another engine's calls in, or another process's: sums, and the last failure of whoever had one."""
        self.calls += other.calls
        self.attempts += other.attempts
        self.recovered += other.recovered
        self.failing += other.failing
        self.held_back += other.held_back
        self.last_failure = other.last_failure or self.last_failure
        self.first_failures = {**other.first_failures, **self.first_failures}
        for mine, theirs in ((self.failures, other.failures), (self.given_up, other.given_up)):
            for kind, number in theirs.items():
                mine[kind] = mine.get(kind, 0) + number


@runtime_checkable
class Counted(Protocol):
    """What an engine may offer as well: how its calls went, for the run's summary."""

    def call_counts(self) -> CallCounts:
        """The counts so far; they go on counting."""


@runtime_checkable
class Served(Protocol):
    """What an engine may offer as well: a look at each of its servers, before there are conversations to lose."""

    @property
    def addresses(self) -> Sequence[str]:
        """Where its servers are."""

    @property
    def patience(self) -> float:
        """The seconds that it waits for servers that are still starting, before a call has failed."""

    async def look_at(self, server: int) -> None:
        """Return when one of them is there. Raises `EngineError`, with the address and the reason."""


@runtime_checkable
class Noticing(Protocol):
    """What an engine may offer as well: what may surprise whoever starts a run on it."""

    @property
    def notices(self) -> Sequence[str]:
        """Lines about its model, its chat template, its tool calls; known before the first call.

        One whose servers are looked at (`Served`) may have more of them afterwards.
        """


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a factory may use to make an engine: the run's tasks, its domains by name, and its seed.

    `worlds` are the tasks' worlds by task id, as far as they are open. So many `processes` make engines of the same
    options at once: a limit that they share is divided by them. `shared` is whatever engines made for the same run
    keep together, by names of their own.
    """

    tasks: Mapping[str, Task]
    domains: Mapping[str, Domain]
    seed: int
    worlds: Mapping[str, World] = {}
    processes: int = 1
    shared: dict[str, Any] = msgspec.field(default_factory=dict)


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at on a server: what was found, and what to do about it where it is not well.

    A `notice` costs something or may surprise; a `problem` keeps the engine from working as it should.
    """

    name: str
    status: Literal["ok", "notice", "problem"]
    found: str
    advice: str = ""


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How a model server is to be started, for `writ serve`.

    `model` is the model's folder. `context` is the longest prompt and answer together, `kv_tokens` the size of the KV
    pool, both in tokens and 0 for what the server finds fit; `device` and `python` are empty for that as well. So many
    GPUs as `tensor_parallel` says share the weights. `extra` are words for the server's own command line, which replace
    ours. With `dry_run` the command is only shown.
    """

    model: str
    host: str = "127.0.0.1"
    port: int = 30000
    context: int = 0
    kv_tokens: int = 0
    device: str = ""
    python: str = ""
    tensor_parallel: int = 1
    extra: tuple[str, ...] = ()
    dry_run: bool = False


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What a server's work costs, fitted to what it says of itself, for `writ calibrate`.

    `costs` are what goes into the file that a simulation reads, by name. `steps` counts the decode steps that they rest
    on, `error` is the root mean square over these, in seconds. `summary` tells the costs in words, a line each;
    `remarks` say what to mind.
    """

    costs: dict[str, float]
    steps: int
    error: float
    summary: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class EngineFactory(msgspec.Struct, frozen=True, kw_only=True):
    """How to make an engine. `options` is a Struct type: its fields are the engine's options, its docstring
    and its bases' are their help.

    `make(options, setting)` may raise `InputError`. `seats` says who the engine can play. `execution` names options
    that decide no row, such as an address or a timeout: a run may be resumed with others. `renamed` has the present
    name of each option that had another one, for the error. `words_of` names the option of an engine that makes up no
    words: whose it says.

    The rest is for engines that have servers, and None for others. Each raises `InputError` for what cannot be used.
    `check(url, model)` looks at a server for `writ doctor`, `model` being the folder that the caller named, if any;
    whatever the server does is a finding. `launch(settings)` gives the command line that `writ serve` becomes.
    `calibrate(source, seconds)` fits costs to a busy server at an address, watched for so long, or to its answers in a
    file. `price(options)` is what the model that the options name costs, None where that is not known.
    """

    name: str
    options: type[msgspec.Struct]
    make: Callable[[Any, Setting], Engine]
    seats: frozenset[Seat] = frozenset({"agent", "user"})
    check: Callable[[str, str | None], Awaitable[Sequence[Check]]] | None = None
    launch: Callable[[Launch], Sequence[str]] | None = None
    calibrate: Callable[[str, float], Awaitable[Calibration]] | None = None
    price: Callable[[Mapping[str, Any]], Price | None] | None = None
    execution: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = {}
    words_of: str = ""
