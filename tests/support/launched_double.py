"""An interpreter whose SGLang is the double: `PYTHON -m sglang.launch_server` starts it as it would the real one.

It writes its process, its port and its GPUs to a file of its own in the folder `--mark`, takes `--latency` seconds for
a call, and with `--broken` says why it does not start and ends.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import msgspec

from tests.support.seat_model import SeatModel
from tests.support.sglang_double import SglangDouble
from writ_async import open_chat_format

ROOT = Path(__file__).parents[2]
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_order_details", {"order_id": "#W1"}),
    ("get_user_details", {"user_id": "nobody"}),
)


class Started(msgspec.Struct, frozen=True):
    """What a server says of itself in its mark."""

    pid: int
    port: int
    model: str
    gpus: str


def open_double(model: str, latency: float = 0.0) -> SglangDouble:
    """A server whose model speaks in the format of the folder."""
    chat = open_chat_format(model)
    return SglangDouble(SeatModel(chat, CALLS), vocabulary=chat.tokenizer.limit, latency=latency)  # type: ignore[arg-type]


def write_python(folder: Path) -> Path:
    """The interpreter, as a program in the folder."""
    site = folder / "site"
    (site / "sglang").mkdir(parents=True)
    (site / "sglang" / "__init__.py").touch()
    program = "from tests.support.launched_double import main\nmain()\n"
    (site / "sglang" / "launch_server.py").write_text(program, "utf-8")
    (site / "sglang-0.5.20.dist-info").mkdir()
    (site / "sglang-0.5.20.dist-info" / "METADATA").write_text("Name: sglang\nVersion: 0.5.20\n", "utf-8")
    script = folder / "python"
    path = shlex.quote(f"{site}:{ROOT}")
    script.write_text(f'#!/bin/sh\nPYTHONPATH={path} exec {shlex.quote(sys.executable)} "$@"\n', "utf-8")
    script.chmod(0o755)
    return script


def marks_in(folder: Path) -> list[Started]:
    """The servers that have been started with this folder as their mark, in the order of their ports."""
    found = [msgspec.json.decode(path.read_bytes(), type=Started) for path in folder.glob("*.json")]
    return sorted(found, key=lambda one: one.port)


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def main() -> None:
    """Be the server until somebody ends it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model-path")
    parser.add_argument("--port", type=int)
    parser.add_argument("--mark", type=Path)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--broken", action="store_true")
    options, _ = parser.parse_known_args()
    if options.broken:
        sys.exit("RuntimeError: not enough memory; use a smaller --mem-fraction-static")
    started = Started(os.getpid(), options.port, options.model_path, os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    (options.mark / f"{os.getpid()}.json").write_bytes(msgspec.json.encode(started))
    asyncio.run(_serve(options))


async def _serve(options: argparse.Namespace) -> None:
    double = open_double(options.model_path, options.latency)
    double._port = options.port
    async with double:
        await asyncio.Event().wait()
