"""`writ doctor`: the table, the JSON object, and the exit codes."""

from __future__ import annotations

import json

import pytest

from tests.support.command import called
from writ_async.cli import main
from writ_async.commands import doctor
from writ_async.commands.doctor import Diagnosis
from writ_async.core.engine import Check

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


@pytest.mark.parametrize(
    "url",
    ["localhost", "http://", "http://127.0.0.1:port", "http://127.0.0.1:99999", "http://[::1", "http://127.0.0.1:1,"],
)
def test_what_is_no_address_is_bad_input(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", url]) == 2
    assert "is not the address of a server" in capsys.readouterr().err


def servers_of(monkeypatch: pytest.MonkeyPatch, **models: Check) -> list[str]:
    """Servers that each say this of their model; their addresses."""

    async def diagnose(engine: str, url: str, model: str | None) -> Diagnosis:
        return Diagnosis(url, engine, True, (WELL, models[url.rpartition("/")[2]]))

    monkeypatch.setattr(doctor, "diagnose", diagnose)
    return [f"http://host/{name}" for name in models]


def test_several_servers_of_one_model_are_healthy_wherever_its_folder_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = Check("model", "ok", "/data/qwen3"), Check("model", "ok", "/mnt/models/qwen3/")
    urls = servers_of(monkeypatch, a=here, b=there, c=Check("model", "notice", "not told"))
    assert main(["doctor", *urls]) == 0
    out = capsys.readouterr().out
    assert [f"{url}: healthy" in out for url in urls] == [True, True, True]


def test_a_server_of_another_model_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    urls = servers_of(monkeypatch, a=Check("model", "ok", "/data/qwen3"), b=Check("model", "ok", "/data/llama"))
    assert main(["doctor", *urls, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"] is False
    assert [server["healthy"] for server in told["servers"]] == [True, False]
    assert told["servers"][1]["checks"][-1]["found"] == "http://host/a has qwen3"


def test_a_server_that_is_named_twice_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", URL, f"{URL}/"]) == 2
    assert "a server is named twice" in capsys.readouterr().err


@pytest.mark.parametrize("engine", ["openai", "sglang"])
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_password_in_an_address_is_not_printed(engine: str, more: tuple[str, ...]) -> None:
    done = called("doctor", "http://user:password@127.0.0.1:1", "--engine", engine, "--model", "m", *more)
    assert done.returncode == {"sglang": 1, "openai": 2}[engine]  # the second takes no such address at all
    assert "password" not in (done.stdout + done.stderr).replace("user, password or query", "")
