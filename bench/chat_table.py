"""A server of chat completions on 127.0.0.1 that answers at once, with what the script said to the same messages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web
from writ_engines.openai.body import encode_message

from bench.token_table import make_script
from writ_async import AssistantMessage, Completion, Engine, Request, Task
from writ_async.rl import play


def _key(messages: Sequence[object]) -> str:
    return json.dumps(messages)


class _Recording:
    """An agent whose words are the script's, kept by what it was shown; the same is said to the same again."""

    def __init__(self, script: Engine) -> None:
        self._script = script
        self.said: dict[str, AssistantMessage] = {}

    async def complete(self, request: Request) -> Completion:
        shown = _key([json.loads(encode_message(message)) for message in request.messages])
        said = (await self._script.complete(request)).message
        return Completion(message=self.said.setdefault(shown, said))


@asynccontextmanager
async def serve_table(tasks: Sequence[Task], trials: int) -> AsyncIterator[str]:
    """The server's address while the block lasts; it knows all trials of these tasks under seed 0.

    It answers under `/v1`, as servers do, and at its root, as AReaL's proxy does.
    """
    recording = _Recording(make_script(tasks))
    await play([*tasks] * trials, recording, "scripted")

    async def answer(request: web.Request) -> web.Response:
        said = recording.said.get(_key((await request.json())["messages"]))
        if said is None:
            raise web.HTTPBadRequest(text="the script was never shown these messages")
        finish = "tool_calls" if said.tool_calls else "stop"
        message = {"role": "assistant", "content": said.content}
        if said.tool_calls:
            message["tool_calls"] = msgspec.to_builtins(said.tool_calls)
        body = {
            "id": "chatcmpl-table", "object": "chat.completion", "created": 0, "model": "table",
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }  # fmt: skip
        return web.json_response(body)

    app = web.Application(client_max_size=2**26)
    for root in ("", "/v1"):
        app.router.add_post(f"{root}/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
