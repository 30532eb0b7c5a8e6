"""The engine itself: one client for all conversations, bodies written from what is new, replies read with care."""

from __future__ import annotations

from random import Random

from writ_async.chat.parsed import known_tools
from writ_async.core.engine import CallCounts, Completion, EngineFactory, Gauges, Request, Setting
from writ_async.errors import EngineError, EngineErrorKind
from writ_engines.http import HTTP_EXECUTION, Fleet, HttpClient, TransportError
from writ_engines.openai.body import BodyWriter
from writ_engines.openai.failures import explain
from writ_engines.openai.options import OpenAIOptions, find_endpoints, parameters
from writ_engines.openai.prices import find_price
from writ_engines.openai.reply import read_reply, reasoning_key

_PATH = "/chat/completions"
_LOOK_SECONDS = 10.0  # how long a server may take to show that it is there


class OpenAIEngine:
    """Completes chats over HTTP. `statistics` counts attempts, failures by kind, and what was given up.

    A key that a server has refused is not tried there again. Raises `InputError` for options that cannot be.
    """

    def __init__(self, options: OpenAIOptions, *, seed: int = 0) -> None:
        self._model = options.model
        self._endpoints = find_endpoints(options)
        self._price = find_price(options.model, options.prices)
        self._bodies = BodyWriter(
            options.model,
            parameters(options, self._endpoints[0].url),
            parallel_tool_calls=options.parallel_tool_calls,
            seeded=options.send_seed,
            send_reasoning=options.send_reasoning,
        )
        self._timeout = options.attempt_seconds
        self._policy = options.retry_policy
        self._rng = Random(seed)
        self._clients = [HttpClient(endpoint.url, headers=endpoint.headers()) for endpoint in self._endpoints]
        self._fleet = Fleet([endpoint.url for endpoint in self._endpoints], self._look, up=True)
        self._refused: dict[int, str] = {}
        self.statistics = CallCounts()

    async def complete(self, request: Request) -> Completion:
        """One model call, tried again where its failure may pass.

        Raises `ContextWindowError` when the prompt is too long, and `EngineError` when no answer can be had: the kinds
        of `engines.http`, `content_filter`, and `quota`.
        """
        body = self._bodies.write(request)

        async def attempt(server: int, number: int, seconds: float) -> Completion:
            return await self._try(server, request, body, min(self._timeout, seconds))

        return await self._fleet.call(request, attempt, self._policy, self._rng, self.statistics)

    async def _try(self, server: int, request: Request, body: bytes, seconds: float) -> Completion:
        if server in self._refused:
            raise EngineError(self._refused[server], kind=EngineErrorKind.UNAUTHORIZED)
        try:
            reply = await self._clients[server].post(_PATH, body, seconds=seconds)
            history = self._bodies.history(request.session)
            tools = known_tools(request.tools)
            completion = read_reply(reply, request.turn, history.call_ids, self._price, seat=request.seat, tools=tools)
            if completion.message.reasoning and not history.reasoning_key:
                history.reasoning_key = reasoning_key(reply)
            return completion
        except EngineError as exc:
            failure = explain(exc, self._endpoints[server], self._model)
        if isinstance(failure, TransportError) and failure.status == 401:
            self._refused[server] = str(failure)
        # Outside the handler, so that the error does not drag along the one that it was made from.
        raise failure

    async def _look(self, server: int) -> None:
        """See whether a server is there: whatever it says of its models, it is, unless it has refused the key."""
        if server in self._refused:
            raise EngineError(self._refused[server], kind=EngineErrorKind.UNAUTHORIZED)
        try:
            await self._clients[server].get("/models", seconds=_LOOK_SECONDS)
        except EngineError as exc:
            failure = explain(exc, self._endpoints[server], self._model)
            if isinstance(failure, TransportError) and failure.retryable:
                self._fleet.missed(server, failure)
                raise failure from None
        self._fleet.found(server)

    @property
    def servers(self) -> int:
        """See `Gauged`."""
        return len(self._endpoints)

    async def gauges(self, server: int = 0) -> Gauges:
        """See `Gauged`. Nothing is known of such servers but whether they are there; an only one is not even asked."""
        if len(self._endpoints) > 1:
            try:
                await self._look(server)
            except EngineError:
                self._fleet.check(server)
                raise
        return Gauges()

    def end_session(self, session: str) -> None:
        """Forget the encoded messages of a conversation's seat."""
        self._bodies.forget(session)
        self._fleet.forget(session)

    def call_counts(self) -> CallCounts:
        """How the calls went, for the run's summary."""
        return self.statistics

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients:
            await client.aclose()


def _make(options: OpenAIOptions, setting: Setting) -> OpenAIEngine:
    return OpenAIEngine(options, seed=setting.seed)


# The address is not among them: elsewhere, the same name of a model may be another model.
ENGINE = EngineFactory(
    name="openai",
    options=OpenAIOptions,
    make=_make,
    execution=HTTP_EXECUTION | {"key_env"},
    renamed={"retries": "attempts", "seed": "send_seed"},
)
