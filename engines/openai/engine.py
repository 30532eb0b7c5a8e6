"""The engine itself: one client for all conversations, bodies written from what is new, replies read with care."""

from __future__ import annotations

from random import Random

from engines.http import HttpClient, RetryPolicy, TransportError, retry
from engines.openai.body import BodyWriter
from engines.openai.failures import explain
from engines.openai.options import OpenAIOptions, find_endpoint, parameters
from engines.openai.prices import find_price
from engines.openai.reply import read_reply
from writ_async.engine import CallCounts, Completion, EngineFactory, Request, Setting
from writ_async.errors import EngineError

_PATH = "/chat/completions"


class OpenAIEngine:
    """Completes chats over HTTP. `statistics` counts attempts, failures by kind, and what was given up.

    A key that the server has refused is not tried again. Raises `InputError` for options that cannot be.
    """

    def __init__(self, options: OpenAIOptions, *, seed: int = 0) -> None:
        self._model = options.model
        self._endpoint = find_endpoint(options)
        self._price = find_price(options.model, options.prices)
        self._bodies = BodyWriter(
            options.model,
            parameters(options, self._endpoint.url),
            parallel_tool_calls=options.parallel_tool_calls,
            seeded=options.seed,
        )
        self._timeout = options.timeout or float("inf")
        self._policy = RetryPolicy(attempts=options.retries + 1, budget=options.deadline)
        self._rng = Random(seed)
        self._client = HttpClient(self._endpoint.url, headers=self._endpoint.headers())
        self._refused = ""
        self.statistics = CallCounts()

    async def complete(self, request: Request) -> Completion:
        """One model call, tried again where its failure may pass.

        Raises `ContextWindowError` when the prompt is too long, and `EngineError` when no answer can be had: the kinds
        of `engines.http`, `content_filter`, and `quota`.
        """
        body = self._bodies.write(request)

        async def attempt(number: int, seconds: float) -> Completion:
            return await self._try(request, body, min(self._timeout, seconds))

        return await retry(attempt, self._policy, self._rng, self.statistics)

    async def _try(self, request: Request, body: bytes, seconds: float) -> Completion:
        if self._refused:
            raise EngineError(self._refused, kind="unauthorized")
        try:
            reply = await self._client.post(_PATH, body, seconds=seconds)
            taken = self._bodies.history(request.session).call_ids
            return read_reply(reply, request.turn, taken, self._price)
        except EngineError as exc:
            failure = explain(exc, self._endpoint, self._model)
        if isinstance(failure, TransportError) and failure.status == 401:
            self._refused = str(failure)
        # Outside the handler, so that the error does not drag along the one that it was made from.
        raise failure

    def end_session(self, session: str) -> None:
        """Forget the encoded messages of a conversation's seat."""
        self._bodies.forget(session)

    def call_counts(self) -> CallCounts:
        """How the calls went, for the run's summary."""
        return self.statistics

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _make(options: OpenAIOptions, setting: Setting) -> OpenAIEngine:
    return OpenAIEngine(options, seed=setting.seed)


ENGINE = EngineFactory(name="openai", options=OpenAIOptions, make=_make)
