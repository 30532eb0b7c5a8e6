"""Refusals of each server: typed, on one printable line, without the key."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.http import TransportError, status_error
from writ_engines.openai.failures import explain
from writ_engines.openai.options import Endpoint

from tests.support.shared_data import SHARED, needs_shared
from writ_async.errors import ContextWindowError, EngineError

ENDPOINT = Endpoint("http://h/v1", "MY_KEY", "sk-test-Zq81xV0pLmN3")


def told(status: int, body: Any, *, endpoint: Endpoint = ENDPOINT, retry_after: str = "") -> EngineError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return explain(status_error(status, raw, {"Retry-After": retry_after}), endpoint, "gpt-x")


@needs_shared
def test_the_captured_errors_of_sglang_are_typed() -> None:
    assert SHARED is not None
    kinds: dict[str, str] = {}
    for pattern in ("err_chat_*.json", "queue_full_chat.json"):
        for file in sorted((SHARED / "sglang" / "captures").glob(pattern)):
            response = json.loads(file.read_text())["response"]
            if "body" in response:
                error = told(response["status"], response["body"])
                assert len(str(error)) < 700
                assert "/site-packages/" not in str(error)
                kinds[file.stem] = error.kind
    assert kinds == {
        "err_chat_bad_role": "bad_request",
        "err_chat_content_type": "bad_request",
        "err_chat_context_too_long": "context_window",
        "err_chat_maxtokens_too_long": "context_window",
        "err_chat_no_messages": "bad_request",
        "queue_full_chat": "overloaded",
    }


@pytest.mark.parametrize(
    "message",
    [
        "The input (8192 tokens) is longer than the model's context length (8192 tokens).",
        "Requested token count exceeds the model's maximum context length of 8192 tokens.",
        "Input length (700 tokens) exceeds the maximum allowed length (594 tokens).",
        "This model's maximum context length is 4096 tokens. However, you requested 6379 tokens (350 in all).",
        "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
        "The engine prompt length 1003 exceeds the max_model_len 1000. Please reduce prompt.",
        "'max_tokens' or 'max_completion_tokens' is too large: 9. This model's maximum context length is 8 tokens",
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 173172 tokens.",
        "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens.",
        "prompt is too long: 200001 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000",
        "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
    ],
)
def test_a_prompt_that_is_too_long_is_known_by_the_words_of_each_server(message: str) -> None:
    for body in ({"error": {"message": message}}, {"object": "error", "message": message, "code": 400}):
        assert isinstance(told(400, body), ContextWindowError)
    assert not isinstance(told(500, {"error": {"message": message}}), ContextWindowError)


@pytest.mark.parametrize(
    ("status", "body", "kind", "retryable", "words"),
    [
        (401, {"error": {"message": "bad key"}}, "unauthorized", False, "refused the key; look at the key in MY_KEY"),
        (403, {"error": {"message": "not yours"}}, "unauthorized", False, "not yours"),
        (402, {"error": {"message": "empty"}}, "quota", False, "no credit left"),
        (404, {"detail": "Not Found"}, "not_found", False, "knows no model 'gpt-x', or is not the right address"),
        (429, {"error": {"message": "Rate limit reached"}}, "overloaded", True, "Rate limit reached"),
        (429, {"error": {"message": "You exceeded your current quota"}}, "quota", False, "no credit left"),
        (429, {"error": {"message": "Quota exceeded for requests per minute"}}, "overloaded", True, "Quota exceeded"),
        (
            429,
            {
                "error": {
                    "message": "You exceeded your current quota, see billing. Please retry in 27.5s.",
                    "status": "RESOURCE_EXHAUSTED",
                }
            },
            "overloaded",
            True,
            "retry in 27.5s",
        ),
        (429, {"error": {"message": "Your quota is used up", "code": "rate_limit_exceeded"}}, "overloaded", True, "up"),
        (
            429,
            {"error": {"message": "You exceeded your current quota, retry in 3s", "code": "insufficient_quota"}},
            "quota",
            False,
            "no credit left",
        ),
        (429, {"error": {"message": "no", "type": "insufficient_quota", "code": None}}, "quota", False, "no credit"),
        (429, {"error": {"message": "Insufficient balance"}}, "quota", False, "no credit left"),
        (429, {"error": {"message": "Your credit balance is too low to go on"}}, "quota", False, "no credit left"),
        (
            429,
            {"error": {"message": "Too large on tokens per min (TPM): Limit 30000, Requested 45000."}},
            "quota",
            False,
            "more than the limit",
        ),
        (
            429,
            {"error": {"message": "Tokens per min: Limit 30000, Used 29000, Requested 4500."}},
            "overloaded",
            True,
            "Used 29000",
        ),
        (407, b"", "unauthorized", False, "the proxy before http://h/v1 wants"),
        (400, {"error": "unknown field `foo`"}, "bad_request", False, "unknown field `foo`"),
        (400, {"error": {"message": "Blocked by content management policy"}}, "content_filter", False, "withheld"),
        (503, {"object": "error", "message": "The request queue is full."}, "overloaded", True, "queue is full"),
        (500, b"Internal Server Error", "server_error", True, "Internal Server Error"),
        (500, b'{"error":' * 100_000, "server_error", True, "HTTP 500"),
        (502, b"<html>\n<h1>Bad Gateway</h1>", "server_error", True, "Bad Gateway"),
    ],
)
def test_errors_by_status(status: int, body: Any, kind: str, retryable: bool, words: str) -> None:
    error = told(status, body)
    assert error.kind == kind
    assert (isinstance(error, TransportError) and error.retryable) is retryable
    assert words in str(error)
    assert "\n" not in str(error)


def test_without_a_key_the_hint_is_where_to_put_one() -> None:
    error = told(401, {"error": {"message": "who?"}}, endpoint=Endpoint("http://h/v1", "MY_KEY", ""))
    assert "put the key into MY_KEY" in str(error)


def test_where_a_header_of_the_callers_was_refused_the_hint_names_no_variable() -> None:
    endpoint = Endpoint("http://h/v1", "MY_KEY", "", more_headers={"authorization": "Bearer mine"})
    error = told(401, {"error": {"message": "who?"}}, endpoint=endpoint)
    assert "refused the key; look at the one in headers" in str(error)


def test_what_the_server_asks_to_wait_is_kept() -> None:
    error = told(429, {"error": "slow down"}, retry_after="7")
    assert isinstance(error, TransportError)
    assert error.retry_after == 7


def test_an_explained_error_holds_no_other_and_no_key() -> None:
    error = told(500, {"error": {"message": f"you sent Bearer {ENDPOINT.key}\x1b[31m"}})
    assert ENDPOINT.key not in str(error)
    assert "\x1b" not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["error", "message", "detail", "code", "type", "object"]), inner, max_size=4),
    ),
    max_leaves=12,
)


@given(st.integers(300, 599), st.one_of(json_values.map(lambda value: json.dumps(value).encode()), st.binary()))
def test_whatever_is_refused_however_gives_one_printable_line(status: int, body: bytes) -> None:
    error = told(status, body)
    assert str(error).isprintable()
    assert error.kind
