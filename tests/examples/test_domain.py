"""`examples/domain` as an installed plugin, and the skeleton that `writ new-domain` makes of it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.readme import read_steps
from writ_async.cli import main
from writ_async.commands.new_domain import make_domain_package
from writ_async.runs.view import RunView

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "domain"
MODULES = list((EXAMPLE / "writ_lending").glob("*.py"))


def install(package: Path, site: Path) -> dict[str, str]:
    """Put a package where Python finds it, with its entry points; gives the environment of commands that see it."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(site)]
    subprocess.run(build, cwd=package, check=True, capture_output=True)
    with zipfile.ZipFile(next(site.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PYTHONPATH": str(site), "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def shell(command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_example_runs_as_a_plugin_and_what_was_planted_is_found(tmp_path: Path) -> None:
    environment = install(EXAMPLE, tmp_path / "site")
    every = "normal=1,read-heavy=1,write-intensive=1,refusal=1"
    shell(f"writ synth lending --n 160 --mix {every} --mistakes 0.4 --quiet --out run", tmp_path, environment)
    rows, tasks = list(RunView.open(tmp_path / "run").trajectories()), RunView.open(tmp_path / "run").tasks()
    found = {note.kind for row in rows for note in row.notes if note.matters}
    assert {"skipped_evidence", "wrong_write", "early_write", "extra_write", "unconfirmed_write"} <= found
    for row in rows:
        assert row.verdict is not None
        assert row.verdict.kept == (not any(note.matters for note in row.notes)), (row.id, row.notes, row.verdict)
    assert 0 < sum(task.behaviour is None for task in tasks) < 0.3 * len(tasks)  # some users are plain
    burdens = {task.proof.burden for task in tasks if task.kind == "read-heavy" and task.proof is not None}
    assert min(burdens) >= 3
    assert "160 of 160 proofs hold" in shell("writ check --proofs run", tmp_path, environment)
    assert "0 mismatches" in shell("writ replay run", tmp_path, environment)
    kept = sum(row.verdict is not None and row.verdict.kept for row in rows)
    assert f"{kept} rows" in shell(
        "writ export run --format trl --out rows.jsonl --card --cap 99", tmp_path, environment
    )


def test_a_new_domain_passes_its_own_tests_and_does_what_its_readme_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new-domain", "night_clinic", "--out", str(tmp_path / "mine")]) == 0
    assert "writ synth night_clinic" in capsys.readouterr().out
    environment = install(tmp_path / "mine", tmp_path / "site")
    commands = [step.text for step in read_steps((tmp_path / "mine/README.md").read_text(encoding="utf-8"))]
    assert commands[:2] == ["pip install -e . pytest", "python -m pytest"]
    for command in commands[1:]:
        shell(command, tmp_path / "mine", environment)


def test_a_new_domain_is_the_example_under_another_name(tmp_path: Path) -> None:
    made = make_domain_package("clinic", tmp_path / "deep" / "clinic")
    files = {path.relative_to(made).as_posix(): path.read_text(encoding="utf-8") for path in made.rglob("*.*")}
    assert {"pyproject.toml", "README.md", "tests/test_clinic.py", "writ_clinic/policy.md"} <= files.keys()
    for name, text in files.items():
        assert "lending" not in text
        assert text.replace("clinic", "lending") == (EXAMPLE / name.replace("clinic", "lending")).read_text()


@pytest.mark.parametrize("name", ["Clinic", "my-clinic", "9lives", "", "a/b", "retail", "async", "domains"])
def test_a_name_that_is_none_or_is_taken_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new-domain", name]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_what_exists_is_left_alone_and_a_folder_that_cannot_be_made_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new-domain", "clinic", "--out", str(tmp_path)]) == 2
    (tmp_path / "file").touch()
    assert main(["new-domain", "clinic", "--out", str(tmp_path / "file" / "clinic")]) == 1
    assert capsys.readouterr().err.count("\n") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_example_is_small_enough_to_be_copied() -> None:
    lines = [line for module in MODULES for line in module.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(lines) <= 250
