"""Servers are looked at before the first conversation, and the first failure of each kind is said in words."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import anyio
import pytest

from bench.models.folders import write_family
from tests.support.chat_double import Answer, Asked, refusal, said, serve
from tests.support.raw_server import Raw, raw_server
from writ_async.cli import main
from writ_async.core.engine import Engine, Request, Setting, close_engine
from writ_async.core.message import SystemMessage, UserMessage
from writ_async.errors import WritError
from writ_async.registry import make_engine
from writ_async.runs import first_look
from writ_async.runs.first_look import look_at_servers

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def openai(*urls: str, **options: str) -> Engine:
    return make_engine(
        "openai", {"url": ",".join(urls), "model": "m", **options}, Setting(tasks={}, domains={}, seed=0)
    )


def request_number(number: int) -> Request:
    return Request(
        id=f"{number}/0", session=str(number), seat="agent", task_id="t", trial=0, turn=0, seed=number,
        messages=[SystemMessage("Help."), UserMessage("Hi.")], tools=(),
    )  # fmt: skip


async def look(*engines: Engine, require: bool = True) -> None:
    try:
        await look_at_servers(engines, require=require)
    finally:
        for engine in engines:
            await close_engine(engine)


def test_a_run_on_an_address_where_nobody_listens_does_not_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["synth", "retail", "--n", "2", "--world-size", "60", "--engine", "openai", "--engine-option", "model=m"]
    command += ["--engine-option", f"url={NOBODY}/v1", "--out", str(tmp_path / "run")]
    assert main(command) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"writ: {NOBODY}/v1: cannot connect to 127.0.0.1:9: Connect")
    assert line.endswith("(--no-check begins all the same)")
    assert not (tmp_path / "run").exists()


def test_a_name_that_nobody_knows_and_one_of_two_that_is_there(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with serve(lambda asked: said("Hello.")) as double:
            await look(openai(double.url, "http://models.invalid/v1"))

    anyio.run(run)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("http://models.invalid/v1: cannot connect to models.invalid:80: ")


def test_a_server_that_is_still_to_come_is_waited_for_where_the_engine_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_family(tmp_path / "qwen3", "qwen3-instruct-2507")
    options = {"url": NOBODY, "model": str(folder), "patience": "70"}
    anyio.run(look, make_engine("sglang", options, Setting(tasks={}, domains={}, seed=0)))
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"{NOBODY}: cannot connect to 127.0.0.1:9: ")
    assert line.endswith("; it is waited for, up to 70 s")


def test_a_look_takes_two_seconds_at_most(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    assert first_look.LOOK_SECONDS == 2.0
    monkeypatch.setattr(first_look, "LOOK_SECONDS", 0.2)

    async def never(raw: Raw) -> None:
        await asyncio.Event().wait()

    async def run() -> str:
        async with raw_server(never) as (url, _):
            await look(openai(url), openai(f"{url}/other"))
            return url

    began = time.monotonic()
    url = anyio.run(run)
    assert time.monotonic() - began < 60  # it ends; how soon is the timer's
    lines = [record.getMessage() for record in caplog.records]
    assert sorted(lines) == [f"{url}/other: no answer in 0 s", f"{url}/v1: no answer in 0 s"]


@pytest.mark.parametrize(("status", "ends"), [(401, True), (403, False), (404, False), (503, False)])
def test_what_a_server_says_to_a_look(status: int, ends: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def play(raw: Raw) -> None:
        while True:
            await raw.request()
            await raw.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)

    async def run() -> None:
        async with raw_server(play) as (url, _):
            await look(openai(url), require=False)
            await look(openai(url))

    if ends:
        with pytest.raises(WritError, match="refused the key; put the key into OPENAI_API_KEY"):
            anyio.run(run)
    else:
        anyio.run(run)
    assert len(caplog.records) == {401: 1, 503: 2}.get(status, 0)


def test_the_first_failure_of_each_kind_is_said_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    full = refusal(503, {"object": "error", "message": "The request\x1b[2J queue is full.", "code": 503})

    def answer(asked: Asked) -> Answer:
        return said("Hello.") if asked.number % 3 == 2 else full

    async def run() -> str:
        async with serve(answer) as double:
            engine = openai(double.url)
            for number in range(3):
                await engine.complete(request_number(number))
            await close_engine(engine)
            return double.url

    url = anyio.run(run)
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [f"{url}: HTTP 503: The request [2J queue is full. (overloaded; such calls are made again)"]
