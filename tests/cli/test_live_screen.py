"""The screen of a run: what is on it, at 80 columns, right after a resume, and obeying nobody but the keys."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.cli.live_screen import KEYS, Pace, screen_lines
from writ_async.core.engine import CallCounts
from writ_async.core.trajectory import Usage
from writ_async.runs.progress import Progress
from writ_async.runs.summary import Group, Summary
from writ_async.runs.view import RunView
from writ_async.scheduler import Counters


def at(finished: int, *, before: int = 0, total: int = 400, **more: int) -> Progress:
    """A run in which so many conversations have ended since it was gone on with."""
    rows = Group(
        conversations=before + finished,
        judged=before + finished,
        kept=(before + finished) // 2,
        findings={"missing_evidence": 7, "wrong_outcome": 3},
        usage={
            "agent": Usage(prompt_tokens=900 * finished, completion_tokens=30 * finished, cached_tokens=600 * finished)
        },
    )
    counters = Counters(finished=finished, requests=10 * finished)
    for name, number in more.items():
        setattr(counters, name, number)
    return Progress(total, before, counters, Summary(groups={"retail": {"normal": rows}}))


def texts(progress: Progress, pace: Pace, when: float, width: int = 80) -> list[str]:
    return [line.plain for line in screen_lines("synth", progress, pace, when, width)]


def test_the_screen_says_what_is_done_what_goes_on_and_at_what_pace() -> None:
    pace = Pace(0.0)
    pace.take(at(0), 0.0)
    progress = at(100, live=40, in_flight=12, held=3, failed=2)
    progress.calls = {"agent": CallCounts(failing=4, held_back=5, last_failure="HTTP 503: overloaded")}
    pace.take(progress, 20.0)
    lines = texts(progress, pace, 20.0, 200)
    assert lines[0].endswith(" 100 of 400  25 %")
    assert lines[1:] == [
        "done    100 rows · 50 kept (50 %) · 2 failed",
        "now     40 live · 12 calls out · 3 waiting · 5 rate-limited · 4 retrying",
        "time    0:20 gone, about 1:00 left · 5.0 conversations a second",
        "calls   50 a second · 4k tokens in, 150 out a second · 67 % from the cache",
        "found   missing_evidence 7, wrong_outcome 3",
        "server  HTTP 503: overloaded",
        KEYS,
    ]


def test_what_is_left_is_reckoned_from_what_this_start_has_done() -> None:
    pace = Pace(1000.0)
    pace.take(at(0, before=300), 1000.0)
    pace.take(at(10, before=300), 1010.0)
    assert pace.seconds_left(400 - 300 - 10) == pytest.approx(90.0)
    assert texts(at(10, before=300), pace, 1010.0)[0].endswith("310 of 400  78 %")


def test_a_pace_is_that_of_the_last_minute() -> None:
    pace = Pace(0.0)
    for second in range(200):
        pace.take(at(second if second < 100 else 100 + 3 * (second - 100)), float(second))
    assert pace.rates().finished == pytest.approx(3.0)


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(40, 200), st.text(max_size=300))
def test_no_line_is_longer_than_the_terminal_and_none_obeys_a_server(
    finished: int, before: int, width: int, said: str
) -> None:
    pace = Pace(0.0)
    pace.take(at(0), 0.0)
    progress = at(finished, before=before, total=finished + before + 1, live=10**6, held=10**6)
    progress.calls = {"agent": CallCounts(failing=10**6, held_back=10**6, last_failure=f"\x1b[2J[bold]{said}")}
    pace.take(progress, 3.0)
    lines = screen_lines("synth", progress, pace, 3.0, width)
    assert all(line.cell_len <= width for line in lines)
    assert not any("\x1b" in line.plain or "\n" in line.plain for line in lines)


def _on_a_terminal(arguments: list[str], key: bytes, out: Path) -> tuple[int, str]:
    """The command on a terminal, with a key pressed once the first rows are there: its exit code and its screen."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "LINES": "30", "TERM": "xterm"}
    code = "import sys; from writ_async.cli import main; sys.exit(main(sys.argv[1:]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments, "--out", str(out)],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
        preexec_fn=_own_terminal,
    )  # fmt: skip
    os.close(theirs)
    seen, pressed, deadline = b"", False, time.monotonic() + 120
    rows = out / "trajectories.jsonl"
    while time.monotonic() < deadline:
        ready, _, _ = select.select([ours], [], [], 0.2)
        if ready:
            try:
                seen += os.read(ours, 65536)
            except OSError:
                break
        if not pressed and b"gone" in seen and rows.is_file() and rows.stat().st_size:
            os.write(ours, key)
            pressed = True
    os.close(ours)
    return process.wait(60), seen.decode(errors="replace")


def _own_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.parametrize("key", [b"q", b"Q"])
def test_a_key_ends_the_run_in_order_and_the_same_command_goes_on(key: bytes, tmp_path: Path) -> None:
    arguments = ["synth", "retail", "--n", "400", "--world-size", "200", "--behaviours", "off", "--concurrency", "2"]
    code, seen = _on_a_terminal(arguments, key, tmp_path / "run")
    assert "conversations to go; the same command goes on from here" in seen
    assert code == 130
    there = len(RunView.open(tmp_path / "run").done_ids())
    assert 0 < there < 400
    assert "q: begin no more" in seen
    assert not list(RunView.open(tmp_path / "run").failures()) or key == b"Q"
