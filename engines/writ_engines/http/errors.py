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

RETRYABLE = frozenset(
    {
        EngineErrorKind.REFUSED,
        EngineErrorKind.RESET,
        EngineErrorKind.TRUNCATED,
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


class TransportError(EngineError):
    """A call that failed. `status` is the HTTP status, if any; `retry_after` the seconds that the server asks for."""

    def __init__(
        self, message: str, *, kind: EngineErrorKind, status: int | None = None, retry_after: float = 0.0
    ) -> None:
        super().__init__(message, kind=kind)
        self.status = status
        self.retry_after = retry_after

    @property
    def retryable(self) -> bool:
        """Whether another attempt may help."""
        return self.kind in RETRYABLE


def error_text(body: bytes) -> str:
    """What an error's body says, on one line.

    Servers use four shapes: `{"error": {"message": ...}}`, `{"error": "..."}`, `{"message": ...}`, `{"detail": ...}`;
    anything else is given as it stands.
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _one_line(body.decode("utf-8", "replace"))
    return _one_line(_find_text(value))


def _find_text(value: Any) -> str:
    if isinstance(value, dict):
        for key in ("error", "message", "detail"):
            if value.get(key):
                return _find_text(value[key])
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
        retry_after=_seconds(headers.get("Retry-After", "") if headers else ""),
    )


def _seconds(text: str) -> float:
    """A Retry-After in seconds; 0 where there is none or where it is a date."""
    return float(text) if text.isascii() and text.isdigit() else 0.0
