"""What can become of an answer: steps on the wire in place of it, or another body.

A step is bytes that are sent, a number of seconds that pass, or a `Cut`, the last. `WIRE` faults make steps of the good
answer, `BODY` faults another body, which is then sent as the good one would be. All is drawn from the `Random` given.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from enum import Enum, auto
from functools import cache
from random import Random
from typing import Any

from bench.trust_loads.fault_shapes import FINAL, PASSING, Shape


class Cut(Enum):
    """How a connection ends."""

    CLOSE = auto()
    RESET = auto()
    SILENCE = auto()
    """Nothing ever comes."""


Step = bytes | float | Cut
Wire = Callable[[Random, bytes, bytes], Iterator[Step]]
"""Given the head and the body of the good answer."""
Body = Callable[[Random, bytes], bytes]

HUGE = 1 << 20
"""Bytes of one piece of a body that is larger than anybody takes."""


def framed(body: bytes, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> tuple[bytes, bytes]:
    """The head and the body of an answer."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    head = f"HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n{lines}\r\n"
    return head.encode(), body


def refusal(shape: Shape) -> Wire:
    """A whole answer that refuses."""

    def steps(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
        yield b"".join(framed(shape.content(), shape.status, shape.headers))

    return steps


def _part(rng: Random, data: bytes) -> bytes:
    return data[: rng.randrange(1, max(2, len(data)))]


def _delay(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield rng.uniform(0.05, 8.0)
    yield head + body


def _hang(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield Cut.SILENCE


def _hang_in_the_middle(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield _part(rng, head + body)
    yield Cut.SILENCE


def _drip(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    data, size = head + body, rng.randrange(20, 200)
    for start in range(0, len(data), size):
        yield data[start : start + size]
        yield 0.1


def _drip_for_ever(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    while True:
        yield b"1\r\n \r\n"
        yield 1.0


def _cut_before(cut: Cut) -> Wire:
    def steps(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
        yield cut

    return steps


def _cut_in(cut: Cut, where: str) -> Wire:
    def steps(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
        yield {"head": _part(rng, head), "after head": head, "body": head + _part(rng, body)[: len(body) - 1]}[where]
        yield 0.01
        yield cut

    return steps


def _cut_chunks(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(body), body)
    yield Cut.CLOSE


def _wrong_chunks(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n%b\r\n0\r\n\r\n" % body


def _twice(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield (head + body) * 2


def _twice_late(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield head + body
    yield rng.uniform(0.01, 2.0)
    yield head + body


def _behind(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield head + body + rng.randbytes(rng.randrange(1, 40))


def _continues(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield b"HTTP/1.1 100 Continue\r\n\r\n" * rng.randrange(1, 9) + head + body


def _continues_for_ever(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n" * 50
        yield 0.5


def _no_http(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield rng.choice((b"\x15\x03\x01\x00\x02\x02\x16", b"SSH-2.0-OpenSSH_9.6\r\n", b"\x00" * 64, rng.randbytes(99)))
    yield 0.01
    yield Cut.CLOSE


def _huge_head(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(40):
        yield b"x-%d: %b\r\n" % (number, b"a" * 10_000)
    yield b"content-length: 0\r\n\r\n"


def _huge_body(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (1 << 40)
    while True:
        yield b" " * HUGE
        yield 0.001


def _endless_body(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\n\r\n"
    while True:
        yield b"x" * 4096
        yield 0.5


@cache
def _packed_blanks() -> bytes:
    return gzip.compress(b" " * (1 << 24), mtime=0)


def _bomb(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield b"".join(framed(_packed_blanks(), headers=(("content-encoding", "gzip"),)))


def _packed(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield b"".join(framed(gzip.compress(body, mtime=0), headers=(("content-encoding", "gzip"),)))


def _no_content(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield b"HTTP/1.1 204 No Content\r\n\r\n"


def _two_lengths(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\ncontent-length: 3\r\n\r\n%b" % (len(body), body)


def _negative_length(rng: Random, head: bytes, body: bytes) -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n" + body


WIRE: dict[str, Wire] = {
    "delay": _delay,
    "hang": _hang,
    "hang in the middle": _hang_in_the_middle,
    "drip": _drip,
    "drip for ever": _drip_for_ever,
    "reset before": _cut_before(Cut.RESET),
    "close before": _cut_before(Cut.CLOSE),
    "reset in head": _cut_in(Cut.RESET, "head"),
    "close in head": _cut_in(Cut.CLOSE, "head"),
    "reset after head": _cut_in(Cut.RESET, "after head"),
    "close after head": _cut_in(Cut.CLOSE, "after head"),
    "reset in body": _cut_in(Cut.RESET, "body"),
    "close in body": _cut_in(Cut.CLOSE, "body"),
    "cut chunks": _cut_chunks,
    "wrong chunks": _wrong_chunks,
    "twice": _twice,
    "twice, late": _twice_late,
    "bytes behind": _behind,
    "continues": _continues,
    "continues for ever": _continues_for_ever,
    "no HTTP": _no_http,
    "huge head": _huge_head,
    "huge body": _huge_body,
    "endless body": _endless_body,
    "gzip bomb": _bomb,
    "gzip unasked": _packed,
    "no content": _no_content,
    "two lengths": _two_lengths,
    "negative length": _negative_length,
    **{name: refusal(shape) for name, shape in PASSING.items()},
    **{name: refusal(shape) for name, shape in FINAL.items()},
}


def _changed(change: Callable[[Random, Any], Any]) -> Body:
    """A body whose JSON is changed where it is an object; others stay."""

    def spoil(rng: Random, body: bytes) -> bytes:
        value = json.loads(body)
        return json.dumps(change(rng, value)).encode() if isinstance(value, dict) else body

    return spoil


def _always(body: bytes) -> Body:
    return lambda rng, good: body


def _half(rng: Random, body: bytes) -> bytes:
    return _part(rng, body)[: len(body) - 1]


def _bad_bytes(rng: Random, body: bytes) -> bytes:
    """Text that is no UTF-8, within a string."""
    place = body.rfind(b'"')
    return body[:place] + rng.choice((b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80")) + body[place:]


def _with_error(rng: Random, body: bytes) -> bytes:
    error: Any = rng.choice(
        (
            {"message": "upstream is busy", "code": 502}, {"message": "overloaded", "code": 503}, "upstream error",
            {"message": "no", "type": "server_error", "code": None},
        )
    )  # fmt: skip
    return json.dumps({"error": error}).encode()


_ANY: dict[str, Body] = {
    "error with 200": _with_error,
    "page with 200": _always(b"<html><body>Just a moment...</body></html>"),
    "empty body": _always(b""),
    "null": _always(b"null"),
    "list": _always(b"[]"),
    "text": _always(b'"Hello"'),
    "empty object": _always(b"{}"),
    "half of it": _half,
    "bad UTF-8": _bad_bytes,
    "nested deep": _always(b"[" * 100_000),
    "nested in a field": _always(b'{"id":' + b'{"a":' * 60_000 + b"1" + b"}" * 60_001),
    "a number of 5,000 digits": _always(b'{"usage":' + b"9" * 5000 + b',"meta_info":' + b"9" * 5000 + b"}"),
}


def _in_choice(**fields: Any) -> Body:
    def change(rng: Random, value: dict[str, Any]) -> dict[str, Any]:
        choice = value["choices"][0] | fields
        return value | {"choices": [choice]}

    return _changed(change)


def _in_meta(**fields: Any) -> Body:
    return _changed(lambda rng, value: value | {"meta_info": value["meta_info"] | fields})


def _ids(change: Callable[[Random, list[int]], list[Any]]) -> Body:
    return _changed(lambda rng, value: value | {"output_ids": change(rng, value["output_ids"])})


BODIES: dict[str, dict[str, Body]] = {
    "openai": {
        **_ANY,
        "no choice": _changed(lambda rng, value: value | {"choices": []}),
        "choices null": _changed(lambda rng, value: value | {"choices": None}),
        "message null": _in_choice(message=None),
        "message a list": _in_choice(message=[]),
        "nothing said": _in_choice(message={"role": "assistant", "content": ""}),
        "aborted": _in_choice(finish_reason="abort"),
        "withheld": _in_choice(finish_reason="content_filter"),
        "usage beyond all": _changed(lambda rng, value: value | {"usage": {"prompt_tokens": -5, "total_tokens": "x"}}),
    },
    "sglang": {
        **_ANY,
        "another's id": _in_meta(id="retail-s1-00000#99/agent/0~other.0."),
        "no id": _in_meta(id=""),
        "ids outside": _ids(lambda rng, ids: [rng.choice((10**6, 2**31, 2**40)), *ids[1:]]),
        "negative ids": _ids(lambda rng, ids: [-1, *ids[1:]]),
        "no ids": _ids(lambda rng, ids: []),
        "ids as text": _ids(lambda rng, ids: [str(token) for token in ids]),
        "end missing": _ids(lambda rng, ids: ids[:-1]),
        "only the end": _ids(lambda rng, ids: ids[-1:]),
        "aborted": _in_meta(finish_reason={"type": "abort", "message": "Aborted", "status_code": None}),
        "aborted for the queue": _in_meta(
            finish_reason={"type": "abort", "message": "The request queue is full.", "status_code": 503}
        ),
        "aborted as too long": _in_meta(
            finish_reason={"type": "abort", "message": "longer than the model's context length", "status_code": 400}
        ),
        "not finished": _in_meta(finish_reason=None),
        "no meta": _changed(lambda rng, value: {"output_ids": value["output_ids"]}),
        "counts beyond all": _in_meta(cached_tokens=2**70),
    },
}
"""By the protocol that the answer is of."""

FINAL_NAMES = frozenset({*FINAL, "withheld", "aborted as too long"})
"""Faults that may end a conversation at once."""

IN_THE_ROW = frozenset({"too long", "aborted as too long", "usage beyond all", "counts beyond all"})
"""Faults that a conversation which ends by itself shows: nobody can know that the server was wrong."""

RARE = {"huge body": 0.01, "gzip bomb": 0.1, "nested in a field": 0.2, "nested deep": 0.2, "huge head": 0.2}
"""Faults that cost the machine so much that they come more seldom than the others."""


def weights(engine: str, *, final: float = 0.15) -> dict[str, float]:
    """How often each fault comes, against the others; those that end a conversation less often."""
    names = [*WIRE, *BODIES[engine]]
    return {name: RARE.get(name, final if name in FINAL_NAMES else 1.0) for name in names}
