"""The bodies that SGLang sends, shaped as the captured ones."""

from collections.abc import Sequence
from typing import Any

import msgspec

RESERVED = 6
"""The server keeps so many tokens of its context to itself."""

ABORTED: dict[str, Any] = {"type": "abort", "message": "Aborted", "status_code": None, "err_type": None}
_QUEUE_FULL = "The request queue is full."
_NO_MEMORY = "Out of memory even after retracting all other requests in the decode batch."
_TOO_LONG = "The input (9000 tokens) is longer than the model's context length (8192 tokens)."


class Seen(msgspec.Struct):
    """One call as it arrived: its request id, prompt, sampling parameters, what was cached, and what was answered.

    `batch` counts the calls of its HTTP request. `finish` is the type of the finish reason, or the fault it met. `told`
    has what the client said of itself beside the call, as far as it is one of `HINTS`; `routing_key` is a header.
    """

    rid: str
    ids: list[int]
    sampling: dict[str, Any]
    batch: int = 1
    cached: int = 0
    output: list[int] = []
    finish: str = ""
    told: dict[str, Any] = {}
    routing_key: str | None = None


HINTS = ("session_id", "session_params", "priority", "routing_key")
"""Members of a request that say whose it is and when it should go."""


def queue_full() -> dict[str, Any]:
    """A full queue, in the shape that names no error key."""
    return {"object": "error", "message": _QUEUE_FULL, "type": "503", "param": None, "code": 503}


FAILURES: dict[str, tuple[int, dict[str, Any]]] = {
    "queue_full": (503, queue_full()),
    "server_error": (500, {"object": "error", "message": _NO_MEMORY, "type": "InternalServerError", "code": 500}),
    "router_error": (
        500,
        {"error": {"type": "Internal Server Error", "code": "call_upstream_request_error", "message": "error sending"}},
    ),
    "too_long": (400, {"error": {"message": _TOO_LONG}}),
    "bad_request": (400, {"error": {"message": "top_p must be in (0, 1], got 2."}}),
    "bad_param": (400, {"error": "unknown field `foo`, expected one of `max_new_tokens`, `stop`"}),
    "not_found": (404, {"detail": "Not Found"}),
}
"""Status and body of each failure that has one."""


def refusal(taken: bool, seen: Seen, context: int, pool: int) -> tuple[int, dict[str, Any]] | None:
    """The refusal of a call that cannot be served; `taken` says that its id is in use."""
    longest = min(context, pool) - RESERVED
    length, asked = len(seen.ids), seen.sampling.get("max_new_tokens", 128)
    text = ""
    if not length:
        text = "input_ids cannot be empty."
    elif taken:
        text = f"Duplicate request ID detected: {seen.rid}"
    elif seen.sampling.get("temperature", 1.0) < 0:
        text = "temperature must be a non-negative finite number, got -1."
    elif length >= context:
        text = f"The input ({length} tokens) is longer than the model's context length ({context} tokens)."
    elif length > longest:
        text = f"Input length ({length} tokens) exceeds the maximum allowed length ({longest} tokens)."
    elif length + asked > context:
        text = f"Requested token count exceeds the model's maximum context length of {context} tokens."
    return (400, {"error": {"message": text}}) if text else None


def refused_event(refused: tuple[int, dict[str, Any]]) -> dict[str, Any]:
    """The same in a stream, whose status is always 200."""
    status, body = refused
    error = {"message": body["error"]["message"], "type": "invalid_request_error", "code": status, "retryable": False}
    return {"error": error}


def failed_event(rid: str, fault: str) -> dict[str, Any]:
    """One call's failure in a stream: an abort, with a status where there is one."""
    if fault == "abort":
        return {"text": "", "output_ids": [], "meta_info": {"id": rid, "finish_reason": ABORTED}}
    status, body = FAILURES[fault]
    error = body.get("error", body.get("message"))
    text = error["message"] if isinstance(error, dict) else error
    reason = {"type": "abort", "status_code": status, "message": text}
    return {"text": "", "output_ids": [], "meta_info": {"id": rid, "finish_reason": reason}}


def answer(
    seen: Seen,
    output: Sequence[int],
    reason: dict[str, Any] | None,
    versions: tuple[str, str],
    retractions: int,
    logprobs: bool,
) -> dict[str, Any]:
    """One answer. `versions` are the weights' at its beginning and end; where they differ each made half of it."""
    count = len(output)
    before, after = versions
    half = count // 2 if before != after else 0
    spans = [{"version": before, "start": 0, "end": half}] if half else []
    meta: dict[str, Any] = {
        "id": seen.rid,
        "finish_reason": reason,
        "prompt_tokens": len(seen.ids),
        "weight_version": after,
        "num_retractions": retractions,
        "reasoning_tokens": 0,
        "completion_tokens": count,
        "cached_tokens": seen.cached,
        "weight_versions": [*spans, {"version": after, "start": half, "end": count}],
        "cached_tokens_details": {"device": seen.cached, "host": 0} if seen.cached else None,
        "dp_rank": None,
        "e2e_latency": 0.0,
    }
    if logprobs:
        meta["input_token_logprobs"] = []
        meta["output_token_logprobs"] = [[logprob(token), token, None] for token in output]
        meta["output_token_logprobs_length"] = count
    return {"text": "", "output_ids": list(output), "meta_info": meta}


def logprob(token: int) -> float:
    """The logprob that the double gives a token, so that a test can tell which token a logprob belongs to."""
    return -(1 + token) / 64
