"""A real model's words in both seats: it solves nothing, and breaks nothing either."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.conftest import LOG_REQUESTS
from tests.live.server import SMALL, Server, Servers
from tests.live.test_server_death import END_SECONDS, IMPATIENT, begin, events, wait_for_requests
from writ_async.cli import main
from writ_async.core.message import AssistantMessage, UserMessage
from writ_async.core.trajectory import Termination
from writ_async.runs.view import RunView

SMALL_RUN = (
    "--n 2 --seed 5 --world-size 60 --mix normal=1 --behaviours off --max-steps 5 --stop-when-failing 0 --no-check"
)
CUT_OFF = 3
NAMED = frozenset({Termination.INFRASTRUCTURE_ERROR, Termination.TIMEOUT})
"""Ends that are failures of the server, and have to say so."""

pytestmark = pytest.mark.skipif(not (SMALL / ".ok").exists(), reason="needs the real small model: `make live-smollm2`")


@pytest.fixture(scope="module")
def small_server(servers: Servers) -> Server:
    """A server of the real small model."""
    return servers.get(SMALL, *LOG_REQUESTS)


def test_a_real_model_plays_both_seats_and_every_row_replays(
    small_server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    options = [f"url={small_server.url}", f"model={SMALL}", "max_tokens=32"]
    engine = [part for option in options for part in ("--engine-option", option)]
    made = main(["synth", "airline", *SMALL_RUN.split(), "--engine", "sglang", *engine, "--quiet", "--out", str(out)])
    assert made == 0, capsys.readouterr().err
    run = RunView.open(out)
    rows = list(run.trajectories())
    assert len(rows) + len(list(run.failures())) == 2
    for row in rows:
        assert row.verdict is not None
        assert row.verdict.kept or row.verdict.findings, "a row that is not kept says why"
        assert all(row.tokens[seat].complete for seat in ("agent", "user"))
        spoken = [message for message in row.messages if isinstance(message, AssistantMessage | UserMessage)]
        assert any(message.content for message in spoken[1:])
    assert all(failure.termination in NAMED and failure.error for failure in run.failures())
    assert main(["replay", str(out)]) == 0
    assert "0 mismatches" in capsys.readouterr().out


def test_what_a_server_that_is_gone_leaves_undone_is_named_and_what_was_done_replays(
    small_server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(events(small_server, "received"))
    run = begin(small_server, tmp_path / "run", CUT_OFF, **IMPATIENT)
    wait_for_requests(small_server, before, CUT_OFF + 1, run)
    small_server.kill()
    _, errors = run.communicate(timeout=END_SECONDS)
    assert run.returncode == 1
    view = RunView.open(tmp_path / "run")
    failures = list(view.failures())
    assert failures
    assert len(list(view.trajectories())) + len(failures) == CUT_OFF
    assert f"{len(failures)} conversations were ended from outside" in errors
    assert all(failure.termination in NAMED for failure in failures)
    assert {failure.error.partition(":")[0] for failure in failures} <= {"refused", "reset", "truncated"}
    assert main(["replay", str(tmp_path / "run")]) == 0
    assert "0 mismatches" in capsys.readouterr().out
