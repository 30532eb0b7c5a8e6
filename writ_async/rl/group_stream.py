"""Groups of trials of one task, as group-relative policy gradients want them: whole, and not too old.

async with groups(tasks, engine, "scripted", size=8, max_staleness=1) as stream:
    async for group in stream: ...                   # group.members: 8 judged trajectories of group.task
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from writ_async.api import rollouts
from writ_async.conversation import Conversation
from writ_async.core.engine import Engine
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.errors import EngineError, InputError
from writ_async.rl.token_engine import TokenEngine
from writ_async.runs.given import require_tasks, require_whole
from writ_async.scheduler import Job, Rollouts, Stop

if TYPE_CHECKING:
    from writ_async.runs.seats import EngineSpec


class Group(msgspec.Struct, kw_only=True):
    """The trials of one task, by trial. `place` is where the task stands among those that were given.

    `members` are those that can be used, `failed` those that could not and were replaced, or had no replacement left.
    A group is `complete` when it has as many members as were asked for.
    """

    place: int
    task: Task
    members: list[Trajectory] = []
    failed: list[Trajectory] = []
    complete: bool = False


class Groups:
    """Groups in the order in which they are finished; `rollouts` is the stream beneath, with its counters."""

    def __init__(
        self, tasks: Sequence[Task], size: int, replacements: int, usable: Callable[[Trajectory], bool], bound: _Bound
    ) -> None:
        self.rollouts: Rollouts | None = None
        self._usable = usable
        self._bound = bound
        self._size = size
        self._left = [replacements] * len(tasks)
        self._awaited = [size] * len(tasks)
        self._open = {place: Group(place=place, task=task) for place, task in enumerate(tasks)}
        self._finished: deque[Group] = deque()

    def cancel(self) -> None:
        """Begin nothing new and end what is live; groups that have members then come as they are, not complete."""
        assert self.rollouts is not None
        self.rollouts.cancel()

    def take(self, trajectory: Trajectory) -> int:
        """Put a trajectory that has finished into its group; how many further trials the group needs.

        With the last that is awaited all are looked at again: some may have grown too old since.
        """
        assert self.rollouts is not None
        place = self.rollouts.places[trajectory.id] % len(self._left)
        group = self._open[place]
        group.members.append(trajectory)
        self._awaited[place] -= 1
        looked_at = [trajectory] if self._awaited[place] else group.members
        failed = [row for row in looked_at if not (self._usable(row) and self._bound.holds(row))]
        _drop(group, failed)
        further = min(len(failed), self._left[place])
        self._left[place] -= further
        self._awaited[place] += further
        if not self._awaited[place]:
            self._finished.append(self._close(place))
        return further

    def look_again(self, group: Group) -> Group:
        """The group, without members that have grown too old since: they are `failed`, and it is not `complete` then.

        It is done with each group as it is handed over; do it again with one that has waited in a queue of yours.
        """
        _drop(group, [row for row in group.members if not self._bound.holds(row)])
        group.complete = len(group.members) == self._size
        return group

    def __aiter__(self) -> Groups:
        return self

    async def __anext__(self) -> Group:
        assert self.rollouts is not None
        while not self._finished:
            try:
                await anext(self.rollouts)
            except StopAsyncIteration:
                for place in [place for place, group in self._open.items() if group.members]:
                    self._finished.append(self._close(place))
                if not self._finished:
                    raise
        return self.look_again(self._finished.popleft())

    def _close(self, place: int) -> Group:
        group = self._open.pop(place)
        group.members.sort(key=lambda row: row.trial)
        group.failed.sort(key=lambda row: row.trial)
        return group


def _drop(group: Group, failed: Sequence[Trajectory]) -> None:
    group.failed += failed
    group.members = [row for row in group.members if all(row is not other for other in failed)]


@asynccontextmanager
async def groups(
    tasks: Sequence[Task],
    agent: Engine | EngineSpec | str,
    user: Engine | EngineSpec | str | None = None,
    *,
    size: int,
    replacements: int = 2,
    max_staleness: int | None = None,
    usable: Callable[[Trajectory], bool] | None = None,
    stop: Stop | None = None,
    **settings: Any,
) -> AsyncIterator[Groups]:
    """Run `size` trials of each task while the block lasts; takes what `rollouts` takes, but for `trials`.

    A member that cannot be used is replaced by a further trial, `replacements` times in a group. `usable` says which
    can: by default those that have a verdict. With `max_staleness` those cannot whose oldest sampled token is more
    versions of the weights behind the newest; such a conversation is ended before its next call, so that nothing more
    is spent on it, and a group that was ready is looked at again as it is handed over. The agent must be a
    `TokenEngine` then. A task that is given twice has two groups.

    Raises `InputError` as `rollouts` does.
    """
    given = require_tasks(tasks)
    require_whole("size", size, 1)
    require_whole("replacements", replacements, 0)
    if max_staleness is not None:
        require_whole("max_staleness", max_staleness, 0)
        if not isinstance(agent, TokenEngine):
            raise InputError("max_staleness goes by the versions that a TokenEngine counts; give one as the agent")
    bound = _Bound(agent if isinstance(agent, TokenEngine) else None, max_staleness)

    def stops(job: Job, conversation: Conversation) -> str:
        return bound.why_too_old(conversation) or ("" if stop is None else stop(job, conversation))

    stream = Groups(given, size, replacements, usable or _is_judged, bound)
    async with rollouts(given, agent, user, trials=size, stop=stops, replace=stream.take, **settings) as beneath:
        stream.rollouts = beneath
        yield stream


def _is_judged(trajectory: Trajectory) -> bool:
    return trajectory.verdict is not None


class _Bound:
    """How old the weights may be that have sampled a token that is trained on; without `most` as old as they are."""

    def __init__(self, engine: TokenEngine | None, most: int | None) -> None:
        self._engine = engine
        self._most = most

    def holds(self, trajectory: Trajectory) -> bool:
        tokens = trajectory.tokens.get("agent")
        if self._engine is None or self._most is None or tokens is None:
            return True
        return self._engine.staleness(tokens) <= self._most

    def why_too_old(self, conversation: Conversation) -> str:
        if self._engine is None or self._most is None:
            return ""
        age = self._engine.session_staleness(conversation.session("agent"))
        return f"its oldest token is {age} versions behind" if age > self._most else ""


async def play(
    tasks: Sequence[Task],
    agent: Engine | EngineSpec | str,
    user: Engine | EngineSpec | str | None = None,
    **settings: Any,
) -> list[Trajectory]:
    """One judged trajectory for each task, by its place; takes what `groups` takes, but for `size`.

    A task that is given n times is played in n trials. Raises `EngineError` for a place whose every trial failed.
    """
    rows: list[Trajectory | None] = [None] * len(tasks)
    failed: list[Trajectory] = []
    async with groups(tasks, agent, user, size=1, **settings) as stream:
        async for group in stream:
            rows[group.place] = group.members[0] if group.members else None
            failed += [] if group.members else group.failed
    if failed:
        raise EngineError(f"{failed[-1].id} could not be played: {failed[-1].termination}: {failed[-1].error}")
    return [row for row in rows if row is not None]
