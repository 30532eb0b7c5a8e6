"""What every load has in common, with nothing but the standard library: loads run in their peers' own environments."""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any


def load_parser(doc: str | None) -> argparse.ArgumentParser:
    """A parser of what every load is told."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("script", type=Path, help="what is said, as bench/peers.py wrote it")
    parser.add_argument("url", help="address of the server that plays it")
    parser.add_argument("--trials", type=int, default=1, help="how often each conversation is played")
    parser.add_argument("--concurrency", type=int, default=64, help="conversations at once")
    parser.add_argument("--core", type=int, help="the core to stay on")
    return parser


def read_load(parser: argparse.ArgumentParser) -> tuple[argparse.Namespace, dict[str, Any]]:
    """The arguments and the script; from here on the process stays on its core."""
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    script: dict[str, Any] = json.loads(options.script.read_text())
    return options, script


def used_cpu() -> float:
    """CPU seconds of this process and its children so far."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


class Meter:
    """Measures a block and prints one line of JSON: conversations, seconds, CPU seconds, and the calls that were made.

    What the server counted says whether all clients played the same; `conversations` are those that should be played.
    """

    def __init__(self, url: str, conversations: int) -> None:
        self._url = url
        self._conversations = conversations

    def _stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self._url}/stats") as answer:
            stats: dict[str, Any] = json.loads(answer.read())
        return stats

    def __enter__(self) -> Meter:
        self._before = self._stats()
        self._cpu, self._wall = used_cpu(), time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wall, cpu = time.perf_counter() - self._wall, used_cpu() - self._cpu
        if error is not None:
            return
        made = {name: value - self._before[name] for name, value in self._stats().items()}
        server = made.pop("cpu_seconds")
        measured = {"conversations": self._conversations, "wall": wall, "cpu": cpu, "server_cpu": server}
        print(json.dumps({**measured, **made}), flush=True)
