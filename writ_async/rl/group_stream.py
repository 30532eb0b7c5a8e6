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
from writ_async.rl.rewards import is_judged
from writ_async.rl.token_engine import TokenEngine
from writ_async.runs.early_stop import any_of
from writ_async.runs.given import require_tasks, require_whole
from writ_async.scheduler import Job, Rollouts, Stop

if TYPE_CHECKING:
    from writ_async.runs.seats import EngineSpec


class Group(msgspec.Struct, kw_only=True):
    """`size` trials of one task, by trial. `place` is where the task stands among those that were given.

    `members` are those that can be used, `failed` those that could not and were replaced, or had no replacement left.
    """

    place: int
    task: Task
    size: int
    members: list[Trajectory] = []
    failed: list[Trajectory] = []

    @property
    def complete(self) -> bool:
        """Whether it has as many members as were asked for."""
        return len(self.members) == self.size


class Groups:
    """Groups in the order in which they are finished; `rollouts` is the stream beneath, with its counters.

    With an `engine` no member's oldest token is more than `most` versions behind its newest weights.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        size: int,
        replacements: int,
        usable: Callable[[Trajectory], bool],
        engine: TokenEngine | None,
        most: int,
    ) -> None:
        self.rollouts: Rollouts | None = None
        self._usable = usable
        self._engine = engine
        self._most = most
        self._left = [replacements] * len(tasks)
        self._awaited = [size] * len(tasks)
        self._open = {place: Group(place=place, task=task, size=size) for place, task in enumerate(tasks)}
        self._finished: deque[Group] = deque()
        self._ending = False

    def cancel(self) -> None:
        """Begin nothing new and end what is live; groups that have members then come as they are, not complete."""
        assert self.rollouts is not None
        self._ending = True
        self.rollouts.cancel()

    def stops(self, job: Job, conversation: Conversation) -> str:
        """Why a conversation is not gone on with: its weights are too old by now; empty where they are not."""
        return self._too_old(self._engine.session_staleness(conversation.session("agent"))) if self._engine else ""

    def why_failed(self, row: Trajectory) -> str:
        """Why a trajectory is no member of its group; empty where it can be one."""
        if old := self._row_too_old(row):
            return old
        return "" if self._usable(row) else f"{row.termination}: {row.error or 'it is not usable'}"

    def take(self, trajectory: Trajectory) -> int:
        """Put a trajectory that has finished into its group; how many further trials the group needs.

        With the last that is awaited all are looked at again: some may have grown too old since.
        """
        assert self.rollouts is not None
        group = self._open[self.rollouts.places[trajectory.id] % len(self._left)]
        group.members.append(trajectory)
        self._awaited[group.place] -= 1
        looked_at = group.members if not self._awaited[group.place] else [trajectory]
        further = self._replace(group, [row for row in looked_at if self.why_failed(row)])
        if not self._awaited[group.place]:
            self._finished.append(self._close(group.place))
        return further

    def look_again(self, group: Group) -> Group:
        """The group, without members that have grown too old since: they are `failed`, and it is not complete then.

        Each group is looked at as it is handed over; do it again with one that has waited in a queue of yours.
        """
        _drop(group, [row for row in group.members if self._row_too_old(row)])
        return group

    def __aiter__(self) -> Groups:
        return self

    async def __anext__(self) -> Group:
        assert self.rollouts is not None
        while True:
            while not self._finished:
                await self._wait(self.rollouts)
            group = self._finished.popleft()
            old = [row for row in group.members if self._row_too_old(row)]
            further = 0 if self._ending else self._replace(group, old)
            if not further:
                return self.look_again(group)
            self._open[group.place] = group
            assert self.rollouts.play_further is not None
            for row in old[:further]:
                self.rollouts.play_further(row)

    async def _wait(self, rollouts: Rollouts) -> None:
        """Until one more trajectory is in its group. Raises `StopAsyncIteration` when no group is left."""
        if not self._open:
            rollouts.let_end()
        try:
            await anext(rollouts)
        except StopAsyncIteration:
            self._ending = True
            for place in [place for place, group in self._open.items() if group.members]:
                self._finished.append(self._close(place))
            if not self._finished:
                raise

    def _replace(self, group: Group, failed: Sequence[Trajectory]) -> int:
        """Take members out of a group; how many further trials it is to have for them."""
        _drop(group, failed)
        further = min(len(failed), self._left[group.place])
        self._left[group.place] -= further
        self._awaited[group.place] += further
        return further

    def _close(self, place: int) -> Group:
        group = self._open.pop(place)
        group.members.sort(key=lambda row: row.trial)
        group.failed.sort(key=lambda row: row.trial)
        return group

    def _row_too_old(self, row: Trajectory) -> str:
        tokens = row.tokens.get("agent")
        return "" if self._engine is None or tokens is None else self._too_old(self._engine.staleness(tokens))

    def _too_old(self, age: int) -> str:
        return f"its oldest token is {age} versions behind" if age > self._most else ""


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
    is spent on it, and a group that was ready is looked at again as it is handed over: it comes later where a member
    is to be replaced then. The agent must be a `TokenEngine` for it. A task that is given twice has two groups.

    Raises `InputError` as `rollouts` does.
    """
    given = require_tasks(tasks)
    require_whole("size", size, 1)
    require_whole("replacements", replacements, 0)
    if max_staleness is not None:
        require_whole("max_staleness", max_staleness, 0)
        if not isinstance(agent, TokenEngine):
            raise InputError("max_staleness goes by the versions that a TokenEngine counts; give one as the agent")
    engine = agent if isinstance(agent, TokenEngine) and max_staleness is not None else None
    stream = Groups(given, size, replacements, usable or is_judged, engine, max_staleness or 0)
    stops = any_of(stream.stops, stop)
    async with rollouts(given, agent, user, trials=size, stop=stops, replace=stream.take, **settings) as beneath:
        stream.rollouts = beneath
        if engine is not None:
            beneath.keep_open()
        yield stream


async def play(
    tasks: Sequence[Task],
    agent: Engine | EngineSpec | str,
    user: Engine | EngineSpec | str | None = None,
    **settings: Any,
) -> list[Trajectory]:
    """One judged trajectory for each task, by its place; takes what `groups` takes, but for `size`.

    A task that is given n times is played in n trials. Raises `EngineError` for a place whose every trial failed, and
    where the run was ended before all was played.
    """
    rows: list[Trajectory | None] = [None] * len(tasks)
    why = ""
    async with groups(tasks, agent, user, size=1, **settings) as stream:
        async for group in stream:
            if group.members:
                rows[group.place] = group.members[0]
            else:
                why = f"{group.failed[-1].id} could not be played: {stream.why_failed(group.failed[-1])}"
    if None in rows:
        ended = (stream.rollouts and stream.rollouts.halted) or "the run was ended before"
        raise EngineError(why or f"{tasks[rows.index(None)].id} could not be played: {ended}")
    return [row for row in rows if row is not None]
