"""An engine that is out of service ends a run in order, and the run is gone on with as if nothing had been."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from writ_engines.scripted import ScriptedEngine

from tests.support.chat_double import Answer, Asked, refusal, said, serve
from tests.support.registered import register_script
from writ_async.api import make_tasks, run
from writ_async.cli import main
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.engine import Completion, Request
from writ_async.core.trajectory import Termination
from writ_async.errors import EngineErrorKind, OutOfServiceError
from writ_async.runs.progress import Progress
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView
from writ_async.scheduler import Limits

LEFT = {"calls": 0}


class Spent(ScriptedEngine):
    """A script that answers so many calls, and then no more."""

    async def complete(self, request: Request) -> Completion:
        LEFT["calls"] -= 1
        if LEFT["calls"] < 0:
            raise OutOfServiceError("the account at http://h has no credit left", kind=EngineErrorKind.QUOTA)
        return await super().complete(request)


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> str:
    return register_script(monkeypatch, "spent", Spent)


def test_a_run_ends_in_order_with_one_line_and_the_same_command_goes_on(
    spent: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["synth", "retail", "--n", "30", "--world-size", "60", "--concurrency", "6", "--quiet", "--engine", spent]
    LEFT["calls"] = 150
    assert main([*command, "--out", str(tmp_path / "run")]) == 1
    told = capsys.readouterr().err.splitlines()
    done = len(RunView.open(tmp_path / "run").done_ids())
    assert 0 < done < 25
    assert told[-1] == (
        "writ: ended in order, for no call is answered any more: the account at http://h has no credit left; "
        f"{30 - done} conversations to go, and the same command goes on from here"
    )
    assert {row.termination for row in RunView.open(tmp_path / "run").failures()} == {Termination.CANCELLED}
    LEFT["calls"] = 10**9
    assert main([*command, "--out", str(tmp_path / "run")]) == 0
    assert main([*command, "--out", str(tmp_path / "whole")]) == 0
    rows = [(tmp_path / name / "trajectories.jsonl").read_bytes() for name in ("run", "whole")]
    assert rows[0] == rows[1]


def test_a_run_until_so_many_are_kept_ends_too(spent: str, tmp_path: Path) -> None:
    LEFT["calls"] = 100
    command = ["synth", "retail", "--keep", "30", "--world-size", "60", "--concurrency", "6", "--quiet"]
    assert main([*command, "--engine", spent, "--out", str(tmp_path / "run")]) == 1
    assert len(RunView.open(tmp_path / "run").done_ids()) < 25


def test_a_librarys_rows_are_cut_short_and_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    LEFT["calls"] = 60
    tasks = make_tasks("retail", 20, seed=0, world_size=60)
    engine = Spent({task.id: task for task in tasks}, {}, 0)
    LEFT["calls"] = 0
    rows = run(tasks, engine)
    assert {row.termination for row in rows} == {Termination.CANCELLED}
    assert "no call is answered any more: the account at http://h has no credit left" in caplog.text


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exhausted_account_is_not_asked_again_and_again(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-Zq81xV0pLmN3")
    empty = refusal(429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}})
    asked: list[Asked] = []

    def answer(one: Asked) -> Answer:
        asked.append(one)
        return said("Hello.") if len(asked) <= 3 else empty

    async def play() -> Progress:
        async with serve(answer) as double:
            seats = Seats(EngineSpec("openai", {"url": double.url, "model": "m"}))
            config = SynthConfig(domains=("retail",), n=200, world_size=60, seats=seats)
            return await synth(config, tmp_path / "run", limits=Limits(concurrency=100), workers=workers)

    progress = anyio.run(play)
    assert "has no credit left" in progress.halted
    assert progress.cancelled
    assert len(asked) <= 3 + workers * 30
    assert "quota" in " ".join(progress.calls["agent"].first_failures)
