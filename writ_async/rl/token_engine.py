"""A trainer's own sampler as an engine: the ids that it is given are exact, and those that it gives are trained on.

    engine = TokenEngine(generate, open_chat_format("models/Qwen3-4B-Instruct-2507"))
    async with rollouts(tasks, engine, "scripted", trials=8) as stream:
        async for row in stream: ...                     # row.tokens["agent"]: ids, mask, logprobs, versions

New weights come between two turns, or in the middle of one: `async with engine.paused(): ...` holds every conversation
where it is, with all that was sampled, and lets it go on behind those ids afterwards.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import msgspec

from writ_async import clock
from writ_async.chat import ChatFormat
from writ_async.chat.notes import notes_on
from writ_async.chat.sampled import SampledSession
from writ_async.core.engine import Completion, FinishReason, Request
from writ_async.core.trajectory import Note, TokenSequence, Usage, VersionSpan
from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind, InputError
from writ_async.rl.sampling import Generate, Generation, Sampling, read_answer

_MOST_ABORTS = 8
"""So many aborts in a row that have made nothing, while nobody has paused the engine, and the sampler has failed."""


class _Call(msgspec.Struct):
    """A call that is under way: what it has made, and how long it waited for the engine to go on, in seconds."""

    ids: list[int] = []
    logprobs: list[float | None] = []
    weights: list[VersionSpan] = []
    held: float = 0.0
    held_since: float | None = None
    cut: bool = False
    scope: anyio.CancelScope | None = None

    def add(self, made: Generation, version: str) -> None:
        start = len(self.ids)
        self.ids += made.ids
        self.logprobs += [None] * len(made.ids) if made.logprobs is None else made.logprobs
        if made.ids and version:
            self.weights.append(VersionSpan(version, start, len(self.ids)))


class TokenEngine:
    """Completes chats through `generate`, with a session of exact token ids for each seat of each conversation.

    `chat` renders and reads (`open_chat_format`). `max_tokens` bounds a completion; `context` bounds prompt and
    completion together, 0 where the sampler has no bound. What `generate` raises ends that one conversation. `version`
    names the weights wherever the sampler does not; `advance` changes it.
    """

    def __init__(
        self, generate: Generate, chat: ChatFormat, *, max_tokens: int = 1024, context: int = 0, version: str = ""
    ) -> None:
        if not callable(generate):
            raise InputError("generate must be an async function of ids and sampling")
        if max_tokens < 1:
            raise InputError(f"max_tokens must be at least 1, not {max_tokens}")
        self.chat = chat
        self.max_tokens = max_tokens
        self.context = context
        self._generate = generate
        self._stop_ids = tuple(sorted(chat.stop_ids))
        self._seats: dict[str, SampledSession] = {}
        self._calls: dict[str, _Call] = {}
        self._versions: list[str] = [version] if version else []
        self._going = anyio.Event()
        self._going.set()
        self._idle = anyio.Event()
        self._idle.set()

    @property
    def version(self) -> str:
        """The newest weights that were heard of; empty before."""
        return self._versions[-1] if self._versions else ""

    @property
    def notices(self) -> tuple[str, ...]:
        """See `Noticing`."""
        return self.chat.notices

    def advance(self, version: str) -> None:
        """From now on the sampler has these weights. Versions are ordered as they were first named."""
        if version not in self._versions:
            self._versions.append(version)

    def staleness(self, tokens: TokenSequence) -> int:
        """How many versions the oldest sampled token is behind the newest weights; 0 where no version is known."""
        ages = [self._versions.index(span.version) for span in tokens.weights if span.version in self._versions]
        return len(self._versions) - 1 - min(ages) if ages else 0

    def session_staleness(self, session: str) -> int:
        """The same of a conversation's seat that is under way."""
        seat = self._seats.get(session)
        return 0 if seat is None else self.staleness(seat.sequence())

    @asynccontextmanager
    async def paused(self, *, cancel: bool = False) -> AsyncIterator[None]:
        """While the block lasts no call goes to the sampler; conversations wait, and no deadline of theirs runs.

        Calls that are under way go on: have the sampler abort them, and give what it has with `finish="abort"`, to keep
        it. With `cancel` they are cancelled here, and what they had is sampled anew afterwards.
        """
        if not self._going.is_set():
            raise RuntimeError("the engine is paused already")
        self._going = anyio.Event()
        if cancel:
            for call in self._calls.values():
                if call.scope is not None:
                    call.scope.cancel()
        try:
            yield
        finally:
            self._going.set()

    async def idle(self) -> None:
        """Return when no call is with the sampler."""
        await self._idle.wait()

    async def complete(self, request: Request) -> Completion:
        """See `Engine`. Raises what a session of `writ_async.chat` raises, and `EngineError` for what is no answer."""
        seat = self._seats.get(request.session)
        if seat is None:
            seat = self._seats[request.session] = SampledSession(self.chat.session(request.tools))
        seat.session.advance(request.messages)
        prompt = seat.session.ids.copy()
        room = min(self.max_tokens, self.context - len(prompt)) if self.context else self.max_tokens
        if room < 1:
            raise ContextWindowError(f"the prompt has {len(prompt)} tokens; the sampler takes {self.context}")
        call = self._calls[request.session] = _Call()
        try:
            await self._sample(request, prompt, room, call)
        finally:
            del self._calls[request.session]
        parsed = seat.receive(call.ids, call.logprobs, call.weights)
        notes = notes_on(parsed, request.seat, request.turn, len(call.ids) if call.cut else None)
        moved, seat.session.moved = seat.session.moved, []
        notes += [Note("ids_rendered_anew", turn, "no longer what was sampled") for turn in moved]
        finish: FinishReason = "length" if call.cut else "tool_calls" if parsed.message.tool_calls else "stop"
        usage = Usage(requests=1, prompt_tokens=len(prompt), completion_tokens=len(call.ids))
        return Completion(message=parsed.message, finish_reason=finish, usage=usage, notes=tuple(notes))

    def seconds_held(self, session: str) -> float:
        """See `Paced`."""
        call = self._calls.get(session)
        if call is None:
            return 0.0
        return call.held + (0.0 if call.held_since is None else clock.loop_time() - call.held_since)

    def end_session(self, session: str) -> TokenSequence | None:
        """See `Engine`. Not complete when the last call gave no completion."""
        seat = self._seats.pop(session, None)
        return None if seat is None else seat.sequence()

    async def _sample(self, request: Request, prompt: list[int], room: int, call: _Call) -> None:
        """Ask until the turn has ended: behind what was made, each time that the sampler was made to stop."""
        aborts = 0
        while True:
            await self._wait_until_going(call)
            sampling = Sampling(
                max_tokens=room - len(call.ids), stop_ids=self._stop_ids, seed=request.seed, session=request.session
            )
            version = self.version
            made = await self._ask(prompt + call.ids, sampling, call)
            if made is not None:
                self.advance(made.version or version)
                call.add(made, made.version or version)
                if made.finish != "abort":
                    call.cut = made.finish == "length"
                    return
            if len(call.ids) >= room:
                call.cut = True
                return
            aborts = 0 if (made is not None and made.ids) or not self._going.is_set() else aborts + 1
            if aborts == _MOST_ABORTS:
                raise EngineError(
                    f"the sampler aborted {aborts} times and made nothing; pause the engine while it is to rest",
                    kind=EngineErrorKind.ABORTED_BY_SERVER,
                )

    async def _ask(self, ids: list[int], sampling: Sampling, call: _Call) -> Generation | None:
        """One call of the sampler; None where a pause cancelled it."""
        self._count(call, anyio.CancelScope())
        assert call.scope is not None
        try:
            with call.scope:
                return read_answer(await self._generate(ids, sampling))
            return None
        finally:
            self._count(call, None)

    def _count(self, call: _Call, scope: anyio.CancelScope | None) -> None:
        call.scope = scope
        if scope is not None:
            if self._idle.is_set():
                self._idle = anyio.Event()
        elif all(other.scope is None for other in self._calls.values()):
            self._idle.set()

    async def _wait_until_going(self, call: _Call) -> None:
        if self._going.is_set():
            return
        call.held_since = clock.loop_time()
        try:
            await self._going.wait()
        finally:
            call.held += clock.loop_time() - call.held_since
            call.held_since = None
