"""The `/generate` protocol of SGLang: request bodies as bytes, answers as typed values.

Every key of an answer is optional, because versions of the server differ in what they send; a key that is missing
leaves its default.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from writ_async.errors import EngineError, EngineErrorKind
from writ_engines.http.errors import TransportError, status_error

_ONLY_THE_END = b',"stream_interval":1073741824}'  # more tokens than any completion has
_encode = msgspec.json.Encoder().encode


class WeightSpan(msgspec.Struct, frozen=True):
    """Which weights made the output tokens from `start` up to `end`."""

    version: str | int
    start: int
    end: int


class Logprob(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The logprob of one output token; its id, which comes after it, is in `output_ids` as well.

    An answer has hundreds, so the garbage collector is not told of them.
    """

    value: float | None


class FinishReason(msgspec.Struct, frozen=True):
    """Why generation stopped: `stop` (with the id or string that matched), `length` or `abort`."""

    type: str = ""
    matched: Any = None
    message: str | None = None
    status_code: int | None = None


class MetaInfo(msgspec.Struct, frozen=True):
    """What the server says about one answer. `cached_tokens` of the prompt were in its prefix cache."""

    id: str = ""
    finish_reason: FinishReason | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    num_retractions: int | None = None
    weight_version: str | int | None = None
    weight_versions: tuple[WeightSpan, ...] | None = None
    output_token_logprobs: list[Logprob] | None = None


class _Problem(msgspec.Struct, frozen=True):
    message: str = ""
    code: int | None = None


class Answer(msgspec.Struct, frozen=True):
    """One answer, whole or so far. `output_ids` holds the token that ended it too. `error` stands in streams only."""

    output_ids: list[int] = []
    meta_info: MetaInfo = msgspec.field(default_factory=MetaInfo)
    error: _Problem | None = None


_decode_answer = msgspec.json.Decoder(Answer).decode


def parse_answer(body: bytes) -> Answer:
    """One answer from its JSON. Raises `TransportError` of kind `truncated` when it is not one."""
    try:
        return _decode_answer(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise TransportError(f"the server's answer cannot be read: {exc}", kind=EngineErrorKind.TRUNCATED) from None


def check_answer(answer: Answer) -> Answer:
    """The answer, when generation came to an end of its own.

    Aborts come with HTTP 200. Raises `ContextWindowError` for one that says the prompt is too long, and else
    `TransportError`: `overloaded` (503), `server_error`, `bad_request` (4xx), `aborted_by_server`.
    """
    if answer.error is not None:
        raise _refusal(answer.error.code, answer.error.message)
    reason = answer.meta_info.finish_reason
    if reason is None:
        raise TransportError("the answer has no finish reason", kind=EngineErrorKind.TRUNCATED)
    if reason.type in ("stop", "length"):
        return answer
    if reason.status_code is None:
        text = reason.message or reason.type or "no reason given"
        raise TransportError(f"the server gave the request up: {text}", kind=EngineErrorKind.ABORTED_BY_SERVER)
    raise _refusal(reason.status_code, reason.message or "")


def _refusal(status: int | None, text: str) -> EngineError:
    return status_error(status or 500, _encode({"message": text}))


def single_body(
    rid: str, ids: bytes | bytearray, sampling: bytes, logprobs: bool, members: bytes = b""
) -> tuple[bytes, bytes | bytearray, bytes]:
    """The body of one request in three parts. `ids` is the inside of a JSON list, `sampling` a JSON object.

    `members` are more members of the body's own object, each after a comma. The ids, which are nearly all of it, are a
    part of their own, so that they need not be copied.
    """
    # logprob_start_len stays away: 0 would compute the prompt anew and throw the cached prefix away.
    tail = b',"return_logprob":true}' if logprobs else b"}"
    return (
        b'{"rid":%b,"input_ids":[' % _encode(rid),
        ids,
        b'],"sampling_params":%b%b%b' % (sampling, members, tail),
    )


def batch_body(
    rids: Sequence[str], ids: Sequence[bytes | bytearray], samplings: Sequence[bytes], logprobs: bool
) -> bytes:
    """The body of several requests in one, answered as a stream in the order in which they end.

    An event comes at the first token of each and at its end, and none between.
    """
    return b"".join(
        (
            b'{"rid":',
            _encode(rids),
            b',"input_ids":[[',
            b"],[".join(ids),
            b']],"sampling_params":[',
            b",".join(sampling[:-1] + _ONLY_THE_END for sampling in samplings),
            b'],"return_logprob":true,"stream":true}' if logprobs else b'],"stream":true}',
        )
    )
