"""What becomes of a conversation: the contract that resuming rests on.

A conversation that came to its end is a row of `trajectories.jsonl`. One that something outside ended is a line of
`failures.log` for each attempt, with the class of the failure, the number of the attempt, and the reason. A process
that is killed leaves no line. What is still to be played are the planned trials without those that have a row, and
without those that failed in a class that is `TERMINAL`: they would fail again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from math import inf
from pathlib import Path
from typing import Final

import msgspec

from writ_async.core.trajectory import Termination, Trajectory
from writ_async.errors import EngineErrorKind
from writ_async.files import read_jsonl

TERMINAL: Final[Mapping[str, int]] = {
    EngineErrorKind.CONTENT_FILTER.value: 1,
    EngineErrorKind.TEMPLATE_REFUSED.value: 1,
    Termination.UNEXPECTED_ERROR.value: 2,
}
"""Classes that depend on what was said in the conversation, and how often one fails so before it is not tried again.

The same words would be refused again; an error of this package or of a domain may have been mended, once."""

_KINDS: Final = frozenset(kind.value for kind in EngineErrorKind)


class FailedAttempt(Trajectory, kw_only=True, omit_defaults=True):
    """A line of `failures.log`: what was said until the end, the `failure`'s class, and which `attempt` it was, from 1.

    Its reason in words is `error`, where there is more to say than the class.
    """

    failure: str = msgspec.field(name="class")
    attempt: int


class AttemptHead(msgspec.Struct):
    """What of a failed attempt is counted; the rest is not decoded. Older runs wrote no class and no number."""

    id: str
    termination: Termination
    error: str = ""

    @property
    def failure(self) -> str:
        """The class of the failure."""
        return failure_class(self.termination, self.error)


def failure_class(termination: Termination, error: str) -> str:
    """Why a conversation left no row: the kind of the engine's error, which its words begin with, else how it ended."""
    if termination is Termination.INFRASTRUCTURE_ERROR:
        for part in error.split(": ")[:2]:  # a judge's errors say first that they are a judge's
            if part in _KINDS:
                return part
    return termination.value


def failed_attempt(trajectory: Trajectory, before: int) -> FailedAttempt:
    """The line of a conversation that left no row, of which so many attempts have failed `before`."""
    fields = {name: getattr(trajectory, name) for name in Trajectory.__struct_fields__}
    return FailedAttempt(**fields, failure=failure_class(trajectory.termination, trajectory.error), attempt=before + 1)


def give_up(trajectory: Trajectory, exc: Exception) -> Trajectory:
    """What is left of a trajectory that no file can hold; its verdict goes, and it counts as a failure."""
    trajectory.termination = Termination.UNEXPECTED_ERROR
    trajectory.error = f"no file can hold it: {type(exc).__name__}: {exc}"
    trajectory.verdict = None
    return msgspec.structs.replace(trajectory, messages=(), notes=(), tokens={}, usage={}, chain=(), digest="", steps=0)


def read_attempts(path: Path) -> Iterator[AttemptHead]:
    """The failed attempts in a log; none where there is no log. Raises `InputError` for a line that is none."""
    if path.is_file():
        yield from read_jsonl(path, AttemptHead, skip_torn=True)


def count_attempts(path: Path) -> Counter[str]:
    """How often each conversation has failed, by id."""
    return Counter(attempt.id for attempt in read_attempts(path))


def terminal_among(attempts: Iterable[AttemptHead]) -> frozenset[str]:
    """The conversations, by the attempts at them, that would fail again as they did."""
    counts = Counter((attempt.id, attempt.failure) for attempt in attempts)
    return frozenset(name for (name, failure), count in counts.items() if count >= TERMINAL.get(failure, inf))


def terminal_ids(path: Path) -> frozenset[str]:
    """The conversations that would fail again as they did."""
    return terminal_among(read_attempts(path))
