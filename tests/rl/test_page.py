"""The programs of docs/trainers.md that need no trainer, verbatim."""

import os
from pathlib import Path

import pytest

from bench.models.folders import write_family
from tools.readme import ROOT, as_program, read_steps

PAGE = (ROOT / "docs" / "trainers.md").read_text(encoding="utf-8")
PROGRAMS = [step.text for step in read_steps(PAGE) if step.kind == "python"][:2]


@pytest.mark.parametrize("program", PROGRAMS, ids=["own_sampler", "reset_and_step"])
def test_a_program_of_the_page_runs(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_family(tmp_path / "model", "qwen3-instruct-2507")
    monkeypatch.chdir(tmp_path)
    exec(compile(as_program(program), "program", "exec"), {"__name__": "program"})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == (8 if "groups" in program else 1)
    assert os.listdir(tmp_path) == ["model"]
