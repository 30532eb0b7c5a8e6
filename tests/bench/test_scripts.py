"""Each bench runs by itself at a small size, and its JSON has figures. How good they are is not tested here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.report import read_json
from bench.suite import BENCH

pytestmark = pytest.mark.slow

TINY = {
    "environment": ("--n", "20"),
    "synthesis": ("--n", "12", "--candidates", "50"),
    "levels": ("--n", "40", "--corners", "W1R0", "--corner-n", "2"),
    "evidence": ("--n", "12", "--planted", "6"),
    "verdicts": ("--n", "2", "--signs", "1000"),
    "intervals": ("--n", "2"),
    "reports": ("--n", "8"),
    "limits": ("--n", "4"),
    "kills": ("--n", "8", "--kills", "2"),
    "trust": ("--budget", "4"),
    "faults": ("--n", "20", "--seeds", "1", "--sockets", "4"),
    "power": ("--some", "1", "--every", "15", "--scenario", "a shard"),
    "fuzz": ("--inputs", "3000"),
    "soak": ("--turns", "6000", "--seconds", "3", "--concurrency", "8"),
    "client": ("--n", "2"),
    "admission": ("--n", "24", "--mix", "deep", "--fixed", "4"),
    "thrash": (),
    "peers": ("--n", "2", "--rounds", "1", "--trials", "1"),
    "trainers": ("--tasks", "2", "--trials", "2", "--repeats", "1"),
}


@pytest.mark.parametrize("name", TINY)
def test_a_bench_runs_alone_prints_a_table_and_writes_json(name: str, tmp_path: Path) -> None:
    if name == "power" and shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    file = tmp_path / f"{name}.json"
    command = [sys.executable, str(BENCH / f"{name}.py"), *TINY[name], "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr  # a conversation that an error of the bench itself has ended
    assert done.stdout
    assert any(figure.aim is not None for figure in read_json(file).figures) or name in ("peers", "trainers")
    assert all(figure.what in done.stdout for figure in read_json(file).figures)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tau2", "python"], "--tau2 needs --data"),
        (["--verifiers", "/no/python"], "--verifiers /no/python: cannot be run"),
        (["--verifiers", sys.executable], "lacks verifiers"),
        (["--data", "/no/data"], "no folder /no/data"),
        (["--model", "/no/model"], "/no/model"),
    ],
)
def test_peers_that_cannot_be_run_are_named_in_one_line_before_anything_is_measured(
    arguments: list[str], said: str
) -> None:
    command = [sys.executable, str(BENCH / "peers.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
