"""Starts, kills and stops the real SGLang server; a test says which model and which flags it needs."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / ".sglang" / "models"
RANDOM = MODELS / "tiny-qwen3"
"""Random weights: writes noise, never ends a turn by itself."""
TOOL = MODELS / "tiny-qwen3-tool"
"""Calls a weather tool when asked anything, and tells the weather after its result."""
SMALL = MODELS / "smollm2"
"""A real model of 135 million parameters (`make live-smollm2`): it says something, and solves no task."""
START_SECONDS = 600.0  # half a minute on an idle machine, many minutes on a busy one
_LOG_LINES = 25


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One server process and the group of its children. `starts` counts how often it was started."""

    def __init__(self, model: Path, flags: tuple[str, ...], log: Path, port: int) -> None:
        self.model = model
        self.flags = flags
        self.log = log
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.starts = 0
        self.start_seconds = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process without waiting for it to answer. Raises `RuntimeError` when it runs already."""
        if self._process is not None:
            raise RuntimeError("the server runs already")
        command = [str(ROOT / "tools" / "sglang_cpu" / "serve.sh"), str(self.model), str(self.port), *self.flags]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.starts += 1

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Return when the server is ready. Raises `RuntimeError` when it has ended, or is not ready in time."""
        began = time.monotonic()
        while not self.ready():
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"the server ended while it started; see {self.log}")
            if time.monotonic() - began > seconds:
                raise RuntimeError(f"the server was not ready within {seconds:g} s; see {self.log}")
            time.sleep(0.25)
        self.start_seconds = time.monotonic() - began

    def ready(self) -> bool:
        """Whether the server takes requests now."""
        try:
            with urllib.request.urlopen(f"{self.url}/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def kill(self) -> None:
        """SIGKILL to the whole process group: nothing is drained, connections break."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(30)
        self._process = None

    def log_tail(self) -> str:
        """The end of the log, without the lines about single requests."""
        lines = self.log.read_text("utf-8", "replace").splitlines() if self.log.is_file() else []
        return "\n".join([line for line in lines if '"request.' not in line][-_LOG_LINES:])


class Servers:
    """Hands out servers, one alive at a time: asking for another model or other flags stops the one before."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._made = 0
        self.current: Server | None = None

    def get(self, model: Path = RANDOM, *flags: str) -> Server:
        """A ready server of this model with these flags; the running one where it fits."""
        server = self.current
        if server is not None and (server.model, server.flags) == (model, flags) and server.ready():
            return server
        self.stop()
        self._made += 1
        server = self.current = Server(model, flags, self._logs / f"server-{self._made}.log", free_port())
        server.start()
        server.wait_ready()
        return server

    def stop(self) -> None:
        """Kill the server that runs, if any."""
        if self.current is not None:
            self.current.kill()
            self.current = None
