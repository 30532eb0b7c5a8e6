"""Answers that come twice, at once or late: each is its question's, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import msgspec
import pytest
from writ_engines.openai.engine import OpenAIEngine
from writ_engines.openai.options import OpenAIOptions

from bench.client_loads.answers import RID, generated
from bench.models.folders import write_family
from tests.support.raw_server import Raw, answer, raw_server
from tests.support.talk import make_engine
from writ_async.chat import open_chat_format
from writ_async.core.engine import Engine, Request
from writ_async.core.message import AssistantMessage, Message, SystemMessage, UserMessage

pytestmark = pytest.mark.asyncio
SESSIONS, TURNS = 24, 5
Reply = Callable[[bytes, int], bytes]
_INFO = b'{"max_req_input_len":100000,"max_total_num_tokens":1000000}'


class Repeating:
    """Answers after a moment, and sends many an answer once more: behind it, or some time later."""

    def __init__(self, reply: Reply, seed: int) -> None:
        self.reply = reply
        self.random = Random(seed)
        self.calls = self.repeated = 0

    async def __call__(self, raw: Raw) -> None:
        later: set[asyncio.Task[None]] = set()
        try:
            while True:
                body = await raw.request()
                if "generate" not in raw.path and "completions" not in raw.path:
                    await raw.write(answer(_INFO))
                    continue
                self.calls += 1
                said = answer(self.reply(body, self.calls))
                await asyncio.sleep(self.random.uniform(0.0, 0.01))
                how = self.random.choice(("once", "once", "at once", "late", "late"))
                self.repeated += how != "once"
                await raw.write(said * 2 if how == "at once" else said)
                if how == "late":
                    later.add(asyncio.create_task(self.again(raw, said)))
        finally:
            for task in later:
                task.cancel()

    async def again(self, raw: Raw, said: bytes) -> None:
        await asyncio.sleep(self.random.uniform(0.0, 0.02))
        with suppress(ConnectionError):
            await raw.write(said)


async def talk(engine: Engine, session: str) -> list[str | None]:
    """What a session was told, turn by turn."""
    messages: list[Message] = [SystemMessage("Help."), UserMessage(f"I am {session}.")]
    told: list[str | None] = []
    for turn in range(TURNS):
        request = Request(
            id=f"{session}/{turn}", session=session, seat="user", task_id="t", trial=0, turn=turn, seed=turn,
            messages=messages, tools=(),
        )  # fmt: skip
        completion = await engine.complete(request)
        told.append(completion.message.content)
        messages += [completion.message, UserMessage(f"I am {session}, and go on to {turn + 1}.")]
    return told


async def check(engine: Engine, server: Repeating) -> None:
    """Every session gets its own answers, whatever else comes."""
    names = [f"session {number:03d}" for number in range(SESSIONS)]
    told = await asyncio.gather(*(talk(engine, name) for name in names))
    assert told == [[f"to {name}: {turn}" for turn in range(TURNS)] for name in names]
    assert server.repeated > SESSIONS
    assert server.calls < 2 * SESSIONS * TURNS


@pytest.mark.parametrize("seed", range(3))
async def test_an_openai_server_that_repeats_itself_gives_nobody_the_answer_to_another(seed: int) -> None:
    def reply(body: bytes, number: int) -> bytes:
        messages = msgspec.json.decode(body)["messages"]
        name = messages[1]["content"][5:-1]
        turn = sum(message["role"] == "assistant" for message in messages)
        said = {"role": "assistant", "content": f"to {name}: {turn}"}
        choice = {"index": 0, "message": said, "finish_reason": "stop"}
        return msgspec.json.encode({"id": f"chatcmpl-{number:032x}", "choices": [choice]})

    server = Repeating(reply, seed)
    async with raw_server(server) as (url, _):
        engine = OpenAIEngine(OpenAIOptions(model="m", url=url))
        await check(engine, server)
        await engine.aclose()


@pytest.mark.parametrize("seed", range(3))
async def test_an_sglang_server_that_repeats_itself_gives_nobody_the_answer_to_another(
    seed: int, tmp_path: Path
) -> None:
    folder = write_family(tmp_path / "qwen3", "qwen3-instruct-2507")
    chat = open_chat_format(folder)

    def reply(body: bytes, number: int) -> bytes:
        rid = msgspec.json.decode(body)["rid"]
        name, _, turn = rid.partition("~")[0].partition("/")
        return generated(chat, AssistantMessage(f"to {name}: {turn}")).replace(RID, rid.encode(), 1)

    server = Repeating(reply, seed)
    async with raw_server(server) as (url, _):
        engine = make_engine(url, folder)
        await check(engine, server)
        await engine.aclose()


async def test_a_server_whose_answers_are_all_alike_is_believed() -> None:
    said = {"role": "assistant", "content": "Yes."}
    body = {"id": "chatcmpl-always-the-same-id", "choices": [{"message": said, "finish_reason": "stop"}]}

    async def play(raw: Raw) -> None:
        while True:
            await raw.request()
            await raw.write(answer(msgspec.json.encode(body)))

    async with raw_server(play) as (url, _):
        engine = OpenAIEngine(OpenAIOptions(model="m", url=url, attempts=2))
        assert await talk(engine, "a") == ["Yes."] * TURNS
        await engine.aclose()
