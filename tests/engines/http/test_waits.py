"""How long a server asks to wait: every form in use, dates by the server's own clock, nonsense as nothing."""

from email.utils import formatdate
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.http import TransportError, status_error
from writ_engines.http.waits import read_allowances, read_seconds, told_wait

NOW = 1_750_000_000.0
DATE = formatdate(NOW, usegmt=True)


def asked(headers: dict[str, str], body: Any = b"") -> float:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return told_wait(headers, raw, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "2"}, 2.0),
        ({"retry-after": "2.5"}, 2.5),
        ({"RETRY-AFTER": " 7 "}, 7.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "2s"}, 2.0),
        ({"Retry-After": formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"Retry-After": formatdate(NOW - 30, usegmt=True)}, 0.0),
        ({"Retry-After": "2025-06-15T15:07:00Z"}, 20.0),
        ({"Retry-After": str(int(NOW + 12))}, 12.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"x-ms-retry-after-ms": "250"}, 0.25),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-tokens": "2s"}, 2.0),
        ({"x-ratelimit-reset-requests": "500ms", "x-ratelimit-reset-tokens": "1m2.5s"}, 0.5),
        (
            {
                "x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "500ms",
                "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m2.5s",
            },
            62.5,
        ),
        ({"X-RateLimit-Reset": str(int(1000 * (NOW + 9)))}, 9.0),
        ({"X-RateLimit-Reset-After": "1.25"}, 1.25),
        ({"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "2025-06-15T15:06:45Z"},
         5.0),
        ({"RateLimit": '"default";r=0;t=30'}, 30.0),
        ({"RateLimit": "limit=100, remaining=0, reset=5"}, 5.0),
        ({"Retry-After": "soon"}, 0.0),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": ""}, 0.0),
        ({}, 0.0),
    ],
)  # fmt: skip
def test_every_form_of_header_is_read(headers: dict[str, str], seconds: float) -> None:
    assert asked(headers) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"error": {"message": "Limit 60 a minute reached. Please try again in 500ms."}}, 0.5),
        ({"error": {"message": "Too many requests, try again in 1m2.5s, or write to us."}}, 62.5),
        ({"message": "Please retry after 6 seconds."}, 6.0),
        ({"detail": "You may wait 2 minutes"}, 120.0),
        ({"error": "The limit resets in 1 hour, 30 minutes"}, 5400.0),
        ({"error": {"code": 429, "details": [{"@type": "help"}, {"retryDelay": "27.25s"}]}}, 27.25),
        ([{"error": {"details": [{"retryDelay": "3s"}]}}], 3.0),
        ({"retry_after": 1.75}, 1.75),
        ({"retry_after_ms": 40}, 0.04),
        (b"slow down: retry in 9 s", 9.0),
        ({"error": {"message": "Limit of 60 per minute reached"}}, 0.0),
        ({"error": {"message": "We will try again in a moment of 5 metres"}}, 0.0),
        ({"retry_after": True}, 0.0),
        (b"\xff\xfe", 0.0),
    ],
)
def test_what_a_refusal_says_in_words_is_read(body: Any, seconds: float) -> None:
    assert asked({}, body) == pytest.approx(seconds)


def test_a_header_is_believed_before_the_words() -> None:
    assert asked({"Retry-After": "4"}, {"error": {"message": "try again in 500ms"}}) == 4.0


def test_a_date_is_read_by_the_servers_clock() -> None:
    headers = {"Retry-After": formatdate(NOW + 30, usegmt=True), "Date": DATE}
    assert told_wait(headers, b"", clock=lambda: NOW + 86_400) == 30.0


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds", "limited"),
    [
        (429, {}, {"error": "slow"}, 0.0, True),
        (429, {"x-ratelimit-reset-requests": "3s"}, {}, 3.0, True),
        (503, {"Retry-After": "3"}, {}, 3.0, True),
        (503, {"x-ratelimit-reset-requests": "3s"}, {}, 0.0, False),
        (503, {}, {"message": "The queue is full."}, 0.0, False),
        (529, {}, {"error": {"message": "overloaded, retry in 4s"}}, 4.0, True),
        (500, {"Retry-After": "3"}, {}, 3.0, True),
        (500, {"x-ratelimit-reset-requests": "3s"}, {"message": "try again in 8s"}, 0.0, False),
        (401, {"Retry-After": "3"}, {}, 0.0, False),
    ],
)
def test_only_refusals_for_a_limit_make_all_calls_wait(
    status: int, headers: dict[str, str], body: Any, seconds: float, limited: bool
) -> None:
    error = status_error(status, msgspec.json.encode(body), headers)
    assert isinstance(error, TransportError)
    assert (error.retry_after, error.limited) == (seconds, limited)


def test_what_headers_say_of_limits_is_kept_by_what_they_count() -> None:
    headers = {
        "x-ratelimit-limit-requests": "120",
        "x-ratelimit-remaining-requests": "119",
        "x-ratelimit-reset-requests": "500ms",
        "x-ratelimit-remaining-tokens-minute": "8000",
        "content-type": "application/json",
    }
    (requests, tokens) = read_allowances(headers, lambda: NOW)
    assert (requests.resource, requests.limit, requests.remaining, requests.reset) == ("requests", 120, 119, 0.5)
    assert (tokens.resource, tokens.limit, tokens.remaining, tokens.reset) == ("tokens-minute", None, 8000, None)


@given(st.dictionaries(st.sampled_from(["Retry-After", "retry-after-ms", "RateLimit", "x-ratelimit-reset"]), st.text()))
def test_whatever_a_header_says_the_wait_is_a_number_from_zero(headers: dict[str, str]) -> None:
    assert asked(headers) >= 0.0


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_durations_of_parts_are_their_sum(hours: int, minutes: int, seconds: int, thousandths: int) -> None:
    total = 3600 * hours + 60 * minutes + seconds + thousandths / 1000
    assert read_seconds(f"{hours}h{minutes}m{seconds}.{thousandths:03}s", NOW) == pytest.approx(total)


@pytest.mark.parametrize("text", ["1" * 20_000, "again " * 20_000, "wait " + "1s " * 20_000, "retry in ~" * 9_000])
def test_hostile_texts_take_no_time(text: str) -> None:
    asked({"Retry-After": text}, {"error": {"message": text}})
    asked({}, text.encode())
