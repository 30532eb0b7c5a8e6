"""A double of a server of /v1/chat/completions on 127.0.0.1, answering in the shapes of the captures of SGLang."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web
from writ_engines.openai.body import encode_message

from writ_async.core.engine import Completion, Engine, Request, close_engine, end_session
from writ_async.core.message import AssistantMessage, Message
from writ_async.core.trajectory import TokenSequence


class Asked(msgspec.Struct):
    """One request as it came in; `number` counts from 0."""

    number: int
    headers: dict[str, str]
    raw: bytes
    query: str = ""

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


class Answer(msgspec.Struct):
    """What to send. With `reset` the connection is closed instead; with `cut` the body ends too early."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = {}
    reset: bool = False
    cut: bool = False


class Double(msgspec.Struct):
    """The server's address, up to and with its root, and what it was asked."""

    url: str
    asked: list[Asked]


_ID = b"92abdae68b4c48c28890d87d58987346"  # each answer gets one of its own in its place, as servers give


def chat(message: AssistantMessage, finish: str | None = None, usage: Any = None, **more: Any) -> Answer:
    """A completion as SGLang sends it. `more` goes into the message."""
    said: dict[str, Any] = {"role": "assistant", "content": message.content, "reasoning_content": None}
    if message.tool_calls:
        said["tool_calls"] = [
            {
                "id": call.id,
                "index": place,
                "type": "function",
                "function": {"name": call.function.name, "arguments": call.function.arguments},
            }
            for place, call in enumerate(message.tool_calls)
        ]
    choice = {
        "index": 0,
        "message": {**said, **more},
        "logprobs": None,
        "finish_reason": finish or ("tool_calls" if message.tool_calls else "stop"),
        "matched_stop": None,
    }
    counted = usage or {
        "prompt_tokens": 316,
        "total_tokens": 329,
        "completion_tokens": 13,
        "prompt_tokens_details": {"cached_tokens": 295},
        "reasoning_tokens": 0,
        "completion_tokens_details": None,
    }
    body = {
        "id": _ID.decode(),
        "object": "chat.completion",
        "created": 1795410773,
        "model": "x",
        "choices": [choice],
        "usage": counted,
        "metadata": {"weight_version": "default", "weight_versions": [{"version": "default", "start": 0, "end": 13}]},
    }
    return Answer(json.dumps(body).encode())


def said(text: str) -> Answer:
    """A completion that is only text."""
    return chat(AssistantMessage(text))


def refusal(status: int, body: Any, **headers: str) -> Answer:
    """An error; a body that is not text is sent as JSON."""
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(raw, status, {name.replace("_", "-"): value for name, value in headers.items()})


@asynccontextmanager
async def serve(answer: Callable[[Asked], Answer], root: str = "/v1") -> AsyncIterator[Double]:
    """Serve while the block lasts, below `root`; other paths are not there."""
    asked: list[Asked] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        item = Asked(len(asked), dict(request.headers), await request.read(), request.query_string)
        asked.append(item)
        given = answer(item)
        given = msgspec.structs.replace(given, body=given.body.replace(_ID, b"%032x" % item.number))
        if given.reset:
            assert request.transport is not None
            request.transport.abort()
        if given.cut:
            response = web.StreamResponse(status=given.status, headers={"Content-Length": str(len(given.body) + 10)})
            await response.prepare(request)
            await response.write(given.body)
            assert request.transport is not None
            request.transport.close()
            return response
        return web.Response(
            body=given.body, status=given.status, headers=given.headers, content_type="application/json"
        )

    app = web.Application(client_max_size=2**26)
    app.router.add_post(f"{root}/chat/completions", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield Double(f"http://127.0.0.1:{port}{root}", asked)
    finally:
        await runner.cleanup()


def wire(messages: list[Message]) -> list[Any]:
    """Messages as they look in a request's body."""
    return [json.loads(encode_message(message)) for message in messages]


class Listener:
    """An engine that passes requests on to another, and keeps what it answered by what it was shown."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.heard: dict[str, Completion] = {}

    async def complete(self, request: Request) -> Completion:
        completion = await self._engine.complete(request)
        self.heard[json.dumps([wire(list(request.messages)), request.seed])] = completion
        return completion

    def end_session(self, session: str) -> TokenSequence | None:
        return end_session(self._engine, session)

    async def aclose(self) -> None:
        await close_engine(self._engine)

    def answer(self, asked: Asked) -> Answer:
        """What the other engine said to the same messages under the same seed."""
        body = asked.body
        return chat(self.heard[json.dumps([body["messages"], body["seed"]])].message)
