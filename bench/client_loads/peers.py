"""The peers under their own loads, each in its own environment."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from writ_async.errors import InputError

PEER_RATIOS = {"verifiers": 20.0, "tau2": 100.0}
LAST_MEASURED: dict[str, tuple[str, float]] = {
    "verifiers": ("0.1.14, ToolEnv, 2 shared cores, 2026-11-23", 5_300.0),
    "tau2": ("1.0.1, its runner, one task at a time, 2 shared cores, 2026-11-23", 58_700.0),
}
"""Microseconds per model call of each peer, the lowest that was measured, and how."""


class Peer(msgspec.Struct, frozen=True):
    """One peer: its cost per call, ours over the whole run, and when theirs was measured."""

    name: str
    cpu_us: float
    ratio: float
    measured: str


def measure_peer(name: str, python: str, loads: Path, data: Path) -> float:
    """Run a peer's own load in its own environment; microseconds of CPU per model call."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    if name == "verifiers":
        server = [sys.executable, str(loads / "openai_mock_server.py"), "--port", port, "--tool-turns", "7"]
        load = [python, str(loads / "vf_legacy.py"), "64", "32"]
    else:
        server = [sys.executable, str(loads / "tau2_mock_server.py"), "--port", port, "--data", str(data)]
        load = [python, str(loads / "tau2_run.py"), "--domain", "retail", "--port", port, "--num-tasks", "20"]
    process = subprocess.Popen(server, stdout=subprocess.DEVNULL)
    try:
        time.sleep(2.0)
        done = subprocess.run(load, env={**os.environ, "PORT": port}, cwd=loads, capture_output=True, text=True)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if not lines:
            raise InputError(f"{name} gave no result: {done.stderr.strip().splitlines()[-1:]}")
        found: dict[str, Any] = json.loads(lines[-1])
    finally:
        process.kill()
        process.wait()
    return float(found["cpu_us_per_llm"] if name == "tau2" else found["user_us"] + found["sys_us"])


def peer_rows(pythons: dict[str, str | None], loads: Path | None, data: Path, ours_us: float) -> list[Peer]:
    """Each peer beside the whole run's cost per call; what was measured last where it cannot be measured here."""
    rows = []
    for name, (how, last_us) in LAST_MEASURED.items():
        python = pythons[name]
        here = python is not None and loads is not None
        cost = measure_peer(name, str(python), loads, data) if here and loads is not None else last_us
        rows.append(Peer(name, cost, cost / ours_us, "here and now" if here else f"before: {how}"))
    return rows
