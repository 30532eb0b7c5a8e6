"""Every exception the package raises on purpose.

WritError                       a message for people, one line; the command line prints it and exits
├── InputError                  a bad flag, file, line or field: exit code 2
│   └── TornLineError           `files`: the last line of a file breaks off
├── StorageError                the disk is full or a file cannot be written: exit code 1
├── WorkerDiedError             `runs.workers`: a worker ended in the middle of its work
├── PhraserError                `synthesis.phrase_report`: a phraser of requests gives nothing of use
├── ReplayMismatchError         `verify.outcome`: a tool answers otherwise than the conversation says
└── EngineError                 a model server did not give a completion (`kind` says why)
    ├── ContextWindowError      the prompt is longer than the model's context
    ├── ServerDownError         the server that was to answer does not, and another one could
    ├── OutOfServiceError       no call will be answered any more: whoever plays ends in order, and goes on later
    ├── TransportError          `writ_engines.http`: a call over HTTP failed; some kinds may pass
    ├── TemplateRefusedError    `chat.errors`: a chat template has no rendering for these messages
    ├── TokenRangeError         `chat.errors`: a token id that the model has no embedding for
    └── HistoryChangedError     `chat.errors`: a session was shown another history than the one it rendered

Beside the tree stand exceptions that are answers from one part to the next, and reach nobody else:

ToolError, MalformedArgumentsError      `core`: a tool refuses; a model's arguments are no JSON object
NothingFits, Ambiguous                  `core.goal`: a goal's question has no answer, or two
Unfit, NeedsPerson                      the domains: a world has nothing for a recipe; only a person can help
UnreadableRowError, UnknownShapeError   `formats.foreign`: a row makes no sense, or has no known shape
TemplateError, TooMuchError             `chat.template_process`: a chat template gives no text, or has ended its process
DeadlockError                           `virtual_time`: nothing will ever happen again
QueueFullError, PromptTooLongError      `writ_engines.simulated`: the simulated server's own refusals
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from enum import StrEnum
from pathlib import PurePath
from typing import Final

_LONGEST: Final = 300
"""Characters of an error's own words that are told."""


_USER_IN_ADDRESS = re.compile(r"(?<=://)[^\s/?#]+@")


def without_credentials(text: str) -> str:
    """A text whose addresses name no user and no password.

    >>> without_credentials("http://user:word@127.0.0.1:30000 is ready")
    'http://127.0.0.1:30000 is ready'
    """
    return _USER_IN_ADDRESS.sub("", text) if "@" in text else text


class WritError(Exception):
    """Base of every deliberate error; its text is one line fit for a terminal, and tells no password of an address."""

    exit_code = 1

    def __init__(self, *given: object) -> None:
        super().__init__(*(without_credentials(one) if isinstance(one, str) else one for one in given))


class InputError(WritError):
    """Something the caller gave is wrong; the text says what, where and what to do."""

    exit_code = 2


class StorageError(WritError):
    """Something could not be written; what was whole on disk before is still whole."""

    exit_code = 1


class EngineErrorKind(StrEnum):
    """Why an engine gave no completion. Its text stands before the message in a trajectory's `error`."""

    ENGINE = "engine"
    """Anything that has no kind of its own."""
    REFUSED = "refused"
    """Nothing listens at the address, or its name is unknown."""
    RESET = "reset"
    """The server closed the connection before it answered."""
    TRUNCATED = "truncated"
    """The answer broke off, or is not what it should be."""
    EMPTY = "empty"
    """The answer holds nothing: no word and no call."""
    OVERLOADED = "overloaded"
    """The server has no room now: its queue is full, it is loading, or a rate limit was hit."""
    SERVER_ERROR = "server_error"
    """The server failed at the request."""
    ABORTED_BY_SERVER = "aborted_by_server"
    """The server gave the request up half-way."""
    BATCH_REFUSED = "batch_refused"
    """The server refused a batch, and it may have been for another call in it."""
    DEADLINE = "deadline"
    """No answer within the time allowed."""
    RESOURCES = "resources"
    """This machine has no more sockets to open."""
    BAD_REQUEST = "bad_request"
    """The server refuses the request as it is."""
    UNAUTHORIZED = "unauthorized"
    """The key is missing or wrong, or may not do this."""
    NOT_FOUND = "not_found"
    """The server has no such path or model."""
    TLS = "tls"
    """The server's certificate is not trusted."""
    QUOTA = "quota"
    """The account has no credit left."""
    CONTENT_FILTER = "content_filter"
    """The server's content filter withheld the answer."""
    OTHER_MODEL = "other_model"
    """One of several servers has another model than the rest."""
    QUEUE_FULL = "queue_full"
    """The simulated server's queue is full."""
    NOT_RECORDED = "not_recorded"
    """The recording holds nothing for the request."""
    UNKNOWN_TASK = "unknown_task"
    """The script has no such task."""
    SERVER_DOWN = "server_down"
    """The server that was asked for takes no calls, while another does."""
    CONTEXT_WINDOW = "context_window"
    """The prompt does not fit into the model's context."""
    TEMPLATE_REFUSED = "template_refused"
    """The chat template has no rendering for the messages."""
    TOKEN_RANGE = "token_range"
    """A token id is outside the model's vocabulary."""
    HISTORY_CHANGED = "history_changed"
    """The messages do not continue those that the session rendered."""


class EngineError(WritError):
    """An engine gave no completion, and `kind` says why."""

    def __init__(self, message: str, *, kind: EngineErrorKind = EngineErrorKind.ENGINE) -> None:
        super().__init__(message)
        self.kind = kind


class ContextWindowError(EngineError):
    """The prompt does not fit into the model's context window; retrying cannot help."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind=EngineErrorKind.CONTEXT_WINDOW)


class ServerDownError(EngineError):
    """One of an engine's servers takes no calls, while another does; `server` is its number."""

    def __init__(self, message: str, server: int) -> None:
        super().__init__(message, kind=EngineErrorKind.SERVER_DOWN)
        self.server = server


class OutOfServiceError(EngineError):
    """No call to the engine will be answered for some time, this one or another: a run on it ends in order.

    What was live is then not counted as failed: it is played when the run is gone on with.
    """


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


def describe_error(exc: BaseException) -> str:
    """An exception in one line: its type and its words, as far as they go."""
    try:
        words = without_credentials(" ".join(str(exc).encode("utf-8", "replace").decode().split()))
    except Exception:
        words = "(its text cannot be had)"
    if len(words) > _LONGEST:
        words = f"{words[:_LONGEST]}…"
    return f"{type(exc).__name__}{': ' if words else ''}{words}"


def place_of(exc: BaseException) -> str:
    """The file, with the folder that it stands in, and the line that raised; empty where none is known."""
    frames = traceback.extract_tb(exc.__traceback__, limit=-1)
    if not frames:
        return ""
    return f"{'/'.join(PurePath(frames[0].filename).parts[-2:])}:{frames[0].lineno}"
