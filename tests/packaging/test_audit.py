"""The audit of what is pinned, with a stand-in for the program that asks; and the hashes of the pins."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HASHED = sorted((ROOT / "requirements").glob("*.txt"))


def audit(tmp_path: Path, answers: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run the audit over two pins; what a service answers is JSON for stdout, or a text for stderr."""
    program = tmp_path / "pip-audit"
    for service, answer in answers.items():
        (tmp_path / service).write_text(answer if isinstance(answer, str) else json.dumps(answer), "utf-8")
    lines = [f'[ "$2" = {name} ] && cat {tmp_path / name} {">&2" * isinstance(answers[name], str)}' for name in answers]
    program.write_text("#!/bin/sh\n" + "\n".join(lines) + "\nexit 1\n", "utf-8")
    program.chmod(0o755)
    pins = tmp_path / "pins.txt"
    pins.write_text("one==1 \\\n    --hash=sha256:00\ntwo==2 ; sys_platform != 'win32'\n    # via one\n", "utf-8")
    command: list[str | Path] = [sys.executable, ROOT / "tools" / "audit.py", program, pins]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def known(*vulnerabilities: str, skipped: bool = False) -> dict[str, Any]:
    one = {"name": "one", "version": "1", "vulns": [{"id": name, "fix_versions": ["1.1"]} for name in vulnerabilities]}
    two = {"name": "two", "skip_reason": "not found"} if skipped else {"name": "two", "version": "2", "vulns": []}
    return {"dependencies": [one, two]}


UNREACHED = "requests.exceptions.ConnectionError: Failed to resolve 'advisories.example'\n"
NOTHING = {"dependencies": [{"name": name, "skip_reason": "not found"} for name in ("one", "two")]}


def test_a_known_vulnerability_ends_the_audit_with_1_and_its_name(tmp_path: Path) -> None:
    done = audit(tmp_path, {"pypi": known("PYSEC-1")})
    assert done.returncode == 1
    assert "one 1: PYSEC-1; mended in 1.1" in done.stdout


@pytest.mark.parametrize("first", [UNREACHED, NOTHING, "ERROR: Could not connect to PyPI's vulnerability feed"])
def test_where_one_service_cannot_say_the_next_is_asked(tmp_path: Path, first: Any) -> None:
    done = audit(tmp_path, {"pypi": first, "osv": known("GHSA-2", skipped=True)})
    assert done.returncode == 1
    assert "service pypi" in done.stdout
    assert "osv: 2 packages, 1 unknown to it, 1 with known vulnerabilities" in done.stdout


@pytest.mark.parametrize("answer", [UNREACHED, NOTHING])
def test_where_no_service_can_say_that_is_told_and_the_audit_passes(tmp_path: Path, answer: Any) -> None:
    done = audit(tmp_path, {"pypi": answer, "osv": answer})
    assert done.returncode == 0
    assert "service pypi" in done.stdout
    assert "service osv" in done.stdout
    assert "nothing was audited" in done.stdout


def test_an_audit_that_fails_for_another_reason_does_not_pass(tmp_path: Path) -> None:
    done = audit(tmp_path, {"pypi": "ERROR:pip_audit._cli:invalid requirements input: one"})
    assert done.returncode
    assert "invalid requirements input" in done.stderr


def pins_in(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ \n]+)", path.read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("path", HASHED, ids=lambda path: path.stem)
def test_every_pin_has_hashes_and_the_version_of_the_constraints(path: Path) -> None:
    pinned = pins_in(path)
    blocks = re.split(r"^(?=[a-z0-9])", path.read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pinned)
    assert all("--hash=sha256:" in block for block in blocks)
    constraints = pins_in(ROOT / "constraints.txt")
    differing = {name for name in pinned.keys() & constraints.keys() if pinned[name] != constraints[name]}
    assert not differing


def test_constraints_have_no_hashes_so_that_a_wheel_can_be_installed_beside_them() -> None:
    assert "--hash" not in (ROOT / "constraints.txt").read_text("utf-8")
