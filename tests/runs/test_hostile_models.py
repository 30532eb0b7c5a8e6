"""Whatever a model writes reaches no further than its own conversation: not its run, not those who read it later."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest
from writ_engines.scripted import ScriptedEngine

from bench.trust_loads.hostile import HostileEngine, is_victim
from tests.support.command import called
from tests.support.registered import register_script
from writ_async.conversation import Conversation
from writ_async.core.engine import Completion, Request
from writ_async.core.message import AssistantMessage
from writ_async.core.state import State, World
from writ_async.core.task import Task
from writ_async.core.trajectory import Termination, Trajectory, Verdict
from writ_async.runs import jobs
from writ_async.runs.view import RunView
from writ_async.verify import verdict

SEEDS = range(6)
N = 10


def synth(out: Path, domain: str, seed: int, *more: str) -> tuple[int, str]:
    """Runs the command; its exit code and what it complains of."""
    done = called(
        "synth", domain, "--n", str(N), "--seed", str(seed), "--world-size", "60", "--concurrency", "4",
        "--max-errors", "50", "--quiet", "--out", str(out), *more,
    )  # fmt: skip
    return done.returncode, done.stderr


def lines(run: Path) -> dict[str, bytes]:
    """The rows of a run as they stand on disk, by id."""
    rows = (run / "trajectories.jsonl").read_bytes().split(b"\n")[:-1]
    return {msgspec.json.decode(row, type=_Id).id: row for row in rows}


class _Id(msgspec.Struct):
    id: str


def unharmed(rows: dict[str, bytes]) -> dict[str, bytes]:
    """The rows of conversations that nothing hostile was in."""
    return {name: row for name, row in rows.items() if not is_victim(name.partition("#")[0])}


@pytest.mark.parametrize("domain", ["airline", "retail"])
@pytest.mark.parametrize("seed", SEEDS)
def test_hostile_conversations_end_and_leave_the_others_and_all_readers_as_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, domain: str, seed: int
) -> None:
    register_script(monkeypatch, "hostile", HostileEngine)
    calm, run = tmp_path / "calm", tmp_path / "run"
    assert synth(calm, domain, seed)[0] == 0
    code, said = synth(run, domain, seed, "--engine", "hostile")
    rows = lines(run)
    assert unharmed(rows) == unharmed(lines(calm))
    assert len(unharmed(rows)) == N // 2
    view = RunView.open(run)
    failures = {row.id: row for row in view.failures()}
    assert len(rows) + len(failures) == N
    assert code == bool(failures), said
    assert not {row.error for row in failures.values() if row.termination is Termination.UNEXPECTED_ERROR}
    assert (run / "summary.json").is_file()
    for command in (
        ("replay", str(run)),
        ("check", str(run)),
        ("select", str(run), "--n", "4", "--out", str(tmp_path / "picked")),
        *(("show", str(run), name, "--full") for name in rows),
        *(
            ("export", str(run), "--format", form, "--all", "--out", str(tmp_path / form))
            for form in ("openai", "trl", "llamafactory", "verl", "axolotl", "apigen-mt", "writ-2k", "parquet")
        ),
    ):
        done = called(*command)
        assert done.returncode == 0, (command, done.stderr)
        assert "\x1b" not in done.stdout + done.stderr, command


def fail_for(monkeypatch: pytest.MonkeyPatch, victims: set[str]) -> None:
    """Have the verdict of some tasks raise."""

    def judge(task: Task, *rest: object) -> Verdict:
        if task.id in victims:
            raise KeyError("what nobody thought of \ud800")
        return verdict.judge_trajectory(task, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "judge_trajectory", judge)


def test_a_verdict_that_raises_costs_its_conversation_is_told_once_and_a_resume_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    calm, run = tmp_path / "calm", tmp_path / "run"
    assert synth(calm, "retail", 1)[0] == 0
    victims = {f"retail-s1-0000{number}" for number in (3, 4, 8)}
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        fail_for(patch, victims)
        code, said = synth(run, "retail", 1)
    assert code == 1
    assert "3 conversations were ended from outside (see failures.log)" in said
    told = [record for record in caplog.records if record.exc_info]
    assert len(told) == 1
    assert "KeyError" in told[0].getMessage()
    assert "test_hostile_models.py:" in told[0].getMessage()
    failures = list(RunView.open(run).failures())
    assert {row.task_id for row in failures} == victims
    assert {row.termination for row in failures} == {Termination.UNEXPECTED_ERROR}
    assert all(row.verdict is None and "could not be judged: KeyError" in row.error for row in failures)
    assert synth(run, "retail", 1)[0] == 0
    assert lines(run) == lines(calm)


class Steps:
    """What may fail in one conversation, and the words of its failure."""

    @staticmethod
    def receive(patch: pytest.MonkeyPatch, victim: str) -> str:
        receive = Conversation.receive

        def fail(self: Conversation, completion: Completion) -> None:
            receive(self, completion)
            if self.task.id == victim:
                raise ZeroDivisionError("in the middle")

        patch.setattr(Conversation, "receive", fail)
        return "the user's answer could not be taken: ZeroDivisionError: in the middle"

    @staticmethod
    def record(patch: pytest.MonkeyPatch, victim: str) -> str:
        record = Conversation.trajectory

        def fail(self: Conversation) -> Trajectory:
            if self.task.id == victim:
                raise OverflowError("no digest")
            return record(self)

        patch.setattr(Conversation, "trajectory", fail)
        return "the conversation could not be recorded: OverflowError: no digest"

    @staticmethod
    def begin(patch: pytest.MonkeyPatch, victim: str) -> str:
        begin = Conversation._open

        def fail(self: Conversation) -> None:
            if self.task.id == victim:
                raise LookupError("no policy")
            begin(self)

        patch.setattr(Conversation, "_open", fail)
        return "the conversation could not begin: LookupError: no policy"

    @staticmethod
    def encode(patch: pytest.MonkeyPatch, victim: str) -> str:
        record = Conversation.trajectory

        def spoil(self: Conversation) -> Trajectory:
            row = record(self)
            if self.task.id == victim:
                row.digest = "\udfff"
            return row

        patch.setattr(Conversation, "trajectory", spoil)
        return "no file can hold it: UnicodeEncodeError"


@pytest.mark.parametrize("step", ["receive", "record", "begin", "encode"])
def test_a_step_that_raises_costs_its_conversation_and_a_resume_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, step: str
) -> None:
    calm, run = tmp_path / "calm", tmp_path / "run"
    assert synth(calm, "airline", 2)[0] == 0
    victim = "airline-s2-00005"
    with monkeypatch.context() as patch:
        words = getattr(Steps, step)(patch, victim)
        assert synth(run, "airline", 2)[0] == 1
    (failure,) = RunView.open(run).failures()
    assert (failure.task_id, failure.termination) == (victim, Termination.UNEXPECTED_ERROR)
    assert failure.error.startswith(words)
    assert len(lines(run)) == N - 1
    assert synth(run, "airline", 2)[0] == 0
    assert lines(run) == lines(calm)


class Long(ScriptedEngine):
    """A model that in one conversation writes on and on."""

    async def complete(self, request: Request) -> Completion:
        completion = await super().complete(request)
        if request.task_id.endswith("3") and request.turn == 1 and request.seat == "agent":
            return Completion(message=AssistantMessage("word " * 30_000))
        return completion


def test_a_message_beyond_all_measure_ends_its_conversation_and_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register_script(monkeypatch, "long", Long)
    assert synth(tmp_path / "run", "retail", 3, "--engine", "long")[0] == 0
    row = next(row for row in RunView.open(tmp_path / "run").trajectories() if row.task_id.endswith("3"))
    assert row.termination is Termination.AGENT_ERROR
    assert row.error == "too long: a message of 150,000 characters; 100,000 are taken"
    assert not any(len(message.content or "") > 10_000 for message in row.messages)
    assert row.verdict is not None
    assert not row.verdict.kept


def test_a_state_has_a_digest_whatever_was_written_into_it() -> None:
    state = State(World("any", {"things": {}}))
    seen = set()
    values: tuple[Any, ...] = (10**4299, -(2**63) - 1, "\ud800", float("nan"), [[]] * 3, None)
    for number, value in enumerate(values):
        state.put("things", f"t{number}", {"value": value})
        seen.add(state.digest())
    assert len(seen) == 6
