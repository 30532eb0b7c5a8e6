"""What shares the work of a run, whatever it is: a process of this machine, or an actor on another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from writ_async.errors import InputError, StorageError, WritError


class WorkerDiedError(WritError):
    """A worker ended in the middle of its work; the text says how."""


class Refusal(msgspec.Struct, frozen=True):
    """The deliberate error that a function has raised, as it can be sent."""

    kind: type[WritError]
    text: str


def as_refusal(error: WritError) -> Refusal:
    """An error as it can be sent: of a kind that is made from its text alone."""
    kind = next((kind for kind in (InputError, StorageError) if isinstance(error, kind)), WritError)
    return Refusal(kind, str(error))


class Link(Protocol):
    """What a function that runs in a worker is handed before its arguments."""

    def report(self, value: Any) -> None:
        """Say something to whoever called."""

    async def stopped(self) -> None:
        """Return once the caller asks for an end in order."""


class Worker(Protocol):
    """One worker, as the process that has started it sees it. One function runs in it at a time."""

    @property
    def segment(self) -> str:
        """The name under which it writes rows to files of its own; empty where it can append to the run's."""

    @property
    def comes_back(self) -> bool:
        """Whether another one takes its place when it dies, and may be called as it was."""

    @property
    def machine(self) -> str:
        """Where it is, as far as several of them may be on different machines; else empty."""

    @property
    def addresses(self) -> Sequence[str]:
        """The model servers of its machine, which it is to call in place of those that the agent's engine names."""

    async def present(self) -> bool:
        """Whether it is there; one that comes back is waited for."""

    async def call(
        self, function: Callable[..., Any], *arguments: Any, on_report: Callable[[Any], None] | None = None
    ) -> Any:
        """What a function of a module, called in the worker with a `Link` and the arguments, returns.

        Raises `WorkerDiedError` when the worker ends before, and what the function raises deliberately.
        """

    def stop(self) -> None:
        """Ask the function that is running to end in order."""
