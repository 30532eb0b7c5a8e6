"""A server that plays both seats of known conversations: `python -m client_loads.gold_server PORT SCRIPT [MODEL]`.

Its answer depends on the request alone. On `/v1/chat/completions` a user is known by the scenario in the system prompt
and its turn by what it said before, an agent by the user's first words and the number of tool results. On `/generate`,
which needs a model's folder, the id of the request tells both. `/stats` says how many calls of each seat were answered.
"""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path
from typing import Any

import msgspec

from bench.client_loads.answers import RID, generated
from bench.client_loads.plans import STOP, Plan, Recogniser, Script
from bench.client_loads.protocol import SERVER_INFO, Connection, framed, serve
from writ_async import AssistantMessage, FunctionCall, ToolCall, open_chat_format

_TASK = re.compile(r"TASK:(\S+)")
_encode = msgspec.json.encode


class Said(msgspec.Struct):
    """The part of a message that is looked at; some clients send a list of parts for a text."""

    role: str
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        """What the message says."""
        if isinstance(self.content, list):
            return "".join(str(part.get("text", "")) for part in self.content)
        return self.content or ""


class Body(msgspec.Struct):
    """The part of a chat request that is looked at."""

    messages: list[Said]


class Stats(msgspec.Struct):
    """Calls answered by seat, calls that belong to no known conversation, and the server's own CPU seconds."""

    agent: int = 0
    user: int = 0
    unknown: int = 0
    cpu_seconds: float = 0.0


Turns = dict[tuple[str, str], list[bytes]]
"""Answers by task and seat, in the order of turns."""

_decode = msgspec.json.Decoder(Body).decode


def seat_turns(plan: Plan) -> dict[str, list[AssistantMessage]]:
    """What each seat says, turn by turn."""
    calls = [
        AssistantMessage(None, (ToolCall(f"call_{number}", FunctionCall(name, arguments)),))
        for number, (name, arguments) in enumerate(plan.calls)
    ]
    return {
        "agent": [*calls, AssistantMessage(plan.closing)],
        "user": [AssistantMessage(plan.hello), AssistantMessage(STOP)],
    }


def chat_answer(message: AssistantMessage) -> bytes:
    """The answer of `/v1/chat/completions` with this message."""
    said: dict[str, Any] = {"role": "assistant", "content": message.content}
    if message.tool_calls:
        said["tool_calls"] = [
            {"id": call.id, "type": "function", "function": msgspec.to_builtins(call.function)}
            for call in message.tool_calls
        ]
    choice = {"index": 0, "message": said, "finish_reason": "tool_calls" if message.tool_calls else "stop"}
    usage = {"prompt_tokens": 2900, "completion_tokens": 20, "total_tokens": 2920}
    head = {"id": "chatcmpl-0", "object": "chat.completion", "created": 1, "model": "mock"}
    return framed(_encode({**head, "choices": [choice], "usage": usage}))


class GoldConnection(Connection):
    """Answers by the script."""

    chat: Turns
    ids: Turns
    tasks: Recogniser
    stats = Stats()

    def answer(self, head: bytes, body: bytes) -> None:
        line = head.partition(b"\r\n")[0]
        if b"/chat/completions" in line:
            self.transport.write(self.chat_turn(body))
        elif b"/generate" in line:
            self.transport.write(self.ids_turn(body))
        elif b"/stats" in line:
            usage = resource.getrusage(resource.RUSAGE_SELF)
            self.stats.cpu_seconds = usage.ru_utime + usage.ru_stime
            self.transport.write(framed(_encode(self.stats)))
        else:
            self.transport.write(framed(SERVER_INFO if b"server_info" in line else b""))

    def chat_turn(self, body: bytes) -> bytes:
        """The next message of a conversation that is told whole."""
        messages = _decode(body).messages
        roles = [message.role for message in messages]
        _, scenario, rest = messages[0].text.partition("<scenario>")
        if scenario:
            task = self.tasks.find_text(rest.partition("</scenario>")[0])
            return self.turn(self.chat, task, "user", roles.count("assistant"))
        first = next((message.text for message in messages if message.role == "user"), "")
        found = _TASK.search(first)
        return self.turn(self.chat, found[1] if found else "", "agent", roles.count("tool"))

    def ids_turn(self, body: bytes) -> bytes:
        """The next message of a conversation that its id tells: `TASK#TRIAL/SEAT/TURN~...`."""
        rid = msgspec.json.decode(body[7 : body.index(b",")], type=str)
        session, _, turn = rid.partition("~")[0].rpartition("/")
        name, _, seat = session.rpartition("/")
        answer = self.turn(self.ids, name.rpartition("#")[0], seat, int(turn))
        return framed(answer.replace(RID, rid.encode(), 1))

    def turn(self, answers: Turns, task: str, seat: str, number: int) -> bytes:
        """One answer, counted."""
        turns = answers.get((task, seat), [])
        if number >= len(turns):
            self.stats.unknown += 1
            return framed(b'{"error":{"message":"no such turn"}}', b"400 Bad Request")
        if seat == "agent":
            self.stats.agent += 1
        else:
            self.stats.user += 1
        return turns[number]


def prepare(script: Script, model: str | None) -> None:
    """Make all answers."""
    GoldConnection.tasks = Recogniser((plan.task, plan.lines) for plan in script.plans)
    chat = open_chat_format(model) if model else None
    GoldConnection.chat, GoldConnection.ids = {}, {}
    for plan in script.plans:
        for seat, messages in seat_turns(plan).items():
            GoldConnection.chat[plan.task, seat] = [chat_answer(message) for message in messages]
            if chat is not None:
                GoldConnection.ids[plan.task, seat] = [generated(chat, message) for message in messages]


if __name__ == "__main__":
    port, script, *model = sys.argv[1:]
    prepare(msgspec.json.decode(Path(script).read_bytes(), type=Script), model[0] if model else None)
    serve(GoldConnection, int(port))
