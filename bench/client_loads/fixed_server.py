"""A server of fixed answers, fast enough to be out of the way, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import cast
from zlib import crc32

import anyio
import msgspec
import uvloop

from engines.http import HttpClient
from engines.sglang.server import wait_ready
from writ_async.chat import ChatFormat, open_chat_format
from writ_async.message import AssistantMessage, make_call

MADE = 64
"""Token ids in each answer, about."""


class Server(asyncio.Protocol):
    """Answers `/generate` without looking at more of a request than its ids. One instance is one connection."""

    answers: dict[str, bytes]
    slow: tuple[float, float] = (0.0, 0.0)

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.buffer[:end]).lower()
            _, found, rest = head.partition(b"content-length:")
            size = int(rest.partition(b"\r\n")[0]) if found else 0
            if len(self.buffer) < end + 4 + size:
                return
            body = bytes(self.buffer[end + 4 : end + 4 + size])
            del self.buffer[: end + 4 + size]
            self.answer(head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        if not head.startswith(b"post /generate"):
            info = b'{"max_req_input_len":1000000,"max_total_num_tokens":10000000}'
            self.transport.write(framed(info if b"server_info" in head else b""))
        elif body.startswith(b'{"rid":['):
            rids = json.loads(body[7 : body.index(b"]") + 1])
            self.transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            left = [len(rids)]
            for rid in rids:
                self.after(rid, partial(self.event, rid, left))
        else:
            rid = json.loads(body[7 : body.index(b",")])
            self.after(rid, lambda: self.transport.write(framed(answer_to(rid, self.answers))))

    def after(self, rid: str, reply: Callable[[], object]) -> None:
        """Reply when the call's time is over; the same call takes the same time however it is sent."""
        low, high = self.slow
        if not high:
            reply()
            return
        share = crc32(rid.partition("~")[0].encode()) / 2**32
        asyncio.get_running_loop().call_later((low + (high - low) * share) / 1000, reply)

    def event(self, rid: str, left: list[int]) -> None:
        left[0] -= 1
        data = b"data: " + answer_to(rid, self.answers) + b"\n\n" + (b"" if left[0] else b"data: [DONE]\n\n")
        if not self.transport.is_closing():
            self.transport.write(b"%x\r\n%s\r\n%s" % (len(data), data, b"" if left[0] else b"0\r\n\r\n"))


def framed(body: bytes) -> bytes:
    """An HTTP answer."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


def answer_to(rid: str, answers: dict[str, bytes]) -> bytes:
    """The answer to a call: a tool call in every other turn of an agent, else words."""
    session, _, turn = rid.partition("~")[0].rpartition("/")
    call = session.endswith("/agent") and turn.isdigit() and int(turn) % 2 == 0
    return answers["call" if call else "text"].replace(b"RID", rid.encode(), 1)


def make_answers(chat: ChatFormat) -> dict[str, bytes]:
    """Fixed answers of the model: words, and a tool call, both padded to the same number of ids."""
    messages = {
        "text": AssistantMessage("I will look that up for you first, and then see what the policy says about it."),
        "call": AssistantMessage(None, (make_call("c", "get_user_details", {"user_id": "emma_kim_9957"}),)),
    }
    answers: dict[str, bytes] = {}
    pad = chat.tokenizer.encode(" well")
    for name, message in messages.items():
        written = chat.write(message)
        assert written is not None
        ids = chat.tokenizer.encode_parts(written)
        fill = (pad * MADE)[: max(0, MADE - 1 - len(ids))]
        ids = [*(fill if name == "text" else ()), *ids, min(chat.stop_ids)]
        meta = {
            "id": "RID",
            "finish_reason": {"type": "stop", "matched": ids[-1]},
            "prompt_tokens": 2900,
            "weight_version": "default",
            "num_retractions": 0,
            "output_token_logprobs": [[-0.1234567, token, None] for token in ids],
            "completion_tokens": len(ids),
            "cached_tokens": 2800,
            "weight_versions": [{"version": "default", "start": 0, "end": len(ids)}],
            "e2e_latency": 0.1,
        }
        answers[name] = msgspec.json.encode({"text": "x" * 160, "output_ids": ids, "meta_info": meta})
    return answers


def serve(model: str, port: int, fastest: float, slowest: float) -> None:
    """Run the server until killed; a call takes from `fastest` to `slowest` milliseconds."""
    Server.slow = (fastest, slowest)
    Server.answers = make_answers(open_chat_format(model))

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", port, backlog=8192)
        await server.serve_forever()

    uvloop.run(run())


@asynccontextmanager
async def serving(model: str, slow: tuple[int, int] = (0, 0)) -> AsyncIterator[str]:
    """The address of a server in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await anyio.open_process([sys.executable, __file__, model, str(port), *map(str, slow)], stdin=None)
    client = HttpClient(f"http://127.0.0.1:{port}")
    try:
        await wait_ready(client, 60.0)
        yield client.base_url
    finally:
        await client.aclose()
        process.kill()
        await process.aclose()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
