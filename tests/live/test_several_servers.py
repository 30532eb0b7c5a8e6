"""One run on two real servers, one of which is killed in mid-run and comes back."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.conftest import LOG_REQUESTS
from tests.live.server import RANDOM, Server, free_port
from tests.live.test_server_death import END_SECONDS, begin, call_of, events, wait_for_requests
from writ_async.runs.view import RunView

CONVERSATIONS = 100


@pytest.fixture
def second_server(noise_server: Server, tmp_path: Path) -> Iterator[Server]:
    """Another server of the same model, beside the first."""
    server = Server(RANDOM, noise_server.flags, tmp_path / "second.log", free_port())
    server.start()
    server.wait_ready()
    yield server
    server.kill()


@contextmanager
def held(server: Server) -> Iterator[None]:
    """The server takes calls and answers none while the block lasts."""
    post(server, "pause_generation", {"mode": "in_place"})
    yield
    post(server, "continue_generation", {})


def post(server: Server, path: str, body: dict[str, str]) -> None:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}/{path}", data=json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def conversations(rids: list[str]) -> set[str]:
    return {rid.partition("/")[0] for rid in rids}


def test_a_run_outlives_one_of_its_servers_and_uses_it_again(
    noise_server: Server, second_server: Server, tmp_path: Path
) -> None:
    assert LOG_REQUESTS[0] in second_server.flags
    before = len(events(noise_server, "received"))
    both = Server(RANDOM, noise_server.flags, noise_server.log, 0)
    both.url = f"{noise_server.url},{second_server.url}"
    run = begin(both, tmp_path / "run", CONVERSATIONS, concurrency=12)
    wait_for_requests(second_server, 0, 60, run)
    second_server.kill()
    first_life = events(second_server, "received")
    lost = Counter(first_life) - Counter(events(second_server, "finished"))
    after = len(events(noise_server, "received"))
    wait_for_requests(noise_server, after, 60, run)
    with held(noise_server):  # so that the run does not end before the other server has started
        second_server.start()
        second_server.wait_ready()
    output, errors = run.communicate(timeout=END_SECONDS)

    assert run.returncode == 0, errors
    assert json.loads(output)["total"]["conversations"] == CONVERSATIONS
    view = RunView.open(tmp_path / "run")
    assert list(view.failures()) == []
    rows = list(view.trajectories())
    assert len({row.id for row in rows}) == len(rows) == CONVERSATIONS
    assert all(tokens.complete for row in rows for tokens in row.tokens.values())

    here = events(noise_server, "received")[before:]
    there = events(second_server, "received")
    print(f"{len(here)} requests to the one, {len(first_life)} + {len(there) - len(first_life)} to the other; {errors}")
    assert len(set(here + there)) == len(here) + len(there)
    attempts = Counter(map(call_of, here + there))
    assert lost
    assert all(attempts[call_of(rid)] >= 2 for rid in lost)
    assert conversations(list(lost)) <= conversations(here)
    assert len(there) > len(first_life), "the server was not used again after it had come back"
