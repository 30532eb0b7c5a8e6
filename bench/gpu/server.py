"""Starts the server that is to be measured, and ends it. Standard library only: it runs before anything is unpacked."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_COMMON = ("--host", "127.0.0.1", "--enable-metrics", "--enable-cache-report")
# Of all that SGLang can use on a GPU, the bundle has what these flags need.
_BUNDLE = (
    *("--load-format", "dummy", "--skip-tokenizer-init", "--attention-backend", "triton"),
    *("--sampling-backend", "pytorch", "--grammar-backend", "none"),
)
_BUNDLE_ENVIRONMENT = {
    "SGLANG_IS_FLASHINFER_AVAILABLE": "false",
    "SGLANG_SKIP_SGL_KERNEL_VERSION_CHECK": "1",
    "HF_HUB_OFFLINE": "1",
}
_POLL = 1.0


class StartError(Exception):
    """The server did not start; the text has the end of its log."""


def unpack(bundle: Path, folder: Path) -> Path:
    """The folder of a bundle: itself, or what its archive unpacks to."""
    if bundle.is_dir():
        return bundle
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(bundle) as archive:
        # The first releases of Python 3.11 have no filters yet.
        if hasattr(tarfile, "data_filter"):
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(folder)
    return folder


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(device: str, model: Path, port: int, site: Path | None, extra: Sequence[str]) -> list[str]:
    """How the server is started: by the kit of the live tests on a CPU, from the bundle, or as it is installed."""
    if device == "cpu":
        return [str(ROOT / "tools" / "sglang_cpu" / "serve.sh"), str(model), str(port), *extra]
    words = [sys.executable, "-m", "sglang.launch_server", "--model-path", str(model), "--port", str(port), *_COMMON]
    return [*words, "--mem-fraction-static", "0.85", *(_BUNDLE if site is not None else ()), *extra]


@contextmanager
def running(
    words: Sequence[str], port: int, site: Path | None, log: Path, patience: float
) -> Iterator[tuple[str, float]]:
    """The address of a server that is ready, and the seconds it took; it is killed at the end.

    Raises `StartError` with the end of its log when it ends by itself or is not ready within `patience` seconds.
    """
    environment = dict(os.environ)
    if site is not None:
        environment |= _BUNDLE_ENVIRONMENT
        environment["PYTHONPATH"] = str(site)
    with log.open("wb") as out:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    try:
        yield f"http://127.0.0.1:{port}", _wait(process, port, log, patience)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path, patience: float) -> float:
    began = time.monotonic()
    while not _ready(port):
        if process.poll() is not None:
            raise StartError(f"the server ended with {process.returncode} while it started:\n{_tail(log)}")
        if time.monotonic() - began > patience:
            raise StartError(f"the server was not ready in {patience:.0f} s:\n{_tail(log)}")
        time.sleep(_POLL)
    return time.monotonic() - began


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:])
