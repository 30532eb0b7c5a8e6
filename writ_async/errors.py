"""Every exception the package raises on purpose.

WritError                     a message for people, one line; the command line prints it and exits
├── InputError                a bad flag, file, line or field: exit code 2
├── StorageError              the disk is full or a file cannot be written: exit code 1
└── EngineError               a model server did not give a completion (`kind` says why)
    ├── ContextWindowError    the prompt is longer than the model's context
    └── ServerDownError       the server that was to answer does not, and another one could
"""

from __future__ import annotations

from collections.abc import Iterator


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


class ServerDownError(EngineError):
    """One of an engine's servers takes no calls, while another does; `server` is its number."""

    def __init__(self, message: str, server: int) -> None:
        super().__init__(message, kind="server_down")
        self.server = server


def unwrap_group(error: BaseException) -> BaseException:
    """What a task group's exception group is about: its first deliberate error, else its only one, else the group.

    Callers should not have to unpack what the structure of our tasks has wrapped.
    """
    leaves = list(_leaves(error))
    deliberate = [leaf for leaf in leaves if isinstance(leaf, WritError)]
    if deliberate:
        return deliberate[0]
    return leaves[0] if len(leaves) == 1 else error


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
