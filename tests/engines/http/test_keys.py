"""Keys and passwords stand in no error, no file and on no terminal, and a key in the clear is told once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.http import HttpClient, TransportError
from writ_engines.http.keys import Secrets, key_in_the_clear, merge_headers, request_headers
from writ_engines.openai import OpenAIEngine, OpenAIOptions
from writ_engines.openai.options import find_endpoints
from writ_engines.sglang.options import SglangOptions, find_access

from bench.models.folders import write_family
from tests.support.raw_server import Raw, answer, raw_server
from writ_async.cli import main
from writ_async.core.engine import Engine, Noticing, Setting
from writ_async.errors import EngineError, EngineErrorKind, InputError
from writ_async.registry import make_engine

PASSWORD = "hunter2-Zq81"
KEY = "sk-sglang-77Zq81xV0"
URL = f"http://me:{PASSWORD}@127.0.0.1:9"


async def _fail(client: HttpClient) -> str:
    with pytest.raises(TransportError) as caught:
        await client.post("/x", b"{}", seconds=1.0)
    return f"{client.base_url} {caught.value} {caught.value!r}"


def test_a_client_shows_no_password_though_it_sends_one() -> None:
    heads: list[bytes] = []

    async def play(raw: Raw) -> None:
        heads.append(await raw.reader.readuntil(b"\r\n\r\n"))
        await asyncio.Event().wait()

    async def run() -> None:
        assert PASSWORD not in await _fail(HttpClient(URL))
        async with raw_server(play) as (url, _):
            client = HttpClient(url.replace("http://", f"http://me:{PASSWORD}@"))
            client.timeout = 0.2
            with pytest.raises(TransportError) as caught:
                await client.post("/x", b"{}", seconds=0.2)
            assert PASSWORD not in str(caught.value)
            await client.aclose()

    asyncio.run(run())
    assert b"Authorization: Basic " in heads[0]


@pytest.mark.parametrize("engine", ["sglang", "openai"])
def test_neither_a_run_nor_its_files_tell_a_password(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_family(tmp_path / "qwen3", "qwen3-instruct-2507")
    options = [f"url={URL}", f"model={model}", "attempts=1", *(["patience=0.1"] if engine == "sglang" else [])]
    command = ["synth", "retail", "--n", "1", "--world-size", "60", "--no-check", "--engine", engine]
    for option in options:
        command += ["--engine-option", option]
    assert main([*command, "--out", str(tmp_path / "run")]) == {"sglang": 1, "openai": 2}[engine]
    said = "".join(capsys.readouterr())
    files = b"".join(path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file())
    assert PASSWORD not in said
    assert PASSWORD.encode() not in files
    if engine == "sglang":
        assert "http://127.0.0.1:9: cannot connect" in said
        assert b"cannot connect to 127.0.0.1:9" in files
    else:
        assert "must hold no user, password or query; keys go into key_env" in said


@pytest.mark.parametrize("header", ["", "X-Key"])
def test_the_sglang_engine_sends_its_key_with_every_request_and_shows_it_nowhere(
    header: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_KEY", KEY)
    monkeypatch.setenv("TEAM", "team-Zq81xV0")
    heads: list[bytes] = []

    async def play(raw: Raw) -> None:
        while True:
            heads.append(await raw.reader.readuntil(b"\r\n\r\n"))
            said = b'{"error":{"message":"you sent %b and team-Zq81xV0"}}' % KEY.encode()
            await raw.write(answer(said).replace(b"200 OK", b"401 No"))

    async def run() -> str:
        async with raw_server(play) as (url, _):
            options = {
                "url": url, "model": str(write_family(tmp_path / "qwen3", "qwen3-instruct-2507")), "patience": "0.1",
                "key_env": "SERVER_KEY", "key_header": header, "headers": '{"X-Team": "$TEAM"}',
            }  # fmt: skip
            engine = make_engine("sglang", options, Setting(tasks={}, domains={}, seed=0))
            try:
                with pytest.raises(EngineError) as caught:
                    await engine.server_info()  # type: ignore[attr-defined]
                return f"{caught.value} {caught.value!r}"
            finally:
                await engine.aclose()  # type: ignore[attr-defined]

    said = anyio.run(run)
    sent = f"X-Key: {KEY}" if header else f"Authorization: Bearer {KEY}"
    assert heads
    assert all(f"{sent}\r\n".encode() in head and b"X-Team: team-Zq81xV0\r\n" in head for head in heads)
    assert "you sent [SERVER_KEY] and [X-Team]" in said
    assert KEY not in said


def test_a_key_that_is_named_and_not_there_is_refused() -> None:
    options = SglangOptions(model="m", url="http://h:1", key_env="MY_KEY")
    with pytest.raises(InputError, match="set the environment variable MY_KEY to the key of http://h:1"):
        find_access(options, {"SGLANG_API_KEY": KEY})
    assert find_access(SglangOptions(model="m"), {}).headers == {}
    assert find_access(SglangOptions(model="m"), {"SGLANG_API_KEY": KEY}).headers == {"Authorization": f"Bearer {KEY}"}
    assert KEY not in repr(find_access(SglangOptions(model="m"), {"SGLANG_API_KEY": KEY}).secrets)


@pytest.mark.parametrize("key_header", ["", "X-Key"])
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_a_header_of_the_callers_stands_in_the_keys_place_and_the_environments_key_goes_to_nobody(
    key_header: str, spell: Callable[[str], str]
) -> None:
    name = spell(key_header or "Authorization")
    mine = {name: "mine", "X-Team": "ours"}
    assert request_headers(KEY, key_header, mine) == mine
    assert merge_headers({"Accept": "*/*", name.swapcase(): KEY}, mine) == {"Accept": "*/*", **mine}
    given: dict[str, Any] = {"model": "m", "url": "http://models.example/v1", "key_header": key_header, "headers": mine}
    environment = {"OPENAI_API_KEY": KEY, "SGLANG_API_KEY": KEY}
    (endpoint,) = find_endpoints(OpenAIOptions(**given), environment)
    access = find_access(SglangOptions(**given), environment)
    assert endpoint.headers() == access.headers == mine
    assert (endpoint.key, access.notices) == ("", ())
    (untold,) = find_endpoints(OpenAIOptions(**{**given, "headers": {"X-Team": "ours"}}), environment)
    assert KEY in str(untold.headers())


@pytest.mark.parametrize(
    ("url", "key", "told"),
    [
        ("http://10.0.0.7:30000", KEY, True),
        ("http://models.example/v1", KEY, True),
        ("https://models.example/v1", KEY, False),
        ("http://127.0.0.1:30000", KEY, False),
        ("http://localhost:30000", KEY, False),
        ("http://[::1]:30000", KEY, False),
        ("http://10.0.0.7:30000", "", False),
    ],
)
def test_a_key_that_goes_to_another_machine_in_the_clear_is_told(
    url: str, key: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = key_in_the_clear(url, key, "MY_KEY")
    assert bool(said) is told
    assert KEY not in said
    monkeypatch.setenv("OPENAI_API_KEY", key)
    engine: Engine = OpenAIEngine(OpenAIOptions(model="m", url=url))
    assert isinstance(engine, Noticing)
    assert len(engine.notices) == told
    assert len(find_access(SglangOptions(model="m", url=url), {"SGLANG_API_KEY": key}).notices) == told


@given(st.text("abcd-Z0", min_size=8, max_size=20), st.text(max_size=30), st.text(max_size=30))
def test_what_is_scrubbed_holds_no_secret(secret: str, before: str, behind: str) -> None:
    error = TransportError(f"{before}{secret}{behind}", kind=EngineErrorKind.SERVER_ERROR, status=500, code=secret)
    told = Secrets({"MY_KEY": secret}).scrubbed(error)
    assert isinstance(told, TransportError)
    assert secret not in str(told) + told.code or secret in "[MY_KEY]"
    assert (told.kind, told.status) == (error.kind, 500)
