"""What Tab completes, in the shells themselves."""

from __future__ import annotations

import argparse
import os
import pty
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.command import called
from writ_async.cli.completers import COMPLETERS, commands_of, completer_of
from writ_async.cli.parser import build_parser
from writ_async.verify.reasons import Reason

BASH = """
source <("$1" completion bash)
shift
for COMP_LINE; do
  COMP_POINT=${#COMP_LINE} COMP_TYPE=9 COMPREPLY=()
  _python_argcomplete writ
  echo "${COMPREPLY[*]}"
done
"""
LONGEST = 120.0
"""Seconds that a shell is waited for on a machine that is busy with other things."""


@pytest.fixture
def shell(tmp_path: Path) -> Mapping[str, str]:
    """The variables of a shell that finds `writ`, in whose folder `runs/first` looks like a run."""
    command = tmp_path / "bin/writ"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m writ_async "$@"\n')
    command.chmod(0o755)
    (tmp_path / "work/runs/first").mkdir(parents=True)
    (tmp_path / "work/runs/notes").mkdir()
    (tmp_path / "work/runs/first/manifest.json").write_text("{}")
    names = {"PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path), "TERM": "dumb"}
    return {**os.environ, **names, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")


def answers_of_bash(shell: Mapping[str, str], folder: Path, *lines: str) -> list[list[str]]:
    """What bash would offer behind each of some lines."""
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", "writ", *lines],
        env=shell, cwd=folder, capture_output=True, text=True, timeout=LONGEST, check=True,
    )  # fmt: skip
    return [line.split() for line in done.stdout.splitlines()]


@needs("bash")
def test_bash_completes_commands_flags_and_values_behind_them(shell: Mapping[str, str], tmp_path: Path) -> None:
    found = answers_of_bash(
        shell,
        tmp_path / "work",
        "writ ev",
        "writ synth --phraser-c",
        "writ synth retail ",
        "writ eval --tasks tau2:",
        "writ eval --user-engine openai --user-engine-option mod",
        "writ compare runs/first runs/",
        "writ synth retail --n ",
    )
    assert found == [
        ["eval"],
        ["--phraser-check", "--phraser-check-option"],
        ["airline", "retail", "telecom"],
        ["airline", "retail", "telecom"],  # bash has taken the word apart at the colon
        ["model="],
        ["runs/first"],
        [],
    ]


@needs("zsh")
def test_zsh_completes_while_somebody_types(shell: Mapping[str, str], tmp_path: Path) -> None:
    child, terminal = pty.fork()
    if not child:
        os.chdir(tmp_path / "work")
        os.execvpe("zsh", ["zsh", "-f", "-i"], dict(shell))
    try:
        os.write(terminal, b'autoload -U compinit && compinit -u && eval "$(writ completion zsh)" && echo re"ad"y\n')
        assert "ready" in read_until(terminal, "ready")
        os.write(terminal, b"writ synth reta\t")
        assert "retail" in read_until(terminal, "retail")
    finally:
        os.close(terminal)  # which ends the shell
        os.waitpid(child, 0)


def read_until(terminal: int, text: str) -> str:
    """What a terminal shows until a text stands there, or nobody would wait any longer."""
    shown, end = "", time.monotonic() + LONGEST
    while text not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 1.0)[0]:
            shown += os.read(terminal, 4096).decode(errors="replace").replace("\r", "").replace("\b", "")
    return shown


@needs("fish")
def test_fish_completes_with_a_line_of_help(shell: Mapping[str, str], tmp_path: Path) -> None:
    asked = "writ completion fish | source; complete -C 'writ ev'; complete -C 'writ show --reason wrong_o'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", asked],
        env=shell, cwd=tmp_path / "work", capture_output=True, text=True, timeout=LONGEST, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["eval\tplay tasks several times and report pass^k", "wrong_outcome"]


def test_each_value_of_each_command_is_completed_or_said_to_be_nobodys_to_list() -> None:
    used, forgotten = set(), []
    for command, parser in commands_of(build_parser()).items():
        for action in parser._actions:
            if action.nargs == 0 or action.choices is not None or action.type in (int, float):
                continue
            used |= {f"{command} {action.dest}", action.dest}
            if completer_of(command, action) is None:
                forgotten.append(f"{command} {action.dest}")
    assert forgotten == []
    assert set(COMPLETERS) - used == set()


@pytest.mark.parametrize(
    ("command", "name", "typed", "expected"),
    [
        ("synth", "behaviours", "tone=angry,plai", {"tone=angry,plain="}),
        ("synth", "behaviours", "tone=angry,tone=w", set()),
        ("synth", "filter", "stale_evidence=", {f"stale_evidence={action}" for action in ("drop", "mask", "allow")}),
        ("check", "fail_on", "any,gave", {"any,gave_in"}),
        ("show", "level", "W2R", {f"W2R{burden}" for burden in range(5)}),
        ("synth", "mix", "normal=1,ref", {"normal=1,refusal="}),
        ("select", "balance", "domain,re", {"domain,recipe"}),
        ("export", "format", "tau2", {"tau2-results", "tau2-submission"}),
        ("eval", "judge", "assume-", {"assume-met", "assume-unmet"}),
        ("eval", "agent_prompt", "w", {"writ"}),
        ("behaviours", "axis", "pe", {"persistence"}),
        ("engines", "name", "s", {"scripted", "sglang", "simulated"}),
    ],
)
def test_values_are_completed(
    command: str, name: str, typed: str, expected: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # some values are files, too
    (action,) = (one for one in commands_of(build_parser())[command]._actions if one.dest == name)
    completer = completer_of(command, action)
    assert completer is not None
    offered = completer(typed, argparse.Namespace())
    assert {value for value in offered if value.startswith(typed)} == expected


def test_all_reasons_are_offered() -> None:
    assert set(COMPLETERS["reason"]("", argparse.Namespace())) == set(Reason)


def test_options_are_those_of_the_engine_that_stands_before_them() -> None:
    users = argparse.Namespace(user_engine=[("scripted", ()), ("openai=2", ("model=m",))], engine="sglang")
    assert "model=" in list(COMPLETERS["user_engine_option"]("", users))
    assert "context=" in list(COMPLETERS["plan engine_option"]("", argparse.Namespace(engine_option=None)))
    assert "call_cpu=" in list(COMPLETERS["assume"]("", argparse.Namespace()))
    assert "tensor_parallel=" in list(COMPLETERS["server_option"]("", argparse.Namespace()))
    assert list(COMPLETERS["engine_option"]("", argparse.Namespace(engine="none such"))) == []
    assert list(COMPLETERS["engine_option"]("model=", argparse.Namespace(engine="openai"))) == []


def test_an_unknown_shell_is_refused_with_those_there_are() -> None:
    done = called("completion", "tcsh")
    assert done.returncode == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr
