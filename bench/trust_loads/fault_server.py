"""A model server that answers by a script and breaks by a schedule, over sockets or in memory: the same protocol.

It plays both seats of short conversations: the user says who it is, the agent looks an order up and answers, the user
ends. All that is said names its conversation, so that what came to the wrong one shows in a row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from random import Random
from typing import Any
from zlib import crc32

import httptools
import msgspec

from bench.client_loads.answers import RID, generated
from bench.client_loads.plans import STOP
from bench.trust_loads.fault_kinds import BODIES, WIRE, Cut, framed
from bench.trust_loads.fault_schedule import Schedule
from writ_async import AssistantMessage, ChatFormat, FunctionCall, ToolCall
from writ_async.conversation.machine import request_seed

TURNS: Mapping[str, int] = {"user": 2, "agent": 2}
"""Completions of each seat in a conversation."""

_INFO = b'{"max_req_input_len":100000,"max_total_num_tokens":1000000,"version":"0.5.20","model_path":"m"}'
_LOADS = b'{"loads":[{"num_running_reqs":1,"num_waiting_reqs":0,"num_used_tokens":9,"max_total_num_tokens":1000000}]}'
_LOOKS: Mapping[str, bytes] = {
    "/server_info": _INFO,
    "/v1/loads": _LOADS,
    "/model_info": b'{"model_path":"m","weight_version":"default"}',
    "/tokenize": b'{"tokens":[1,2,3]}',
    "/v1/models": b'{"data":[{"id":"m"}]}',
}


def said_by_script(call: str) -> AssistantMessage:
    """What is said in a call, that its id `CONVERSATION/SEAT/TURN` tells."""
    session, _, turn = call.rpartition("/")
    conversation, _, seat = session.rpartition("/")
    if seat == "user":
        return AssistantMessage(STOP if turn != "0" else f"Hello, I am {conversation}. Where is my order?")
    if turn == "0":
        call_id = blake2b(conversation.encode(), digest_size=8).hexdigest()
        order = f'{{"order_id": "#W{int(call_id[:6], 16)}"}}'
        return AssistantMessage(None, (ToolCall(f"call_{call_id}", FunctionCall("get_order_details", order)),))
    return AssistantMessage(f"I have looked for it, {conversation}: there is no such order.")


class _ChatBody(msgspec.Struct):
    seed: int


class _GenerateBody(msgspec.Struct):
    rid: str | list[str]
    input_ids: msgspec.Raw
    stream: bool = False


class FaultServer:
    """The answers of one engine's servers. `confused` counts requests that are not what the same ones were before.

    `ids` are the conversations', `chat` is the format of the model's folder where the protocol is `sglang`.
    """

    def __init__(self, engine: str, ids: Sequence[str], run_seed: int, chat: ChatFormat | None = None) -> None:
        self.engine = engine
        self.chat = chat
        self.schedule = Schedule()
        self.connections: dict[int, set[FaultConnection]] = {}
        self.scale = 1.0
        self.confused = 0
        self._seen: dict[str, bytes] = {}
        self._calls = {
            request_seed(run_seed, call): call
            for name in ids
            for seat, turns in TURNS.items()
            for call in (f"{name}/{seat}/{turn}" for turn in range(turns))
        }

    def begin(self, schedule: Schedule, scale: float = 1.0) -> None:
        """Go by another schedule, whose seconds last so long."""
        self.schedule, self.scale = schedule, scale
        self.connections = {}
        self.confused = 0

    def make(self, number: int) -> Callable[[], FaultConnection]:
        """Makes the connections of one of the servers."""
        return lambda: FaultConnection(self, number)

    def answer(self, path: str, body: bytes) -> Any:
        """The steps that answer a request."""
        if path == "/v1/chat/completions":
            call = self._calls[msgspec.json.decode(body, type=_ChatBody).seed]
            self._compare(call, body)
            return self._steps(call, self._completion(call))
        if path == "/generate":
            return self._generate(msgspec.json.decode(body, type=_GenerateBody))
        return self._steps(path, _LOOKS.get(path, b""))

    def _compare(self, call: str, request: bytes) -> None:
        """A call is always made with the same words, whatever its conversation has met."""
        digest = blake2b(request, digest_size=16).digest()
        self.confused += self._seen.setdefault(call, digest) != digest

    def _completion(self, call: str) -> bytes:
        message = said_by_script(call)
        said: dict[str, Any] = {"role": "assistant", "content": message.content}
        if message.tool_calls:
            said["tool_calls"] = [
                {"id": one.id, "type": "function", "function": msgspec.to_builtins(one.function)}
                for one in message.tool_calls
            ]
        choice = {"index": 0, "message": said, "finish_reason": "tool_calls" if message.tool_calls else "stop"}
        usage = {"prompt_tokens": 300, "completion_tokens": 20, "total_tokens": 320}
        name = blake2b(call.encode(), digest_size=12).hexdigest()
        return msgspec.json.encode({"id": f"chatcmpl-{name}", "choices": [choice], "usage": usage})

    def _generate(self, asked: _GenerateBody) -> Any:
        rids = [asked.rid] if isinstance(asked.rid, str) else asked.rid
        calls = [rid.partition("~")[0] for rid in rids]
        if len(calls) == 1:
            self._compare(calls[0], bytes(asked.input_ids))
        assert self.chat is not None
        chat = self.chat
        answers = [
            generated(chat, said_by_script(call)).replace(RID, rid.encode(), 1)
            for call, rid in zip(calls, rids, strict=True)
        ]
        if not asked.stream:
            return self._steps(calls[0], answers[0])
        wire, events = None, list[bytes]()
        for call, good in zip(calls, answers, strict=True):
            strike = self.schedule.next_strike(call)
            if strike is not None and strike.fault in BODIES[self.engine]:
                good = BODIES[self.engine][strike.fault](Random(strike.draw), good)
            elif strike is not None:
                wire = strike
            events.append(b"data: " + good.replace(b"\n", b" ") + b"\n\n")
        body = b"".join(events) + b"data: [DONE]\n\n"
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(body)
        return [head + body] if wire is None else WIRE[wire.fault](Random(wire.draw), head, body)

    def _steps(self, call: str, good: bytes) -> Any:
        strike = self.schedule.next_strike(call)
        if strike is None:
            return [b"".join(framed(good))]
        rng = Random(strike.draw)
        spoil = BODIES[self.engine].get(strike.fault)
        if spoil is not None:
            return [b"".join(framed(spoil(rng, good) if good.startswith(b"{") and call not in _LOOKS else b"?"))]
        return WIRE[strike.fault](rng, *framed(good))


class FaultConnection(asyncio.Protocol):
    """One connection of a server: one request after the other, each answered step by step."""

    def __init__(self, server: FaultServer, number: int) -> None:
        self._server = server
        self._number = number
        self._parser = httptools.HttpRequestParser(self)
        self._path = ""
        self._body: list[bytes] = []
        self._playing: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._server.connections.setdefault(self._number, set()).add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._server.connections.get(self._number, set()).discard(self)
        if self._playing is not None:
            self._playing.cancel()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """Called by the parser."""
        self._path += url.decode()

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser: the request is whole."""
        path, body = self._path, b"".join(self._body)
        self._path, self._body = "", []
        steps = self._server.answer(path, body)
        if isinstance(steps, list) and len(steps) == 1 and self._playing is None:
            # A whole answer after a moment, which most are: no task for it.
            pause = 0.02 + (crc32(body) % 997) / 4000.0 if self._server.scale == 1.0 else 0.0
            asyncio.get_running_loop().call_later(pause, self.transport.write, steps[0])
            return
        before = self._playing
        self._playing = asyncio.get_running_loop().create_task(self._play(steps, before))

    async def _play(self, steps: Any, before: asyncio.Task[None] | None) -> None:
        if before is not None:  # a late repetition may be under way
            await asyncio.gather(before, return_exceptions=True)
        for step in steps:
            if self.transport.is_closing():
                return
            if isinstance(step, bytes):
                self.transport.write(step)
            elif isinstance(step, float):
                await asyncio.sleep(step * self._server.scale)
            elif step is Cut.CLOSE:
                self.transport.close()
            elif step is Cut.RESET:
                self.transport.abort()
            else:
                await asyncio.get_running_loop().create_future()
