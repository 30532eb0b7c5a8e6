"""Every exception the package raises on purpose.

WritError                     a message for people, one line; the command line prints it and exits
├── InputError                a bad flag, file, line or field: exit code 2
├── StorageError              the disk is full or a file cannot be written: exit code 1
└── EngineError               a model server did not give a completion (`kind` says why)
    └── ContextWindowError    the prompt is longer than the model's context
"""

from __future__ import annotations


class WritError(Exception):
    """Base of every deliberate error; its text is one line fit for a terminal."""

    exit_code = 1


class InputError(WritError):
    """Something the caller gave is wrong; the text says what, where and what to do."""

    exit_code = 2


class StorageError(WritError):
    """Something could not be written; what was whole on disk before is still whole."""

    exit_code = 1


class EngineError(WritError):
    """An engine gave no completion. `kind` is a short stable word, such as `refused` or `deadline`."""

    def __init__(self, message: str, *, kind: str = "engine") -> None:
        super().__init__(message)
        self.kind = kind


class ContextWindowError(EngineError):
    """The prompt does not fit into the model's context window; retrying cannot help."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="context_window")
