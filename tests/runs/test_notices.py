"""What an engine has to say about its model is said when a run starts, and stands in the summary."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from writ_engines.scripted import ScriptedEngine

from tests.support.registered import register_script
from writ_async.api import make_tasks, run
from writ_async.cli import main
from writ_async.conversation import Rules
from writ_async.registry import load_domain
from writ_async.runs.progress import Progress
from writ_async.runs.view import RunView

LINE = "how this model writes tool calls is not known"


class TellingEngine(ScriptedEngine):
    """A script that has something to say about its model."""

    @property
    def notices(self) -> tuple[str, ...]:
        return (LINE, "its template is odd")


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of such an engine, while it is registered."""
    return register_script(monkeypatch, "telling", TellingEngine)


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_the_start_of_a_run_says_it_once_and_the_summary_keeps_it(
    telling: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], quiet: list[str]
) -> None:
    out = tmp_path / "run"
    arguments = ["synth", "retail", "--n", "2", "--world-size", "60", "--engine", telling, "--out", str(out)]
    assert main([*arguments, *quiet]) == 0
    assert capsys.readouterr().err.count(LINE) == 1
    assert RunView.open(out).summary().notices == [LINE, "its template is odd"]
    assert main([*arguments, "--json"]) == 0  # nothing is left to play, and it is said nevertheless
    said = capsys.readouterr()
    assert said.err.count(LINE) == 1
    assert json.loads(said.out)["summary"]["notices"][0] == LINE


def test_an_evaluation_says_it_too(telling: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, out = tmp_path / "made", tmp_path / "run"
    assert main(["synth", "retail", "--n", "2", "--world-size", "60", "--quiet", "--out", str(made)]) == 0
    assert LINE not in capsys.readouterr().err
    arguments = ["eval", "--tasks", str(made), "--engine", telling, "--user-engine", "scripted", "--out", str(out)]
    assert main([*arguments, "--quiet", "--json"]) == 0
    said = capsys.readouterr()
    assert said.err.count(LINE) == 1
    assert LINE in json.loads(said.out)["notices"]


def test_a_library_call_gets_it_by_logging_and_in_the_progress(caplog: pytest.LogCaptureFixture) -> None:
    tasks = make_tasks("retail", 1, seed=1, world_size=60)
    domains = {"retail": load_domain("retail")}
    heard: list[Progress] = []

    async def watch(progress: Progress) -> None:
        heard.append(progress)

    with caplog.at_level(logging.WARNING):
        run(tasks, TellingEngine({task.id: task for task in tasks}, domains, 1), seed=1, watch=watch)
    assert [record.getMessage() for record in caplog.records].count(LINE) == 1
    assert heard[0].summary.notices == [LINE, "its template is odd"]


def test_after_a_library_call_the_progress_holds_what_stands_out() -> None:
    tasks = make_tasks("retail", 3, seed=1, world_size=60)
    heard: list[Progress] = []

    async def watch(progress: Progress) -> None:
        heard.append(progress)

    run(tasks, "scripted", seed=1, rules=Rules(max_steps=4), watch=watch)
    assert heard[0].summary.remarks[0] == "3 of 3 conversations reached the limit of steps (--max-steps)"
    assert heard[0].summary.remarks[-1].startswith("none of 3 rows is kept; most often: ")
