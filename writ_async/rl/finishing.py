"""The last word to a trainer's servers: that nothing more comes of these sessions."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

import anyio

from writ_async.errors import describe_error

logger = logging.getLogger(__name__)

SECONDS = 30.0
"""So long all of them together may take; a server that answers nobody is not waited for."""

Finish = Callable[[str], Awaitable[Any]]


@asynccontextmanager
async def finishing(finish: Finish) -> AsyncIterator[set[str]]:
    """A set to put sessions into: all of them are finished when the block is left, by an error or a cancel as well.

    They are finished at once, in at most `SECONDS` together. What fails there and what is late is logged, not
    raised, for it is nothing to the rows.
    """
    sessions: set[str] = set()
    try:
        yield sessions
    finally:
        await _finish_all(finish, sorted(sessions))


async def _finish_all(finish: Finish, sessions: Collection[str]) -> None:
    left = dict.fromkeys(sessions)

    async def finish_one(session: str) -> None:
        try:
            await finish(session)
        except Exception as exc:
            logger.warning("session %s could not be finished: %s", session, describe_error(exc))
        del left[session]

    with anyio.move_on_after(SECONDS, shield=True):
        async with anyio.create_task_group() as group:
            for session in sessions:
                group.start_soon(finish_one, session)
    if left:
        logger.warning("%d sessions were not finished in %g s, the first is %s", len(left), SECONDS, next(iter(left)))
