"""The command: finds or starts the server, hands it to `measure`, prints the page."""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.gpu.server import StartError, command, free_port, running, unpack

_LEFT_FOR_WRITING = 20.0


def main(description: str, words: Sequence[str] | None = None) -> int:
    arguments = _parse(description, words)
    deadline = time.monotonic() + arguments.seconds - _LEFT_FOR_WRITING
    out: Path = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        site = unpack(arguments.bundle, Path(scratch)) if arguments.bundle else None
        if site is not None:
            sys.path.append(str(site))  # what this process needs and the machine lacks is there, too
        model = arguments.model or (site / "qwen3-4b-dummy" if site is not None else None)
        if model is None:
            print("name the model's folder: --model PATH", file=sys.stderr)
            return 2
        model = model.resolve()
        if arguments.url:
            return _measure(arguments, arguments.url, model, out, deadline, 0.0)
        # Without CUDA graphs it is slower, but where they cannot be captured nothing else would be measured.
        attempts = [[], ["--disable-cuda-graph"]] if arguments.device == "cuda" else [["--max-total-tokens", "60000"]]
        for number, flags in enumerate(attempts):
            port = free_port()
            launch = command(arguments.device, model, port, site, [*flags, *arguments.flags])
            patience = max(1.0, deadline - time.monotonic())
            try:
                with running(launch, port, site, out / "server.log", patience) as (url, seconds):
                    return _measure(arguments, url, model, out, deadline, seconds)
            except StartError as exc:
                print(exc, file=sys.stderr)
                if (out / "server.log").exists():
                    (out / "server.log").replace(out / f"server-{number + 1}-failed.log")
    return 1


def _measure(
    arguments: argparse.Namespace, url: str, model: Path, out: Path, deadline: float, start_seconds: float
) -> int:
    # Imported late: these need packages that only the bundle may have.
    from bench.gpu.measure import Run
    from bench.gpu.sweep import SMALL, Plan

    small = arguments.device == "cpu"
    run = Run(url, model, _device(arguments.device), out, deadline)
    run.measured.start_seconds = start_seconds
    asyncio.run(run.everything(SMALL if small else Plan(), sessions=8 if small else 96, turns=3 if small else 5))
    print((out / "table.md").read_text(encoding="utf-8"))
    return 0


def _device(device: str) -> str:
    """The GPU's name."""
    if device == "cpu":
        return f"{os.cpu_count()} CPU cores"
    try:
        query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "an unknown GPU"


def _parse(description: str, words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python bench/gpu", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    bundle = os.environ.get("WRIT_GPU_BUNDLE")
    add("--bundle", type=Path, default=Path(bundle) if bundle else None, help="archive or folder; $WRIT_GPU_BUNDLE")
    add("--model", type=Path, help="the model's folder; without one the bundle's Qwen3-4B shape with random weights")
    add("--url", help="a server that runs already")
    add("--device", choices=("cuda", "cpu"), default="cuda")
    add("--seconds", type=float, default=570.0, help="for everything, the server's start included (570)")
    add("--out", type=Path, required=True)
    add("flags", nargs="*", help="flags for the server, behind --")
    return parser.parse_args(words)
