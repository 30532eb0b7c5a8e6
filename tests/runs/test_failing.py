"""A run whose set-up is wrong ends soon, and says what to put right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from writ_engines.scripted import ScriptedEngine

from tests.support.registered import register_script
from tests.support.samples import trajectory
from writ_async.cli import main
from writ_async.core.engine import Completion, Request
from writ_async.core.message import AssistantMessage, FunctionCall, ToolCall
from writ_async.core.trajectory import Note, Termination
from writ_async.errors import EngineError, EngineErrorKind
from writ_async.runs.failing import FIRST, FailingWatch, why_failing
from writ_async.runs.view import RunView

Spoil = Callable[[Completion], Completion]


def call_told_as_text(completion: Completion) -> Completion:
    message = completion.message
    if not message.tool_calls:
        return completion
    told = AssistantMessage("".join(f"<tool_call>{call.function.name}</tool_call>" for call in message.tool_calls))
    note = Note("call_as_text", 0, "in the agent's words", True)
    return msgspec.structs.replace(completion, message=told, notes=(note,))


def cut(completion: Completion) -> Completion:
    note = Note("cut_at_length", 0, "the agent, after 16 tokens", True)
    return msgspec.structs.replace(completion, notes=(note,))


def refuse(completion: Completion) -> Completion:
    raise EngineError("no such model", kind=EngineErrorKind.BAD_REQUEST)


def only_talk(completion: Completion) -> Completion:
    return msgspec.structs.replace(completion, message=AssistantMessage("I will look into that."))


@pytest.fixture
def spoiled(monkeypatch: pytest.MonkeyPatch) -> Callable[[Spoil], str]:
    """Registers an engine whose agent's answers are spoiled, and gives its name."""

    def register(spoil: Spoil) -> str:
        class Spoiled(ScriptedEngine):
            async def complete(self, request: Request) -> Completion:
                completion = await super().complete(request)
                return spoil(completion) if request.seat == "agent" else completion

        return register_script(monkeypatch, "spoiled", Spoiled)

    return register


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (call_told_as_text, "is the server's tool parser on?"),
        (cut, "give the engine more tokens for one"),
        (refuse, "were ended by their server"),
        (only_talk, "have no tool call"),
    ],
)
def test_a_wrong_set_up_is_named_within_twenty_conversations_and_ends_the_run(
    spoiled: Callable[[Spoil], str], tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Spoil, words: str
) -> None:
    arguments = ["synth", "retail", "--n", "60", "--mix", "normal=1", "--world-size", "60", "--concurrency", "4"]
    out = tmp_path / "run"
    assert main([*arguments, "--engine", spoiled(spoil), "--quiet", "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert "of the first 20 conversations" in said
    assert words in said
    assert len(RunView.open(out).done_ids()) < 30


def test_who_wants_to_goes_on_all_the_same(
    spoiled: Callable[[Spoil], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["synth", "retail", "--n", "25", "--mix", "normal=1", "--world-size", "60", "--stop-when-failing", "0"]
    out = tmp_path / "run"
    assert main([*arguments, "--engine", spoiled(cut), "--quiet", "--out", str(out)]) == 0
    assert len(RunView.open(out).done_ids()) == 25


def test_nothing_is_said_of_conversations_that_fail_now_and_then_or_that_somebody_ended() -> None:
    talk = (AssistantMessage(None, (ToolCall("1", FunctionCall("look", "{}")),)),)
    fine = trajectory("t", 0, messages=talk)
    ended = msgspec.structs.replace(fine, termination=Termination.INFRASTRUCTURE_ERROR)
    cancelled = msgspec.structs.replace(fine, termination=Termination.CANCELLED)
    watch = FailingWatch(0.9)
    assert not any(watch.add(row) for row in [fine, fine, fine, *[ended] * (FIRST - 3), *[ended] * 50])
    watch = FailingWatch(0.9)
    assert not any(watch.add(cancelled) for _ in range(50))
    said = [watch.add(row) for row in [fine, fine, *[ended] * (FIRST - 2), ended]]
    assert [bool(words) for words in said] == [False] * (FIRST - 1) + [True, False]
    assert not any(FailingWatch(0.0).add(ended) for _ in range(FIRST))


def test_a_judge_that_gives_no_answers_is_named() -> None:
    unjudged = msgspec.structs.replace(
        trajectory("t", 0), termination=Termination.INFRASTRUCTURE_ERROR, error="judge: engine: no answer"
    )
    assert "their judge gave no answer" in why_failing(unjudged)[0]


def test_a_share_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "retail", "--stop-when-failing", "2", "--out", str(tmp_path / "run")]) == 2
    assert "--stop-when-failing must be a share from 0 to 1" in capsys.readouterr().err
