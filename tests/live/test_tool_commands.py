"""`writ serve` has started the server of these tests; `writ doctor` finds it well, and says what is wrong elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.models.folders import write_family
from tests.live.server import Server, free_port
from writ_async.cli import main


def test_doctor_finds_the_server_healthy(tool_server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", tool_server.url, "--model", str(tool_server.model), "--json"]) == 0
    diagnosis = json.loads(capsys.readouterr().out)
    found = {check["name"]: check["status"] for check in diagnosis["checks"]}
    assert diagnosis["healthy"]
    assert set(found.values()) == {"ok"}
    assert {"version", "KV pool", "template", "ids", "tokenizer", "second turn", "tool call", "tool parser"} <= set(
        found
    )


def test_doctor_finds_the_folder_by_itself_and_prints_a_table(
    tool_server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", tool_server.url]) == 0
    out = capsys.readouterr().out
    assert "get_weather" in out
    assert f"{tool_server.url}: healthy" in out


def test_doctor_says_that_another_model_was_named(
    tool_server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_family(tmp_path / "other", "qwen3-instruct-2507")
    assert main(["doctor", tool_server.url, "--model", str(folder), "--json"]) == 1
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["tokenizer"]["status"] == "problem"
    assert "--model" in checks["tokenizer"]["advice"]
    assert checks["second turn"]["status"] == "ok"
    assert tool_server.ready()


def test_doctor_says_how_to_start_a_server_where_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", f"http://127.0.0.1:{free_port()}"]) == 1
    assert "writ serve MODEL" in capsys.readouterr().out
