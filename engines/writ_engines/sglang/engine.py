"""The engine: a session per seat, one call per turn, retries, aborts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Any

import anyio
import msgspec

from writ_async.chat import ChatFormat, TokenRangeError
from writ_async.chat.notes import notes_on
from writ_async.core.engine import CallCounts, Completion, FinishReason, Gauges, Request
from writ_async.core.trajectory import Note, Seat, TokenSequence, Usage
from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind
from writ_engines.http import HttpClient, RetryPolicy, TransportError, empty_answer
from writ_engines.sglang.batching import BatchStatistics, Call
from writ_engines.sglang.grammar import variants
from writ_engines.sglang.hints import Hints
from writ_engines.sglang.options import Access, SglangOptions
from writ_engines.sglang.seats import SeatTokens
from writ_engines.sglang.server import ServerInfo, fetch_info
from writ_engines.sglang.servers import Host, SglangServers
from writ_engines.sglang.wire import Answer, check_answer

MOST_WRONG = 3
"""So many answers to one call whose ids cannot be right, and the server has failed at it."""
_ABORT_SECONDS = 2.0
_MOST_TOKENS = 2**40  # no request has more; whatever a server reports, a run's sum stays a number that JSON can hold
_RESERVED = ("max_new_tokens", "n", "sampling_seed", "stream_interval")
_encode = msgspec.json.Encoder().encode


class SglangStatistics(msgspec.Struct):
    """What happened so far. `aborts` were asked of the server because a caller left or a deadline passed.

    `cut` completions ended at a limit on length. `retractions` counts how often the server put a call back into its
    queue for want of room. `cached_tokens` of the `prompt_tokens` were in the prefix cache.
    """

    retries: CallCounts = msgspec.field(default_factory=CallCounts)
    batches: BatchStatistics = msgspec.field(default_factory=BatchStatistics)
    aborts: int = 0
    cut: int = 0
    retractions: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


class _Kind(msgspec.Struct, frozen=True):
    """What seats with the same tools share. The tools are kept, so that no other list can get their id."""

    tools: Sequence[dict[str, Any]]
    grammar: list[bytes]


class SglangEngine:
    """Completes chats on SGLang servers of one model with token ids in and token ids out.

    `clients` has one for each server, or is the only one. A conversation's ids are kept here, so one that moves to
    another server costs it a prefill and nothing else. `nonce` goes into every request id, so that two runs on one
    server never share one; nothing else depends on it. `access` says what keys the clients send.
    """

    def __init__(
        self,
        clients: HttpClient | Sequence[HttpClient],
        chat: ChatFormat,
        options: SglangOptions,
        rng: Random,
        *,
        policy: RetryPolicy | None = None,
        nonce: str | None = None,
        processes: int = 1,
        access: Access | None = None,
    ) -> None:
        self._access = access or Access(())
        self.chat = chat
        self.options = options
        self._rng = rng
        self._policy = policy or options.retry_policy
        self._timeout = options.attempt_seconds
        self._nonce = nonce or secrets.token_hex(4)
        self._sampling = _base_sampling(options, chat)
        self._hints = Hints(options, self._nonce)
        self._seats: dict[str, SeatTokens] = {}
        self._kinds: dict[tuple[Seat, int], _Kind] = {}
        self._servers = SglangServers([clients] if isinstance(clients, HttpClient) else clients, options, processes)
        self._statistics = SglangStatistics(batches=self._servers.batches)

    async def complete(self, request: Request) -> Completion:
        """See `Engine`. Raises `TransportError` with one of its kinds, and what a `writ_async.chat` session raises."""
        servers = self._servers
        if not servers.is_ready(request.server):
            await servers.ready(request.server, self._statistics.retries)
        seat = self._seats.get(request.session) or self._open(request)
        prompt = seat.prompt(request.messages)
        room = self._room(seat.length)
        sampling = self._sampling_text(seat, request, room)

        empty = wrong = 0

        async def attempt(server: int, number: int, seconds: float) -> Answer:
            nonlocal empty, wrong
            rid = f"{request.id}~{self._nonce}.{number}."
            host = servers.hosts[server]
            told = self._hints.of(request, host.client, host.info)
            call = Call(rid, prompt, sampling, min(self._timeout, seconds), told)
            try:
                answer = await self._send(host, call, alone=number > 0)
            except EngineError as exc:
                raise self._access.secrets.scrubbed(exc) from None
            if why := self._what_is_wrong(answer):
                wrong += 1
                raise _wrong_ids(why, wrong)
            servers.fleet.used(server, seat.length + len(answer.output_ids))
            ids, ends = answer.output_ids, self.chat.stop_ids
            if (not ids or (ids[0] in ends and ends.issuperset(ids))) and not _is_cut(answer):
                empty += 1
                raise empty_answer(empty)
            return answer

        answer = await servers.fleet.call(request, attempt, self._policy, self._rng, self._statistics.retries)
        return self._completion(request, seat, answer)

    def seconds_held(self, session: str) -> float:
        """See `Paced`."""
        return self._servers.fleet.seconds_held(session)

    def end_session(self, session: str) -> TokenSequence | None:
        """See `Engine`. The sequence is not complete when the last call gave no completion."""
        self._hints.end(session)
        self._servers.fleet.forget(session)
        seat = self._seats.pop(session, None)
        return None if seat is None else seat.sequence()

    @property
    def addresses(self) -> list[str]:
        """See `Served`."""
        return [host.client.base_url for host in self._servers.hosts]

    @property
    def patience(self) -> float:
        """See `Served`."""
        return self.options.patience

    async def look_at(self, server: int) -> None:
        """See `Served`. Then `notices` has what the server cannot use of what the options tell it."""
        await self._servers.look_at(server)
        if self._hints.wanted:
            client = self._servers.hosts[server].client
            self._hints.learn(client.base_url, await fetch_info(client))

    @property
    def servers(self) -> int:
        """See `Gauged`."""
        return len(self._servers.hosts)

    async def gauges(self, server: int = 0) -> Gauges:
        """See `Gauged`. Retractions are those of this engine's calls. Raises `TransportError` too, and `InputError`
        for a server of another model.
        """
        gauges = await self._servers.gauges(server)
        url = self._servers.hosts[server].client.base_url
        return msgspec.structs.replace(gauges, hears_of_ends=self._hints.closes_sessions(url))

    def statistics(self) -> SglangStatistics:
        """The engine's own counts; they go on counting."""
        return self._statistics

    def call_counts(self) -> CallCounts:
        """How the calls went, for the run's summary."""
        return self._statistics.retries

    @property
    def notices(self) -> tuple[str, ...]:
        """See `Noticing`: what is to be known of the model's chat template and tool calls, and what servers lack."""
        return (*self.chat.notices, *self._access.notices, *self._hints.notices)

    async def aclose(self) -> None:
        """Close sessions and connections, and give up calls that are under way."""
        await self._hints.aclose()
        await self._servers.aclose()

    @property
    def info(self) -> ServerInfo | None:
        """What the servers said about themselves, with the least of their limits; None before one was asked."""
        return self._servers.info

    async def server_info(self) -> ServerInfo:
        """The same; the first to ask waits until a server has loaded.

        Raises `TransportError` when that takes longer than the option `patience` allows.
        """
        if self._servers.info is None:
            await self._servers.ready()
        assert self._servers.info is not None
        return self._servers.info

    def _open(self, request: Request) -> SeatTokens:
        kind = self._kind(request.seat, request.tools)
        seat = SeatTokens(self.chat.session(request.tools), kind.grammar)
        self._seats[request.session] = seat
        return seat

    def _kind(self, seat: Seat, tools: Sequence[dict[str, Any]]) -> _Kind:
        """What seats with the same list of tools share."""
        kind = self._kinds.get((seat, id(tools)))
        if kind is None:
            choices = variants(self.options.tool_grammar, seat, tools, self.chat)
            grammar = [b"," + _encode(choice)[1:-1] if choice else b"" for choice in choices]
            kind = self._kinds[seat, id(tools)] = _Kind(tools, grammar)
        return kind

    def _room(self, length: int) -> int:
        """How many tokens a completion may have. The server refuses a call that asks for more than there is room."""
        info = self._servers.info
        if info is None or info.max_req_input_len is None or info.context is None:
            return self.options.max_tokens
        if length > info.max_req_input_len:
            raise ContextWindowError(f"the prompt has {length} tokens; the server takes {info.max_req_input_len}")
        return min(self.options.max_tokens, info.context - length)

    def _sampling_text(self, seat: SeatTokens, request: Request, room: int) -> bytes:
        seed = b',"sampling_seed":%d' % (request.seed & 0x7FFFFFFF) if self.options.send_seed else b""
        grammar = seat.grammar[request.seed % len(seat.grammar)]
        return b"".join((self._sampling, grammar, seed, b',"max_new_tokens":%d}' % room))

    async def _send(self, host: Host, call: Call, alone: bool) -> Answer:
        """One attempt. A call whose answer nobody will take is aborted, so that the server does not go on with it."""
        try:
            together = not alone and self.options.batch > 1
            answer = await (host.batcher.send(call) if together else host.batcher.send_alone(call))
        except TransportError as exc:
            if exc.kind is EngineErrorKind.DEADLINE:
                await self._abort(host, call.rid)
            raise
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._abort(host, call.rid)
            raise
        host.retractions += _count(answer.meta_info.num_retractions)
        return check_answer(answer)

    def _what_is_wrong(self, answer: Answer) -> str:
        """Why an answer's ids are none that a model has written; empty where they may be."""
        ids, reason = answer.output_ids, answer.meta_info.finish_reason
        try:
            self.chat.tokenizer.check(ids)
        except TokenRangeError as exc:
            return str(exc)
        if not ids and _is_cut(answer):
            return "it was cut, and has no id"
        if (
            reason is not None
            and reason.type == "stop"
            and type(reason.matched) is int
            and ids[-1:] != [reason.matched]
        ):
            return f"it does not end with {reason.matched}, which it says has ended it"
        return ""

    async def _abort(self, host: Host, rid: str) -> None:
        self._statistics.aborts += 1
        # a server that does not hear has nothing to abort, or finds out when the connection closes
        with suppress(EngineError):
            await host.client.post("/abort_request", _encode({"rid": rid}), seconds=_ABORT_SECONDS)

    def _completion(self, request: Request, seat: SeatTokens, answer: Answer) -> Completion:
        meta, statistics = answer.meta_info, self._statistics
        prompt_length, parsed = seat.length, seat.receive(answer)
        made = len(answer.output_ids)
        cut = _is_cut(answer)
        statistics.cut += cut
        finish: FinishReason = "length" if cut else "tool_calls" if parsed.message.tool_calls else "stop"
        notes = notes_on(parsed, request.seat, request.turn, made if cut else None)
        if moved := seat.take_moved():
            notes += (Note("ids_rendered_anew", turn, "no longer what was sampled") for turn in moved)
        usage = Usage(
            requests=1,
            prompt_tokens=prompt_length,
            completion_tokens=made,
            cached_tokens=_count(meta.cached_tokens),
        )
        statistics.prompt_tokens += usage.prompt_tokens
        statistics.cached_tokens += usage.cached_tokens
        statistics.completion_tokens += usage.completion_tokens
        statistics.retractions += _count(meta.num_retractions)
        return Completion(message=parsed.message, finish_reason=finish, usage=usage, notes=tuple(notes))


def _wrong_ids(why: str, number: int) -> EngineError:
    """The error of the n-th answer to a call whose ids no model has written, from 1 on: soon it is no mishap."""
    if number < MOST_WRONG:
        return TransportError(f"the answer's ids cannot be right: {why}", kind=EngineErrorKind.TRUNCATED)
    hint = "is the option model the folder that the server was started with?"
    text = f"the answer's ids cannot be right, {number} times: {why}; {hint}"
    return EngineError(text, kind=EngineErrorKind.TOKEN_RANGE)


def _count(told: int | None) -> int:
    """A count that a server tells; 0 where it tells none, or what cannot be."""
    return told if told is not None and 0 <= told <= _MOST_TOKENS else 0


def _is_cut(answer: Answer) -> bool:
    """Whether a limit on length ended it. The server cuts silently when its pool is nearly full, too."""
    reason = answer.meta_info.finish_reason
    return reason is not None and reason.type == "length"


def _base_sampling(options: SglangOptions, chat: ChatFormat) -> bytes:
    """The sampling parameters that all calls share, as a JSON object without its closing brace.

    Raises `InputError` when `options.extra` is not a JSON object.
    """
    values: dict[str, object] = {
        "temperature": options.temperature,
        "top_p": options.top_p,
        "top_k": options.top_k,
        "stop_token_ids": sorted(chat.stop_ids),
    }
    values |= options.read_extra("sglang", _RESERVED)
    return _encode(values)[:-1]
