"""When failures are no longer the calls' own: the servers answer none, and whoever plays is to end in order.

Two things show it. Calls are refused for good, one like the other: an exhausted account, a key, the name of a model.
Or calls are tried for as long as they may, and none is answered meanwhile: then every further one would wait as long,
and fail too. What one call meets alone, while others are answered, says nothing.
"""

from __future__ import annotations

from math import inf

from writ_async import clock
from writ_async.errors import EngineError, EngineErrorKind, OutOfServiceError
from writ_engines.http.errors import RETRYABLE

REFUSED_ALIKE = {
    EngineErrorKind.QUOTA: 5,
    EngineErrorKind.UNAUTHORIZED: 5,
    EngineErrorKind.NOT_FOUND: 5,
    EngineErrorKind.TLS: 5,
    EngineErrorKind.BAD_REQUEST: 20,
}
"""So many calls in a row, refused for the same reason and with no answer between them. A request that cannot be served
may be one conversation's own; where twenty are, it is the server or its options."""

SILENT_SECONDS = 60.0
"""A call that was tried for so long since any call was answered has met more than a bad moment."""

_SOME, _MANY = 3, 20  # calls that were tried in vain: where that took its time, and where it did not


class Breaker:
    """Counts what calls end with, over all servers of an engine."""

    def __init__(self) -> None:
        self._kind: EngineErrorKind | None = None
        self._in_a_row = 0
        self._answered = -inf

    def answered(self) -> None:
        """A call was answered."""
        self._kind = None
        self._in_a_row = 0
        self._answered = clock.loop_time()

    def gave_up(self, error: EngineError, began: float, others_failing: int) -> OutOfServiceError | None:
        """A call that `began` at some time has failed for good, while others have failed and are tried again.

        Gives the error to raise in place of it where no other call would fare better. With that the count begins
        anew: who goes on all the same may find that the servers are there again.
        """
        kind = error.kind if error.kind in REFUSED_ALIKE or error.kind in RETRYABLE else None
        if kind is None:  # about this one request: the server has answered
            self.answered()
            return None
        alike = kind is self._kind or (kind in RETRYABLE and self._kind in RETRYABLE)
        self._in_a_row = self._in_a_row + 1 if alike else 1
        self._kind = kind
        if not self._is_over(kind, began, others_failing):
            return None
        self._in_a_row = 0
        return OutOfServiceError(str(error), kind=kind)

    def _is_over(self, kind: EngineErrorKind, began: float, others_failing: int) -> bool:
        if kind in REFUSED_ALIKE:
            return self._in_a_row >= REFUSED_ALIKE[kind]
        if clock.loop_time() - max(began, self._answered) >= SILENT_SECONDS:
            return self._in_a_row + others_failing >= _SOME
        return self._in_a_row >= _MANY
