"""The programs of docs/trainers.md that are of a trainer, verbatim, wherever that trainer is installed."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.tiny_trainable import write_trainable
from tools.readme import ROOT, as_program, read_steps

NEEDED = {"trl": "trl", "verifiers": "verifiers", "openenv": "openenv", "skyrl": "skyrl_gym", "areal": "writ_async"}
PROGRAMS = {
    name: step.text
    for step in read_steps((ROOT / "docs" / "trainers.md").read_text(encoding="utf-8"))
    if step.kind == "python"
    for name in NEEDED
    if f"writ_async.integrations.{name}" in step.text
}


@pytest.mark.parametrize("name", NEEDED)
def test_a_trainers_program_runs_as_it_stands(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec(NEEDED[name]) is None:
        pytest.skip(f"{NEEDED[name]} is not installed here; make test-trainers TRAINER={name}")
    monkeypatch.chdir(tmp_path)
    if name == "trl":
        write_trainable(tmp_path / "model")
    exec(compile(as_program(PROGRAMS[name]), "program", "exec"), {"__name__": "program"})
