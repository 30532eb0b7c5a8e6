"""What the progress says while calls fail."""

from __future__ import annotations

import re
from pathlib import Path

import anyio
import pytest

from writ_async.cli import progress as shown
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.engine import CallCounts
from writ_async.runs.progress import Progress


def failing(number: int, last: str = "HTTP 503: upstream overloaded") -> Progress:
    return Progress(total=20, calls={"agent": CallCounts(calls=20, attempts=60, failing=number, last_failure=last)})


def test_a_line_says_how_many_calls_fail_now_and_why() -> None:
    line = shown._progress_line(failing(20), 10.0)
    assert line.endswith("; 20 calls failing now and tried again: HTTP 503: upstream overloaded")


def test_calls_of_both_seats_are_counted() -> None:
    progress = failing(3)
    progress.calls["user"] = CallCounts(failing=4, last_failure="refused")
    assert "7 calls failing now" in shown._progress_line(progress, 1.0)


def test_calls_that_wait_for_a_limit_are_counted_too() -> None:
    progress = Progress(total=20, calls={"agent": CallCounts(calls=20, held_back=12)})
    assert shown._progress_line(progress, 1.0).endswith("; 12 calls wait for a limit of the server")


@pytest.mark.parametrize("progress", [Progress(total=1), failing(0), failing(2, last="")])
def test_nothing_is_said_while_no_call_fails(progress: Progress) -> None:
    assert "failing" not in shown._progress_line(progress, 1.0)


def test_tasks_that_are_made_are_counted_on_a_line_that_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    line = shown._TaskLine("synth", live=True)
    for done in range(1, 2001):
        now[0] += 0.005
        line("proved", done, 2000)
    said = capsys.readouterr().err
    assert re.search(r"synth: 1,0\d\d of 2,000 tasks proved, 200 a second, about 0:05 left", said)
    assert said.endswith("\r\x1b[K")
    assert 30 < said.count("\r") < 50, "four times a second"


def test_in_a_pipe_long_proving_says_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    line = shown._TaskLine("synth", live=False)
    for done in range(1, 2001):
        now[0] += 0.0125
        line("told", done, 2000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all("tasks told" in text for text in lines)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_of_a_run_is_counted_wherever_it_is_made(workers: int, tmp_path: Path) -> None:
    counts: dict[str, list[tuple[int, int]]] = {}

    def watch(what: str, done: int, total: int) -> None:
        counts.setdefault(what, []).append((done, total))

    config = SynthConfig(domains=("retail", "airline"), n=30, world_size=60)
    anyio.run(lambda: synth(config, tmp_path / "run", workers=workers, watch_tasks=watch))
    assert {what: seen[-1] for what, seen in counts.items()} == {"proved": (30, 30), "told": (30, 30)}
    assert all(seen == sorted(seen) for seen in counts.values())
