"""What may go wrong between an engine and a server, as typed errors.

EngineError
├── TransportError          a call that failed; `RETRYABLE` are the kinds that may pass
└── ContextWindowError      the server says that the prompt is too long
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind
from writ_engines.http.waits import told_wait

RETRYABLE = frozenset(
    {
        EngineErrorKind.REFUSED,
        EngineErrorKind.RESET,
        EngineErrorKind.TRUNCATED,
        EngineErrorKind.EMPTY,
        EngineErrorKind.OVERLOADED,
        EngineErrorKind.SERVER_ERROR,
        EngineErrorKind.ABORTED_BY_SERVER,
        EngineErrorKind.BATCH_REFUSED,
        EngineErrorKind.DEADLINE,
        EngineErrorKind.RESOURCES,
    }
)
"""The kinds that may pass."""

_BY_STATUS = {
    401: EngineErrorKind.UNAUTHORIZED,
    402: EngineErrorKind.UNAUTHORIZED,
    403: EngineErrorKind.UNAUTHORIZED,
    407: EngineErrorKind.UNAUTHORIZED,
    404: EngineErrorKind.NOT_FOUND,
    405: EngineErrorKind.NOT_FOUND,
    408: EngineErrorKind.SERVER_ERROR,
    409: EngineErrorKind.SERVER_ERROR,
    429: EngineErrorKind.OVERLOADED,
    503: EngineErrorKind.OVERLOADED,
    529: EngineErrorKind.OVERLOADED,
}

_TOO_LONG = re.compile(
    r"context[_ ](length|window)|maximum (context|model|allowed) length|max_model_len|prompt is too long", re.IGNORECASE
)
_LONGEST_TEXT = 500
_TOO_MANY = 429
_LIMITS = (_TOO_MANY, 503, 529)


class TransportError(EngineError):
    """A call that failed. `status` is the HTTP status, if any; `retry_after` the seconds that the server asks for.

    `code` is what the server calls the error in a word, such as "rate_limit_exceeded"; empty where it does not.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: EngineErrorKind,
        status: int | None = None,
        retry_after: float = 0.0,
        code: str = "",
    ) -> None:
        super().__init__(message, kind=kind)
        self.status = status
        self.retry_after = retry_after
        self.code = code

    @property
    def retryable(self) -> bool:
        """Whether another attempt may help."""
        return self.kind in RETRYABLE

    @property
    def limited(self) -> bool:
        """Whether the server refused for a limit that passes: all calls to it have to wait, and none has failed."""
        return self.retryable and (self.status == _TOO_MANY or self.retry_after > 0)


MOST_EMPTY = 5
"""So many answers to one call in which nothing was said, and the server has failed: more of them will not help."""
MOST_EMPTY_NOW_AND_THEN = 10
"""The same of a server that has answered other calls: where one answer in five is empty, five in a row are not rare."""


def empty_answer(number: int, most: int = MOST_EMPTY) -> EngineError:
    """The error of the n-th answer to a call in which nothing was said, from 1 on; the last of them may not pass."""
    if number < most:
        return TransportError("the server gave nothing: no word, no call", kind=EngineErrorKind.EMPTY)
    return EngineError(f"the server gave nothing {number} times: no word, no call", kind=EngineErrorKind.EMPTY)


def error_text(body: bytes) -> str:
    """What an error's body says, on one line.

    Servers use four shapes: `{"error": {"message": ...}}`, `{"error": "..."}`, `{"message": ...}`, `{"detail": ...}`;
    anything else is given as it stands.
    """
    try:
        return _one_line(_find_text(msgspec.json.decode(body)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _one_line(body.decode("utf-8", "replace"))


def error_code(body: bytes) -> str:
    """What an error's body calls it: its `code`, `type` and `status` that are words, with spaces between."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return ""
    inner = value.get("error")
    told = [part.get(name) for part in (inner, value) if isinstance(part, dict) for name in ("code", "type", "status")]
    words = dict.fromkeys(word for word in told if isinstance(word, str) and not word.isdigit())
    return _one_line(" ".join(words))


def _find_text(value: Any) -> str:
    while isinstance(value, dict):
        inner = next((value[key] for key in ("error", "message", "detail") if value.get(key)), None)
        if inner is None:
            break
        value = inner
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _one_line(text: str) -> str:
    """The first lines of a message as one; tracebacks that follow (they name the server's own files) are left out."""
    text = text.partition("\n\n")[0]
    return " ".join(text.split())[:_LONGEST_TEXT]


def status_error(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> EngineError:
    """The error of an HTTP status that is not a success, told by its status and body.

    A 400 or 413 that speaks of the context's length is a `ContextWindowError`.
    """
    text = error_text(body)
    if status in (400, 413, 422) and _TOO_LONG.search(text):
        return ContextWindowError(text)
    kind = _BY_STATUS.get(status, EngineErrorKind.SERVER_ERROR if status >= 500 else EngineErrorKind.BAD_REQUEST)
    return TransportError(
        f"HTTP {status}: {text}" if text else f"HTTP {status}",
        kind=kind,
        status=status,
        retry_after=_asked_wait(status, headers or {}, body),
        code=error_code(body),
    )


def _asked_wait(status: int, headers: Mapping[str, str], body: bytes) -> float:
    """The seconds that a server asks to wait. Headers of limits stand in every answer: only a 429 is about them."""
    if status not in _LIMITS:
        return told_wait(headers, b"", of_limits=False) if status >= 500 else 0.0
    return told_wait(headers, body, of_limits=status == _TOO_MANY)
