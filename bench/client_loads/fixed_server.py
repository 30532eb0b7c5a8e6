"""A server of fixed answers, fast enough to be out of the way.

python -m client_loads.fixed_server PORT MODEL LOW HIGH     # a call takes from LOW to HIGH milliseconds
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from functools import partial
from zlib import crc32

from bench.client_loads.answers import RID, generated
from bench.client_loads.protocol import SERVER_INFO, Connection, framed, serve
from writ_async import AssistantMessage, ChatFormat, make_call, open_chat_format

MADE = 64
"""Token ids in an answer of words."""


class FixedConnection(Connection):
    """Answers `/generate` without looking at more of a request than its ids."""

    answers: dict[str, bytes]
    slow: tuple[float, float] = (0.0, 0.0)

    def answer(self, head: bytes, body: bytes) -> None:
        if not head.startswith(b"post /generate"):
            self.transport.write(framed(SERVER_INFO if b"server_info" in head else b""))
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
        """One event of a batch's stream, the last of which ends it."""
        left[0] -= 1
        data = b"data: " + answer_to(rid, self.answers) + b"\n\n" + (b"" if left[0] else b"data: [DONE]\n\n")
        if not self.transport.is_closing():
            self.transport.write(b"%x\r\n%s\r\n%s" % (len(data), data, b"" if left[0] else b"0\r\n\r\n"))


def answer_to(rid: str, answers: dict[str, bytes]) -> bytes:
    """The answer to a call: a tool call in every other turn of an agent, else words."""
    session, _, turn = rid.partition("~")[0].rpartition("/")
    call = session.endswith("/agent") and turn.isdigit() and int(turn) % 2 == 0
    return answers["call" if call else "text"].replace(RID, rid.encode(), 1)


def make_answers(chat: ChatFormat) -> dict[str, bytes]:
    """Fixed answers of the model: words, and a tool call."""
    text = AssistantMessage("I will look that up for you first, and then see what the policy says about it.")
    call = AssistantMessage(None, (make_call("c", "get_user_details", {"user_id": "emma_kim_9957"}),))
    return {"text": generated(chat, text, MADE), "call": generated(chat, call)}


if __name__ == "__main__":
    port, model, low, high = sys.argv[1:]
    FixedConnection.slow = (float(low), float(high))
    FixedConnection.answers = make_answers(open_chat_format(model))
    serve(FixedConnection, int(port))
