"""Runs conversations on the real server, and keeps what every call was shown and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import anyio
import msgspec
from writ_engines.http import HttpClient, server_urls
from writ_engines.sglang import SglangOptions
from writ_engines.sglang.engine import SglangEngine

from tests.live.server import Server
from writ_async import Limits, Rules, rollouts
from writ_async.chat import ChatFormat, open_chat_format
from writ_async.chat.session import Session
from writ_async.core.engine import Completion, Request
from writ_async.core.message import Message
from writ_async.core.task import Task
from writ_async.core.trajectory import TokenSequence, Trajectory, Usage


class Turn(msgspec.Struct, frozen=True):
    """One completed call: how many messages it was shown, and its tokens."""

    shown: int
    usage: Usage


class Seen(msgspec.Struct):
    """One seat of one conversation: its whole view, its tools, its completed calls, its tokens."""

    messages: Sequence[Message]
    tools: Sequence[dict[str, Any]]
    turns: list[Turn] = []
    tokens: TokenSequence | None = None

    def replay(self, chat: ChatFormat) -> Session:
        """A session that is shown the same messages and given the same completions."""
        assert self.tokens is not None
        session = chat.session(self.tools)
        for turn, (start, stop) in zip(self.turns, self.tokens.generated, strict=True):
            session.prompt(self.messages[: turn.shown])
            session.receive(self.tokens.ids[start:stop])
        return session


class Recorder:
    """Passes calls on to an engine and remembers them by session."""

    def __init__(self, engine: SglangEngine) -> None:
        self.engine = engine
        self.sessions: dict[str, Seen] = {}

    async def complete(self, request: Request) -> Completion:
        """See `Engine`."""
        shown = len(request.messages)
        completion = await self.engine.complete(request)
        seen = self.sessions.setdefault(request.session, Seen(request.messages, request.tools))
        seen.turns.append(Turn(shown, completion.usage))
        return completion

    def end_session(self, session: str) -> TokenSequence | None:
        """See `Engine`."""
        tokens = self.engine.end_session(session)
        if session in self.sessions:
            self.sessions[session].tokens = tokens
        return tokens

    async def aclose(self) -> None:
        """See `Engine`."""
        await self.engine.aclose()


def open_engine(server: Server, url: str = "", **options: Any) -> SglangEngine:
    """The engine on a server, or on `url` in front of it, or on several with commas between them."""
    chosen = SglangOptions(url=url or server.url, model=str(server.model), **options)
    chat = open_chat_format(chosen.model)
    clients = [HttpClient(each, timeout=chosen.timeout) for each in server_urls(chosen.url)]
    return SglangEngine(clients, chat, chosen, Random("live"))


def converse(
    tasks: Sequence[Task], engine: SglangEngine, *, rules: Rules, limits: Limits
) -> tuple[list[Trajectory], dict[str, Seen]]:
    """Run one conversation per task with the engine in both seats; the trajectories, and each seat's record."""

    async def collect() -> tuple[list[Trajectory], dict[str, Seen]]:
        recorder = Recorder(engine)
        try:
            async with rollouts(tasks, agent=recorder, rules=rules, limits=limits) as stream:
                return [trajectory async for trajectory in stream], recorder.sessions
        finally:
            await recorder.aclose()

    return anyio.run(collect, backend_options={"use_uvloop": True})
