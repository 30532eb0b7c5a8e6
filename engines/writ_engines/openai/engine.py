"""The engine itself: one client for all conversations, bodies written from what is new, replies read with care."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Any

from writ_async import clock
from writ_async.core.engine import CallCounts, Completion, EngineFactory, Gauges, Request, Setting
from writ_async.core.prices import Price
from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind
from writ_engines.http import (
    HTTP_EXECUTION,
    MOST_EMPTY,
    MOST_EMPTY_NOW_AND_THEN,
    Fleet,
    HttpClient,
    Response,
    TransportError,
    empty_answer,
)
from writ_engines.http.keys import key_in_the_clear
from writ_engines.openai.body import BodyWriter
from writ_engines.openai.doctor import check_server
from writ_engines.openai.failures import explain
from writ_engines.openai.options import OpenAIOptions, find_endpoints, parameters
from writ_engines.openai.paces import find_paces
from writ_engines.openai.prices import find_price
from writ_engines.openai.reply import UNKNOWN_FINISH, is_of_its_own, read_reply, reasoning_key
from writ_engines.openai.room import most_of_answers, room_told

_PATH = "/chat/completions"
_LOOK_SECONDS = 10.0  # how long a server may take to show that it is there
_NO_LIST = (400, 403, 404, 405)  # what servers say that list no models, or not to everybody
_MOST_FITTINGS = 3  # how often an answer is asked for with less room, before the refusal is believed
MOST_UNKNOWN_FINISHES = 2
"""So many answers with a finish reason that is not known, and it is this server's way of saying that they are whole."""

logger = logging.getLogger(__name__)


class OpenAIEngine:
    """Completes chats over HTTP. `statistics` counts attempts, failures by kind, and what was given up.

    A key that a server has refused before it has answered anything is not tried there again. So many `processes` share
    the options `rpm` and `tpm`, and engines with the same `shared` what they learn of a key's limits. `connect` makes
    the client of each server. Raises `InputError` for options that cannot be.
    """

    def __init__(
        self,
        options: OpenAIOptions,
        *,
        seed: int = 0,
        processes: int = 1,
        shared: dict[str, Any] | None = None,
        connect: Callable[..., HttpClient] = HttpClient,
    ) -> None:
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
        urls = [endpoint.url for endpoint in self._endpoints]
        paces = find_paces(self._endpoints, options, processes, shared)
        self._fleet = Fleet(urls, self._look, up=True, paces=paces, tells=processes == 1)
        self._clients = [
            connect(
                endpoint.url,
                headers=endpoint.headers(),
                proxy=options.proxy_for(endpoint.url),
                hear=partial(self._fleet.hear, number),
            )
            for number, endpoint in enumerate(self._endpoints)
        ]
        self._paths = [_PATH + endpoint.query for endpoint in self._endpoints]
        self._most = self._bodies.most  # tokens of an answer; less where the server has said that there are never more
        self._refused: dict[int, str] = {}
        self._unknown_finishes = 0
        self._believed: set[int] = set()  # servers that have answered with the key, so that one refusal is a mishap
        self._has_spoken = False  # whether any answer had something in it
        self.statistics = CallCounts()

    async def complete(self, request: Request) -> Completion:
        """One model call, tried again where its failure may pass.

        Raises `ContextWindowError` when the prompt is too long, and `EngineError` when no answer can be had: the kinds
        of `engines.http`, `content_filter`, and `quota`.
        """
        empty = 0

        async def attempt(server: int, number: int, seconds: float) -> Completion:
            nonlocal empty
            completion = await self._try(server, request, min(self._timeout, seconds))
            self._fleet.used(server, completion.usage.prompt_tokens + completion.usage.completion_tokens)
            if _says_nothing(completion):
                empty += 1
                raise empty_answer(empty, MOST_EMPTY_NOW_AND_THEN if self._has_spoken else MOST_EMPTY)
            self._has_spoken = True
            self._believed.add(server)
            return completion

        return await self._fleet.call(request, attempt, self._policy, self._rng, self.statistics)

    async def _try(self, server: int, request: Request, seconds: float) -> Completion:
        """One attempt. An answer that was asked to be longer than there is room for is asked for again as it fits."""
        left, end = seconds, clock.loop_time() + seconds
        most = self._most
        for _ in range(_MOST_FITTINGS):
            room = None if most == self._bodies.most else most
            try:
                return await self._ask(server, request, room, left)
            except EngineError as exc:
                smaller = self._smaller(exc, most)
                if smaller is None:
                    raise
                most, left = smaller, end - clock.loop_time()
        return await self._ask(server, request, most, left)

    def _smaller(self, error: EngineError, most: int | None) -> int | None:
        """How long an answer can be where the server has refused one of `most` tokens; None where that is not why."""
        refused = isinstance(error, TransportError) and error.status in (400, 422)
        if most is None or not (refused or isinstance(error, ContextWindowError)):
            return None
        never = most_of_answers(str(error), most)
        if never is not None:
            self._most = never
        return never or room_told(str(error), most)

    async def _ask(self, server: int, request: Request, room: int | None, seconds: float) -> Completion:
        if server in self._refused:
            raise EngineError(self._refused[server], kind=EngineErrorKind.UNAUTHORIZED)
        try:
            body = self._bodies.write(request, room)
            read, fresh = partial(self._read, request), self._bodies.history(request.session).told_again
            return await self._clients[server].ask(self._paths[server], body, read, seconds=seconds, fresh=fresh)
        except EngineError as exc:
            failure = explain(exc, self._endpoints[server], self._model)
        if isinstance(failure, TransportError) and failure.status == 401 and server not in self._believed:
            self._refused[server] = str(failure)
        if isinstance(failure, TransportError) and failure.code == UNKNOWN_FINISH:
            self._unknown_finishes += 1
            if self._unknown_finishes == MOST_UNKNOWN_FINISHES:
                logger.warning("%s: %s; it is taken for whole from now on", self._endpoints[server].url, failure)
        # Outside the handler, so that the error does not drag along the one that it was made from.
        raise failure

    def _read(self, request: Request, response: Response) -> Completion:
        """The completion in an answer. Raises what `read_reply` raises, and `TransportError` for another call's."""
        history, reply = self._bodies.history(request.session), response.body
        history.told_again = response.again and is_of_its_own(reply)
        if history.told_again:
            raise TransportError("the answer is that to an earlier call, once more", kind=EngineErrorKind.TRUNCATED)
        completion = read_reply(
            reply, request.turn, history.call_ids, self._price,
            seat=request.seat, tools=self._bodies.known_tools(request.tools),
            any_finish=self._unknown_finishes >= MOST_UNKNOWN_FINISHES,
        )  # fmt: skip
        if completion.message.reasoning and not history.reasoning_key:
            history.reasoning_key = reasoning_key(reply)
        return completion

    async def _look(self, server: int) -> None:
        """See whether a server is there: whatever it says of its models, it is, unless it has refused the key."""
        if server in self._refused:
            raise EngineError(self._refused[server], kind=EngineErrorKind.UNAUTHORIZED)
        try:
            await self._clients[server].get("/models" + self._endpoints[server].query, seconds=_LOOK_SECONDS)
        except EngineError as exc:
            failure = explain(exc, self._endpoints[server], self._model)
            if isinstance(failure, TransportError) and failure.retryable:
                self._fleet.missed(server, failure)
                raise failure from None
        self._fleet.found(server)

    @property
    def addresses(self) -> list[str]:
        """See `Served`."""
        return [endpoint.url for endpoint in self._endpoints]

    @property
    def patience(self) -> float:
        """See `Served`."""
        return 0.0

    async def look_at(self, server: int) -> None:
        """See `Served`. Not every such server lists its models, and not every key may see them: then it is there."""
        try:
            await self._clients[server].get("/models" + self._endpoints[server].query, seconds=_LOOK_SECONDS)
        except EngineError as exc:
            failure = explain(exc, self._endpoints[server], self._model)
            answered = isinstance(failure, TransportError) and failure.status in _NO_LIST
            if not answered:
                raise failure from None

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

    def seconds_held(self, session: str) -> float:
        """See `Paced`."""
        return self._fleet.seconds_held(session)

    def end_session(self, session: str) -> None:
        """Forget the encoded messages of a conversation's seat."""
        self._bodies.forget(session)
        self._fleet.forget(session)

    @property
    def notices(self) -> list[str]:
        """See `Noticing`: keys that go over plain http to another machine."""
        told = [key_in_the_clear(one.url, one.key, one.key_env) for one in self._endpoints]
        return [line for line in dict.fromkeys(told) if line]

    def call_counts(self) -> CallCounts:
        """How the calls went, for the run's summary."""
        return self.statistics

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients:
            await client.aclose()


def _says_nothing(completion: Completion) -> bool:
    """Whether an answer has neither word nor call, and not because its length was used up before."""
    message = completion.message
    return not message.tool_calls and not (message.content or "").strip() and completion.finish_reason != "length"


def _make(options: OpenAIOptions, setting: Setting) -> OpenAIEngine:
    return OpenAIEngine(options, seed=setting.seed, processes=setting.processes, shared=setting.shared)


def _price(options: Mapping[str, Any]) -> Price | None:
    return find_price(str(options.get("model", "")), str(options.get("prices", "")))


# The address is not among them: elsewhere, the same name of a model may be another model.
ENGINE = EngineFactory(
    name="openai",
    options=OpenAIOptions,
    make=_make,
    check=check_server,
    price=_price,
    execution=HTTP_EXECUTION | {"key_env", "key_header", "headers"},
    renamed={"retries": "attempts", "seed": "send_seed"},
)
