"""What a server answers may be nested as deep as it likes: it is no answer, and no traceback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import anyio
import pytest
from writ_engines.http.client import HttpClient
from writ_engines.http.errors import error_code, error_text, status_error
from writ_engines.openai.doctor import _names
from writ_engines.openai.reply import read_reply
from writ_engines.sglang.server import fetch_identity, fetch_info, fetch_loads, tokenize
from writ_engines.sglang.wire import parse_answer

from writ_async.errors import EngineError

DEPTHS = (30, 400, 700, 950, 1_100, 5_000, 200_000)
SHAPES: tuple[Callable[[int], bytes], ...] = (
    lambda depth: b"[" * depth + b"]" * depth,
    lambda depth: b'{"error":' * depth + b"1" + b"}" * depth,
    lambda depth: b'{"message":' * depth + b'"x"' + b"}" * depth,
    lambda depth: b'{"a":[' * depth + b"]}" * depth,
    lambda depth: b'{"choices":' + b"[" * depth + b"]" * depth + b"}",
    lambda depth: b'{"choices":[{"message":{"content":' + b"[" * depth + b"]" * depth + b"}}]}",
    lambda depth: b'{"meta_info":' + b'{"id":' * depth + b"1" + b"}" * depth + b"}",
    lambda depth: b'{"usage":' + b"[" * depth + b"]" * depth + b',"choices":[{"message":{"content":"x"}}]}',
    lambda depth: b"[" * depth,
)


class Answers:
    """A client whose server gives one answer to all that it is asked."""

    base_url = "http://127.0.0.1:1"

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def get(self, path: str, **_: Any) -> bytes:
        return self._body

    async def post(self, path: str, body: bytes, **_: Any) -> bytes:
        return self._body


def readers(body: bytes) -> dict[str, Callable[[], object]]:
    client = cast(HttpClient, Answers(body))
    return {
        "error_text": lambda: error_text(body),
        "error_code": lambda: error_code(body),
        "status_error": lambda: str(status_error(429, body, {})) + str(status_error(500, body, {})),
        "models": lambda: _names(body),
        "reply": lambda: read_reply(body, 0),
        "answer": lambda: parse_answer(body),
        "info": lambda: anyio.run(fetch_info, client),
        "identity": lambda: anyio.run(fetch_identity, client),
        "loads": lambda: anyio.run(fetch_loads, client),
        "tokens": lambda: anyio.run(tokenize, client, "x"),
    }


def test_what_can_just_be_read_can_also_be_told() -> None:
    for depth in range(900, 1_001):  # about as deep as a reader's own stack goes
        for shape in SHAPES[:4]:
            assert str(status_error(500, shape(depth), {})).startswith("HTTP 500")


@pytest.mark.parametrize("name", readers(b""))
@pytest.mark.parametrize("depth", DEPTHS)
def test_a_reader_of_answers_gives_an_answer_or_an_engine_error(name: str, depth: int) -> None:
    for shape in SHAPES:
        said = ""
        try:
            readers(shape(depth))[name]()
        except EngineError as exc:
            said = str(exc)
        assert len(said) < 2_000
