"""What a phraser has written for a run is asked for once, however often the run is killed while it tells."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path
from typing import ClassVar

import anyio
import msgspec
import pytest

from tests.support.registered import register_script
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.engine import Completion, Request
from writ_async.core.message import AssistantMessage
from writ_async.core.trajectory import Usage
from writ_async.curation.quota import KeepRules
from writ_async.errors import EngineError, EngineErrorKind
from writ_async.runs.draw_traces import DRAWING
from writ_async.runs.folder import RunFolder
from writ_async.runs.seats import EngineSpec
from writ_async.runs.telling_trace import TOLD, open_telling_trace
from writ_async.runs.view import RunView
from writ_async.runs.writing import AppendLog
from writ_async.synthesis.phrase_report import PhrasedText, PhraseReport, PhraserError

from writ_engines.scripted import ScriptedEngine  # isort: skip

TASKS = 12


class _Killed(BaseException):
    """What ends a process, for a test that goes on."""


class _Writer(ScriptedEngine):
    """Puts two words before each request; after the `most`-th answer all ends."""

    answered: ClassVar[list[str]] = []
    most = 10**9
    useless = False
    silent: tuple[str, ...] = ()

    async def complete(self, request: Request) -> Completion:
        if "phraser" not in request.session:
            return await super().complete(request)
        if len(self.answered) >= self.most:
            raise _Killed
        if request.task_id in self.silent:
            raise EngineError("busy", kind=EngineErrorKind.OVERLOADED)
        self.answered.append(request.id)
        asked = str(request.messages[1].content)
        told = re.search(r"request:\n(.*)\nAnd this scenario:\n(.*?)(?:\nKeep|$)", asked, re.S)
        assert told is not None
        words = {"request": f"Listen, {told[1]}", "scenario": f"Mind: {told[2]}"}
        text = "No." if self.useless else json.dumps(words)
        return Completion(message=AssistantMessage(text), usage=Usage(requests=1, completion_tokens=5))


@pytest.fixture(name="writer")
def _writer(monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in (("answered", []), ("most", 10**9), ("useless", False), ("silent", ())):
        monkeypatch.setattr(_Writer, name, value)
    return register_script(monkeypatch, "writer", _Writer)


def config(writer: str, **other: object) -> SynthConfig:
    plain = SynthConfig(
        domains=("retail",), n=TASKS, seed=2, world_size=40, behaviours="off", phraser=EngineSpec(writer)
    )
    return msgspec.structs.replace(plain, **other)


def play(settings: SynthConfig, out: Path) -> RunView:
    anyio.run(lambda: synth(settings, out))
    return RunView.open(out)


def killed_after(answers: int, settings: SynthConfig, out: Path) -> None:
    _Writer.most = len(_Writer.answered) + answers
    with pytest.raises(BaseExceptionGroup) as caught:
        play(settings, out)
    assert caught.group_contains(_Killed)
    _Writer.most = 10**9


def test_a_killed_telling_goes_on_behind_the_texts_that_were_settled(tmp_path: Path, writer: str) -> None:
    whole = play(config(writer), tmp_path / "whole")
    calls = sorted(_Writer.answered)
    _Writer.answered = []
    for answers in (5, 3):
        killed_after(answers, config(writer), tmp_path / "broken")
    lines = (tmp_path / "broken" / DRAWING / TOLD).read_bytes().splitlines()
    assert len(lines) == 1 + 5 + 3
    broken = play(config(writer), tmp_path / "broken")
    assert sorted(_Writer.answered) == calls  # each of them once
    assert (broken.path / "tasks.jsonl").read_bytes() == (whole.path / "tasks.jsonl").read_bytes()
    assert (broken.path / "trajectories.jsonl").read_bytes() == (whole.path / "trajectories.jsonl").read_bytes()
    assert broken.summary().phrasing == whole.summary().phrasing
    assert not (broken.path / DRAWING).exists()


def test_rounds_take_texts_up_too(tmp_path: Path, writer: str) -> None:
    settings = config(writer, keep=KeepRules(rows=8))
    whole = play(settings, tmp_path / "whole")
    calls = sorted(_Writer.answered)
    _Writer.answered = []
    killed_after(4, settings, tmp_path / "broken")
    broken = play(settings, tmp_path / "broken")
    assert sorted(_Writer.answered) == calls
    assert (broken.path / "tasks.jsonl").read_bytes() == (whole.path / "tasks.jsonl").read_bytes()
    assert broken.summary().phrasing == whole.summary().phrasing


@pytest.mark.parametrize(("rows", "written"), [(0, "write_tasks"), (3, "add_tasks")])
def test_what_a_phraser_did_is_counted_once_though_the_run_is_killed_before_its_tasks_are_written(
    tmp_path: Path, writer: str, monkeypatch: pytest.MonkeyPatch, rows: int, written: str
) -> None:
    settings = config(writer, n=4, **({"keep": KeepRules(rows=rows)} if rows else {}))
    whole = play(settings, tmp_path / "whole")

    def killed(self: RunFolder, *given: object) -> None:
        raise _Killed

    for _ in range(2):
        with monkeypatch.context() as patched, pytest.raises(_Killed):
            patched.setattr(RunFolder, written, killed)
            play(settings, tmp_path / "broken")
    broken = play(settings, tmp_path / "broken")
    assert (broken.path / "tasks.jsonl").read_bytes() == (whole.path / "tasks.jsonl").read_bytes()
    assert broken.summary().phrasing == whole.summary().phrasing
    assert isinstance(told := whole.summary().phrasing, PhraseReport)
    assert told.written == told.usage.requests >= (rows or 4)


def test_a_run_that_grows_counts_the_texts_of_its_further_tasks_beside_the_others(tmp_path: Path, writer: str) -> None:
    whole = play(config(writer, n=4), tmp_path / "whole")
    for tasks in (1, 4):
        grown = play(config(writer, n=tasks), tmp_path / "grown")
    assert grown.summary().phrasing == whole.summary().phrasing


def test_a_text_that_no_engine_answered_is_asked_for_again(tmp_path: Path, writer: str) -> None:
    _Writer.silent = ("retail-s2-00000",)
    killed_after(6, config(writer), tmp_path / "run")
    _Writer.silent = ()
    view = play(config(writer), tmp_path / "run")
    assert all(task.rephrased for task in view.tasks())


def test_a_phraser_that_gave_up_is_asked_anew(tmp_path: Path, writer: str) -> None:
    _Writer.useless = True
    with pytest.raises(PhraserError):
        play(config(writer), tmp_path / "run")
    _Writer.useless = False
    view = play(config(writer), tmp_path / "run")
    assert all(task.rephrased for task in view.tasks())


def test_texts_of_another_engine_or_another_question_are_not_taken(tmp_path: Path) -> None:
    text = PhrasedText("retail-1", "request", "a", PhraseReport(written=1), request="Listen")
    one, other = EngineSpec("openai", {"model": "one", "url": "http://a"}), EngineSpec("openai", {"model": "other"})
    with open_telling_trace(tmp_path, one, None, 1) as trace:
        assert trace is not None
        trace.keep(text)
    elsewhere = EngineSpec("openai", {"model": "one", "url": "http://a", "key_env": "OTHER_KEY"})
    with open_telling_trace(tmp_path, elsewhere, None, 1) as trace:
        assert trace is not None
        assert trace.find("retail-1", "request", "a") == text
        assert trace.find("retail-1", "request", "b") is None
        assert trace.find("retail-1", "manner", "a") is None
    with open_telling_trace(tmp_path, other, None, 1) as trace:
        assert trace is not None
        assert trace.find("retail-1", "request", "a") is None


@pytest.mark.parametrize("tail", [b'{"task_id":"retail-2","wh', b'{"task_id":2}\n', b"\0\0\0\n"])
def test_a_torn_file_is_read_as_far_as_it_is_sound_or_not_at_all(tmp_path: Path, tail: bytes) -> None:
    text = PhrasedText("retail-1", "request", "a", PhraseReport(written=1), request="Listen")
    with open_telling_trace(tmp_path, EngineSpec("scripted"), None, 1) as trace:
        assert trace is not None
        trace.keep(text)
    with (tmp_path / TOLD).open("ab") as file:
        file.write(tail)
    with open_telling_trace(tmp_path, EngineSpec("scripted"), None, 1) as trace:
        assert trace is not None
        assert trace.find("retail-1", "request", "a") in (text, None)
        trace.keep(text)
    with open_telling_trace(tmp_path, EngineSpec("scripted"), None, 1) as trace:
        assert trace is not None
        assert trace.find("retail-1", "request", "a") == text


def test_a_disk_that_cannot_be_cut_hides_nothing_of_what_the_phraser_has_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(self: AppendLog, size: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with (
        pytest.raises(PhraserError, match="none of 3 answers"),
        open_telling_trace(tmp_path, EngineSpec("scripted"), None, 1) as trace,
    ):
        assert trace is not None
        monkeypatch.setattr(AppendLog, "cut", cut)
        raise PhraserError("the phraser: none of 3 answers could be used")
