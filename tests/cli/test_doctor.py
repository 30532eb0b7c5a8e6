"""`writ doctor`: the table, the JSON object, and the exit codes."""

from __future__ import annotations

import json

import pytest

from writ_async.cli import doctor, main
from writ_async.engine import Check
from writ_async.pipelines.doctor import Diagnosis

URL = "http://127.0.0.1:30000"
WELL = Check("reachable", "ok", "it is [ready]")
SLOW = Check("metrics", "notice", "off", "start it with --enable-metrics")
ILL = Check("second turn", "problem", "0 of 76 tokens came from the cache", "look for a router")


def found(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> list[tuple[str, str, str | None]]:
    """Lets the command find these checks; returns what it asks for."""
    asked: list[tuple[str, str, str | None]] = []

    async def diagnose(engine: str, url: str, model: str | None) -> Diagnosis:
        asked.append((engine, url, model))
        return Diagnosis(url, engine, all(check.status != "problem" for check in checks), checks)

    monkeypatch.setattr(doctor, "diagnose", diagnose)
    return asked


def test_a_healthy_server_gives_exit_code_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = found(monkeypatch, WELL, SLOW)
    assert main(["doctor", URL, "--model", "folder"]) == 0
    out = capsys.readouterr().out
    assert asked == [("sglang", URL, "folder")]
    assert "it is [ready]" in out
    assert "→ start it with --enable-metrics" in out
    assert out.endswith(f"{URL}: healthy\n")


def test_a_problem_gives_exit_code_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found(monkeypatch, WELL, ILL)
    assert main(["doctor", URL]) == 1
    out = capsys.readouterr().out
    assert "→ look for a router" in out
    assert out.endswith("1 problem\n")


def test_json_holds_every_check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found(monkeypatch, WELL, ILL)
    assert main(["doctor", URL, "--json"]) == 1
    diagnosis = json.loads(capsys.readouterr().out)
    assert (diagnosis["url"], diagnosis["engine"], diagnosis["healthy"]) == (URL, "sglang", False)
    assert diagnosis["checks"][1] == {
        "name": "second turn",
        "status": "problem",
        "found": "0 of 76 tokens came from the cache",
        "advice": "look for a router",
    }


def test_an_engine_without_a_server_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", URL, "--engine", "scripted"]) == 2
    assert "engine 'scripted' has no server to check" in capsys.readouterr().err


def test_what_is_no_address_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "localhost"]) == 2
    assert "is not the address of a server" in capsys.readouterr().err
