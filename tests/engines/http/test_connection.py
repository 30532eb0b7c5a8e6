"""What comes over a raw socket, and whose answer it is taken for."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from writ_engines.http import HttpClient, Response, TransportError
from writ_engines.http import connection as rules

from tests.support.raw_server import Raw, answer, raw_server
from writ_async.errors import EngineErrorKind

pytestmark = pytest.mark.asyncio


async def failure_of(client: HttpClient) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await client.post("/x", b"{}", seconds=5.0)
    return caught.value


async def test_an_answer_that_comes_twice_at_once_is_nobody_elses() -> None:
    async def play(raw: Raw) -> None:
        while True:
            body = await raw.request()
            await raw.write(answer(body) * 2)

    async with raw_server(play) as (url, connections):
        client = HttpClient(url)
        assert [await client.post("/x", b"%d" % number) for number in range(5)] == [b"%d" % n for n in range(5)]
        assert len(connections) == 5
        await client.aclose()


async def test_an_answer_that_comes_again_while_nothing_is_asked_is_nobody_elses() -> None:
    again = asyncio.Event()

    async def play(raw: Raw) -> None:
        while True:
            body = await raw.request()
            await raw.write(answer(body))
            await again.wait()
            await raw.write(answer(body))

    async with raw_server(play) as (url, connections):
        client = HttpClient(url)
        assert await client.post("/x", b"first") == b"first"
        again.set()
        await asyncio.sleep(0.05)
        assert await client.post("/x", b"second") == b"second"
        assert len(connections) == 2
        await client.aclose()


async def test_an_answer_that_its_reader_refuses_takes_its_connection_with_it() -> None:
    async def play(raw: Raw) -> None:
        said = b"?"
        while True:
            body = await raw.request()
            await raw.write(answer(said))  # always that of the question before
            said = body

    def refuse(response: Response) -> bytes:
        raise TransportError("not mine", kind=EngineErrorKind.TRUNCATED)

    async with raw_server(play) as (url, connections):
        client = HttpClient(url)
        assert await client.post("/x", b"first") == b"?"
        with pytest.raises(TransportError, match="not mine"):
            await client.ask("/x", b"second", refuse)
        assert await client.post("/x", b"third") == b"?"
        assert len(connections) == 2
        await client.aclose()


async def test_a_connection_is_used_again_as_long_as_it_tells_one_answer_a_question() -> None:
    async def play(raw: Raw) -> None:
        while True:
            body = await raw.request()
            await raw.write(b"HTTP/1.1 100 Continue\r\n\r\n" + answer(body))

    async with raw_server(play) as (url, connections):
        client = HttpClient(url)
        assert [await client.post("/x", b"%d" % number) for number in range(5)] == [b"%d" % n for n in range(5)]
        assert len(connections) == 1
        await client.aclose()


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"until the end"),
        (b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\n", b"all"),
        (b"HTTP/1.1 200 OK\nConnection: close\nContent-Length: 3\n\n", b"all"),
    ],
)
async def test_a_body_may_end_where_the_server_closes(head: bytes, said: bytes) -> None:
    async def play(raw: Raw) -> None:
        await raw.request()
        await raw.write(head + said)

    async with raw_server(play) as (url, connections):
        client = HttpClient(url)
        assert await client.post("/x", b"{}") == said
        assert await client.post("/x", b"{}") == said
        assert len(connections) == 2
        await client.aclose()


@pytest.mark.parametrize(
    ("said", "kind", "text"),
    [
        (b"", "reset", "closed the connection before it answered"),
        (b"HTTP/1.1 2", "reset", "before it answered"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "truncated", "broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "truncated", "broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "truncated", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "truncated", "not HTTP"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "truncated", "not HTTP"),
        (b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "truncated", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 60_000, "truncated", "head of the answer is larger than 256 KiB"),
    ],
)
async def test_what_is_no_whole_answer_is_told_by_its_kind(said: bytes, kind: str, text: str) -> None:
    async def play(raw: Raw) -> None:
        await raw.request()
        await raw.write(said)

    async with raw_server(play) as (url, _):
        client = HttpClient(url)
        error = await failure_of(client)
        await client.aclose()
    assert (error.kind, text in str(error), url in str(error)) == (kind, True, True), error


async def test_a_body_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_BYTES", 2**20)

    async def play(raw: Raw) -> None:
        await raw.request()
        await raw.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        while True:
            await raw.write(b"x" * 2**16)

    async with raw_server(play) as (url, _):
        client = HttpClient(url)
        error = await failure_of(client)
        await client.aclose()
    assert (error.kind, "larger than 1 MiB" in str(error)) == ("truncated", True)


async def test_a_connection_that_was_closed_while_idle_is_not_used() -> None:
    async def play(raw: Raw) -> None:
        await raw.write(answer(await raw.request()))

    async with raw_server(play) as (url, connections):
        client = HttpClient(url)
        for number in range(3):
            assert await client.post("/x", b"%d" % number) == b"%d" % number
            await asyncio.sleep(0.02)
        assert len(connections) == 3
        await client.aclose()


async def test_a_question_that_changes_nothing_is_asked_again_where_the_connection_was_just_closed() -> None:
    async def play(raw: Raw) -> None:
        await raw.request()
        if raw.number:
            await raw.write(answer(b"yes"))

    async with raw_server(play) as (url, connections):
        client = HttpClient(url)
        assert await client.get("/x") == b"yes"
        assert len(connections) == 2
        await client.aclose()


async def test_a_call_that_is_given_up_leaves_no_connection_to_others() -> None:
    async def play(raw: Raw) -> None:
        body = await raw.request()
        await asyncio.sleep(0.1 if body == b"slow" else 0.0)
        await raw.write(answer(body))

    async with raw_server(play) as (url, connections):
        client = HttpClient(url)
        slow = asyncio.create_task(client.post("/x", b"slow"))
        await asyncio.sleep(0.02)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        assert await client.post("/x", b"fast") == b"fast"
        assert len(connections) == 2
        await client.aclose()


async def test_whoever_waits_is_told_when_all_connections_are_closed() -> None:
    async def play(raw: Raw) -> None:
        await raw.request()
        await asyncio.sleep(10)

    async with raw_server(play) as (url, _):
        client = HttpClient(url)
        call = asyncio.create_task(client.post("/x", b"{}"))
        await asyncio.sleep(0.02)
        await client.aclose()
        with pytest.raises(TransportError) as caught:
            await call
    assert caught.value.kind is EngineErrorKind.RESET


@given(
    bodies=st.lists(st.binary(max_size=300), min_size=1, max_size=4),
    cuts=st.lists(st.integers(1, 80), min_size=1, max_size=10),
    chunked=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_answers_are_whole_however_they_are_cut(bodies: list[bytes], cuts: list[int], chunked: bool) -> None:
    def written(body: bytes) -> bytes:
        if not chunked:
            return answer(body)
        part = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + part + b"0\r\n\r\n"

    left = iter(bodies)

    async def play(raw: Raw) -> None:
        while True:
            await raw.request()
            data, number = written(next(left)), 0
            while data:
                size = cuts[number % len(cuts)]
                await raw.write(data[:size])
                await asyncio.sleep(0)
                data, number = data[size:], number + 1

    async with raw_server(play) as (url, connections):
        client = HttpClient(url)
        assert [await client.post("/x", b"") for _ in bodies] == bodies
        assert len(connections) == 1
        await client.aclose()


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's own certificate for 127.0.0.1; the test that uses it is skipped where openssl is absent."""
    key, file = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(file)]
    try:
        subprocess.run([*command, *names], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return context


async def echo(raw: Raw) -> None:
    while True:
        await raw.write(answer(await raw.request()))


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with raw_server(echo, certificate(tmp_path)) as (url, _):
        client = HttpClient(url)
        assert (await failure_of(client)).kind is EngineErrorKind.TLS
        await client.aclose()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        trusting = HttpClient(url)
        assert await trusting.post("/x", b"yes") == b"yes"
        await trusting.aclose()


async def test_tls_goes_through_a_proxy_that_sees_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = bytearray()

    async def tunnel(raw: Raw) -> None:
        head = await raw.reader.readuntil(b"\r\n\r\n")
        seen.extend(head)
        host, _, port = head.split()[1].rpartition(b":")
        reader, writer = await asyncio.open_connection(host.decode(), int(port))
        await raw.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(2**16):
                seen.extend(data)
                sink.write(data)
            sink.close()

        await asyncio.gather(pump(raw.reader, writer), pump(reader, raw.writer))

    async with raw_server(echo, certificate(tmp_path)) as (url, _), raw_server(tunnel) as (proxy, through):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        client = HttpClient(url, headers={"Authorization": "Bearer planted"}, proxy=proxy.replace("//", "//u:p@"))
        assert await client.post("/x", b"first") == b"first"
        assert await client.post("/x", b"second") == b"second"
        assert len(through) == 1
        await client.aclose()
    assert b"CONNECT" in seen
    assert b"Proxy-Authorization: Basic" in seen
    assert b"planted" not in seen


async def test_a_stream_that_is_read_slowly_arrives_whole() -> None:
    events = [json.dumps({"n": number, "pad": "x" * 2**16}).encode() for number in range(100)]

    async def play(raw: Raw) -> None:
        await raw.request()
        await raw.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for event in [*events, b"[DONE]"]:
            data = b"data: " + event + b"\n\n"
            await raw.write(b"%x\r\n%s\r\n" % (len(data), data))
        await raw.write(b"0\r\n\r\n")

    async with raw_server(play) as (url, _):
        client = HttpClient(url)
        seen = []
        async with client.events("/x", b"{}") as stream:
            async for data in stream:
                seen.append(data)
                await asyncio.sleep(0.001)
        await client.aclose()
    assert seen == events


async def test_every_call_of_a_connection_is_late_at_its_own_time() -> None:
    """The timer of an earlier call rings for a later one, whether that has more time or less."""

    async def play(raw: Raw) -> None:
        while True:
            body = await raw.request()
            await asyncio.sleep(float(body))
            await raw.write(answer(body))

    loop = asyncio.get_running_loop()
    async with raw_server(play) as (url, connections):
        client = HttpClient(url)
        for seconds, late in ((0.05, False), (5.0, False), (0.05, True), (9.0, False), (float("inf"), False)):
            took = b"0.1" if not late and seconds > 1 else b"9" if late else b"0"
            began = loop.time()
            if late:
                with pytest.raises(TransportError, match=r"gave no answer in 0\.05 s"):
                    await client.post("/x", took, seconds=seconds)
                assert 0.04 <= loop.time() - began < 5.0
            else:
                assert await client.post("/x", took, seconds=seconds) == took
        assert len(connections) == 2, "only what was late took its connection with it"
        await client.aclose()
