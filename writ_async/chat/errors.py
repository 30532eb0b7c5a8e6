"""What can go wrong between messages and tokens.

EngineError
├── TemplateRefusedError   a chat template has no rendering for these messages
├── TokenRangeError        a token id that the model has no embedding for
└── HistoryChangedError    a session was shown another history than the one it rendered
"""

from __future__ import annotations

from writ_async.errors import EngineError, EngineErrorKind


class TemplateRefusedError(EngineError):
    """The chat template has no rendering for these messages; the text says which and why. Retrying cannot help."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind=EngineErrorKind.TEMPLATE_REFUSED)


class TokenRangeError(EngineError):
    """A token id outside the model's vocabulary. Sending one ends the model server, so it is never sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind=EngineErrorKind.TOKEN_RANGE)


class HistoryChangedError(EngineError):
    """The messages shown to a session do not continue the ones that it rendered; open a new session for them."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind=EngineErrorKind.HISTORY_CHANGED)
