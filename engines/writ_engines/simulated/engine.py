"""The engine: another one says what is said, the simulated server says when, and what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

import msgspec

from writ_async.core.engine import (
    Completion,
    Engine,
    EngineFactory,
    Gauges,
    Request,
    Setting,
    close_engine,
    end_session,
)
from writ_async.core.message import Message, SystemMessage
from writ_async.core.trajectory import TokenSequence, Usage
from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind
from writ_async.registry import make_engine
from writ_engines.simulated.costs import costs_of, read_costs
from writ_engines.simulated.flags import ServerOptions
from writ_engines.simulated.requests import Generation, Report, Segment
from writ_engines.simulated.server import PromptTooLongError, QueueFullError, Server
from writ_engines.simulated.tokens import FRAME, message_tokens, schema_tokens, text_tokens


class SimulatedOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the simulated engine: a model server in virtual time, for plans and benchmarks.

    model, gpu: a row of the table of machines, such as qwen3-4b and h200
    calibration: a file of `writ calibrate`, instead of a row
    inner: the engine that says what is said; it gets no options
    kv_tokens: the size of the KV pool, 0 for the machine's
    context: the longest prompt and answer together, in tokens
    max_tokens: what a request allows itself to write; the server reserves a share of it
    verbosity: how many times as many tokens are written as the inner engine's words have
    servers: how many such servers there are
    round_trip: seconds between a server's answer and its arrival at the client
    page_size, chunked_prefill_size, max_running_requests, max_queued_requests, schedule_policy, radix_eviction_policy,
    schedule_conservativeness: as SGLang's flags
    enable_session_radix_cache: as SGLang's flag; the server is then told whose requests are and when a seat has ended
    release: whose rules hold where SGLang's releases differ, 0.5.20 or 0.5.23
    """

    model: str = "qwen3-4b"
    gpu: str = "h200"
    calibration: str = ""
    inner: str = "scripted"
    kv_tokens: int = 0
    context: int = 32_768
    max_tokens: int = 1024
    verbosity: float = 1.0
    round_trip: float = 0.004
    page_size: int = 1
    chunked_prefill_size: int = 8192
    max_running_requests: int = 1024
    max_queued_requests: int = 0
    schedule_policy: str = "fcfs"
    radix_eviction_policy: str = "lru"
    schedule_conservativeness: float = 1.0
    enable_session_radix_cache: bool = False
    release: str = "0.5.23"
    servers: int = 1


class _Session:
    """One seat's sequence so far. `seen` messages of the view are in `path`; `spare` tokens were sampled, never fed."""

    __slots__ = ("path", "seen", "spare", "tokens")

    def __init__(self) -> None:
        self.path: list[Segment] = []
        self.tokens = 0
        self.seen = 0
        self.spare = 0

    def add(self, key: Hashable, tokens: int) -> None:
        """Put a segment at the end."""
        tokens += self.spare
        self.spare = 0
        if tokens:
            self.path.append((key, tokens))
            self.tokens += tokens


class SimulatedEngine:
    """Completes chats with another engine's words at a simulated server's pace.

    Answers carry the usage that the server would have reported. All requests must be made on one event loop; run it in
    virtual time (`writ_async.virtual_time`), or it takes as long as the server would.
    """

    def __init__(
        self,
        inner: Engine,
        *servers: Server,
        context: int = 32_768,
        max_tokens: int = 1024,
        verbosity: float = 1.0,
        round_trip: float = 0.004,
    ) -> None:
        self._servers = servers
        self._inner = inner
        self._context = context
        self._max_tokens = max_tokens
        self._verbosity = verbosity
        self._round_trip = round_trip
        self._sessions: dict[str, _Session] = {}
        self._schemas: dict[int, tuple[object, int]] = {}

    async def complete(self, request: Request) -> Completion:
        """Answer when the server would.

        Raises `ContextWindowError` when the prompt leaves no room for an answer, `EngineError` when the queue is full.
        """
        session = self._sessions.get(request.session)
        if session is None:
            session = self._sessions[request.session] = _Session()
        self._read(session, request)
        if session.tokens >= self._context:
            raise ContextWindowError(f"the prompt of {session.tokens} tokens exceeds the context of {self._context}")
        completion = await self._inner.complete(request)
        message = completion.message
        written = max(1, round(self._verbosity * message_tokens(message)))
        written = min(written, self._context - session.tokens)
        key = (message.content, message.tool_calls) if message.tool_calls else message.content
        done = await self._generate(request, key, session, written)
        # The seat's view goes on with this very message; its last token has no KV until the next prompt feeds it.
        session.add(key, done.output - 1)
        session.spare = 1
        session.seen += 1
        usage = Usage(requests=1, prompt_tokens=done.prompt, completion_tokens=done.output, cached_tokens=done.cached)
        return msgspec.structs.replace(completion, usage=usage)

    async def _generate(self, request: Request, key: Hashable, session: _Session, tokens: int) -> Generation:
        server = self._servers[request.server or 0]
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Generation] = loop.create_future()

        def answer(generation: Generation) -> None:
            loop.call_later(self._round_trip, arrive, generation)

        def arrive(generation: Generation) -> None:
            if not future.done():
                future.set_result(generation)

        most = min(self._max_tokens, self._context - session.tokens)
        generation = Generation(key, session.path.copy(), session.tokens, tokens, most, answer, request.session)
        try:
            server.submit(generation)
        except QueueFullError:
            raise EngineError("the request queue is full", kind=EngineErrorKind.QUEUE_FULL) from None
        except PromptTooLongError:
            raise ContextWindowError(f"the prompt of {session.tokens} tokens exceeds the server's pool") from None
        try:
            return await future
        except asyncio.CancelledError:
            server.withdraw(generation)
            raise

    def _read(self, session: _Session, request: Request) -> None:
        """Take the messages that are new since the session's last request."""
        messages = request.messages
        for place in range(session.seen, len(messages)):
            message = messages[place]
            if isinstance(message, SystemMessage):
                # Paragraphs are apart, for conversations share those before the first that differs.
                *heads, rest = message.content.split("\n\n")
                for head in heads:
                    session.add(head, text_tokens(head))
                session.add((rest, id(request.tools)), FRAME + text_tokens(rest) + self._schema_tokens(request))
            else:
                session.add(_key(message), message_tokens(message))
        session.seen = len(messages)

    def _schema_tokens(self, request: Request) -> int:
        known = self._schemas.get(id(request.tools))
        if known is None:
            # The schemas are kept, so that their id stays theirs.
            known = self._schemas[id(request.tools)] = (request.tools, schema_tokens(request.tools))
        return known[1]

    @property
    def servers(self) -> int:
        """How many servers there are."""
        return len(self._servers)

    async def gauges(self, server: int = 0) -> Gauges:
        """What a server says of itself."""
        chosen = self._servers[server]
        cache = chosen.cache
        return Gauges(
            running=chosen.running,
            waiting=chosen.waiting,
            used_tokens=cache.locked + cache.taken,
            capacity_tokens=cache.capacity,
            retractions=chosen.retractions,
            hears_of_ends=chosen.options.enable_session_radix_cache,
        )

    def decode_base(self) -> float:
        """Seconds of a decode step before any request is looked at."""
        return self._servers[0].costs.decode_base

    def reports(self) -> list[Report]:
        """What each server has done so far."""
        return [server.report for server in self._servers]

    def end_session(self, session: str) -> TokenSequence | None:
        """Forget a session; a server's cache knows that it has ended only with `enable_session_radix_cache`."""
        self._sessions.pop(session, None)
        for server in self._servers:
            server.close_session(session)
        return end_session(self._inner, session)

    async def aclose(self) -> None:
        """Close the inner engine."""
        await close_engine(self._inner)


def _key(message: Message) -> Hashable:
    calls = getattr(message, "tool_calls", ())
    return (message.content, calls) if calls else message.content


def _make(options: SimulatedOptions, setting: Setting) -> SimulatedEngine:
    costs = read_costs(options.calibration) if options.calibration else costs_of(options.model, options.gpu)
    if options.kv_tokens:
        costs = msgspec.structs.replace(costs, kv_tokens=options.kv_tokens)
    flags = {name: getattr(options, name) for name in ServerOptions.__struct_fields__}
    return SimulatedEngine(
        make_engine(options.inner, {}, setting),
        *(Server(costs, msgspec.convert(flags, ServerOptions)) for _ in range(options.servers)),
        context=options.context,
        max_tokens=options.max_tokens,
        verbosity=options.verbosity,
        round_trip=options.round_trip,
    )


ENGINE = EngineFactory(
    name="simulated",
    options=SimulatedOptions,
    make=_make,
    renamed={"max_new_tokens": "max_tokens"},
    words_of="inner",
)
