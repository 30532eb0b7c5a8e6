"""What fails that should not: each kind is told once, with its traceback, and costs the conversation that it came to.

A run of others' engines, domains and models meets errors that nobody foresaw. None of them may end it, and none may
go by in silence.
"""

from __future__ import annotations

import asyncio
import logging
from math import inf

import anyio

from writ_async.core.trajectory import Termination, Trajectory, trajectory_id
from writ_async.errors import describe_error, place_of
from writ_async.scheduler.job import Job

logger = logging.getLogger(__name__)


class Mishaps:
    """Those of one run."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def tell(self, what: str, exc: BaseException) -> str:
        """Say what failed; a line for the conversation's record. The first of a kind is logged with its traceback."""
        place = place_of(exc)
        line = f"{what}: {describe_error(exc)}{f' ({place})' if place else ''}"
        kind = (type(exc).__name__, place)
        first = kind not in self._told
        self._told.add(kind)
        logger.log(
            logging.ERROR if first else logging.DEBUG,
            "%s; what else fails in the same place is told in failures.log alone", line,
            exc_info=exc if first else None,
        )  # fmt: skip
        return line


def is_leaked(exc: BaseException) -> bool:
    """Whether a cancellation is none: nobody has cancelled this task, and what was called has let its own out."""
    if not isinstance(exc, asyncio.CancelledError | BaseExceptionGroup):
        return False
    task = asyncio.current_task()
    return anyio.current_effective_deadline() > -inf and (task is None or not task.cancelling())


def empty_trajectory(job: Job, error: str) -> Trajectory:
    """What is left of a conversation of which nothing can be had but that it failed."""
    return Trajectory(
        id=trajectory_id(job.task.id, job.trial),
        task_id=job.task.id,
        domain=job.task.domain,
        kind=job.task.kind,
        trial=job.trial,
        seed=job.seed,
        messages=(),
        termination=Termination.UNEXPECTED_ERROR,
        error=error,
    )
