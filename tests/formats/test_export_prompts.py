"""Rows are told in a benchmark's texts where that is asked for, and otherwise stay as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.support.recorded_prompts import DOMAINS, recorded, write_kit
from tests.support.shared_data import TAU2_DATA, needs_shared
from writ_async.cli import main
from writ_async.commands.synth import SynthConfig, synth

pytestmark = needs_shared


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("told") / "run"
    anyio.run(lambda: synth(SynthConfig(domains=DOMAINS, n=12, world_size=60), out))
    return out


def exported(run: Path, out: Path, *flags: str) -> list[dict[str, Any]]:
    assert main(["export", str(run), "--format", "openai", "--out", str(out), *flags]) == 0
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_prompt_and_tools_are_the_benchmarks_and_the_conversation_stays(run: Path, tmp_path: Path) -> None:
    kit = str(write_kit(tmp_path / "kit.json"))
    ours = exported(run, tmp_path / "ours.jsonl")
    theirs = exported(run, tmp_path / "theirs.jsonl", "--prompts", kit, "--data", str(TAU2_DATA))
    assert len(ours) == len(theirs) == 12
    seen = set()
    for one, other in zip(ours, theirs, strict=True):
        assert other["messages"][1:] == one["messages"][1:]
        told = other["messages"][0]["content"]
        (domain,) = [name for name in DOMAINS if recorded(name)["agent_system"] == told]
        seen.add(domain)
        assert other["tools"] == recorded(domain)["agent_tools"] != one["tools"]
        assert {key: value for key, value in other.items() if key not in ("messages", "tools")} == {
            key: value for key, value in one.items() if key not in ("messages", "tools")
        }
    assert seen == set(DOMAINS)


def test_what_is_not_there_is_one_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAU2_KIT", raising=False)
    out = tmp_path / "out.jsonl"
    words = ["export", str(run), "--format", "openai", "--out", str(out), "--data", str(TAU2_DATA), "--prompts"]
    for prompts, said in (("nowhere.json", "nowhere.json: is no benchmark"), ("tau2", "TAU2_KIT")):
        assert main([*words, prompts]) == 2
        told = capsys.readouterr().err
        assert said in told
        assert told.count("\n") == 1
    assert not out.exists()
