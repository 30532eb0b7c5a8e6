"""Refusals as servers write them: status, headers, body. SGLang's as it was seen to answer, vendors' as they document.

`FINAL` are those that no other attempt would mend: a conversation that meets one may end at it.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Shape(NamedTuple):
    """A refusal. `body` is sent as JSON where it is no text."""

    status: int
    body: Any
    headers: tuple[tuple[str, str], ...] = ()

    def content(self) -> bytes:
        """The body as it is sent."""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


def _sglang(message: str, kind: str, code: int) -> dict[str, Any]:
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code}


def _vendor(message: str, kind: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


_PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body><center><h1>{0}</h1></center></body></html>\r\n"
_RATE = "Rate limit reached for requests"

PASSING: dict[str, Shape] = {
    "sglang queue full": Shape(503, _sglang("The request queue is full.", "503", 503)),
    "sglang preempted": Shape(503, _sglang("The request is aborted by a higher priority request.", "503", 503)),
    "sglang out of memory": Shape(
        500, _sglang("Out of memory even after retracting all other requests.", "InternalServerError", 500)
    ),
    "sglang router": Shape(
        500,
        {"error": {"type": "Internal Server Error", "code": "call_upstream_request_error", "message": "error sending"}},
    ),
    "sglang loading": Shape(503, ""),
    "plain 500": Shape(500, "Internal Server Error"),
    "nginx 502": Shape(502, _PAGE.format("502 Bad Gateway")),
    "nginx 504": Shape(504, _PAGE.format("504 Gateway Time-out")),
    "cloudflare 520": Shape(520, _PAGE.format("520: Web server is returning an unknown error")),
    "cloudflare 524": Shape(524, _PAGE.format("524: A timeout occurred")),
    "timeout 408": Shape(408, _vendor("Request timed out", "timeout")),
    "conflict 409": Shape(409, _vendor("Lock could not be acquired", "conflict")),
    "limit in seconds": Shape(429, _vendor(_RATE, "requests", "rate_limit_exceeded"), (("Retry-After", "2"),)),
    "limit in ms": Shape(429, _vendor(_RATE, "tokens", "rate_limit_exceeded"), (("retry-after-ms", "350"),)),
    "limit in words": Shape(429, _vendor(f"{_RATE}. Please try again in 500ms.", "tokens", "rate_limit_exceeded")),
    "limit in the body": Shape(
        429,
        {
            "error": {
                "code": 429,
                "status": "RESOURCE_EXHAUSTED",
                "message": "Quota exceeded for requests per minute",
                "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"}],
            }
        },
    ),
    "limit by headers": Shape(
        429,
        _vendor(_RATE, "requests", "rate_limit_exceeded"),
        (("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "1s")),
    ),
    "limit without a word": Shape(429, ""),
    "anthropic overloaded": Shape(
        529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    ),
    "busy for a second": Shape(
        503, _vendor("The engine is currently overloaded", "server_error"), (("Retry-After", "1"),)
    ),
}
"""Refusals that pass."""

FINAL: dict[str, Shape] = {
    "bad parameter": Shape(400, {"error": "unknown field `foo`, expected one of `max_new_tokens`, `stop`"}),
    "bad temperature": Shape(400, {"error": {"message": "temperature must be non-negative, got -1."}}),
    "validation": Shape(400, _sglang("1 validation error:\n  json_invalid", "Bad Request", 400)),
    "too long": Shape(
        400, _sglang("The input (9000 tokens) is longer than the model's context length (8192).", "BadRequest", 400)
    ),
    "too large 413": Shape(413, _PAGE.format("413 Request Entity Too Large")),
    "unprocessable 422": Shape(422, {"detail": [{"loc": ["body", "messages"], "msg": "field required"}]}),
    "no such path": Shape(404, {"detail": "Not Found"}),
    "no such model": Shape(404, _vendor("The model `m` does not exist", "invalid_request_error", "model_not_found")),
    "method": Shape(405, {"detail": "Method Not Allowed"}),
    "key": Shape(401, _vendor("Incorrect API key provided", "invalid_request_error", "invalid_api_key")),
    "region": Shape(403, _vendor("Country, region, or territory not supported", "request_forbidden")),
    "quota": Shape(429, _vendor("You exceeded your current quota", "insufficient_quota", "insufficient_quota")),
    "balance": Shape(402, _vendor("Insufficient Balance", "unknown_error", "invalid_request_error")),
    "filter": Shape(400, _vendor("Blocked by content management policy", "content_filter", "content_filter")),
    "moved 301": Shape(301, "", (("Location", "http://elsewhere.invalid/v1/chat/completions"),)),
    "found 302": Shape(302, "", (("Location", "/login"),)),
    "see other 303": Shape(303, "", (("Location", "/"),)),
    "temporary 307": Shape(307, "", (("Location", "/v1/chat/completions"),)),
    "permanent 308": Shape(308, "", (("Location", "/v1/chat/completions"),)),
    "not modified 304": Shape(304, ""),
    "teapot 418": Shape(418, "short and stout"),
}  # fmt: skip
"""Refusals that do not pass."""
