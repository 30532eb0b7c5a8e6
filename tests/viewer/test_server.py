"""The viewer's server: what it answers, and whom it does not."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from writ_async.commands.view import open_index
from writ_async.rows.notes import NOTES, read_notes
from writ_async.runs.locks import take_ownership
from writ_async.runs.view import TRAJECTORIES
from writ_async.viewer.app import ADDRESS, make_app, static_file, viewer_state
from writ_async.viewer.guards import TOKEN_HEADER

Client = TestClient[Any, Any]
pytestmark = pytest.mark.asyncio


@pytest.fixture
def run(made_run: Path, tmp_path: Path) -> Path:
    """A copy that may be written to."""
    shutil.copytree(made_run, tmp_path / "first")
    return tmp_path / "first"


@pytest_asyncio.fixture
async def client(run: Path) -> AsyncIterator[Client]:
    server = TestServer(make_app(open_index([run]), clock=lambda: "2026-01-02T03:04:05+00:00"), host=ADDRESS)
    async with TestClient(server) as client:
        yield client


async def token_of(client: Client) -> str:
    state = await (await client.get("/api/state")).json()
    return str(state["token"])


def origin_of(client: Client) -> str:
    return f"http://{ADDRESS}:{client.port}"


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


async def first_key(client: Client) -> str:
    page = await (await client.get("/api/rows", params={"limit": "1"})).json()
    return str(page["lines"][0]["key"])


async def test_the_page_and_all_that_it_loads_come_with_a_policy_that_runs_nothing_else(client: Client) -> None:
    for path in ("/", "/static/main.js", "/static/style.css", "/static/icon.svg", "/api/state"):
        answer = await client.get(path)
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = (await (await client.get("/")).text()).lower()
    assert "<script>" not in page
    assert "style=" not in page
    assert " on" not in page.replace(" on ", "")
    assert "http://" not in page.replace("http-equiv", "")
    assert "https://" not in page


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", "127.0.0.1:80x", ""]
)
async def test_a_host_that_is_not_this_machine_is_refused(client: Client, host: str) -> None:
    for path in ("/", "/api/state", "/static/main.js"):
        answer = await client.get(path, headers={"Host": host})
        assert answer.status == 403
        assert "token" not in await answer.json()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", "localhost:8080"])
async def test_this_machine_by_any_of_its_names_is_answered(client: Client, name: str) -> None:
    assert (await client.get("/api/state", headers={"Host": name})).status == 200


async def test_another_site_is_refused(client: Client) -> None:
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://{ADDRESS}:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert (await client.get("/api/state", headers=headers)).status == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert (await client.get("/", headers=link)).status == 200
    assert (await client.get("/api/state", headers=link)).status == 403


async def test_a_note_needs_origin_and_token_and_is_kept_beside_the_run(client: Client, run: Path) -> None:
    key, token = await first_key(client), await token_of(client)
    body = {"key": key, "tags": ["good", "short"], "comment": "As it should be."}
    good = {"Origin": origin_of(client), TOKEN_HEADER: token}
    for headers in (
        {},
        {"Origin": origin_of(client)},
        {TOKEN_HEADER: token},
        {"Origin": origin_of(client), TOKEN_HEADER: token[:-1] + "~"},
        {"Origin": "http://evil.example", TOKEN_HEADER: token},
    ):
        assert (await client.post("/api/note", json=body, headers=headers)).status == 403
    assert not (run / NOTES).exists()
    assert (await client.post("/api/note", json=body, headers=good)).status == 200
    (note,) = read_notes(run / NOTES).values()
    assert (note.tags, note.comment, note.at) == (("good", "short"), "As it should be.", "2026-01-02T03:04:05+00:00")
    found = await (await client.get("/api/rows", params={"filter": "tag == good and comment ~ should"})).json()
    assert [line["key"] for line in found["lines"]] == [key]
    refused: list[Any] = [{"key": "nobody"}, {"key": key, "tags": ["a b"]}, {"key": 1}, []]
    for wrong in refused:
        assert (await client.post("/api/note", json=wrong, headers=good)).status == 400


async def test_nothing_of_the_run_itself_is_written(client: Client, run: Path, made_run: Path) -> None:
    key, token = await first_key(client), await token_of(client)
    await client.get("/api/conversation", params={"key": key})
    headers = {"Origin": origin_of(client), TOKEN_HEADER: token}
    await client.post("/api/note", json={"key": key, "tags": ["x"]}, headers=headers)
    assert {name: data for name, data in contents(run).items() if name != NOTES} == contents(made_run)


async def test_rows_are_filtered_sorted_and_grouped(client: Client) -> None:
    page = await (await client.get("/api/rows", params={"filter": "reward < 1", "sort": "-calls"})).json()
    calls = [line["fields"]["calls"] for line in page["lines"]]
    assert 0 < page["found"] < page["rows"] == 24
    assert calls == sorted(calls, reverse=True)
    grouped = await (await client.get("/api/rows", params={"task": "1", "limit": "500"})).json()
    heads = [line for line in grouped["lines"] if "key" not in line]
    assert (len(heads), grouped["total"], grouped["found"]) == (12, 36, 24)
    assert all(head["rows"] == 2 for head in heads)
    last = await (await client.get("/api/rows", params={"task": "1", "offset": "35"})).json()
    assert last["lines"] == grouped["lines"][35:]


async def test_what_cannot_be_answered_is_told_in_one_line(client: Client) -> None:
    for path, parameters, status in (
        ("/api/rows", {"filter": "reward <"}, 400),
        ("/api/rows", {"sort": "colour"}, 400),
        ("/api/rows", {"offset": "x"}, 400),
        ("/api/conversation", {"key": "nobody"}, 404),
        ("/api/line", {"key": "nobody"}, 404),
        ("/static/nothing.js", {}, 404),
        ("/static/..%2Fapp.py", {}, 404),
        ("/elsewhere", {}, 404),
    ):
        answer = await client.get(path, params=parameters)
        assert answer.status == status
        assert (await answer.json())["error"]
        assert answer.headers["Content-Security-Policy"]
    assert static_file("../app.py") is None
    assert static_file("app.py") is None


async def test_a_run_that_grows_is_followed_and_a_line_that_is_being_written_waits(client: Client, run: Path) -> None:
    rows = (run / TRAJECTORIES).read_bytes().splitlines(keepends=True)
    state = await (await client.get("/api/state")).json()
    new = rows[0].replace(b'#0"', b'#7"', 1)
    with (run / TRAJECTORIES).open("ab") as file:
        file.write(new[:200])
        file.flush()
        again = await (await client.get("/api/state")).json()
        assert (again["rows"], again["version"]) == (state["rows"], state["version"])
        file.write(new[200:])
    grown = await (await client.get("/api/state")).json()
    assert grown["rows"] == state["rows"] + 1
    assert grown["version"] > state["version"]
    page = await (await client.get("/api/rows", params={"filter": "id ~ '#7'"})).json()
    assert page["found"] == 1


async def test_rows_that_are_missing_are_told_of_until_they_come(run: Path) -> None:
    rows = (run / TRAJECTORIES).read_bytes()
    (run / TRAJECTORIES).write_bytes(rows[:-100])
    index = open_index([run])
    torn = f"{run.name}: 23 of 24 rows: the last line of trajectories.jsonl breaks off; a resumed run mends it"
    assert viewer_state(index).notices == [torn]
    owned = take_ownership(run)
    try:
        index.further()
        assert viewer_state(index).notices == [f"{run.name}: 23 of 24 rows: the run goes on"]
        with (run / TRAJECTORIES).open("ab") as file:
            file.write(rows[-100:])
        assert index.further() == 1
    finally:
        os.close(owned)
    index.further()
    assert viewer_state(index).notices == []


async def test_a_run_that_has_no_row_yet_is_waited_for(run: Path) -> None:
    rows = (run / TRAJECTORIES).read_bytes()
    (run / TRAJECTORIES).unlink()
    index = open_index([run])
    assert index.further() == 0
    (run / TRAJECTORIES).write_bytes(rows)
    assert index.further() == 24
    assert index.further() == 0


async def test_a_run_in_whose_place_another_one_is_written_is_told_of(client: Client, run: Path) -> None:
    (run / TRAJECTORIES).write_bytes(b"")
    answer = await client.get("/api/state")
    assert answer.status == 409
    assert "open it again" in (await answer.json())["error"]


async def test_a_conversation_comes_with_its_trials(client: Client) -> None:
    key = await first_key(client)
    shown = await (await client.get("/api/conversation", params={"key": key})).json()
    assert shown["listed"]["key"] == key
    assert len(shown["trials"]) == 2
    assert shown["page"]["messages"][0]["role"] == "agent"
    line = await (await client.get("/api/line", params={"key": key, "task": "1"})).json()
    assert line == {"line": 1}
