"""A command under a tether ends with whoever has started it, and says how it ended."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from writ_async.runs import tether

SERVER = """\
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""


def start(log: Path, *command: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, tether.__file__, str(log), *command]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def pids_in(log: Path) -> list[int]:
    while not log.exists() or not log.read_text().endswith("\n"):
        time.sleep(0.01)
    return [int(word) for word in log.read_text().split()]


def ended(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.read().decode()


def test_the_tether_outlives_its_starter_and_takes_the_whole_process_group_along(tmp_path: Path) -> None:
    process = start(tmp_path / "log", sys.executable, "-c", SERVER)
    pids = pids_in(tmp_path / "log")
    assert process.wait() == 0  # whoever kills the direct children of the starter finds none
    assert all(map(is_running, pids))
    assert process.stdin is not None
    process.stdin.close()
    assert ended(process) == "-15\n"
    assert not any(map(is_running, pids))


def test_what_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tether.py"
    source = Path(tether.__file__).read_text("utf-8")
    program.write_text(source.replace("GRACE_SECONDS = 10.0", "GRACE_SECONDS = 0.2"), "utf-8")
    monkeypatch.setattr(tether, "__file__", str(program))
    process = start(tmp_path / "log", sys.executable, "-c", SERVER, "deaf")
    pids = pids_in(tmp_path / "log")
    assert process.stdin is not None
    process.stdin.close()
    assert ended(process) == "-9\n"
    assert not any(map(is_running, pids))


def test_a_command_that_ends_by_itself_leaves_its_code_and_its_words(tmp_path: Path) -> None:
    process = start(tmp_path / "log", sys.executable, "-c", "import sys; sys.exit('no memory')")
    assert ended(process) == "1\n"
    assert (tmp_path / "log").read_text() == "no memory\n"


def test_a_command_that_is_not_there_is_told_in_the_log(tmp_path: Path) -> None:
    process = start(tmp_path / "log", "/nowhere/python")
    assert ended(process) == ""
    assert (tmp_path / "log").read_text() == "/nowhere/python: No such file or directory\n"
