"""What is wrong with a chat-completions server is found by two calls, before a conversation is lost to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from tests.support.chat_double import Answer, Asked, chat, refusal, said, serve
from writ_async.cli import main
from writ_async.commands.doctor import diagnose
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.message import AssistantMessage, FunctionCall, ToolCall
from writ_async.errors import WritError
from writ_async.runs.seats import EngineSpec, Seats

CALL = ToolCall("c1", FunctionCall("get_weather", '{"city": "Lyon"}'))
WELL = chat(AssistantMessage(None, (CALL,)))
AS_TEXT = said('<tool_call>\n{"name": "get_weather", "arguments": {"city": "Lyon"}}\n</tool_call>')


def answers(first: Answer, second: Answer | None = None) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        after = any(message["role"] == "tool" for message in asked.body["messages"])
        return (second or said("It rains in Lyon.")) if after else first

    return answer


def findings(answer: Callable[[Asked], Answer], monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, str]]:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    async def look() -> dict[str, tuple[str, str]]:
        async with serve(answer) as double:
            found = await diagnose("openai", double.url, "tiny")
            return {check.name: (check.status, f"{check.found} {check.advice}") for check in found.checks}

    return anyio.run(look)


def test_a_server_that_calls_and_goes_on_is_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(answers(WELL), monkeypatch)
    assert {name: status for name, (status, _) in found.items()} == dict.fromkeys(
        ("reachable", "tool call", "turn after a result"), "ok"
    )
    assert "295 of 316 prompt tokens came from the cache" in found["turn after a result"][1]


@pytest.mark.parametrize(
    ("first", "second", "check", "words"),
    [
        (AS_TEXT, None, "tool call", "--tool-call-parser"),
        (said(""), None, "tool call", "no answer"),
        (
            refusal(400, {"error": {"message": "roles must alternate user/assistant"}}),
            None,
            "tool call",
            "--greeting none",
        ),
        (
            WELL,
            refusal(400, {"error": {"message": "content must be a string"}}),
            "turn after a result",
            "chat template",
        ),
        (WELL, said("In Lyon.<|im_end|>\n<|im_start|>user"), "words", "stops at the end of a turn"),
        (chat(AssistantMessage("I will"), "length"), None, "length", "max_tokens"),
    ],
)
def test_each_wrong_set_up_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, first: Answer, second: Answer | None, check: str, words: str
) -> None:
    found = findings(answers(first, second), monkeypatch)
    assert found[check][0] == "problem"
    assert words in found[check][1]


def test_a_model_that_answers_in_words_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    assert findings(answers(said("Which Lyon?")), monkeypatch)["tool call"][0] == "notice"


def test_nobody_at_the_address_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found = anyio.run(diagnose, "openai", "http://127.0.0.1:9", "tiny")
    assert [check.name for check in found.checks] == ["reachable"]
    assert not found.healthy


def test_a_run_does_not_begin_on_such_a_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    async def begin(check: bool) -> None:
        async with serve(answers(AS_TEXT)) as double:
            seats = Seats(EngineSpec("openai", {"url": double.url, "model": "tiny"}))
            config = SynthConfig(domains=("retail",), n=1, world_size=60, seats=seats)
            await synth(config, tmp_path / "run", check=check)

    with pytest.raises(WritError, match=r"the call came as text.*--tool-call-parser.*--no-check") as caught:
        anyio.run(begin, True)
    assert caught.value.exit_code == 1
    assert not (tmp_path / "run").exists()
    anyio.run(begin, False)
    assert (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (refusal(503, {"error": {"message": "upstream overloaded"}}), "is made again: HTTP 503: upstream overloaded"),
        (refusal(429, {"error": {"message": "slow down, and retry in 300ms"}}), "slow down, and retry in 300ms"),
    ],
)
def test_while_the_server_lets_the_first_call_wait_that_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, wait: Answer, words: str
) -> None:
    monkeypatch.setattr("writ_async.runs.try_out._FIRST_WORD", 0.05)
    well = answers(WELL)
    found = findings(lambda asked: wait if asked.number < 2 else well(asked), monkeypatch)
    assert found["tool call"][0] == "ok"
    lines = [record.getMessage() for record in caplog.records if record.name == "writ_async.runs.try_out"]
    assert any(line.startswith("the agent's server is tried before the first") and words in line for line in lines)


def test_the_doctor_needs_the_name_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "http://127.0.0.1:9", "--engine", "openai"]) == 2
    assert "--model NAME" in capsys.readouterr().err
