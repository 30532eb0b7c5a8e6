"""`writ serve`: the command that it becomes, and one clear line for what is missing."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from writ_async.cli import main

SLEEPER = """\
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print(os.getpid(), *sys.argv[1:], flush=True)
time.sleep(60)
"""


def make_model(folder: Path, model_type: str = "qwen3", template: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": model_type, "hidden_size": 8}), "utf-8")
    if template:
        (folder / "chat_template.jinja").write_text(template, "utf-8")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make_model(tmp_path / "model")


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """An interpreter whose SGLang is a script that prints its arguments and ends with 7 when it is asked to."""
    site = tmp_path / "site"
    (site / "sglang").mkdir(parents=True)
    (site / "sglang" / "__init__.py").touch()
    (site / "sglang" / "launch_server.py").write_text(SLEEPER, "utf-8")
    (site / "sglang-0.5.20.dist-info").mkdir()
    (site / "sglang-0.5.20.dist-info" / "METADATA").write_text("Name: sglang\nVersion: 0.5.20\n", "utf-8")
    script = tmp_path / "python"
    script.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(site))} exec {shlex.quote(sys.executable)} "$@"\n', "utf-8"
    )
    script.chmod(0o755)
    return script


def dry_run(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["serve", *arguments]) == 0
    return shlex.split(capsys.readouterr().out.replace("\\\n", " "))


def test_a_dry_run_prints_the_whole_command(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = dry_run(capsys, str(model), "--dry-run")
    assert command[:3] == [sys.executable, "-m", "sglang.launch_server"]
    assert command[3:] == [
        *("--model-path", str(model), "--host", "127.0.0.1", "--port", "30000", "--schedule-policy", "lpm"),
        *("--enable-cache-report", "--enable-metrics", "--tool-call-parser", "qwen"),
    ]


def test_options_become_the_servers_flags(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--port", "31000", "--context", "8192", "--kv-tokens", "5000", "--device", "cpu", "--host", "0.0.0.0"]
    given += ["--tensor-parallel", "2"]
    line = " ".join(dry_run(capsys, *given, str(model), "--dry-run"))
    for flag in (
        "--port 31000",
        "--context-length 8192",
        "--max-total-tokens 5000",
        "--device cpu",
        "--tp-size 2",
        "--host 0.0.0.0",
    ):
        assert flag in line


@pytest.mark.parametrize("form", [["--schedule-policy", "fcfs"], ["--schedule-policy=fcfs"]])
def test_flags_behind_the_dashes_replace_ours(model: Path, form: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    command = dry_run(capsys, str(model), "--dry-run", "--port", "1", "--", *form, "--tp", "2")
    assert "lpm" not in command
    assert command[-len(form) - 2 :] == [*form, "--tp", "2"]
    assert command[command.index("--port") + 1] == "1"


@pytest.mark.parametrize(
    ("model_type", "template", "parser"),
    [
        ("qwen2", "", "qwen"),
        ("qwen3", "{{ '<tool_call>' }}", "qwen"),
        ("qwen3_moe", "<function=name>", "qwen3_coder"),
        ("llama", "", "llama3"),
        ("someone_new", "", None),
    ],
)
def test_the_tool_parser_follows_from_the_family(
    tmp_path: Path, model_type: str, template: str, parser: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    command = dry_run(capsys, str(make_model(tmp_path / "m", model_type, template)), "--dry-run")
    found = command[command.index("--tool-call-parser") + 1] if "--tool-call-parser" in command else None
    assert found == parser


def test_the_command_becomes_the_server_and_gives_its_exit_code(model: Path, python: Path) -> None:
    command = [sys.executable, "-m", "writ_async", "serve", str(model), "--python", str(python), "--port", "31001"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        first = served.stdout.readline().split()
        assert int(first[0]) == served.pid
        assert "31001" in first
        served.send_signal(signal.SIGTERM)
        _, errors = served.communicate(timeout=60)
    assert served.returncode == 7
    assert "--model-path" in errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere: no such folder; download the model first"),
        (["."], ".: has no config.json"),
        (["model", "--python", "no-such-python"], "--python no-such-python: no such program"),
        (["model", "--python", "/bin/false"], "SGLang is not installed for /bin/false"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_model(tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    assert main(["serve", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_a_broken_config_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text("{", "utf-8")
    assert main(["serve", str(tmp_path), "--dry-run"]) == 2
    assert "config.json" in capsys.readouterr().err


def test_dashes_mean_nothing_to_other_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["show", "run", "--", "id", "--full"])
    assert "unrecognized arguments" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["serve", "."], ["doctor", "http://h"], ["calibrate", "http://h"]])
def test_an_engine_without_a_server_is_bad_input(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--engine", "scripted"]) == 2
    assert "engine 'scripted' has no server" in capsys.readouterr().err
