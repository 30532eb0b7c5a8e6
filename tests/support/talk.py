"""What the tests of the engine share: engines on a server, and conversations without a domain."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from writ_engines.http import HttpClient, RetryPolicy, server_urls
from writ_engines.sglang import SglangOptions
from writ_engines.sglang.engine import SglangEngine

from tests.support.sglang_double import SglangDouble
from writ_async.chat import open_chat_format
from writ_async.core.engine import Completion, Request
from writ_async.core.message import Message, SystemMessage, ToolMessage, UserMessage
from writ_async.core.trajectory import Seat


class Target(msgspec.Struct, frozen=True):
    """A server to test against: its address and the folder of its model. `double` is None when it is the real one."""

    url: str
    model: Path
    double: SglangDouble | None = None


QUICK = RetryPolicy(attempts=8, budget=60.0, first=0.002, longest=0.01)

Tools = Sequence[dict[str, Any]]

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": "Does what its name says.",
            "parameters": {
                "type": "object",
                "properties": {"order_id": {"type": "string"}, "count": {"type": "integer"}},
                "required": ["order_id", "count"],
            },
        },
    }
    for name in ("get_order", "cancel_order")
]


def make_engine(
    url: str | list[str], folder: Path, *, policy: RetryPolicy | None = QUICK, **options: Any
) -> SglangEngine:
    """An engine, on one server or several, that does not wait long between attempts."""
    chosen = SglangOptions(
        url=url, model=str(folder), **{"max_tokens": 12, "timeout": 60.0, "patience": 30.0, **options}
    )
    clients = [HttpClient(each, timeout=chosen.timeout) for each in server_urls(chosen.url)]
    return SglangEngine(clients, open_chat_format(chosen.model), chosen, Random(1), policy=policy)


class Talk:
    """One seat's conversation: completions in turn with what the test says."""

    def __init__(
        self,
        engine: SglangEngine,
        session: str,
        *,
        seat: Seat = "agent",
        tools: Sequence[dict[str, Any]] = (),
        seed: int = 0,
        server: int | None = None,
    ) -> None:
        self.engine = engine
        self.session = session
        self.seat: Seat = seat
        self.tools = tools
        self.seed = seed
        self.server = server
        self.turn = 0
        self.messages: list[Message] = [SystemMessage("You are a helpful agent."), UserMessage(f"hello from {session}")]

    async def complete(self) -> Completion:
        """The next completion, put into the view; calls are answered."""
        request = Request(
            id=f"{self.session}/{self.turn}",
            session=self.session,
            seat=self.seat,
            task_id="task",
            trial=0,
            turn=self.turn,
            seed=self.seed + self.turn,
            messages=self.messages,
            tools=self.tools,
            server=self.server,
        )
        completion = await self.engine.complete(request)
        self.turn += 1
        self.messages.append(completion.message)
        self.messages += [ToolMessage(call.id, f"result of {call.id}") for call in completion.message.tool_calls]
        return completion

    async def say(self, text: str) -> Completion:
        """Say something, and complete."""
        self.messages.append(UserMessage(text))
        return await self.complete()
