"""The server is killed in mid-run and comes back: nothing hangs, every lost call is accounted for, ids stay unique."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.live.server import Server
from writ_async.runs.view import RunView

DOWN_SECONDS = 10.0
END_SECONDS = 900.0
# A server takes half a minute to start here, and minutes beside other load: the deadline is to end a call, not a count.
PATIENT = {"attempts": 60}
IMPATIENT = {"attempts": 2, "deadline": 120}


def begin(
    server: Server, out: Path, conversations: int, concurrency: int = 0, **options: object
) -> subprocess.Popen[str]:
    """A run of the command, with all its conversations live at once where no concurrency is given."""
    chosen = {"url": server.url, "model": server.model, "max_tokens": 8, **options}
    pairs = [word for key, value in chosen.items() for word in ("--engine-option", f"{key}={value}")]
    command = [sys.executable, "-m", "writ_async", "synth", "retail", "--n", str(conversations), "--seed", "13"]
    command += [
        "--world-size",
        "120",
        "--max-steps",
        "8",
        # These models write noise, cut short: the checks of a server would end the run before the kill does.
        "--no-check",
        "--stop-when-failing",
        "0",
        "--concurrency",
        str(concurrency or conversations),
        "--engine",
        "sglang",
    ]
    command += [*pairs, "--out", str(out), "--quiet", "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def events(server: Server, kind: str) -> list[str]:
    """The ids of requests that the server's log says were `received` or `finished`, in order; ours only."""
    found = []
    for line in server.log.read_text("utf-8", "replace").splitlines():
        if f'"request.{kind}"' in line and '"rid"' in line:
            rid = json.loads(line[line.index("{") :])["rid"]
            if "#0/" in str(rid):
                found.append(rid)
    return found


def wait_for_requests(server: Server, before: int, count: int, run: subprocess.Popen[str]) -> None:
    """Return when the server has received `count` requests more than `before`."""
    end = time.monotonic() + END_SECONDS
    while len(events(server, "received")) - before < count:
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < end
        time.sleep(0.5)


def call_of(rid: str) -> str:
    """The call that a request id is an attempt at: what stands before the engine's own mark."""
    return rid.rpartition("~")[0]


def test_two_hundred_live_conversations_outlive_the_server(noise_server: Server, tmp_path: Path) -> None:
    conversations = 200
    before = len(events(noise_server, "received"))
    run = begin(noise_server, tmp_path / "run", conversations, **PATIENT)
    wait_for_requests(noise_server, before, 2 * conversations, run)
    noise_server.kill()
    lost = Counter(events(noise_server, "received")[before:]) - Counter(events(noise_server, "finished"))
    time.sleep(DOWN_SECONDS)
    noise_server.start()
    output, errors = run.communicate(timeout=END_SECONDS)

    received = events(noise_server, "received")[before:]
    assert run.returncode == 0, errors
    total: dict[str, Any] = json.loads(output)["total"]
    assert total["conversations"] == conversations
    view = RunView.open(tmp_path / "run")
    assert list(view.failures()) == []
    ends = Counter(str(row.termination) for row in view.trajectories())
    assert set(ends) <= {"max_steps", "agent_error", "user_error", "too_many_errors", "user_stop"}
    assert all(tokens.complete for row in view.trajectories() for tokens in row.tokens.values())
    print(f"{len(lost)} calls were lost and {len(received)} requests made; {dict(ends)}")
    assert lost
    assert len(set(received)) == len(received)
    attempts = Counter(map(call_of, received))
    assert all(attempts[call_of(rid)] >= 2 for rid in lost)


def test_a_run_without_patience_says_what_failed_and_goes_on_later(noise_server: Server, tmp_path: Path) -> None:
    conversations = 40
    before = len(events(noise_server, "received"))
    run = begin(noise_server, tmp_path / "run", conversations, **IMPATIENT)
    wait_for_requests(noise_server, before, 2 * conversations, run)
    noise_server.kill()
    _, errors = run.communicate(timeout=END_SECONDS)
    assert run.returncode == 1
    failures = list(RunView.open(tmp_path / "run").failures())
    assert f"{len(failures)} conversations were ended from outside" in errors
    assert failures
    assert {str(row.termination) for row in failures} == {"infrastructure_error"}
    kinds = Counter(row.error.partition(":")[0] for row in failures)
    print(f"{len(failures)} conversations failed: {dict(kinds)}")
    assert set(kinds) <= {"refused", "reset", "truncated"}

    noise_server.start()
    noise_server.wait_ready()
    again = begin(noise_server, tmp_path / "run", conversations, **IMPATIENT)
    output, errors = again.communicate(timeout=END_SECONDS)
    assert again.returncode == 0, errors
    assert json.loads(output)["total"]["conversations"] == conversations
    received = events(noise_server, "received")[before:]
    assert len(set(received)) == len(received)
