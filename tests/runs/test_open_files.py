"""A process that may open few files makes fewer calls at once, says so, and loses nothing."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from writ_async import Limits
from writ_async.runs import open_files
from writ_async.runs.open_files import fit_to_open_files, raise_file_limit
from writ_async.runs.seats import EngineMix, EngineSpec, Seats, WeightedEngine

RUN = """
import os, resource, anyio, logging
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
logging.basicConfig(format="%(message)s")
from writ_async import AssistantMessage, Completion, Limits, Rules, make_tasks, run

class Opening:
    '''Holds a file for as long as a call lasts, as a connection does.'''
    async def complete(self, request):
        held = os.open(os.devnull, os.O_RDONLY)
        try:
            await anyio.sleep(0.001)
        finally:
            os.close(held)
        return Completion(message=AssistantMessage("How can I help you?"))

tasks = make_tasks("retail", 10, seed=1, world_size=60)
rows = run(tasks, Opening(), trials=15, limits=Limits(concurrency=150), rules=Rules(max_steps=6))
print(len(rows), sorted({row.termination.value for row in rows}))
"""


def test_150_conversations_on_64_files_all_end_and_one_line_says_what_was_lowered() -> None:
    done = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=True)
    assert done.stdout == "150 ['max_steps']\n"
    (line,) = (line for line in done.stderr.splitlines() if "ulimit" in line)
    assert "this process may open 64 files" in line
    assert "and not 150" in line


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], list[tuple[int, int]]]:
    """A process with 10 files open that may open so many, and what it asks for."""

    def start(soft: int, hard: int) -> list[tuple[int, int]]:
        asked: list[tuple[int, int]] = []
        monkeypatch.setattr(open_files, "open_files", lambda: 10)
        monkeypatch.setattr(resource, "getrlimit", lambda _: asked[-1] if asked else (soft, hard))
        monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
        return asked

    return start


@pytest.mark.parametrize(
    ("soft", "hard", "limits", "calls"),
    [
        (1024, 4096, Limits(concurrency=256), 0),
        (64, 4096, Limits(concurrency=256), 0),  # the soft limit is the process's own to raise
        (64, 64, Limits(concurrency=256), 42),
        (64, 64, Limits(concurrency=20), 0),
        (64, 64, Limits(concurrency=256, in_flight=30), 0),
        (64, 64, Limits(concurrency=256, in_flight=100), 42),
        (64, 64, Limits(admission="unbounded"), 42),
        (10, 10, Limits(), 1),
    ],
)
def test_calls_are_as_many_as_there_are_files_for(
    allow: Callable[[int, int], Any], soft: int, hard: int, limits: Limits, calls: int
) -> None:
    allow(soft, hard)
    fitted, line = fit_to_open_files(limits, 1000, (), on_servers=1)
    assert fitted.in_flight == (calls or limits.in_flight)
    assert bool(line) == bool(calls)
    assert fit_to_open_files(limits, 1000, (), on_servers=0) == (limits, "")


def test_the_soft_limit_is_raised_no_further_than_is_wanted_and_allowed(allow: Callable[[int, int], Any]) -> None:
    asked = allow(64, 200)
    assert raise_file_limit(50) == 64
    assert raise_file_limit(128) == 128
    assert raise_file_limit(300) == 200
    assert asked == [(128, 200), (200, 200)]


def test_engines_that_hold_connections_are_those_on_servers_and_those_of_callers() -> None:
    openai, scripted = EngineSpec("openai"), EngineSpec("scripted")
    mix = EngineMix((WeightedEngine(openai), WeightedEngine(scripted), WeightedEngine(openai)))
    assert Seats(scripted).on_servers() == 0
    assert Seats(openai).on_servers() == 1
    assert Seats(openai, openai).on_servers() == 2
    assert Seats(scripted, mix).on_servers() == 2
    assert Seats(object()).on_servers() == 1  # type: ignore[arg-type]


def test_open_files_are_counted() -> None:
    before = open_files.open_files()
    with open(os.devnull):
        assert open_files.open_files() == before + 1
