"""Tasks of ours, played by agents that are told what a benchmark tells them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import anyio
import pytest
from writ_domains.tau2.prompts import read_template
from writ_engines.scripted import ScriptedEngine

from tests.support.recorded_prompts import DOMAINS, recorded, write_kit
from tests.support.registered import register_script
from tests.support.shared_data import TAU2_DATA, needs_shared
from writ_async.cli import main
from writ_async.commands.check import check_rows
from writ_async.commands.replay import replay_run
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.engine import Completion, Request
from writ_async.core.message import SystemMessage
from writ_async.registry import load_domain
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView

pytestmark = needs_shared


class _Told(ScriptedEngine):
    """The script, which remembers what the agents of each domain were given."""

    prompts: ClassVar[dict[str, set[str]]] = {}
    tools: ClassVar[dict[str, set[str]]] = {}
    users: ClassVar[set[str]] = set()

    async def complete(self, request: Request) -> Completion:
        first = request.messages[0]
        assert isinstance(first, SystemMessage)
        domain = request.task_id.partition("-")[0]
        if request.seat == "agent":
            self.prompts.setdefault(domain, set()).add(first.content)
            self.tools.setdefault(domain, set()).add(json.dumps(list(request.tools)))
        else:
            self.users.add(first.content)
        return await super().complete(request)


def made(out: Path, kit: Path | str, monkeypatch: pytest.MonkeyPatch) -> type[_Told]:
    class Kind(_Told):
        prompts: ClassVar[dict[str, set[str]]] = {}
        tools: ClassVar[dict[str, set[str]]] = {}
        users: ClassVar[set[str]] = set()

    name = register_script(monkeypatch, "told", Kind)
    config = SynthConfig(
        domains=DOMAINS, n=8, world_size=60, seed=4, prompts=str(kit), seats=Seats(agent=EngineSpec(name))
    )
    anyio.run(lambda: synth(config, out, data=str(TAU2_DATA)))
    return Kind


def test_agents_get_the_benchmarks_prompt_policy_and_tools_and_users_get_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert TAU2_DATA is not None
    told = made(tmp_path / "run", write_kit(tmp_path / "kit.json"), monkeypatch)
    for domain in DOMAINS:
        assert told.prompts[domain] == {recorded(domain)["agent_system"]}
        assert told.tools[domain] == {json.dumps(recorded(domain)["agent_tools"])}
    guidelines = read_template("user", TAU2_DATA).partition("{")[0][:200]
    assert not any(text.startswith(guidelines) for text in told.users)
    run = RunView.open(tmp_path / "run")
    assert run.manifest.config["prompts"] == "tau2 1.0.1"
    assert {key: prompt.system for key, prompt in run.prompts().items()} == {
        domain: recorded(domain)["agent_system"] for domain in DOMAINS
    }


def test_tasks_worlds_and_conversations_are_those_of_a_run_under_our_own_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "theirs", write_kit(tmp_path / "kit.json"), monkeypatch)
    made(tmp_path / "ours", "", monkeypatch)
    runs = [RunView.open(tmp_path / name) for name in ("theirs", "ours")]
    assert runs[0].tasks() == runs[1].tasks()
    assert [row.messages for row in runs[0].ordered()] == [row.messages for row in runs[1].ordered()]
    assert "prompts" not in runs[1].manifest.config


def test_verdicts_are_made_again_from_the_run_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = write_kit(tmp_path / "kit.json")
    made(tmp_path / "run", kit, monkeypatch)
    kit.unlink()
    monkeypatch.delenv("TAU2_DATA_DIR", raising=False)
    report = replay_run(tmp_path / "run")
    assert (report.rows, report.mismatches) == (8, [])
    assert check_rows([tmp_path / "run"]).rows == 8


def test_worker_processes_tell_agents_the_same(tmp_path: Path) -> None:
    kit = write_kit(tmp_path / "kit.json")
    arguments = ["synth", *DOMAINS, "--n", "8", "--world-size", "60", "--seed", "4", "--prompts", str(kit)]
    arguments += ["--data", str(TAU2_DATA), "--quiet"]
    for workers in ("1", "2"):
        assert main([*arguments, "--workers", workers, "--out", str(tmp_path / workers)]) == 0
    rows = [sorted((tmp_path / name / "trajectories.jsonl").read_bytes().splitlines()) for name in ("1", "2")]
    assert rows[0] == rows[1]
    assert not replay_run(tmp_path / "2").mismatches


def test_a_policy_that_agents_were_given_is_the_one_that_claims_are_held_against(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose policy names other amounts than the package's present one keeps its verdicts."""
    made(tmp_path / "run", "", monkeypatch)
    prompts = json.loads((tmp_path / "run" / "prompts.json").read_text())
    assert prompts["retail"]["policy"] == load_domain("retail").policy
    prompts["retail"]["policy"] += "\nThe date is 2031-02-03, and $987.65 is a fee.\n"
    (tmp_path / "run" / "prompts.json").write_text(json.dumps(prompts))
    assert not replay_run(tmp_path / "run").mismatches


def test_what_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAU2_KIT", raising=False)
    words = ["synth", "retail", "--n", "2", "--out", str(tmp_path / "run"), "--data", str(TAU2_DATA), "--prompts"]
    for prompts, said in (("nowhere.json", "nowhere.json: is no benchmark"), ("tau2", "TAU2_KIT")):
        assert main([*words, prompts]) == 2
        told = capsys.readouterr().err
        assert said in told
        assert told.count("\n") == 1
    assert not (tmp_path / "run").exists()
