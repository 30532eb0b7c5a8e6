"""The environment is made by uv, and by pip where uv fails."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "set_up.sh"


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """An interpreter that makes environments whose interpreter writes down what it is to install."""
    real = shlex.quote(sys.executable)
    inner = f'#!/bin/sh\\n[ "$1" = -c ] && exec {real} "$@"\\necho pip "$@" >>{tmp_path}/calls\\n'
    return program(
        tmp_path / "python",
        f'echo python "$@" >>{tmp_path}/calls\n'
        'if [ "$2" = venv ]; then shift 3; mkdir -p "$1/bin"\n'
        f'printf {shlex.quote(inner)} >"$1/bin/python"; chmod +x "$1/bin/python"; fi',
    )


def set_up(*words: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, *words], capture_output=True, text=True, check=True)


def test_where_uv_works_pip_is_not_asked_and_the_environment_has_a_pip_of_its_own(tmp_path: Path, python: Path) -> None:
    uv = program(tmp_path / "tools/bin/uv", f'echo uv "$@" >>{tmp_path}/calls')
    assert set_up(uv, python, tmp_path / "venv").stderr == ""
    made, fetched, installed = (tmp_path / "calls").read_text().splitlines()
    assert made == f"uv venv -q --allow-existing --seed --python {python} {tmp_path / 'venv'}"
    assert fetched.startswith("uv pip install")
    assert fetched.endswith("--require-hashes -r requirements/dev.txt")
    assert installed.endswith("--no-deps --no-build-isolation -e .")


def test_where_uv_fails_pip_does_the_same_and_one_line_says_so(tmp_path: Path, python: Path) -> None:
    uv = program(tmp_path / "tools/bin/uv", "echo 'error: invalid peer certificate: UnknownIssuer' >&2; exit 2")
    done = set_up(uv, python, tmp_path / "venv")
    assert done.stderr.count("\n") == 1
    assert "uv said: error: invalid peer certificate" in done.stderr
    made, fetched, installed = (tmp_path / "calls").read_text().splitlines()
    assert made == f"python -m venv --clear {tmp_path / 'venv'}"
    assert fetched.startswith("pip -m pip install")
    assert fetched.endswith("--require-hashes -r requirements/dev.txt")
    assert installed.endswith("--no-deps --no-build-isolation -e .")


def test_where_uv_cannot_be_had_pip_does_the_same(tmp_path: Path, python: Path) -> None:
    assert "so pip does" in set_up(tmp_path / "tools/bin/uv", python, tmp_path / "venv").stderr
    uv, made, fetched, installed = (tmp_path / "calls").read_text().splitlines()
    assert uv.endswith(f"--target {tmp_path / 'tools'} --require-hashes -r requirements/uv.txt")
    assert (made.split()[2], fetched.split()[0], installed.split()[0]) == ("venv", "pip", "pip")
